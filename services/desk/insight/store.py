"""All SQL of insight: open cases for the wall, facts of a range for the reports. It only reads."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from desk.conversations.tables import events
from desk.handoffs.tables import handoffs
from desk.insight.reports import Facts, HandoffFact, RatingFact, SessionFact
from desk.insight.wall import Case
from desk.ratings.store import ratings

if TYPE_CHECKING:
    from collections.abc import Iterable

_PERSON_SPOKE = sa.and_(events.c.sender == "agent", events.c.type == "message")


def open_cases(connection: sa.Connection) -> list[Case]:
    """Every queued or active handoff with what its clocks need."""
    is_open = handoffs.c.state.in_(("queued", "active"))
    same = events.c.conversation_id == handoffs.c.conversation_id
    spoke = {
        row.id: row
        for row in connection.execute(
            sa.select(handoffs.c.id, sa.func.max(events.c.seq).label("seq"), sa.func.count().label("count"))
            .select_from(handoffs.join(events, same))
            .where(is_open, _PERSON_SPOKE, events.c.seq > handoffs.c.queued_seq)
            .group_by(handoffs.c.id)
        )
    }
    found = list(connection.execute(sa.select(handoffs).where(is_open)))
    since = _unanswered(connection, {row.conversation_id: spoke[row.id].seq for row in found if row.id in spoke})
    return [
        Case(
            handoff_id=row.id,
            conversation_id=row.conversation_id,
            customer_name=row.customer_name,
            headline=row.headline,
            group=row.skill_group,
            state=row.state,
            priority=row.priority,
            emotion=row.emotion,
            queued_at=row.queued_at,
            agent_id=row.agent_id,
            agent_name=row.agent_name,
            deadlines=_deadlines(row.summary),
            answered=row.id in spoke,
            unanswered_since=since.get(row.conversation_id),
        )
        for row in found
    ]


def _unanswered(connection: sa.Connection, spoke_at: dict[str, int]) -> dict[str, datetime]:
    """The customer's first message after the last word of a person, by conversation."""
    if not spoke_at:
        return {}
    rows = connection.execute(
        sa.select(events.c.conversation_id, events.c.seq, events.c.at)
        .where(
            events.c.conversation_id.in_(list(spoke_at)),
            events.c.seq > min(spoke_at.values()),
            events.c.sender == "customer",
        )
        .order_by(events.c.conversation_id, events.c.seq)
    )
    first: dict[str, datetime] = {}
    for row in rows:
        if row.seq > spoke_at[row.conversation_id]:
            first.setdefault(row.conversation_id, row.at)
    return first


def _deadlines(summary: dict[str, Any]) -> dict[str, datetime]:
    """The summary's deadlines by clock; what is of another shape is left out."""
    listed = summary.get("deadlines")
    found: dict[str, datetime] = {}
    for deadline in listed if isinstance(listed, list) else []:
        if not isinstance(deadline, dict):
            continue
        try:
            due_at = datetime.fromisoformat(str(deadline.get("due_at")).replace("Z", "+00:00"))
        except ValueError:
            continue
        if due_at.tzinfo is not None:
            found[str(deadline.get("clock"))] = due_at
    return found


def facts(connection: sa.Connection, start: datetime, end: datetime) -> Facts:
    """What happened from `start` up to, not including, `end`."""
    return Facts(
        sessions=list(_sessions(connection, start, end)),
        handoffs=list(_handoffs(connection, start, end)),
        ratings=[
            RatingFact(row.at, row.score, row.agent_id is None)
            for row in connection.execute(
                sa.select(ratings.c.at, ratings.c.score, ratings.c.agent_id)
                .where(ratings.c.at >= start, ratings.c.at < end)
                .order_by(ratings.c.at)
            )
        ],
    )


def _sessions(connection: sa.Connection, start: datetime, end: datetime) -> Iterable[SessionFact]:
    first = sa.func.min(events.c.at).label("first_at")
    spoken = (
        sa.select(events.c.conversation_id, events.c.session, first, sa.func.count().label("messages"))
        .where(events.c.sender == "customer", events.c.type == "message", events.c.at < end)
        .group_by(events.c.conversation_id, events.c.session)
        .having(first >= start)
        .subquery()
    )
    asked = sa.exists().where(
        handoffs.c.conversation_id == spoken.c.conversation_id, handoffs.c.session == spoken.c.session
    )
    rows = connection.execute(sa.select(spoken.c.first_at, spoken.c.messages, asked.label("asked")))
    return (SessionFact(row.first_at, row.messages, bool(row.asked)) for row in rows)


def _handoffs(connection: sa.Connection, start: datetime, end: datetime) -> Iterable[HandoffFact]:
    replied = (
        sa.select(sa.func.min(events.c.at))
        .where(
            events.c.conversation_id == handoffs.c.conversation_id,
            events.c.seq > handoffs.c.queued_seq,
            events.c.session == handoffs.c.session,
            _PERSON_SPOKE,
            sa.or_(handoffs.c.ended_at.is_(None), events.c.at <= handoffs.c.ended_at),
        )
        .scalar_subquery()
    )
    columns = [
        handoffs.c[name]
        for name in ("queued_at", "state", "trigger", "skill_group", "outcome", "claimed_at", "ended_at")
    ]
    rows = connection.execute(
        sa.select(*columns, replied.label("replied_at"))
        .where(handoffs.c.queued_at >= start, handoffs.c.queued_at < end)
        .order_by(handoffs.c.queued_at)
    )
    return (
        HandoffFact(
            queued_at=row.queued_at,
            state=row.state,
            trigger=row.trigger,
            group=row.skill_group,
            outcome=row.outcome,
            claimed_at=row.claimed_at,
            ended_at=row.ended_at,
            replied_at=row.replied_at,
        )
        for row in rows
    )
