"""The audit of the stress run finds every kind of fault in made-up histories, and nothing in a good one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from stress_bench import audit

T0 = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
RULES = audit.Rules(overflow_seconds=60, pause_seconds=10)


def steps(*kinds: str, agent: str = "a1") -> list[audit.Step]:
    return [audit.Step("h1", number, kind, agent) for number, kind in enumerate(kinds, 1)]


def line(
    seq: int, kind: str, sender: str = "system", agent: str | None = None, client: str | None = None
) -> audit.Line:
    return audit.Line("c1", seq, kind, sender, agent, f"m{seq}", client)


def a_good_end(**changes: object) -> audit.History:
    """One conversation, one handoff, resolved by a1."""
    lines = [
        line(1, "message", "bot"),
        line(2, "message", "customer", client="k1"),
        line(3, "handoff_queued"),
        line(4, "agent_joined", agent="a1"),
        line(5, "message", "agent", agent="a1"),
        line(6, "conversation_resolved"),
    ]
    history = audit.History(
        steps=steps("queued", "offered", "claimed", "resolved"),
        lines=lines,
        loads=[audit.Load("a1", 1, 1, 1), audit.Load("a1", 0, 1, 0)],
        offers=[],
        handoffs={"h1": "resolved"},
        conversations=[audit.Conversation("c1", 6)],
        accounts={"a1": audit.Account("a1", ["orders"])},
        loads_now=[audit.Load("a1", 0, 1, 0)],
        odds=[],
    )
    return replace(history, **changes)


def promised() -> audit.Promised:
    return audit.Promised({("c1", "k1"): ("m2", 2)}, {"h1": "c1"})


def zeros(history: audit.History, told: audit.Promised | None = None) -> dict[str, int]:
    found = audit.verdict(history, [], [], told or promised(), RULES)
    return {name: len(faults) for name, faults in found.items() if faults}


def test_a_good_history_has_no_fault() -> None:
    assert zeros(a_good_end()) == {}
    assert audit.counts(a_good_end().steps)["accepted"] == 1


@pytest.mark.parametrize(
    "kinds",
    [
        ("queued", "claimed", "claimed"),
        ("queued", "offered", "offered"),
        ("queued", "resolved"),
        ("claimed",),
        ("queued", "cancelled", "claimed"),
        ("queued", "stolen"),
    ],
)
def test_a_move_that_cannot_be_is_found(kinds: tuple[str, ...]) -> None:
    assert audit.illegal_moves(steps(*kinds))


def test_a_missing_step_is_found() -> None:
    assert audit.illegal_moves([audit.Step("h1", 2, "queued", None)])


@pytest.mark.parametrize(
    ("events", "faults"),
    [
        ([line(1, "agent_joined", agent="a1"), line(2, "agent_joined", agent="a2")], 1),
        ([line(1, "agent_joined", agent="a1"), line(2, "message", "agent", "a2")], 1),
        ([line(1, "agent_joined", agent="a1"), line(2, "message", "bot")], 1),
        ([line(1, "message", "agent", "a1")], 1),
        ([line(1, "agent_left")], 1),
        ([line(1, "agent_joined", agent="a1"), line(2, "agent_left"), line(3, "agent_joined", agent="a2")], 0),
    ],
)
def test_two_owners_and_speaking_without_owning_are_found(events: list[audit.Line], faults: int) -> None:
    assert len(audit.double_owners(events)) == faults


@pytest.mark.parametrize(
    ("load", "over", "wrong"),
    [
        (audit.Load("a1", 2, 2, 2), 0, 0),
        (audit.Load("a1", 3, 2, 3), 1, 0),
        (audit.Load("a1", 1, 2, 3), 1, 1),
        (audit.Load("a1", 1, 2, 1, offered=2), 1, 0),
        (audit.Load("a1", 1, 2, 0), 0, 1),
    ],
)
def test_capacity_and_load_are_judged(load: audit.Load, over: int, wrong: int) -> None:
    assert (len(audit.over_capacity([load])), len(audit.wrong_loads([load]))) == (over, wrong)


@pytest.mark.parametrize(
    "changes",
    [
        {"handoffs": {"h1": "queued"}},
        {"handoffs": {"h1": "active"}},
        {"handoffs": {"h1": "cancelled"}},
        {"handoffs": {}},
        {"odds": ["c1: active/agent, handoff queued"]},
        {"lines": a_good_end().lines[:-1]},
        {"lines": [one for one in a_good_end().lines if one.seq != 2]},
        {"lines": [replace(one, message_id="m9") if one.seq == 2 else one for one in a_good_end().lines]},
    ],
)
def test_who_and_what_is_lost_is_found(changes: dict[str, object]) -> None:
    assert zeros(a_good_end(**changes)).keys() == {"lost"}


def an_offer(**changes: object) -> audit.OfferMade:
    """h2 offered to a1, who speaks orders and has room for 2, while h1 stands before it."""
    earlier = audit.Earlier(
        handoff_id="h1",
        group="orders",
        weight=1,
        target_agent_id=None,
        passed={},
        entered_at=T0 - timedelta(seconds=30),
        waits_since=T0 - timedelta(seconds=30),
    )
    before = replace(earlier, **{name: changes.pop(name) for name in list(changes) if hasattr(earlier, name)})
    offer = audit.OfferMade(
        handoff_id="h2", agent_id="a1", meant=False, looked_at=T0, room=2, capacity=5, earlier=[before]
    )
    return replace(offer, **changes)


@pytest.mark.parametrize(
    ("offer", "faults"),
    [
        (an_offer(), 1),
        (an_offer(group="technical"), 0),
        (an_offer(group="technical", entered_at=T0 - timedelta(seconds=60)), 1),
        (an_offer(group="technical", target_agent_id="a1"), 1),
        (an_offer(weight=3), 0),
        (an_offer(weight=3, capacity=2), 1),
        (an_offer(passed={"a1": T0 - timedelta(seconds=9)}), 0),
        (an_offer(passed={"a1": T0 - timedelta(seconds=11), "a2": T0}), 1),
        (an_offer(meant=True), 0),
    ],
)
def test_who_is_passed_over_is_found_and_who_could_not_be_asked_is_not(offer: audit.OfferMade, faults: int) -> None:
    accounts = {"a1": audit.Account("a1", ["orders"])}
    assert len(audit.order_violations([offer], accounts, RULES)) == faults


def test_an_arrival_in_the_middle_of_a_look_of_another_process_is_no_violation() -> None:
    accounts = {"a1": audit.Account("a1", ["orders"])}
    rules = replace(RULES, one_writer=False)
    fresh, stood = an_offer(waits_since=T0 + timedelta(seconds=0.1)), an_offer(waits_since=T0)
    assert audit.order_violations([fresh], accounts, rules) == []
    assert len(audit.order_violations([fresh], accounts, RULES)) == 1
    assert len(audit.order_violations([stood], accounts, rules)) == 1
