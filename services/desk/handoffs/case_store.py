"""All SQL about what waiting customers were told, and how to reach them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from desk.agents.store import agents
from desk.conversations.notes import ConversationChanged
from desk.handoffs.rules import Handoff
from desk.handoffs.store import QUEUE_ORDER, HandoffChanged, handoffs
from desk.kernel.database import announce

if TYPE_CHECKING:
    from typing import Any


def anybody_online(connection: sa.Connection) -> bool:
    """Whether anybody is on duty: one agent online is enough."""
    query = sa.select(agents.c.id).where(agents.c.presence == "online", agents.c.disabled.is_(False)).limit(1)
    return connection.execute(query).first() is not None


def queue_length(connection: sa.Connection) -> int:
    """How many handoffs nobody has claimed."""
    query = sa.select(sa.func.count()).select_from(handoffs).where(handoffs.c.state == "queued")
    return int(connection.execute(query).scalar_one())


def told_otherwise(connection: sa.Connection, on_duty: bool, limit: int) -> list[Handoff]:
    """Queued handoffs whose customers were last told the opposite of `on_duty`, in the order of the queue."""
    rows = connection.execute(
        sa.select(handoffs)
        .where(handoffs.c.state == "queued", handoffs.c.told_on_duty.is_(not on_duty))
        .order_by(*QUEUE_ORDER)
        .limit(limit)
    )
    return [Handoff(**row._mapping) for row in rows]


def mark_told(connection: sa.Connection, handoff: Handoff, on_duty: bool) -> bool:
    """The customer is told whether people are there; nobody there makes it an offline case.

    False when another process did it, or the handoff no longer waits.
    """
    values: dict[str, Any] = {"told_on_duty": on_duty}
    if not on_duty:
        values["kind"] = "offline"
    done = connection.execute(
        handoffs.update()
        .where(
            handoffs.c.id == handoff.id,
            handoffs.c.state == "queued",
            handoffs.c.told_on_duty == handoff.told_on_duty,
        )
        .values(**values)
    )
    if done.rowcount == 1:
        announce(connection, HandoffChanged(handoff.id, None))
    return done.rowcount == 1


def set_contact(connection: sa.Connection, handoff: Handoff, contact: str) -> None:
    """The number at which the customer wants to be reached; only digits."""
    connection.execute(handoffs.update().where(handoffs.c.id == handoff.id).values(contact=contact))
    announce(connection, HandoffChanged(handoff.id, handoff.agent_id))
    announce(connection, ConversationChanged(handoff.conversation_id))
