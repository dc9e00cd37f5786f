"""Judges the history of a stress run: owners, capacity, lost customers, waiting order. No I/O; each fault is a line."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

Place = tuple[str, int]  # message id, sequence number
ENDED = frozenset({"resolved", "cancelled", "handed_back"})
# From which situations a step may come and where it leads; `offered` is queued with an offer out.
_MOVES = {
    "queued": ({"new"}, "queued"),
    "offered": ({"queued"}, "offered"),
    "declined": ({"offered"}, "queued"),
    "expired": ({"offered"}, "queued"),
    "withdrawn": ({"offered"}, "queued"),
    "claimed": ({"queued", "offered"}, "active"),
    "transferred": ({"active"}, "queued"),
    "returned": ({"active"}, "queued"),
    "handed_back": ({"active"}, "handed_back"),
    "resolved": ({"active"}, "resolved"),
    "cancelled": ({"queued", "offered"}, "cancelled"),
}
_LEAVING = frozenset({"agent_left", "handed_back", "conversation_resolved"})


@dataclass(frozen=True)
class Step:
    """One row of handoff_steps."""

    handoff_id: str
    number: int
    kind: str
    agent_id: str | None


@dataclass(frozen=True)
class Line:
    """One event of a conversation."""

    conversation_id: str
    seq: int
    type: str
    sender: str
    agent_id: str | None
    message_id: str
    client_id: str | None


@dataclass(frozen=True)
class Load:
    """An agent at one moment: the load column, capacity, what their conversations weigh, what is offered to them."""

    agent_id: str
    load: int
    capacity: int
    weight: int
    offered: int = 0


@dataclass(frozen=True, kw_only=True)
class Earlier:
    """A handoff that stood unoffered before another one in the queue, at the moment that one was offered."""

    handoff_id: str
    group: str
    weight: int
    target_agent_id: str | None
    passed: dict[str, datetime]
    entered_at: datetime
    waits_since: datetime


@dataclass(frozen=True, kw_only=True)
class OfferMade:
    """An offer as it was made; `looked_at` is when the router began its look, `room` what the agent had free."""

    handoff_id: str
    agent_id: str
    meant: bool
    looked_at: datetime
    room: int
    capacity: int
    earlier: list[Earlier]


@dataclass(frozen=True)
class Conversation:
    """A conversation at the end."""

    id: str
    last_seq: int


@dataclass(frozen=True)
class Account:
    """An agent's skill groups."""

    agent_id: str
    groups: list[str]


@dataclass(frozen=True, kw_only=True)
class History:
    """Everything read from the database after the run; `handoffs` is {id: state}, `odds` owners without agreement."""

    steps: list[Step]
    lines: list[Line]
    loads: list[Load]
    offers: list[OfferMade]
    handoffs: dict[str, str]
    conversations: list[Conversation]
    accounts: dict[str, Account]
    loads_now: list[Load]
    odds: list[str]


@dataclass
class Promised:
    """What clients were told: acknowledged messages, and handoffs the bot asked for."""

    acknowledged: dict[tuple[str, str], Place] = field(default_factory=dict)  # (conversation, client id)
    handed: dict[str, str] = field(default_factory=dict)  # handoff: conversation


@dataclass(frozen=True)
class Rules:
    """The lines of routing.yml that the order depends on, in seconds; and whether one desk is the only writer.

    With one writer a look at the queue and its offers are one transaction, and whoever stands before counts. Of several
    desks another one may commit an arrival in the middle of a look: then only who stood there when it began counts.
    """

    overflow_seconds: float
    pause_seconds: float
    one_writer: bool = True


def illegal_moves(steps: Iterable[Step]) -> list[str]:
    """Steps that do not follow from the one before; a claim of what somebody has is one."""
    faults, where, numbers = [], defaultdict[str, str](lambda: "new"), Counter[str]()
    for step in steps:
        numbers[step.handoff_id] += 1
        expected, to = _MOVES.get(step.kind, (set(), step.kind))
        if where[step.handoff_id] not in expected or step.number != numbers[step.handoff_id]:
            faults.append(f"{step.handoff_id} step {step.number}: {step.kind} while {where[step.handoff_id]}")
        where[step.handoff_id] = to
    return faults


def double_owners(lines: Iterable[Line]) -> list[str]:
    """In the order of each conversation: who joins while somebody is there, who speaks without having it."""
    faults, owner = [], dict[str, str | None]()
    for line in lines:
        mine = owner.get(line.conversation_id)
        if line.type == "agent_joined":
            if mine is not None:
                faults.append(f"{line.conversation_id} #{line.seq}: {line.agent_id} joins while {mine} has it")
            owner[line.conversation_id] = line.agent_id
        elif line.type in _LEAVING:
            if mine is None:
                faults.append(f"{line.conversation_id} #{line.seq}: {line.type} while nobody has it")
            owner[line.conversation_id] = None
        elif line.sender == "agent" and line.agent_id != mine:
            faults.append(f"{line.conversation_id} #{line.seq}: {line.agent_id} speaks, owner {mine}")
        elif line.sender == "bot" and mine is not None:
            faults.append(f"{line.conversation_id} #{line.seq}: the bot speaks, owner {mine}")
    return faults


