"""Rules of handoffs without I/O: shapes, order of the queue, expected wait, what is read out of a summary."""

from __future__ import annotations

import math
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal

from msgspec import Struct

from desk.agents.rules import SKILL_GROUPS
from desk.kernel.clock import iso
from desk.kernel.masking import mask_phone, mask_text

HandoffState = Literal["queued", "active", "resolved", "cancelled", "handed_back"]
HandoffKind = Literal["live", "offline"]
PRIORITIES = ("urgent", "high", "normal", "low")
MAX_HEADLINE_CHARACTERS = 40
_hidden = lru_cache(maxsize=4096)(mask_text)  # the same row goes to every console


class Handoff(Struct, frozen=True, kw_only=True):
    """One row of `handoffs`.

    `queued_at` is since when the customer waits, through transfers too; `entered_at` when it last came to the queue.
    `weight` is what it asks of an agent's capacity, `weight_taken` what its agent gave. `target_agent_id` is whom a
    transfer is for, `preferred_agent_id` who knows the customer, `from_agent_id` who transferred it. `passed` says
    who let an offer go, and when. `kind` is offline once the customer waited with nobody on duty; `told_on_duty` is
    what they were last told of that, `told_opening_at` the opening they were told of and that has not come yet;
    `contact` the phone number they left, only digits.
    """

    id: str
    conversation_id: str
    session: int
    state: HandoffState
    priority: str
    priority_rank: int
    front: int
    headline: str
    skill_group: str
    emotion: dict[str, Any]
    customer_id: str | None
    customer_name: str
    trigger: str
    summary: dict[str, Any]
    summary_valid: bool
    summary_fault: str | None
    target_agent_id: str | None
    note: str | None
    agent_id: str | None
    agent_name: str | None
    queued_seq: int
    queued_at: datetime
    claimed_at: datetime | None
    ended_at: datetime | None
    outcome: str | None
    outcome_note: str | None
    due_at: datetime
    entered_at: datetime
    priority_reasons: list[str] = []
    tags: list[str] = []
    weight: int = 1
    weight_taken: int = 0
    preferred_agent_id: str | None = None
    from_agent_id: str | None = None
    offered_agent_id: str | None = None
    offer_expires_at: datetime | None = None
    offer_shown: bool = False
    offer_count: int = 0
    passed: dict[str, str] = {}
    kind: HandoffKind = "live"
    contact: str | None = None
    told_on_duty: bool = True
    told_opening_at: datetime | None = None


class QueuePlace(Struct, frozen=True):
    """Where a waiting customer stands; position 1 is next."""

    position: int
    expected_wait_seconds: int | None


class Server(Struct, frozen=True):
    """An agent who is online: their groups, capacity and how much of it is free."""

    groups: list[str]
    capacity: int
    free: int


class Staffing(Struct, frozen=True):
    """Who could take customers now."""

    online_agents: int
    total_capacity: int
    free_capacity: int


def priority_rank(priority: str) -> int:
    """0 for urgent … 3 for low; an unknown word counts as normal."""
    return PRIORITIES.index(priority) if priority in PRIORITIES else PRIORITIES.index("normal")


def expected_wait_seconds(
    position: int, staffing: Staffing, handling_seconds: float, pickup_seconds: float
) -> int | None:
    """How long the customer at `position` probably waits, rounded up to half minutes; None while nobody is online.

    While there is free capacity an agent only has to pick the customer up; behind that, customers leave
    at the rate total capacity / handling time. A time that no one is there to keep is not given.
    """
    if staffing.online_agents == 0:
        return None
    rounds_ahead = max(0, position - staffing.free_capacity)
    seconds = pickup_seconds + rounds_ahead * handling_seconds / max(1, staffing.total_capacity)
    return max(30, math.ceil(seconds / 30) * 30)


def queue_places(
    waiting: list[tuple[str, str]], servers: list[Server], handling_seconds: float, pickup_seconds: float
) -> dict[str, QueuePlace]:
    """The place of everybody in `waiting` [(conversation id, skill group)], which is in the order of the queue.

    Before somebody count those who want the same agents; a group none of whose agents is online will be served by
    all (overflow). While nobody at all is online everybody ahead counts.
    """
    everybody = frozenset(range(len(servers)))
    pools: dict[str, frozenset[int]] = {}
    for group in {group for _, group in waiting}:
        own = frozenset(number for number in everybody if group in servers[number].groups)
        pools[group] = own or everybody
    staff = {group: _staffing(servers, pool) for group, pool in pools.items()}
    ahead, found = dict.fromkeys(pools, 0), {}
    for conversation_id, group in waiting:
        position = 1 + sum(count for other, count in ahead.items() if not servers or pools[other] & pools[group])
        wait = expected_wait_seconds(position, staff[group], handling_seconds, pickup_seconds)
        found[conversation_id] = QueuePlace(position, wait)
        ahead[group] += 1
    return found


