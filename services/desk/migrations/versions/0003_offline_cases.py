"""Offline cases: what kind a handoff is, how to reach its customer, and what the customer was last told."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from desk.kernel.database import UtcTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Handoffs from before were live ones."""
    op.add_column("handoffs", sa.Column("kind", sa.String(8), nullable=False, server_default="live"))
    op.add_column("handoffs", sa.Column("contact", sa.Text()))
    op.add_column("handoffs", sa.Column("told_on_duty", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.add_column("handoffs", sa.Column("told_opening_at", UtcTime()))


def downgrade() -> None:
    """Back to the columns of before."""
    for column in ("told_opening_at", "told_on_duty", "contact", "kind"):
        op.drop_column("handoffs", column)
