"""One late parcel, and the summary of any events: what the tests of the summary share."""

from __future__ import annotations

from typing import Any

from addons.escalation.events import read_conversation
from addons.escalation.playbook import load
from addons.escalation.rules import evaluate
from addons.summary.builder import build_summary
from addons.summary.material import Identifiers
from tests.addons.escalation.tracker_lines import Event, answered, said, slot

IDS = Identifiers("c_1", "h_m_7", "2026-11-22T02:03:10Z", "20261122-015800")
WANG = {
    "customer_id": "C1003",
    "name": "王建国",
    "honorific": "先生",
    "phone": "13812340612",
    "tier": "gold",
    "risk_tags": ["high_complaint"],
}
CONTEXT: dict[str, Any] = {
    "customer": {"customer_id": "C1003", "verified_by": "signed"},
    "channel": "widget",
    "locale": "zh-CN",
    "page": {
        "url": "https://shop.example/orders/20261028000612?phone=13812340612",
        "title": "订单详情",
        "order_id": "20261028000612",
    },
    "device": {"system": "iOS 17", "browser": "Safari"},
    "contacts_last_30_days": 1,
    "open_tickets": 2,
    "previous_agent_id": "a_9",
    "previous_contacts": [
        {
            "conversation_id": "c_0",
            "at": "2026-10-25T02:00:00Z",
            "agent": "小陈",
            "topic": "二次故障",
            "outcome": "已换货，电话13812340612",
            "promise_kept": False,
        },
        {"conversation_id": "c_x"},
        "nonsense",
    ],
}
ORDER = {
    "order_id": "20261028000612",
    "status": "shipped",
    "status_text": "运输中",
    "amount_fen": 39900,
    "items": [{"title": "云听降噪耳机", "sku_text": "月光白", "quantity": 1}],
    "placed_at": "2026-10-28T02:00:00Z",
    "days_late": 3,
    "fetched_at": "2026-11-22T02:01:00Z",
}
PARCEL = {
    "tracking_number": "SF1234567890123",
    "carrier": "顺丰速运",
    "status": "in_transit",
    "days_late": 3,
    "last_event": "到达杭州转运中心",
    "last_event_at": "2026-11-20T10:20:00Z",
    "days_without_movement": 2,
    "anomaly_code": "weather",
    "anomaly_reason": "暴雨停运",
    "eta": "2026-11-23T06:00:00Z",
    "fetched_at": "2026-11-22T02:01:00Z",
}
FINDING = {
    "what": "查询物流",
    "result": "告知暴雨停运与新到达时间",
    "helped": None,
    "message_id": "m_3",
    "at": "2026-11-22T02:01:01Z",
    "order_id": "20261028000612",
    "order": ORDER,
    "logistics": PARCEL,
    "facts": [
        {
            "name": "days_late",
            "label": "晚到天数",
            "value": "3",
            "source": "logistics_api",
            "verified": True,
            "fetched_at": "2026-11-22T02:01:00Z",
        },
        {
            "name": "recipient_phone",
            "label": "收货电话",
            "value": "13899990000",
            "source": "order_api",
            "verified": True,
        },
    ],
    "promises": [
        {"text": "预计明天 14:00 前送到", "due_at": "2026-11-23T06:00:00Z", "made_by": "bot", "message_id": "m_3"}
    ],
}
LATE = [
    *answered(said("我的耳机怎么还没到", "query_logistics", emotion=("anxious", 1), message_id="m_3", context=CONTEXT)),
    slot("findings", [FINDING]),
    said(
        "你们太差了，再也不买了，打我电话13812340612",
        "complain",
        emotion=("angry", 3),
        message_id="m_7",
        context=CONTEXT,
        at="2026-11-22T02:03:10Z",
    ),
]


def summary_of(events: list[Event], profile: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    decision = evaluate(read_conversation(events), load())
    return build_summary(events, decision, IDS, profile=profile, **more)
