"""Private notes of agents in conversations."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from desk.kernel.database import UtcTime

revision = "0008"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "private_notes",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("conversation_id", sa.String(64), sa.ForeignKey("conversations.id"), nullable=False),
        sa.Column("client_id", sa.String(64), nullable=False),
        sa.Column("after_seq", sa.BigInteger(), nullable=False),
        sa.Column("agent_id", sa.String(64), nullable=False),
        sa.Column("agent_name", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.UniqueConstraint("conversation_id", "client_id", name="uq_private_notes_client_id"),
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("private_notes")
