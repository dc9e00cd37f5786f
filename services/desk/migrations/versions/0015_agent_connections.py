"""Which desk process holds a console of which agent."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Empty: consoles connect anew when the desk starts."""
    op.create_table(
        "agent_connections",
        sa.Column("desk_id", sa.String(64), nullable=False),
        sa.Column("agent_id", sa.String(64), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"]),
        sa.PrimaryKeyConstraint("desk_id", "agent_id"),
    )
    op.create_index("ix_agent_connections_agent_id", "agent_connections", ["agent_id"])


def downgrade() -> None:
    """Drop it."""
    op.drop_table("agent_connections")
