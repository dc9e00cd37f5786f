"""Rules of routing without I/O: who is the best agent for a waiting customer, and why."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from msgspec import Struct

from desk.handoffs.ranking import weight_for

if TYPE_CHECKING:
    from desk.kernel.policy import RoutingPolicy


class Waiting(Struct, frozen=True, kw_only=True):
    """A queued handoff that is offered to nobody, as far as routing looks at it."""

    id: str
    skill_group: str
    tags: list[str]
    weight: int
    entered_at: datetime
    target_agent_id: str | None
    preferred_agent_id: str | None
    passed: dict[str, str]


class Candidate(Struct, kw_only=True):
    """An agent who is online; `load` is what they have, `offered` what is out to them."""

    id: str
    groups: list[str]
    tags: list[str]
    capacity: int
    load: int
    idle_since: datetime | None
    offered: int = 0


class Choice(Struct, frozen=True):
    """Who is asked, and the rules that decided, for the record."""

    agent_id: str
    reasons: list[str]


def choose(waiting: Waiting, candidates: list[Candidate], now: datetime, policy: RoutingPolicy) -> Choice | None:
    """The best agent with room, or None when nobody may or can be asked now.

    In this order: for whom a transfer is meant; the skill group (others only after overflow_seconds); the tags it
    asks for; who served this customer last; the smallest share of capacity in use; idle for longest; the id.
    Who let this offer go is not asked again for offer_pause_seconds; when nobody else could be, for offer_seconds.
    """
    overflow = (now - waiting.entered_at).total_seconds() >= policy.overflow_seconds
    allowed = [one for one in candidates if overflow or _meant(waiting, one) or waiting.skill_group in one.groups]
    pause = policy.offer_pause_seconds
    if all(_paused(waiting, one, now, pause) for one in allowed):
        pause = min(pause, policy.offer_seconds)
    free = [one for one in allowed if _has_room(one, waiting.weight) and not _paused(waiting, one, now, pause)]
    if not free:
        return None
    best = min(free, key=lambda one: _rank(waiting, one))
    return Choice(best.id, _reasons(waiting, best, now, len(free)))


def any_room(candidates: list[Candidate]) -> bool:
    """Whether anybody could take anything at all."""
    return any(one.load + one.offered < one.capacity for one in candidates)


def _meant(waiting: Waiting, one: Candidate) -> bool:
    return waiting.target_agent_id == one.id


def _has_room(one: Candidate, weight: int) -> bool:
    return one.load + one.offered + weight_for(weight, one.capacity) <= one.capacity


def _paused(waiting: Waiting, one: Candidate, now: datetime, pause_seconds: float) -> bool:
    passed_at = waiting.passed.get(one.id)
    return passed_at is not None and now < datetime.fromisoformat(passed_at) + timedelta(seconds=pause_seconds)


def _missing_tags(waiting: Waiting, one: Candidate) -> int:
    return len(set(waiting.tags) - set(one.tags))


def _rank(waiting: Waiting, one: Candidate) -> tuple[bool, bool, int, bool, float, float, str]:
    return (
        not _meant(waiting, one),
        waiting.skill_group not in one.groups,
        _missing_tags(waiting, one),
        waiting.preferred_agent_id != one.id,
        (one.load + one.offered) / max(1, one.capacity),
        0.0 if one.idle_since is None else one.idle_since.timestamp(),
        one.id,
    )


def _reasons(waiting: Waiting, best: Candidate, now: datetime, free: int) -> list[str]:
    idle = "?" if best.idle_since is None else f"{(now - best.idle_since).total_seconds():.0f}s"
    said = {
        "target": _meant(waiting, best),
        "group": waiting.skill_group in best.groups,
        "overflow": waiting.skill_group not in best.groups and not _meant(waiting, best),
        "same_agent": waiting.preferred_agent_id == best.id,
    }
    tags = sorted(set(waiting.tags) & set(best.tags))
    return [
        *(name for name, holds in said.items() if holds),
        *(f"tag {tag}" for tag in tags),
        f"load {best.load + best.offered}/{best.capacity}",
        f"idle {idle}",
        f"of {free}",
    ]
