"""What holds for any past: the completed summary is to the schema, masked, the same every time, and never put back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
from desk.handoffs import history, repeat_rules
from desk.handoffs.history import Contact, Matter, Promise, Reply
from desk.handoffs.rules import PRIORITIES
from desk.handoffs.summary import SummaryCheck
from desk.kernel.settings import load
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from summaries import summary_for

SETTINGS = load({}, require_secrets=False)
RULES = repeat_rules.load(SETTINGS.playbook_dir)
CHECK = SummaryCheck(SETTINGS.contracts_dir)
NOW = datetime(2026, 11, 22, 2, tzinfo=UTC)
PHONES = ("13812345678", "幺三八一二三四五六七八")

moments = st.integers(-20_000, 3_000).map(lambda minutes: NOW + timedelta(minutes=minutes))
words = st.lists(
    st.sampled_from(["在这里答复", "送到", "打", *(f"{phone}，" for phone in PHONES), "文三路12号3幢502室", "\n"]),
    max_size=4,
).map("".join)
matters = st.builds(
    Matter,
    orders=st.frozensets(st.sampled_from(["20261028000612", "20261118000123"]), max_size=2),
    topics=st.frozensets(st.sampled_from(list(RULES.topics)), max_size=2),
    message_ids=st.lists(st.sampled_from(["m_1", "m_2", "m_3"]), max_size=3).map(tuple),
)
contacts = st.builds(
    Contact,
    conversation_id=st.sampled_from(["c_1", "c_2"]),
    handoff_id=st.none() | st.just("h_1"),
    kind=st.sampled_from(["person", "bot"]),
    at=moments,
    ended_at=st.none() | moments,
    agent=st.none() | st.just("小陈"),
    outcome=words,
    matter=matters,
    promises=st.lists(st.builds(Promise, text=words, due_at=st.none() | moments), max_size=3).map(tuple),
    reply=st.none() | st.builds(Reply, message_id=st.just("m_9"), at=moments),
    resolved=st.booleans(),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(contacts, max_size=8), matters, st.sampled_from(PRIORITIES))
def test_any_past_completes_the_summary_properly(past: list[Contact], matter: Matter, priority: str) -> None:
    summary = summary_for({"message_id": "m_1", "conversation_id": "c_9"}, priority=priority)
    same = history.about_the_same(past, matter, RULES)
    complete = history.with_contacts(summary, same, matter, RULES, NOW)
    assert CHECK.fault(complete, "h_m_1", "c_9") is None
    assert len(complete["previous_contacts"]) <= RULES.max_contacts
    assert all(contact["same"] for contact in complete["previous_contacts"])
    steps = PRIORITIES.index(priority) - PRIORITIES.index(complete["priority"])
    assert steps == (min(RULES.raise_steps, PRIORITIES.index(priority)) if same else 0)
    assert (complete["triggers"] != summary["triggers"]) is bool(same)
    written = msgspec.json.encode(complete)
    assert not any(phone.encode() in written for phone in (*PHONES, "502室"))
    again = history.with_contacts(summary, history.about_the_same(past, matter, RULES), matter, RULES, NOW)
    assert msgspec.json.encode(again) == written
