"""Reports without I/O: the same facts always give the same figures. Days and hours are the shop's.

A session belongs to the day of the customer's first message in it, a handoff to the day it was queued, a rating to
the day it was given. A session is contained when nobody was asked for in it: the bot did it alone.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from zoneinfo import ZoneInfo

FIRST_RESPONSE_STEPS_SECONDS = (15, 30, 60, 120, 300, 600, 1800)
SCORES = (1, 2, 3, 4, 5)


class SessionFact(Struct, frozen=True):
    """A session in which the customer said something: when first, how often, and whether a person was asked for."""

    at: datetime
    messages: int
    handed_over: bool


class HandoffFact(Struct, frozen=True):
    """A handoff of any state; `replied_at` is the first word of an agent after it was queued."""

    queued_at: datetime
    state: str
    trigger: str
    group: str
    outcome: str | None
    claimed_at: datetime | None
    ended_at: datetime | None
    replied_at: datetime | None


class RatingFact(Struct, frozen=True):
    """A customer's rating; `by_bot` when no agent had the session."""

    at: datetime
    score: int
    by_bot: bool


class Facts(Struct, frozen=True):
    """Everything that happened in the range."""

    sessions: list[SessionFact]
    handoffs: list[HandoffFact]
    ratings: list[RatingFact]


def report(facts: Facts, first: date, last: date, zone: ZoneInfo, satisfied_from: int) -> dict[str, Any]:
    """{from, to, totals, by_day, by_hour, reasons, groups, first_response, resolution, satisfaction}.

    Durations in whole seconds, shares between 0 and 1 with four decimals, None where there is nothing to divide.
    """
    return {
        "from": first.isoformat(),
        "to": last.isoformat(),
        "totals": _totals(facts),
        "by_day": _by_day(facts, first, last, zone),
        "by_hour": _by_hour(facts, zone),
        "reasons": _shares(facts.handoffs, lambda handoff: handoff.trigger, "code"),
        "groups": _shares(facts.handoffs, lambda handoff: handoff.group, "group"),
        "first_response": _first_response(facts.handoffs),
        "resolution": _resolution(facts.handoffs),
        "satisfaction": _satisfaction(facts, satisfied_from),
    }


def percentile(values: Iterable[float], share: float) -> int | None:
    """The nearest-rank percentile: a value that really occurred, rounded to seconds; None of nothing."""
    ordered = sorted(values)
    return round(ordered[max(0, math.ceil(share * len(ordered)) - 1)]) if ordered else None


def _totals(facts: Facts) -> dict[str, Any]:
    sessions, handed = len(facts.sessions), sum(session.handed_over for session in facts.sessions)
    return {
        "sessions": sessions,
        "messages": sum(session.messages for session in facts.sessions),
        "bot_only": sessions - handed,
        "handed_over": handed,
        "containment": _share(sessions - handed, sessions),
        "handoffs": len(facts.handoffs),
    }


def _by_day(facts: Facts, first: date, last: date, zone: ZoneInfo) -> list[dict[str, Any]]:
    counted = Counter((session.at.astimezone(zone).date(), session.handed_over) for session in facts.sessions)
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    return [
        {"day": day.isoformat(), "bot_only": counted[day, False], "handed_over": counted[day, True]} for day in days
    ]


def _by_hour(facts: Facts, zone: ZoneInfo) -> list[dict[str, Any]]:
    counted = Counter((session.at.astimezone(zone).hour, session.handed_over) for session in facts.sessions)
    return [{"hour": hour, "bot_only": counted[hour, False], "handed_over": counted[hour, True]} for hour in range(24)]


def _shares(handoffs: list[HandoffFact], key: Callable[[HandoffFact], str], name: str) -> list[dict[str, Any]]:
    counted = Counter(key(handoff) for handoff in handoffs)
    rows = sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    return [{name: code, "count": count, "share": _share(count, len(handoffs))} for code, count in rows]


def _first_response(handoffs: list[HandoffFact]) -> dict[str, Any]:
    """From queueing to a person's first word; who left before is counted apart."""
    seconds = [
        (handoff.replied_at - handoff.queued_at).total_seconds()
        for handoff in handoffs
        if handoff.replied_at is not None
    ]
    steps = [*FIRST_RESPONSE_STEPS_SECONDS, math.inf]
    counted: dict[float, int] = defaultdict(int)
    for value in seconds:
        counted[next(step for step in steps if value <= step)] += 1
    return {
        "count": len(seconds),
        "unanswered": len(handoffs) - len(seconds),
        "p50": percentile(seconds, 0.5),
        "p90": percentile(seconds, 0.9),
        "distribution": [
            {"up_to_seconds": None if step == math.inf else int(step), "count": counted[step]} for step in steps
        ],
    }


def _resolution(handoffs: list[HandoffFact]) -> dict[str, Any]:
    """How handoffs ended, and how long a person took from claim to end."""
    ended = [handoff for handoff in handoffs if handoff.state not in {"queued", "active"}]
    handling = [
        (handoff.ended_at - handoff.claimed_at).total_seconds()
        for handoff in ended
        if handoff.ended_at is not None and handoff.claimed_at is not None
    ]
    counted = Counter(_ending(handoff) for handoff in handoffs)
    rows = sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    solved = counted["solved"]
    closed = sum(handoff.state == "resolved" for handoff in ended)
    return {
        "outcomes": [{"outcome": name, "count": count, "share": _share(count, len(handoffs))} for name, count in rows],
        "solved_share": _share(solved, closed),
        "handling_p50": percentile(handling, 0.5),
        "handling_p90": percentile(handling, 0.9),
    }


def _ending(handoff: HandoffFact) -> str:
    """The agent's outcome when it was resolved (own words count as `other`), else the state."""
    if handoff.state != "resolved":
        return handoff.state
    return handoff.outcome if handoff.outcome in {"solved", "follow_up", "unsolved", "no_reply"} else "other"


def _satisfaction(facts: Facts, satisfied_from: int) -> dict[str, Any]:
    scores = Counter(rating.score for rating in facts.ratings)
    count = len(facts.ratings)
    closed = sum(handoff.state == "resolved" for handoff in facts.handoffs)
    people = sum(not rating.by_bot for rating in facts.ratings)
    average = round(sum(rating.score for rating in facts.ratings) / count, 2) if count else None
    return {
        "count": count,
        "average": average,
        "satisfied_share": _share(sum(scores[score] for score in SCORES if score >= satisfied_from), count),
        "answered_share": _share(min(people, closed), closed),
        "scores": [{"score": score, "count": scores[score]} for score in SCORES],
    }


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
