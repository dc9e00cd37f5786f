"""SQL that reads the queue as a whole: who waits, who is there to serve them, how long that takes, who knows whom."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from desk.agents.store import ON_DUTY, agents
from desk.conversations.tables import conversations
from desk.handoffs.rules import Server
from desk.handoffs.tables import QUEUE_ORDER, handoffs
from desk.kernel.prepared import Prepared

if TYPE_CHECKING:
    from datetime import datetime

    from desk.conversations.rules import Conversation

# Asked before every turn of the bot.
_LENGTH = Prepared(sa.select(sa.func.count()).select_from(handoffs).where(handoffs.c.state == "queued"))
_SOMEBODY = Prepared(sa.select(agents.c.id).where(ON_DUTY).limit(1))


def queued_conversations(connection: sa.Connection) -> list[tuple[str, str]]:
    """(conversation id, skill group) in the order of the queue."""
    query = sa.select(handoffs.c.conversation_id, handoffs.c.skill_group).where(handoffs.c.state == "queued")
    return [(row.conversation_id, row.skill_group) for row in connection.execute(query.order_by(*QUEUE_ORDER))]


def length(connection: sa.Connection) -> int:
    """How many handoffs nobody has claimed."""
    row = _LENGTH.row(connection, {})
    return 0 if row is None else int(row[0])


def anybody_on_duty(connection: sa.Connection) -> bool:
    """Whether anybody is on duty: one agent online is enough."""
    return _SOMEBODY.row(connection, {}) is not None


def servers(connection: sa.Connection) -> list[Server]:
    """Who is online, with their groups and how much room they have."""
    rows = connection.execute(sa.select(agents.c.groups, agents.c.capacity, agents.c.load).where(ON_DUTY))
    return [Server(row.groups, row.capacity, max(0, row.capacity - row.load)) for row in rows]


def recent_handlings(connection: sa.Connection, limit: int = 20) -> list[float]:
    """Seconds from claim to end of the newest finished handoffs."""
    rows = connection.execute(
        sa.select(handoffs.c.claimed_at, handoffs.c.ended_at)
        .where(handoffs.c.state == "resolved", handoffs.c.claimed_at.is_not(None))
        .order_by(handoffs.c.ended_at.desc())
        .limit(limit)
    )
    return [(row.ended_at - row.claimed_at).total_seconds() for row in rows if row.ended_at is not None]


def last_agent_of(connection: sa.Connection, conversation: Conversation, since: datetime) -> str | None:
    """Who served this customer (a visitor: this conversation) last, if that ended after `since`; or None."""
    same = handoffs.c.conversation_id == conversation.id
    if conversation.customer_id is not None:
        same = handoffs.c.customer_id == conversation.customer_id
    query = (
        sa.select(handoffs.c.agent_id)
        .where(same, handoffs.c.agent_id.is_not(None), handoffs.c.ended_at >= since)
        .order_by(handoffs.c.ended_at.desc())
        .limit(1)
    )
    return connection.execute(query).scalar_one_or_none()


def unseen_since(connection: sa.Connection, moment: datetime) -> list[str]:
    """Conversations that wait in the queue and whose customer was last there before `moment`."""
    query = (
        sa.select(handoffs.c.conversation_id)
        .select_from(handoffs.join(conversations, conversations.c.id == handoffs.c.conversation_id))
        .where(
            handoffs.c.state == "queued",
            conversations.c.owner_kind == "queue",  # who talks with the bot meanwhile is not looked after
            conversations.c.customer_seen_at < moment,
        )
    )
    return [row.conversation_id for row in connection.execute(query)]


def owned_by_nobody_there(connection: sa.Connection) -> list[str]:
    """Conversations whose agent is offline: they have to go back to the queue."""
    query = (
        sa.select(handoffs.c.conversation_id)
        .select_from(handoffs.join(agents, agents.c.id == handoffs.c.agent_id))
        .where(handoffs.c.state == "active", agents.c.presence == "offline")
        .order_by(handoffs.c.claimed_at)
    )
    return [row.conversation_id for row in connection.execute(query)]
