"""Where everybody stands in the queue, and how long they will probably wait."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desk.handoffs import queue_store
from desk.handoffs.rules import QueuePlace, queue_places

if TYPE_CHECKING:
    import sqlalchemy as sa

    from desk.kernel.settings import Settings


def place_of(connection: sa.Connection, conversation_id: str, settings: Settings) -> QueuePlace | None:
    """Where a conversation stands in the queue, or None when it is not waiting."""
    return places(connection, settings).get(conversation_id)


def places(connection: sa.Connection, settings: Settings) -> dict[str, QueuePlace]:
    """The place of everybody in the queue."""
    waiting = queue_store.queued_conversations(connection)
    if not waiting:
        return {}
    handlings = queue_store.recent_handlings(connection)
    handling = sum(handlings) / len(handlings) if handlings else settings.handling_fallback_seconds
    return queue_places(waiting, queue_store.servers(connection), handling, settings.pickup_seconds)
