"""An index for the newest finished handoffs, which every estimate of a wait reads."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add it."""
    op.create_index("ix_handoffs_ended", "handoffs", ["state", "ended_at"])


def downgrade() -> None:
    """Drop it."""
    op.drop_index("ix_handoffs_ended", "handoffs")
