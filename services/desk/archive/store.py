"""All SQL of the archive: the conversations of one signed customer, a page at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from desk.conversations.store import events_after
from desk.conversations.tables import conversations, events
from desk.handoffs.tables import handoffs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from desk.conversations.rules import Event

_ENDED = ("resolved", "handed_back", "cancelled")
_MOST_MESSAGES = 50  # of the customer, to tell what it was about
_CHUNK = 500


def page(connection: sa.Connection, customer_id: str, before: str | None, limit: int) -> list[sa.Row[Any]]:
    """Rows (id, state, created_at, updated_at), newest first, of conversations in which the customer wrote.

    Ids sort by time, so the id of the last one shown is the cursor.
    """
    query = sa.select(
        conversations.c.id, conversations.c.state, conversations.c.created_at, conversations.c.updated_at
    ).where(conversations.c.customer_id == customer_id, conversations.c.last_customer_seq > 0)
    if before is not None:
        query = query.where(conversations.c.id < before)
    return list(connection.execute(query.order_by(conversations.c.id.desc()).limit(limit)))


def outcome(connection: sa.Connection, conversation_id: str) -> str | None:
    """How the newest ended handoff ended: what the agent said, else its state; None without a handoff."""
    row = connection.execute(
        sa.select(handoffs.c.outcome, handoffs.c.state)
        .where(handoffs.c.conversation_id == conversation_id, handoffs.c.state.in_(_ENDED))
        .order_by(handoffs.c.queued_seq.desc())
        .limit(1)
    ).one_or_none()
    return None if row is None else str(row.outcome or row.state)


def messages_of_customer(connection: sa.Connection, conversation_id: str) -> list[sa.Row[Any]]:
    """Rows (text, attachments, understanding) of the customer's first messages."""
    query = (
        sa.select(events.c.text, events.c.attachments, events.c.understanding)
        .where(events.c.conversation_id == conversation_id, events.c.sender == "customer", events.c.type == "message")
        .order_by(events.c.seq)
        .limit(_MOST_MESSAGES)
    )
    return list(connection.execute(query))


def all_events(connection: sa.Connection, conversation_id: str) -> Iterator[Event]:
    """Every event from the first on."""
    after = 0
    while found := events_after(connection, conversation_id, after, _CHUNK):
        yield from found
        after = found[-1].seq