def over_capacity(loads: Iterable[Load]) -> list[str]:
    """Moments in which an agent had, or had together with what was offered, more than they can take."""
    return [
        f"{one.agent_id}: has {one.weight}, offered {one.offered}, capacity {one.capacity}"
        for one in loads
        if max(one.load, one.weight) + one.offered > one.capacity
    ]


def wrong_loads(loads: Iterable[Load]) -> list[str]:
    """Moments in which the load column is not what the agent's conversations weigh."""
    return [f"{one.agent_id}: load {one.load}, weight {one.weight}" for one in loads if one.load != one.weight]


def lost(history: History, promised: Promised) -> list[str]:
    """Handoffs that did not end, never came or whose steps say otherwise; messages that are not there; odd owners."""
    last = {step.handoff_id: _MOVES.get(step.kind, (set(), step.kind))[1] for step in history.steps}
    faults = [f"{key} is {state} at the end" for key, state in history.handoffs.items() if state not in ENDED]
    faults += [
        f"{key} is {state}, its last step {last.get(key)}"
        for key, state in history.handoffs.items()
        if state in ENDED and last.get(key) != state
    ]
    faults += [f"{key} never reached the queue" for key in promised.handed if key not in history.handoffs]
    faults += [f"{odd} (conversation and handoff disagree)" for odd in history.odds]
    return faults + _lost_messages(history, promised)


def _lost_messages(history: History, promised: Promised) -> list[str]:
    stored, count = dict[tuple[str, str], Place](), Counter[str]()
    faults = []
    for line in history.lines:
        count[line.conversation_id] += 1
        if line.client_id is not None:
            stored[line.conversation_id, line.client_id] = (line.message_id, line.seq)
        if line.seq != count[line.conversation_id]:
            faults.append(f"{line.conversation_id}: #{line.seq} where #{count[line.conversation_id]} should be")
    faults += [
        f"{one.id}: {count[one.id]} of {one.last_seq} events"
        for one in history.conversations
        if one.last_seq != count[one.id]
    ]
    return faults + [
        f"{key[0]}: acknowledged {place}, stored {stored.get(key)}"
        for key, place in promised.acknowledged.items()
        if stored.get(key) != place
    ]


def order_violations(offers: Iterable[OfferMade], accounts: dict[str, Account], rules: Rules) -> list[str]:
    """Offers made to an agent while an earlier handoff in the order of the queue, which this agent could have been
    offered, stood unoffered.

    Could have been offered: the agent is in its group, or it waits for longer than the overflow, or is meant for them;
    they have room for its weight; they have not let it go within the pause. What is meant for one agent may pass.
    """
    faults = []
    for offer in offers:
        if offer.meant:
            continue
        groups = accounts[offer.agent_id].groups
        for one in offer.earlier:
            if _could_take(one, offer, groups, rules):
                waited = (offer.looked_at - one.waits_since).total_seconds()
                faults.append(
                    f"{offer.handoff_id} offered to {offer.agent_id}, {one.handoff_id} was before it, "
                    f"for {waited:.3f} s when the look began"
                )
    return faults


def _could_take(one: Earlier, offer: OfferMade, groups: list[str], rules: Rules) -> bool:
    allowed = (
        one.target_agent_id == offer.agent_id
        or one.group in groups
        or offer.looked_at - one.entered_at >= timedelta(seconds=rules.overflow_seconds)
    )
    passed_at = one.passed.get(offer.agent_id)
    paused = passed_at is not None and offer.looked_at < passed_at + timedelta(seconds=rules.pause_seconds)
    seen = rules.one_writer or one.waits_since <= offer.looked_at
    return allowed and seen and not paused and min(one.weight, offer.capacity) <= offer.room


def counts(steps: Iterable[Step]) -> Counter[str]:
    """How often each kind of step was taken; `accepted` are claims of an offer by whom it was made to, the others
    `hand_claimed`.
    """
    found, before = Counter[str](), dict[str, Step]()
    for step in steps:
        found[step.kind] += 1
        if step.kind == "claimed":
            last = before.get(step.handoff_id)
            offered = last is not None and last.kind == "offered" and last.agent_id == step.agent_id
            found["accepted" if offered else "hand_claimed"] += 1
        before[step.handoff_id] = step
    return found


def verdict(history: History, samples: list[Load], odds: list[str], promised: Promised, rules: Rules) -> dict[str, Any]:
    """{name of a figure that must be zero: its faults}."""
    loads = [*history.loads, *samples, *history.loads_now]
    return {
        "double owners": double_owners(history.lines),
        "illegal moves": illegal_moves(history.steps),
        "over capacity": over_capacity(loads),
        "wrong loads": wrong_loads(loads),
        "lost": [*lost(history, promised), *(f"during the run: {odd}" for odd in odds)],
        "order violations": order_violations(history.offers, history.accounts, rules),
    }
