"""What agents had done in the shop, and how it ended."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from desk.kernel.database import Json, UtcTime

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add both tables."""
    op.create_table(
        "agent_actions",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("client_id", sa.String(64), nullable=False),
        sa.Column("conversation_id", sa.String(64), sa.ForeignKey("conversations.id"), nullable=False),
        sa.Column("customer_id", sa.String(64), nullable=False),
        sa.Column("agent_id", sa.String(64), sa.ForeignKey("agents.id"), nullable=False),
        sa.Column("agent_name", sa.Text(), nullable=False),
        sa.Column("role", sa.String(32), nullable=False),
        sa.Column("action", sa.String(32), nullable=False),
        sa.Column("order_id", sa.String(64)),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("request", Json, nullable=False),
        sa.Column("before", Json, nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.UniqueConstraint("conversation_id", "client_id", name="uq_agent_actions_client_id"),
    )
    op.create_index("ix_agent_actions_at", "agent_actions", ["at"])
    op.create_index("ix_agent_actions_customer", "agent_actions", ["customer_id", "action", "at"])
    op.create_table(
        "agent_action_results",
        sa.Column("action_id", sa.String(64), sa.ForeignKey("agent_actions.id"), primary_key=True),
        sa.Column("number", sa.Integer(), primary_key=True),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("after", Json),
        sa.Column("refusal", sa.String(64)),
        sa.Column("ended_at", UtcTime(), nullable=False),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("agent_action_results")
    op.drop_table("agent_actions")
