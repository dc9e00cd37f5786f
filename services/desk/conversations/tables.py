"""The tables of conversations and their events."""

from __future__ import annotations

import sqlalchemy as sa

from desk.kernel.database import Json, UtcTime, metadata

# Spelled out, so that SQLite recognises the condition of the partial index in the query.
WAITING = sa.text("owner_kind = 'bot' AND last_customer_seq > bot_cursor")

conversations = sa.Table(
    "conversations",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("owner_kind", sa.String(8), nullable=False),
    sa.Column("owner_agent_id", sa.String(64)),
    sa.Column("owner_agent_name", sa.Text),
    sa.Column("fence", sa.BigInteger, nullable=False),
    sa.Column("session", sa.Integer, nullable=False),
    sa.Column("last_seq", sa.BigInteger, nullable=False),
    sa.Column("last_customer_seq", sa.BigInteger, nullable=False),
    sa.Column("bot_cursor", sa.BigInteger, nullable=False),
    sa.Column("rating_session", sa.Integer),
    sa.Column("customer_id", sa.String(64)),
    sa.Column("customer_name", sa.Text),
    sa.Column("token_hash", sa.String(64), nullable=False),
    sa.Column("page", Json),
    sa.Column("device", Json),
    sa.Column("locale", sa.String(32), nullable=False),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("updated_at", UtcTime, nullable=False),
    sa.Column("customer_seen_at", UtcTime),
    sa.Column("customer_read_seq", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("agent_read_seq", sa.BigInteger, nullable=False, server_default="0"),
    sa.Index("ix_conversations_owner", "owner_kind", "owner_agent_id"),
    sa.Index("ix_conversations_customer", "customer_id", "created_at"),
    sa.Index("ix_conversations_waiting", "id", sqlite_where=WAITING, postgresql_where=WAITING),
)

events = sa.Table(
    "events",
    metadata,
    sa.Column("conversation_id", sa.String(64), sa.ForeignKey("conversations.id"), primary_key=True),
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("type", sa.String(32), nullable=False),
    sa.Column("sender", sa.String(16), nullable=False),
    sa.Column("message_id", sa.String(64), nullable=False, unique=True),
    sa.Column("client_id", sa.String(128)),
    sa.Column("text", sa.Text),
    sa.Column("payload", sa.Text),
    sa.Column("buttons", Json),
    sa.Column("card", Json),
    sa.Column("agent_id", sa.String(64)),
    sa.Column("agent_name", sa.Text),
    sa.Column("understanding", Json),
    sa.Column("session", sa.Integer, nullable=False),
    sa.Column("at", UtcTime, nullable=False),
    sa.Column("attachments", Json),
    sa.UniqueConstraint("conversation_id", "client_id", name="uq_events_client_id"),
)
