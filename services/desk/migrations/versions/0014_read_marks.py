"""How far the customer and whoever answers them have read."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0012"
branch_labels = None
depends_on = None

_NAMES = ("customer_read_seq", "agent_read_seq")


def upgrade() -> None:
    """Add both; of what was said before nothing is known to have been read."""
    for name in _NAMES:
        op.add_column("conversations", sa.Column(name, sa.BigInteger(), nullable=False, server_default="0"))


def downgrade() -> None:
    """Drop both."""
    for name in _NAMES:
        op.drop_column("conversations", name)
