"""All SQL about offers: who is asked to take which queued handoff, and until when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from desk.handoffs.notes import OfferChanged
from desk.handoffs.ranking import weight_for
from desk.handoffs.rules import Handoff
from desk.handoffs.tables import NO_OFFER, handoffs
from desk.kernel.transactions import announce

if TYPE_CHECKING:
    from datetime import datetime

_OUT = sa.and_(handoffs.c.state == "queued", handoffs.c.offered_agent_id.is_not(None))


def make(connection: sa.Connection, before: Handoff, agent_id: str, expires_at: datetime) -> bool:
    """Compare-and-set: only while it is queued and offered to nobody."""
    done = connection.execute(
        handoffs.update()
        .where(handoffs.c.id == before.id, handoffs.c.state == "queued", handoffs.c.offered_agent_id.is_(None))
        .values(
            offered_agent_id=agent_id,
            offer_expires_at=expires_at,
            offer_shown=False,
            offer_count=handoffs.c.offer_count + 1,
        )
    )
    if done.rowcount == 1:
        announce(connection, OfferChanged(before.id, agent_id))
    return done.rowcount == 1


def end(connection: sa.Connection, before: Handoff, agent_id: str, **values: Any) -> bool:
    """Compare-and-set: only while it is still offered to this agent."""
    done = connection.execute(
        handoffs.update()
        .where(handoffs.c.id == before.id, handoffs.c.state == "queued", handoffs.c.offered_agent_id == agent_id)
        .values(**NO_OFFER, **values)
    )
    if done.rowcount == 1:
        announce(connection, OfferChanged(before.id, agent_id))
    return done.rowcount == 1


def mark_shown(connection: sa.Connection, handoff_id: str, agent_id: str) -> None:
    """The agent's console was sent the offer: letting it expire now counts as missed."""
    connection.execute(
        handoffs.update().where(handoffs.c.id == handoff_id, handoffs.c.offered_agent_id == agent_id, _OUT)
        .values(offer_shown=True)
    )  # fmt: skip


def of_agent(connection: sa.Connection, agent_id: str) -> list[Handoff]:
    """What is offered to an agent now, the oldest offer first."""
    rows = connection.execute(
        sa.select(handoffs).where(_OUT, handoffs.c.offered_agent_id == agent_id).order_by(handoffs.c.offer_expires_at)
    )
    return [Handoff(**row._mapping) for row in rows]


def weight_out(connection: sa.Connection, agent_id: str, capacity: int) -> int:
    """What the offers that are out to an agent would weigh."""
    rows = connection.execute(sa.select(handoffs.c.weight).where(_OUT, handoffs.c.offered_agent_id == agent_id))
    return sum(weight_for(row.weight, capacity) for row in rows)


def expired(connection: sa.Connection, now: datetime) -> list[str]:
    """Handoffs whose offer ran out."""
    rows = connection.execute(sa.select(handoffs.c.id).where(_OUT, handoffs.c.offer_expires_at <= now))
    return [row.id for row in rows]
