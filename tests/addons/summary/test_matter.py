"""What it is about: issues, wish, facts, snapshots, attempts, promises."""

from __future__ import annotations

from typing import Any

import pytest

from tests.addons.escalation.tracker_lines import said
from tests.addons.summary.late_parcel import summary_of


def test_what(late: dict[str, Any]) -> None:
    assert [(issue["intent"], issue["state"]) for issue in late["issues"]] == [
        ("query_logistics", "answered"),
        ("complain", "open"),
    ]
    assert late["issues"][0]["order_id"] == "20261028000612"
    assert late["desired_outcome"] == "unknown"
    assert late["missing"] == ["您希望继续等、补发，还是退款？"]
    assert (late["order"]["amount_fen"], late["order"]["days_late"]) == (39900, 3)
    assert late["logistics"]["anomaly_reason"] == "暴雨停运"
    assert [(fact["name"], fact["value"]) for fact in late["facts"]] == [
        ("days_late", "3"),
        ("recipient_phone", "138****0000"),
    ]


def test_what_was_tried_and_promised(late: dict[str, Any]) -> None:
    assert late["attempts"] == [
        {
            "what": "查询物流",
            "result": "告知暴雨停运与新到达时间",
            "message_id": "m_3",
            "at": "2026-11-22T02:01:01Z",
            "helped": False,
        }
    ]
    assert late["promises"][0]["due_at"] == "2026-11-23T06:00:00Z"
    assert late["previous_contacts"] == [
        {
            "conversation_id": "c_0",
            "at": "2026-10-25T02:00:00Z",
            "agent": "小陈",
            "topic": "二次故障",
            "outcome": "已换货，电话138****0612",
            "promise_kept": False,
        }
    ]


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("直接退款吧 转人工", "refund"),
        ("给我换一个 转人工", "exchange"),
        ("给我补发 转人工", "reship"),
        ("你们得赔偿 转人工", "compensation"),
        ("我不要退款 转人工", "unknown"),
        ("转人工", "unknown"),
        ("退錢 轉人工", "refund"),
    ],
)
def test_the_wish_is_what_was_said(text: str, outcome: str) -> None:
    assert summary_of([said(text, "request_human")])["desired_outcome"] == outcome


def test_the_order_on_the_page_is_shown_when_nothing_else_was_looked_up() -> None:
    order = {
        "order_id": "20261028000612",
        "status": "unshipped",
        "amount_fen": 100,
        "lines": [{"title": "杯子", "sku_text": "白", "quantity": 2}],
        "recipient": {"phone": "13812340612"},
    }
    summary = summary_of([said("转人工", "request_human")], order=order)
    assert summary["order"]["status_text"] == "待发货"
    assert summary["order"]["items"] == [{"title": "杯子", "sku_text": "白", "quantity": 2}]
