"""The tables of handoffs, their steps, and what the bot still has to be told."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from desk.kernel.database import Json, UtcTime, metadata

OPEN = sa.text("state IN ('queued', 'active')")

handoffs = sa.Table(
    "handoffs",
    metadata,
    sa.Column("id", sa.String(80), primary_key=True),
    sa.Column("conversation_id", sa.String(64), sa.ForeignKey("conversations.id"), nullable=False),
    sa.Column("session", sa.Integer, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("priority", sa.String(8), nullable=False),
    sa.Column("priority_rank", sa.Integer, nullable=False),
    sa.Column("front", sa.Integer, nullable=False),
    sa.Column("headline", sa.Text, nullable=False),
    sa.Column("skill_group", sa.String(32), nullable=False),
    sa.Column("emotion", Json, nullable=False),
    sa.Column("customer_id", sa.String(64)),
    sa.Column("customer_name", sa.Text, nullable=False),
    sa.Column("trigger", sa.String(32), nullable=False),
    sa.Column("summary", Json, nullable=False),
    sa.Column("summary_valid", sa.Boolean, nullable=False),
    sa.Column("summary_fault", sa.Text),
    sa.Column("target_agent_id", sa.String(64)),
    sa.Column("note", sa.Text),
    sa.Column("agent_id", sa.String(64)),
    sa.Column("agent_name", sa.Text),
    sa.Column("queued_seq", sa.BigInteger, nullable=False),
    sa.Column("queued_at", UtcTime, nullable=False),
    sa.Column("claimed_at", UtcTime),
    sa.Column("ended_at", UtcTime),
    sa.Column("outcome", sa.Text),
    sa.Column("outcome_note", sa.Text),
    sa.Column("due_at", UtcTime, nullable=False),
    sa.Column("entered_at", UtcTime, nullable=False),
    sa.Column("priority_reasons", Json, nullable=False),
    sa.Column("tags", Json, nullable=False),
    sa.Column("weight", sa.Integer, nullable=False),
    sa.Column("weight_taken", sa.Integer, nullable=False),
    sa.Column("preferred_agent_id", sa.String(64)),
    sa.Column("from_agent_id", sa.String(64)),
    sa.Column("offered_agent_id", sa.String(64)),
    sa.Column("offer_expires_at", UtcTime),
    sa.Column("offer_shown", sa.Boolean, nullable=False),
    sa.Column("offer_count", sa.Integer, nullable=False),
    sa.Column("passed", Json, nullable=False),
    sa.Column("kind", sa.String(8), nullable=False, server_default="live"),
    sa.Column("contact", sa.Text),
    sa.Column("told_on_duty", sa.Boolean, nullable=False, server_default=sa.true()),
    sa.Column("told_opening_at", UtcTime),
    sa.Index("ix_handoffs_queue", "state", "front", "due_at"),
    sa.Index("ix_handoffs_ended", "state", "ended_at"),
    sa.Index("ix_handoffs_offers", "offered_agent_id"),
    sa.Index("ix_handoffs_agent", "agent_id", "state"),
    sa.Index("uq_handoffs_open", "conversation_id", unique=True, sqlite_where=OPEN, postgresql_where=OPEN),
    sa.Index("ix_handoffs_conversation", "conversation_id", "queued_at"),
    sa.Index("ix_handoffs_customer", "customer_id", "queued_at"),
)

steps = sa.Table(
    "handoff_steps",
    metadata,
    sa.Column("handoff_id", sa.String(80), sa.ForeignKey("handoffs.id"), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("agent_id", sa.String(64)),
    sa.Column("note", sa.Text),
    sa.Column("at", UtcTime, nullable=False),
)

handbacks = sa.Table(
    "bot_handbacks",
    metadata,
    sa.Column("handoff_id", sa.String(80), sa.ForeignKey("handoffs.id"), primary_key=True),
    sa.Column("conversation_id", sa.String(64), sa.ForeignKey("conversations.id"), nullable=False, index=True),
    sa.Column("session", sa.Integer, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("settled", Json, nullable=False),
    sa.Column("from_seq", sa.BigInteger, nullable=False),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("delivered_at", UtcTime),
    sa.Column("given_up", sa.Text),
)

# What "next" means: who was already with an agent, then who is due first (priority and waiting in one, see ranking).
QUEUE_ORDER = (handoffs.c.front.desc(), handoffs.c.due_at, handoffs.c.id)
NO_OFFER: dict[str, Any] = {"offered_agent_id": None, "offer_expires_at": None, "offer_shown": False}
