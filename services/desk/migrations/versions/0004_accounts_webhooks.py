"""Forced password changes, sessions' origins, what was done to accounts; webhooks' outbox."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from desk.kernel.database import Json, UtcTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add them; accounts of before keep their passwords."""
    forced = sa.Column("must_change_password", sa.Boolean(), nullable=False, server_default=sa.false())
    op.add_column("agents", forced)
    op.add_column("agent_sessions", sa.Column("address", sa.String(64)))
    op.add_column("agent_sessions", sa.Column("device", sa.String(256)))
    op.create_table(
        "account_events",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("actor_id", sa.String(64), nullable=True),
        sa.Column("actor_name", sa.Text(), nullable=False),
        sa.Column("agent_id", sa.String(64), nullable=False),
        sa.Column("details", Json, nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_account_events_agent", "account_events", ["agent_id", "id"])
    op.create_table(
        "webhook_endpoints",
        sa.Column("url", sa.String(512), nullable=False),
        sa.Column("added_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("url"),
    )
    op.create_table(
        "webhook_deliveries",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("url", sa.String(512), nullable=False),
        sa.Column("event_id", sa.String(96), nullable=False),
        sa.Column("event", sa.String(32), nullable=False),
        sa.Column("handoff_id", sa.String(80), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", UtcTime(), nullable=False),
        sa.Column("lease", sa.String(64), nullable=True),
        sa.Column("leased_until", UtcTime(), nullable=True),
        sa.Column("fault", sa.Text(), nullable=True),
        sa.Column("ended_at", UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("url", "event_id", name="uq_webhook_deliveries_event"),
    )
    waiting = sa.text("state = 'waiting'")
    op.create_index(
        "ix_webhook_deliveries_waiting",
        "webhook_deliveries",
        ["url", "handoff_id", "number"],
        sqlite_where=waiting,
        postgresql_where=waiting,
    )
    op.create_index("ix_webhook_deliveries_state", "webhook_deliveries", ["state", "url", "next_attempt_at"])


def downgrade() -> None:
    """Take them away again."""
    op.drop_table("webhook_deliveries")
    op.drop_table("webhook_endpoints")
    op.drop_table("account_events")
    op.drop_column("agent_sessions", "device")
    op.drop_column("agent_sessions", "address")
    op.drop_column("agents", "must_change_password")
