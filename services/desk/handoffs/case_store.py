"""All SQL about what waiting customers were told, and how to reach them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from desk.conversations.notes import ConversationChanged
from desk.handoffs.notes import HandoffChanged
from desk.handoffs.rules import Handoff
from desk.handoffs.tables import QUEUE_ORDER, handoffs
from desk.kernel.transactions import announce

if TYPE_CHECKING:
    from datetime import datetime


def told_otherwise(connection: sa.Connection, on_duty: bool, limit: int) -> list[Handoff]:
    """Queued handoffs whose customers were last told the opposite of `on_duty`, in the order of the queue."""
    return _queued(connection, handoffs.c.told_on_duty.is_(not on_duty), limit)


def opening_passed(connection: sa.Connection, until: datetime, limit: int) -> list[Handoff]:
    """Queued handoffs whose customers were told of an opening at or before `until`, in the order of the queue."""
    return _queued(connection, handoffs.c.told_opening_at <= until, limit)


def mark_told(connection: sa.Connection, handoff: Handoff, *, on_duty: bool, opening_at: datetime | None) -> bool:
    """The customer is told whether people are there; nobody there makes it an offline case, with the next opening.

    False when another process did it, or the handoff no longer waits.
    """
    values: dict[str, Any] = {"told_on_duty": on_duty, "told_opening_at": None if on_duty else opening_at}
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


def forget_opening(connection: sa.Connection, handoff: Handoff) -> bool:
    """The opening came and the customer was told that nobody did; False when another process did it."""
    done = connection.execute(
        handoffs.update()
        .where(
            handoffs.c.id == handoff.id,
            handoffs.c.state == "queued",
            handoffs.c.told_opening_at == handoff.told_opening_at,
        )
        .values(told_opening_at=None)
    )
    return done.rowcount == 1


def set_contact(connection: sa.Connection, handoff: Handoff, contact: str) -> None:
    """The number at which the customer wants to be reached; only digits."""
    connection.execute(handoffs.update().where(handoffs.c.id == handoff.id).values(contact=contact))
    announce(connection, HandoffChanged(handoff.id, handoff.agent_id))
    announce(connection, ConversationChanged(handoff.conversation_id))


def _queued(connection: sa.Connection, condition: sa.ColumnElement[bool], limit: int) -> list[Handoff]:
    query = sa.select(handoffs).where(handoffs.c.state == "queued", condition).order_by(*QUEUE_ORDER).limit(limit)
    return [Handoff(**row._mapping) for row in connection.execute(query)]
