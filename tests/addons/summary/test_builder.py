"""The summary of whole conversations: content of every field, and what holds for any sequence of events."""

from __future__ import annotations

import json
import logging
import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from addons.escalation.events import read_conversation
from addons.escalation.playbook import load
from addons.escalation.rules import evaluate
from addons.summary import advice, builder, diff, minimal_summary
from addons.summary import playbook as summary_book
from addons.summary.builder import build_summary, problems
from addons.summary.material import Identifiers
from tests.addons.escalation.tracker_lines import Event, answered, did, loop, said, slot, uttered

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


@pytest.fixture(scope="module")
def late() -> dict[str, Any]:
    return summary_of([slot("customer_profile", WANG), *LATE])


def test_it_is_valid_and_complete(late: dict[str, Any]) -> None:
    assert problems(late) == []
    assert "failed_parts" not in late["producer"]
    assert late["producer"]["model"] == "20261122-015800"


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


def test_why(late: dict[str, Any]) -> None:
    assert [trigger["code"] for trigger in late["triggers"]] == ["anger", "complaint", "repeat_contact"]
    assert late["triggers"][0]["evidence"] == ["m_7"]
    assert "再也不买" in late["triggers"][0]["words"]
    assert late["priority"] == "high"
    assert late["priority_reasons"][0] == "愤怒 3"
    assert {"金卡会员", "已晚到 3 天"} <= set(late["priority_reasons"])


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


def test_feelings(late: dict[str, Any]) -> None:
    assert late["emotion"]["course"] == [
        {"message_id": "m_3", "family": "anxious", "intensity": 1},
        {"message_id": "m_7", "family": "angry", "intensity": 3},
    ]
    assert (late["emotion"]["trend"], late["emotion"]["peak_message_id"]) == ("rising", "m_7")
    assert late["emotion"]["first_action"] == "apologise_and_solve"
    assert late["emotion"]["adjusted"] is None
    assert any("请您理解" in rule["words"] for rule in late["compliance"])


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


def test_what_to_do(late: dict[str, Any]) -> None:
    assert late["suggested"]["steps"][0] == "先致歉并承认包裹晚到3天"
    assert "50 元" in late["suggested"]["steps"][-1]
    assert late["suggested"]["canned_responses"][0] == "late_parcel_angry"
    assert late["deadlines"][0] == {"clock": "first_response", "due_at": "2026-11-22T02:03:25Z"}


def test_the_two_lines(late: dict[str, Any]) -> None:
    assert late["headline"] == "王*（金卡），包裹晚到3天，非常生气，订单…0612"
    assert late["one_sentence"] == (
        "王*（金卡），订单 …0612（运输中），包裹晚到3天，机器人已查询物流："
        "告知暴雨停运与新到达时间，客户不接受，诉求未明，愤怒 3。"
    )


def test_last_messages_are_masked(late: dict[str, Any]) -> None:
    assert late["last_messages"][-1]["text"] == "你们太差了，再也不买了，打我电话138****0612"
    assert [line["sender"] for line in late["last_messages"]] == ["customer", "bot", "customer"]


def test_the_technical_sentence() -> None:
    events = [
        slot("customer_profile", WANG),
        slot(
            "diagnosis",
            {
                "platform": "iOS",
                "system_version": "15.0",
                "app_version": "7.3.1",
                "steps": "「我的」→「订单」",
                "symptom": "点击后闪退",
                "since": "11月3日起",
                "tried": ["清缓存", "重装"],
            },
        ),
        said("还是闪退，转人工", "report_technical_issue", "request_human"),
    ]
    summary = summary_of(events)
    assert summary["one_sentence"] == (
        "账号 138****0612，iOS 15.0 7.3.1，「我的」→「订单」，点击后闪退，11月3日起，"
        "已清缓存、重装，未解决，需排查原因。"
    )
    assert summary["route"]["skill_group"] == "technical"
    assert summary["diagnosis"]["tried"] == ["清缓存", "重装"]


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


def test_a_part_that_fails_costs_that_part_only(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_material: object) -> None:
        raise KeyError("broken")

    parts = tuple(
        (name, broken if name in ("facts", "order", "triggers") else make, spare) for name, make, spare in builder.PARTS
    )
    monkeypatch.setattr(builder, "PARTS", parts)
    with caplog.at_level(logging.ERROR):
        summary = summary_of(LATE)
    assert problems(summary) == []
    assert summary["producer"]["failed_parts"] == ["triggers", "facts", "order"]
    assert summary["triggers"][0]["code"] == "anger"
    assert "order" not in summary
    assert "facts" in caplog.text


def test_the_smallest_summary_is_valid() -> None:
    assert problems(minimal_summary(IDS)) == []


