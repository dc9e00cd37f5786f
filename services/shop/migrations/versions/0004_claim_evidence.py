"""Files that customers sent as evidence of a claim."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.add_column("claims", sa.Column("evidence", sa.JSON(), nullable=True))


def downgrade() -> None:
    """Bring the schema back."""
    with op.batch_alter_table("claims") as batch:
        batch.drop_column("evidence")
