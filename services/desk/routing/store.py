"""SQL of routing: who waits unoffered, who could be asked, and whether there is anything to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from desk.agents.store import ON_DUTY, agents
from desk.handoffs.ranking import weight_for
from desk.handoffs.tables import QUEUE_ORDER, handoffs
from desk.routing.rules import Candidate, Waiting

if TYPE_CHECKING:
    from datetime import datetime

_UNOFFERED = sa.and_(handoffs.c.state == "queued", handoffs.c.offered_agent_id.is_(None))
_OFFERED = sa.and_(handoffs.c.state == "queued", handoffs.c.offered_agent_id.is_not(None))
_ROUTING_LOCK = 0x726F757465  # any number that nothing else locks: "route"
_COLUMNS = [handoffs.c[name] for name in Waiting.__struct_fields__]


def only_one(connection: sa.Connection) -> bool:
    """Whether nobody else is routing; holds that right until the write job ends. SQLite has one writer anyway."""
    if connection.dialect.name != "postgresql":
        return True
    return bool(connection.execute(sa.select(sa.func.pg_try_advisory_xact_lock(_ROUTING_LOCK))).scalar_one())


def waiting(connection: sa.Connection, skip: int, limit: int) -> list[Waiting]:
    """Queued handoffs that are offered to nobody, in the order of the queue, without their summaries."""
    query = sa.select(*_COLUMNS).where(_UNOFFERED).order_by(*QUEUE_ORDER).offset(skip).limit(limit)
    return [Waiting(**row._mapping) for row in connection.execute(query)]


def candidates(connection: sa.Connection) -> list[Candidate]:
    """Everybody who is online, with what they have and what is out to them."""
    query = sa.select(
        agents.c.id, agents.c.groups, agents.c.tags, agents.c.capacity, agents.c.load, agents.c.idle_since
    ).where(ON_DUTY)
    found = {row.id: Candidate(**row._mapping) for row in connection.execute(query)}
    for row in connection.execute(sa.select(handoffs.c.offered_agent_id, handoffs.c.weight).where(_OFFERED)):
        one = found.get(row.offered_agent_id)
        if one is not None:
            one.offered += weight_for(row.weight, one.capacity)
    return list(found.values())


def offers_of_absent(connection: sa.Connection) -> list[str]:
    """Agents who are not there and to whom something is still offered."""
    query = (
        sa.select(handoffs.c.offered_agent_id)
        .select_from(handoffs.outerjoin(agents, agents.c.id == handoffs.c.offered_agent_id))
        .where(_OFFERED, sa.or_(agents.c.id.is_(None), agents.c.presence != "online", agents.c.disabled.is_(True)))
        .distinct()
    )
    return [row.offered_agent_id for row in connection.execute(query)]


def has_work(connection: sa.Connection, now: datetime, *, auto: bool) -> bool:
    """Whether an offer ran out, or somebody waits while somebody else is free."""
    over = sa.select(sa.literal(1)).where(_OFFERED, handoffs.c.offer_expires_at <= now).limit(1)
    if connection.execute(over).first() is not None or offers_of_absent(connection):
        return True
    if not auto:
        return False
    waits = sa.exists(sa.select(sa.literal(1)).where(_UNOFFERED))
    free = sa.exists(sa.select(sa.literal(1)).where(ON_DUTY, agents.c.load < agents.c.capacity))
    return bool(connection.execute(sa.select(sa.and_(waits, free))).scalar_one())
