"""Why it came, and what to ask, do, send and avoid."""

from __future__ import annotations

from typing import Any

import pytest

from addons.summary import advice
from addons.summary import playbook as summary_book
from tests.addons.escalation.tracker_lines import said, slot
from tests.addons.summary.late_parcel import ORDER, PARCEL, summary_of


def test_why(late: dict[str, Any]) -> None:
    assert [trigger["code"] for trigger in late["triggers"]] == ["anger", "complaint"]
    assert late["triggers"][0]["evidence"] == ["m_7"]
    assert "再也不买" in late["triggers"][0]["words"]
    assert late["priority"] == "high"
    assert late["priority_reasons"][0] == "愤怒 3"
    assert {"金卡会员", "已晚到 3 天"} <= set(late["priority_reasons"])


def test_what_to_do(late: dict[str, Any]) -> None:
    assert late["suggested"]["steps"][0] == "先致歉并承认包裹晚到3天"
    assert "50 元" in late["suggested"]["steps"][-1]
    assert late["suggested"]["canned_responses"][0] == "late_parcel_angry"
    assert late["deadlines"][0] == {"clock": "first_response", "due_at": "2026-11-22T02:03:25Z"}


def test_the_canned_responses_exist_and_cover_every_group_and_mood() -> None:
    book = summary_book.load()
    for group in ("orders", "logistics", "after_sales", "technical", "complaints"):
        for family in ("angry", "anxious", "neutral", "disappointed"):
            assert any(group in item.groups and family in item.emotions for item in book.canned), (group, family)
    forbidden = [
        word for rules in (book.compliance["always"], book.compliance["angry"]) for rule in rules for word in rule.words
    ]
    for item in book.canned:
        assert not [word for word in forbidden if word in item.text], item.id


def test_a_time_is_shifted_in_utc() -> None:
    assert advice.later("2026-11-22T23:59:50Z", 15) == "2026-11-23T00:00:05Z"


RETURNED = {**ORDER, "status": "delivered", "status_text": "已签收"}


@pytest.mark.parametrize(
    ("intent", "delivered_at", "amount_fen", "expected"),
    [
        ("request_return", "2026-11-19T02:00:00Z", 39900, "签收第 3 天，在 7 天无理由期内"),
        ("request_return", "2026-11-12T02:00:00Z", 39900, "签收第 10 天，过了 7 天无理由"),
        ("request_return", "2026-11-01T02:00:00Z", 39900, "签收第 21 天，退换期已过"),
        ("report_damaged_item", "2026-11-21T22:00:00Z", 9900, "不用举证，直接退款或补发"),
        ("report_damaged_item", "2026-11-21T22:00:00Z", 39900, "签收第 0 天，质量问题 15 天内可退换"),
    ],
)
def test_what_the_policies_grant_by_the_dates(intent: str, delivered_at: str, amount_fen: int, expected: str) -> None:
    order = {**RETURNED, "delivered_at": delivered_at, "amount_fen": amount_fen}
    steps = summary_of([said("转人工", intent, "request_human")], order=order)["suggested"]["steps"]
    assert any(expected in step for step in steps), steps


def test_nothing_is_granted_that_no_date_proves() -> None:
    steps = summary_of([said("转人工", "request_return", "request_human")], order=RETURNED)["suggested"]["steps"]
    assert not any("签收第" in step for step in steps)


def test_a_parcel_that_stands_still_is_searched() -> None:
    finding = {
        "what": "查询物流",
        "result": "停了",
        "order": ORDER,
        "logistics": {**PARCEL, "days_without_movement": 4},
    }
    events = [slot("findings", [finding]), said("转人工", "query_logistics", "request_human")]
    assert any("包裹停了 4 天，请快递查件，24 小时内" in step for step in summary_of(events)["suggested"]["steps"])


def test_a_visitor_who_names_an_order_is_asked_for_the_proof() -> None:
    named = {"order_id": "20261028000612"}
    asked = summary_of([said("20261028000612到哪了 转人工", "query_logistics", "request_human", entities=named)])
    assert "方便核对一下下单手机号的后四位吗？" in asked["missing"]
    proven = slot("verified_orders", ["20261028000612"])
    known = summary_of([proven, said("到哪了 转人工", "query_logistics", "request_human", entities=named)])
    assert "方便核对一下下单手机号的后四位吗？" not in known["missing"]
