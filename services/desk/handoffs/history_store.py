"""All SQL about earlier contacts: of a signed customer, and of the conversation itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from desk.conversations.tables import conversations, events
from desk.handoffs.history import BotTalk, Issue, Reply
from desk.handoffs.rules import Handoff
from desk.handoffs.tables import handoffs, steps

if TYPE_CHECKING:
    from datetime import datetime

CONFIRMED = "history_known"
_ENDED = ("resolved", "handed_back", "cancelled")
_MOST_HANDOFFS = 20
_MOST_TALKS = 10
_MOST_MESSAGES = 200


def ended_handoffs(
    connection: sa.Connection, customer_id: str | None, conversation_id: str, since: datetime | None, before: datetime
) -> list[Handoff]:
    """Ended handoffs of this conversation and, when the customer is known, of all of theirs; newest first.

    `since` None: however long ago.
    """
    whose = handoffs.c.conversation_id == conversation_id
    if customer_id is not None:
        whose = sa.or_(whose, handoffs.c.customer_id == customer_id)
    rows = connection.execute(
        sa.select(handoffs)
        .where(
            whose,
            handoffs.c.state.in_(_ENDED),
            sa.true() if since is None else handoffs.c.queued_at >= since,
            handoffs.c.queued_at < before,
        )
        .order_by(handoffs.c.queued_at.desc())
        .limit(_MOST_HANDOFFS)
    )
    return [Handoff(**row._mapping) for row in rows]


def of_conversations(connection: sa.Connection, conversation_ids: list[str]) -> dict[str, list[Handoff]]:
    """All handoffs of these conversations by conversation, the newest first."""
    rows = connection.execute(
        sa.select(handoffs)
        .where(handoffs.c.conversation_id.in_(conversation_ids))
        .order_by(handoffs.c.queued_seq.desc())
    )
    by_conversation: dict[str, list[Handoff]] = {}
    for row in rows:
        by_conversation.setdefault(row.conversation_id, []).append(Handoff(**row._mapping))
    return by_conversation


def first_reply(connection: sa.Connection, handoff: Handoff) -> Reply | None:
    """The first message of an agent after the handoff was queued."""
    row = connection.execute(
        sa.select(events.c.message_id, events.c.at)
        .where(
            events.c.conversation_id == handoff.conversation_id,
            events.c.seq > handoff.queued_seq,
            events.c.sender == "agent",
            events.c.type == "message",
        )
        .order_by(events.c.seq)
        .limit(1)
    ).one_or_none()
    return None if row is None else Reply(row.message_id, row.at)


def bot_talks(
    connection: sa.Connection, customer_id: str, conversation_id: str, since: datetime, before: datetime
) -> list[BotTalk]:
    """A customer's newest other conversations in which nobody was handed over, with what the bot understood."""
    handed_over = sa.exists().where(handoffs.c.conversation_id == conversations.c.id)
    talks = connection.execute(
        sa.select(conversations.c.id, conversations.c.created_at)
        .where(
            conversations.c.customer_id == customer_id,
            conversations.c.created_at >= since,
            conversations.c.created_at < before,
            conversations.c.last_customer_seq > 0,
            conversations.c.id != conversation_id,
            ~handed_over,
        )
        .order_by(conversations.c.created_at.desc())
        .limit(_MOST_TALKS)
    ).all()
    return [BotTalk(talk.id, talk.created_at, _understood(connection, talk.id)) for talk in talks]


def _understood(connection: sa.Connection, conversation_id: str) -> list[Issue]:
    rows = connection.execute(
        sa.select(events.c.message_id, events.c.understanding)
        .where(
            events.c.conversation_id == conversation_id,
            events.c.sender == "customer",
            events.c.understanding.is_not(None),
        )
        .order_by(events.c.seq)
        .limit(_MOST_MESSAGES)
    )
    return [issue for row in rows for issue in _issues(row.message_id, row.understanding)]


def _issues(message_id: str, understanding: dict[str, Any]) -> list[Issue]:
    """The intents of one message, each with the order that the message names."""
    named = [item for item in understanding.get("entities") or [] if isinstance(item, dict)]
    order_id = next(
        (str(item["value"]) for item in named if item.get("entity") == "order_id" and "value" in item), None
    )
    intents = [item.get("name") for item in understanding.get("intents") or [] if isinstance(item, dict)]
    return [Issue(str(name), order_id, message_id) for name in intents if name]


def before(connection: sa.Connection, handoff: Handoff) -> Handoff | None:
    """The handoff of the same conversation that came before this one."""
    row = connection.execute(
        sa.select(handoffs)
        .where(
            handoffs.c.conversation_id == handoff.conversation_id,
            handoffs.c.queued_seq < handoff.queued_seq,
        )
        .order_by(handoffs.c.queued_seq.desc())
        .limit(1)
    ).one_or_none()
    return None if row is None else Handoff(**row._mapping)


def confirmed_at(connection: sa.Connection, handoff: Handoff) -> datetime | None:
    """When the present agent said that they know the story; a colleague before them does not count."""
    if handoff.agent_id is None or handoff.claimed_at is None:
        return None
    query = sa.select(sa.func.min(steps.c.at)).where(
        steps.c.handoff_id == handoff.id,
        steps.c.kind == CONFIRMED,
        steps.c.agent_id == handoff.agent_id,
        steps.c.at >= handoff.claimed_at,
    )
    return connection.execute(query).scalar_one_or_none()
