"""Attachments: uploaded files, and what a message carries of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from desk.kernel.database import Json, UtcTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The table, and the column of the events."""
    op.create_table(
        "attachments",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("conversation_id", sa.String(64), nullable=False),
        sa.Column("uploader", sa.String(16), nullable=False),
        sa.Column("agent_id", sa.String(64), nullable=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("media_type", sa.String(64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.Column("file_key", sa.String(64), nullable=False),
        sa.Column("thumbnail_key", sa.String(64), nullable=True),
        sa.Column("message_id", sa.String(64), nullable=True),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversations.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("file_key"),
        sa.UniqueConstraint("thumbnail_key"),
    )
    op.create_index("ix_attachments_conversation", "attachments", ["conversation_id", "created_at"])
    op.create_index("ix_attachments_created", "attachments", ["created_at"])
    op.add_column("events", sa.Column("attachments", Json, nullable=True))


def downgrade() -> None:
    """Back."""
    with op.batch_alter_table("events") as batch:
        batch.drop_column("attachments")
    op.drop_table("attachments")
