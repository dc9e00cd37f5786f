"""Supervisors who write in an agent's conversation without owning it: all SQL about them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from desk.conversations.tables import conversations
from desk.kernel.database import UtcTime, metadata

if TYPE_CHECKING:
    from datetime import datetime

    from desk.conversations.rules import Conversation

guests = sa.Table(
    "conversation_guests",
    metadata,
    sa.Column("conversation_id", sa.String(64), sa.ForeignKey(conversations.c.id), primary_key=True),
    sa.Column("agent_id", sa.String(64), primary_key=True),
    sa.Column("agent_name", sa.Text, nullable=False),
    sa.Column("fence", sa.BigInteger, nullable=False),  # of the owner they joined: with the next owner it is over
    sa.Column("joined_at", UtcTime, nullable=False),
)


def name_of(connection: sa.Connection, conversation: Conversation, agent_id: str) -> str | None:
    """The name under which this agent is a guest of the conversation now, or None when they are not."""
    query = sa.select(guests.c.agent_name).where(
        guests.c.conversation_id == conversation.id,
        guests.c.agent_id == agent_id,
        guests.c.fence == conversation.fence,
    )
    return connection.execute(query).scalar_one_or_none()


def add(connection: sa.Connection, conversation: Conversation, agent_id: str, agent_name: str, at: datetime) -> None:
    """The agent may write in the conversation until its owner changes."""
    remove(connection, conversation.id, agent_id)
    connection.execute(
        guests.insert().values(
            conversation_id=conversation.id,
            agent_id=agent_id,
            agent_name=agent_name,
            fence=conversation.fence,
            joined_at=at,
        )
    )


def remove(connection: sa.Connection, conversation_id: str, agent_id: str) -> None:
    """The agent is no guest any more."""
    connection.execute(
        guests.delete().where(guests.c.conversation_id == conversation_id, guests.c.agent_id == agent_id)
    )
