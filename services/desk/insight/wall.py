"""The live wall without I/O: one list of open cases, and every figure a count of some of them."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct

from desk.agents.rules import SKILL_GROUPS, Presence
from desk.kernel.clock import iso

if TYPE_CHECKING:
    from desk.agents.rules import Agent
    from desk.insight.policy import WallPolicy

ClockName = Literal["first_response", "reply", "solution"]
ClockState = Literal["running", "soon", "late"]
CLOCKS: tuple[ClockName, ...] = ("first_response", "reply", "solution")
PRESENCES: tuple[Presence, ...] = ("online", "busy", "break", "offline")
FAMILIES = ("angry", "anxious", "disappointed", "neutral", "pleased")


class Case(Struct, frozen=True, kw_only=True):
    """An open handoff and what was said in it: when a person first and the customer last waited for an answer."""

    handoff_id: str
    conversation_id: str
    customer_name: str
    headline: str
    group: str
    state: Literal["queued", "active"]
    priority: str
    emotion: dict[str, Any]
    queued_at: datetime
    agent_id: str | None
    agent_name: str | None
    deadlines: dict[str, datetime]
    answered: bool  # an agent has written since it was queued
    unanswered_since: datetime | None  # the customer's first message after the last word of a person


class Running(Struct, frozen=True):
    """A clock of a case: when it breaks, and how near that is."""

    clock: ClockName
    due_at: datetime
    state: ClockState


class Wanted(Struct, frozen=True):
    """Which cases a figure stands for; what is None does not matter."""

    state: str | None = None
    group: str | None = None
    clock: str | None = None
    clock_state: str | None = None
    family: str | None = None
    intensity: int | None = None
    agent_id: str | None = None


def clocks_of(case: Case, policy: WallPolicy, now: datetime) -> list[Running]:
    """The clocks that run against us: the first response, then the next reply, and the solution."""
    due: dict[ClockName, datetime] = {}
    if not case.answered:
        first = case.queued_at + timedelta(seconds=policy.first_response_seconds)
        due["first_response"] = case.deadlines.get("first_response", first)
    elif case.unanswered_since is not None:
        due["reply"] = case.unanswered_since + timedelta(seconds=policy.reply_seconds)
    if "solution" in case.deadlines:
        due["solution"] = case.deadlines["solution"]
    return [Running(name, at, _clock_state(at, policy.soon_seconds[name], now)) for name, at in due.items()]


def _clock_state(due_at: datetime, soon_seconds: float, now: datetime) -> ClockState:
    left = (due_at - now).total_seconds()
    if left < 0:
        return "late"
    return "soon" if left <= soon_seconds else "running"


def felt_in(case: Case) -> dict[str, Any]:
    """{family, intensity} as the console shows it: what the conversation made of it, where it made something of it."""
    return case.emotion.get("adjusted") or case.emotion


def is_wanted(case: Case, wanted: Wanted, policy: WallPolicy, now: datetime) -> bool:
    """Whether the case is one of those a figure counts."""
    felt = felt_in(case)
    plain = (
        wanted.state in {None, case.state}
        and wanted.group in {None, case.group}
        and wanted.agent_id in {None, case.agent_id}
        and wanted.family in {None, felt["family"]}
        and wanted.intensity in {None, felt["intensity"]}
    )
    if not plain or (wanted.clock is None and wanted.clock_state is None):
        return plain
    return any(
        wanted.clock in {None, running.clock} and wanted.clock_state in {None, running.state}
        for running in clocks_of(case, policy, now)
    )


def wall(cases: list[Case], agents: list[Agent], policy: WallPolicy, now: datetime) -> dict[str, Any]:
    """{at, queue, agents, clocks, emotions}: counts of `cases`, waits in whole seconds."""
    known = [*SKILL_GROUPS, *sorted({case.group for case in cases} - set(SKILL_GROUPS))]
    return {
        "at": iso(now),
        "queue": [_queue_of(group, cases, now) for group in known],
        "agents": _agents(agents),
        "clocks": _clocks(cases, policy, now),
        "emotions": _emotions(cases),
    }


def _queue_of(group: str, cases: list[Case], now: datetime) -> dict[str, Any]:
    waiting = [case for case in cases if case.group == group and case.state == "queued"]
    active = sum(case.group == group and case.state == "active" for case in cases)
    longest = max(((now - case.queued_at).total_seconds() for case in waiting), default=None)
    return {
        "group": group,
        "waiting": len(waiting),
        "active": active,
        "longest_wait_seconds": None if longest is None else max(0, int(longest)),
    }


def _agents(agents: list[Agent]) -> dict[str, Any]:
    present = [agent for agent in agents if not agent.disabled]
    states = Counter(agent.presence for agent in present)
    online = [agent for agent in present if agent.presence == "online"]
    order = {name: place for place, name in enumerate(PRESENCES)}
    rows = sorted(present, key=lambda agent: (order[agent.presence], agent.display_name, agent.id))
    return {
        "by_state": {name: states[name] for name in PRESENCES},
        "load": sum(agent.load for agent in online),
        "capacity": sum(agent.capacity for agent in online),
        "list": [
            {
                "agent_id": agent.id,
                "display_name": agent.display_name,
                "presence": agent.presence,
                "load": agent.load,
                "capacity": agent.capacity,
                "groups": agent.groups,
            }
            for agent in rows
        ],
    }


def _clocks(cases: list[Case], policy: WallPolicy, now: datetime) -> list[dict[str, Any]]:
    counted = Counter((one.clock, one.state) for case in cases for one in clocks_of(case, policy, now))
    return [{"clock": name, "soon": counted[name, "soon"], "late": counted[name, "late"]} for name in CLOCKS]


def _emotions(cases: list[Case]) -> list[dict[str, Any]]:
    """Per feeling how many open cases have which intensity, 0 to 3."""
    counted = Counter((felt["family"], felt["intensity"]) for felt in map(felt_in, cases))
    return [{"family": name, "by_intensity": [counted[name, level] for level in range(4)]} for name in FAMILIES]


def case_view(case: Case, policy: WallPolicy, now: datetime) -> dict[str, Any]:
    """One row of the list behind a figure."""
    return {
        "handoff_id": case.handoff_id,
        "conversation_id": case.conversation_id,
        "customer_name": case.customer_name,
        "headline": case.headline,
        "skill_group": case.group,
        "state": case.state,
        "priority": case.priority,
        "emotion": case.emotion,
        "waited_since": iso(case.queued_at),
        "agent": None if case.agent_id is None else {"agent_id": case.agent_id, "display_name": case.agent_name},
        "clocks": [
            {"clock": one.clock, "due_at": iso(one.due_at), "state": one.state} for one in clocks_of(case, policy, now)
        ],
    }


def in_order(cases: list[Case], policy: WallPolicy, now: datetime) -> list[Case]:
    """The case whose clock breaks first, first."""
    far = datetime.max.replace(tzinfo=now.tzinfo)
    return sorted(
        cases,
        key=lambda case: (min((one.due_at for one in clocks_of(case, policy, now)), default=far), case.handoff_id),
    )
