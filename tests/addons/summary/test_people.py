"""Who the customer is, how they feel, what was said last."""

from __future__ import annotations

from typing import Any

from tests.addons.escalation.tracker_lines import answered, said, slot
from tests.addons.summary.late_parcel import summary_of


def test_who(late: dict[str, Any]) -> None:
    assert late["customer"] == {
        "customer_id": "C1003",
        "display_name": "王*",
        "tier": "gold",
        "verified": True,
        "verified_by": "signed",
        "masked_phone": "138****0612",
        "risk_tags": ["high_complaint"],
        "contacts_last_30_days": 1,
        "open_tickets": 2,
    }
    assert late["channel"] == {
        "kind": "widget",
        "page_url": "https://shop.example/orders/20261028000612",
        "page_title": "订单详情",
        "system": "iOS 17",
        "browser": "Safari",
        "locale": "zh-CN",
    }
    assert late["route"] == {
        "skill_group": "logistics",
        "level": 2,
        "tags": ["vip", "high_complaint"],
        "preferred_agent": "a_9",
    }


def test_feelings(late: dict[str, Any]) -> None:
    assert late["emotion"]["course"] == [
        {"message_id": "m_3", "family": "anxious", "intensity": 1},
        {"message_id": "m_7", "family": "angry", "intensity": 3},
    ]
    assert (late["emotion"]["trend"], late["emotion"]["peak_message_id"]) == ("rising", "m_7")
    assert late["emotion"]["first_action"] == "apologise_and_solve"
    assert late["emotion"]["adjusted"] is None
    assert any("请您理解" in rule["words"] for rule in late["compliance"])


def test_a_calm_request_keeps_the_anger_before_it() -> None:
    events = [
        *answered(said("怎么回事啊", "query_logistics", emotion=("angry", 2), message_id="m1")),
        said("转人工", "request_human", emotion=("neutral", 0), message_id="m2"),
    ]
    summary = summary_of(events)
    assert summary["emotion"]["family"] == "neutral"
    assert summary["emotion"]["first_action"] == "apologise_and_solve"


def test_a_visitor_with_a_proven_order_is_verified_so() -> None:
    summary = summary_of([slot("verified_orders", ["20261028000612"]), said("转人工", "request_human")])
    assert summary["customer"] == {"verified": True, "verified_by": "order_and_phone"}
    assert summary["headline"].startswith("访客")


def test_last_messages_are_masked(late: dict[str, Any]) -> None:
    assert late["last_messages"][-1]["text"] == "你们太差了，再也不买了，打我电话138****0612"
    assert [line["sender"] for line in late["last_messages"]] == ["customer", "bot", "customer"]
