"""Offline cases: what kind a handoff is, how to reach its customer, and what the customer was last told."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Handoffs from before were live ones."""
    with op.batch_alter_table("handoffs") as handoffs:
        handoffs.add_column(sa.Column("kind", sa.String(8), nullable=False, server_default="live"))
        handoffs.add_column(sa.Column("contact", sa.Text))
        handoffs.add_column(sa.Column("told_on_duty", sa.Boolean, nullable=False, server_default=sa.true()))


def downgrade() -> None:
    """Back to the columns of before."""
    with op.batch_alter_table("handoffs") as handoffs:
        for column in ("told_on_duty", "contact", "kind"):
            handoffs.drop_column(column)