def _staffing(servers: list[Server], pool: frozenset[int]) -> Staffing:
    members = [servers[number] for number in pool]
    return Staffing(len(members), sum(one.capacity for one in members), sum(one.free for one in members))


def wait_minutes(seconds: int | None) -> int:
    """Whole minutes for the customer's eyes, at least one."""
    return max(1, math.ceil((seconds or 0) / 60))


def shorten(headline: str) -> str:
    """At most 40 characters."""
    return headline if len(headline) <= MAX_HEADLINE_CHARACTERS else headline[: MAX_HEADLINE_CHARACTERS - 1] + "…"


def emotion_of(summary: dict[str, Any]) -> dict[str, Any]:
    """{family, intensity} out of a summary or an understanding; neutral when there is none.

    With `adjusted` {family, intensity, reasons: [text]} where the summary says that the conversation weighs more than
    its newest message.
    """
    emotion = summary.get("emotion")
    if not isinstance(emotion, dict):
        return {"family": "neutral", "intensity": 0}
    family, intensity = emotion.get("family"), emotion.get("intensity")
    known = family in {"angry", "anxious", "disappointed", "neutral", "pleased"}
    found = {
        "family": family if known else "neutral",
        "intensity": intensity if isinstance(intensity, int) and 0 <= intensity <= 3 else 0,
    }
    adjusted = emotion.get("adjusted")
    if not isinstance(adjusted, dict) or not isinstance(adjusted.get("reasons"), list):
        return found
    reasons = [str(reason["text"]) for reason in adjusted["reasons"] if isinstance(reason, dict) and "text" in reason]
    return {**found, "adjusted": {**emotion_of({"emotion": {**adjusted, "adjusted": None}}), "reasons": reasons}}


def skill_group_of(summary: dict[str, Any], default: str) -> str:
    """The group in the summary's route if it is one we have, else `default`."""
    route = summary.get("route")
    group = route.get("skill_group") if isinstance(route, dict) else None
    return group if group in SKILL_GROUPS else default


def customer_name_of(summary: dict[str, Any], fallback: str) -> str:
    """The masked name in the summary, else `fallback`."""
    customer = summary.get("customer")
    name = customer.get("display_name") if isinstance(customer, dict) else None
    return name if isinstance(name, str) and name else fallback


def primary_trigger(summary: dict[str, Any]) -> str:
    """The code of the first trigger, or `unknown`."""
    triggers = summary.get("triggers")
    if isinstance(triggers, list) and triggers and isinstance(triggers[0], dict):
        return str(triggers[0].get("code", "unknown"))[:32]
    return "unknown"


def row_view(handoff: Handoff) -> dict[str, Any]:
    """The contract's HandoffRow; while it waits everybody sees it, so that its texts are masked until it is taken."""
    waits = handoff.state == "queued"
    agent = None
    if handoff.agent_id is not None:
        agent = {"agent_id": handoff.agent_id, "display_name": handoff.agent_name}
    return {
        "id": handoff.id,
        "conversation_id": handoff.conversation_id,
        "state": handoff.state,
        "priority": handoff.priority,
        "headline": _hidden(handoff.headline) if waits else handoff.headline,
        "skill_group": handoff.skill_group,
        "emotion": handoff.emotion,
        "customer_name": handoff.customer_name,
        "queued_at": iso(handoff.queued_at),
        "claimed_at": None if handoff.claimed_at is None else iso(handoff.claimed_at),
        "agent": agent,
        "target_agent_id": handoff.target_agent_id,
        "note": _hidden(handoff.note) if waits and handoff.note else handoff.note,
        "offer": offer_view(handoff),
        "priority_reasons": handoff.priority_reasons,
        "tags": handoff.tags,
        "weight": handoff.weight_taken or handoff.weight,
        "waited_since": iso(handoff.queued_at),
        "front": handoff.front,
        "due_at": iso(handoff.due_at),
        "kind": handoff.kind,
        "contact": None if handoff.contact is None else mask_phone(handoff.contact),
    }


def offer_view(handoff: Handoff) -> dict[str, Any] | None:
    """{agent_id, expires_at} of the offer that is out, or None."""
    if handoff.offered_agent_id is None or handoff.offer_expires_at is None:
        return None
    return {"agent_id": handoff.offered_agent_id, "expires_at": iso(handoff.offer_expires_at)}


def full_view(handoff: Handoff) -> dict[str, Any]:
    """HandoffRow + summary + summary_valid, as `GET /handoffs/{id}` answers."""
    return {
        **row_view(handoff),
        "summary": handoff.summary,
        "summary_valid": handoff.summary_valid,
        "outcome": handoff.outcome,
        "ended_at": None if handoff.ended_at is None else iso(handoff.ended_at),
    }


def place_view(place: QueuePlace) -> dict[str, int | None]:
    """The part of the contract's queue object that is about the place."""
    return {"position": place.position, "expected_wait_seconds": place.expected_wait_seconds}
