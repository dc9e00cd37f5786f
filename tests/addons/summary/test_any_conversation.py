"""What holds for the summary of any sequence of events: anything can be in a tracker."""

from __future__ import annotations

import json
import re
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from addons.escalation.events import read_conversation
from addons.escalation.playbook import load
from addons.escalation.rules import evaluate
from addons.summary.builder import build_summary, problems
from tests.addons.escalation.tracker_lines import Event, did, loop, said, slot, uttered
from tests.addons.summary.late_parcel import IDS

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
SPELT, HOME = "幺三八一二三四五六七八", "502室"
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
                f"电话{SPELT}。",
                "壹叁捌 1234 伍陆柒捌",
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
    assert SPELT not in written
    assert "1234 伍" not in written
    assert HOME not in written
    for fact in summary["facts"]:
        assert fact["source"]
        assert fact.get("message_id") or fact.get("fetched_at")
    assert not re.search(r"(?<![0-9])1[3-9][0-9]{9}(?![0-9])", written)
    again = build_summary(json.loads(json.dumps(events)), decision, IDS, profile=profile)
    assert json.dumps(again, ensure_ascii=False, sort_keys=True) == written


@given(st.lists(messages, min_size=1, max_size=4))
def test_a_wish_for_a_person_always_fires(events: list[Event]) -> None:
    asked = said("转人工", "request_human", message_id="last")
    assert evaluate(read_conversation([*events, asked]), load()) is not None