def test_diff_names_what_is_new(late: dict[str, Any]) -> None:
    assert diff(late, late) == {}
    later = summary_of(
        [
            slot("customer_profile", WANG),
            *LATE[:-1],
            said(
                "退款！你们太差了，再也不买了",
                "request_return",
                "complain",
                emotion=("angry", 3),
                message_id="m_9",
                context=CONTEXT,
            ),
        ]
    )
    changes = diff(late, later)
    assert changes["desired_outcome"] == {"before": "unknown", "after": "refund"}
    assert {issue["intent"] for issue in changes["issues"]["added"]} >= {"request_return"}
    assert "created_at" not in changes


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


# --- anything can be in a tracker ---

scraps: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 10**12) | st.text(max_size=12) | st.floats(allow_nan=False),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "what",
                    "result",
                    "order",
                    "logistics",
                    "facts",
                    "promises",
                    "text",
                    "name",
                    "value",
                    "source",
                    "family",
                    "intensity",
                    "customer",
                    "page",
                    "order_id",
                    "amount_fen",
                    "days_late",
                    "due_at",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)
PHONE, CARD = "13812345678", "330106199003071234"
texts = st.builds(
    "".join,
    st.lists(
        st.sampled_from(
            [
                "转人工",
                "投诉",
                "退款",
                "破玩意",
                "再也不买",
                "12315",
                "订单20261118000123",
                f"电话{PHONE}，",
                f"身份证{CARD} ",
                "你好",
                "\n",
                "😡",
                "文三路123号4幢502室",
                "\u200b",
                "{x}",
                "%s",
            ]
        ),
        max_size=6,
    ),
)
emotions = st.none() | st.tuples(
    st.sampled_from(["angry", "anxious", "disappointed", "neutral", "pleased"]), st.integers(0, 3)
)
contexts = st.fixed_dictionaries(
    {},
    optional={
        "customer": scraps,
        "page": scraps,
        "device": scraps,
        "previous_contacts": scraps,
        "contacts_last_30_days": scraps,
        "open_tickets": scraps,
        "previous_agent_id": scraps,
        "channel": scraps,
        "locale": scraps,
    },
)
messages = st.builds(
    lambda text, intents, emotion, context, number, at, words: said(
        text,
        *intents,
        emotion=emotion,
        context=context,
        message_id=f"m{number}",
        entities={"phone": PHONE},
        at=at,
        words=words,
    ),
    texts,
    st.lists(st.sampled_from([*load().intents, "nlu_fallback", "unheard_of"]), min_size=1, max_size=3, unique=True),
    emotions,
    contexts,
    st.integers(1, 50),
    st.integers(0, 59).map(lambda minute: f"2026-11-22T02:{minute:02}:00.000Z") | st.text(max_size=30),
    st.lists(texts.filter(bool), max_size=2).map(tuple),
)
others = st.one_of(
    st.builds(lambda value: slot("findings", value), scraps | st.lists(scraps, max_size=3)),
    st.builds(
        slot,
        st.sampled_from(["escalation", "diagnosis", "customer_profile", "verified_orders", "verify_failures"]),
        scraps,
    ),
    st.builds(uttered, texts),
    st.sampled_from([*did("action_handoff", "action_listen", "action_answer_order", "action_clarify")]),
    st.builds(loop, st.none() | st.just("order_form")),
    st.builds(lambda value: {"event": value}, scraps),
    st.builds(lambda value: {"event": "user", "text": value, "parse_data": value, "metadata": value}, scraps),
    st.just({"event": "restart"}),
    st.just({"event": "rewind"}),
)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(messages | others, max_size=12), messages, st.none() | scraps)
def test_any_conversation_gives_a_valid_masked_and_stable_summary(
    events: list[Event], last: Event, profile: Any
) -> None:
    events = [*events, last]
    decision = evaluate(read_conversation(events), load())
    summary = build_summary(events, decision, IDS, profile=profile)
    assert problems(summary) == []
    raised = summary["emotion"]["adjusted"]
    assert raised is None or summary["emotion"]["intensity"] < raised["intensity"] <= 3
    assert len(summary["headline"]) <= 40
    written = json.dumps(summary, ensure_ascii=False, sort_keys=True)
    assert PHONE not in written
    assert CARD not in written
    assert not re.search(r"(?<![0-9])1[3-9][0-9]{9}(?![0-9])", written)
    again = build_summary(json.loads(json.dumps(events)), decision, IDS, profile=profile)
    assert json.dumps(again, ensure_ascii=False, sort_keys=True) == written


@given(st.lists(messages, min_size=1, max_size=4))
def test_a_wish_for_a_person_always_fires(events: list[Event]) -> None:
    asked = said("转人工", "request_human", message_id="last")
    assert evaluate(read_conversation([*events, asked]), load()) is not None


def test_a_time_is_shifted_in_utc() -> None:
    assert advice.later("2026-11-22T23:59:50Z", 15) == "2026-11-23T00:00:05Z"
