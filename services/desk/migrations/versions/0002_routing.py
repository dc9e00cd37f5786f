"""Queue order with ageing, offers, weights, tags, guests of a conversation, when a customer was last there."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa
from alembic import op

from desk.kernel.database import Json, UtcTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_LONG_AGO = "1970-01-01 00:00:00+00:00"
_AGEING_STEP = timedelta(seconds=300)  # the file's default on the day of this migration


def _columns(long_ago: str) -> dict[str, list[sa.Column]]:
    agents = [
        sa.Column("tags", Json, nullable=False, server_default="[]"),
        sa.Column("idle_since", UtcTime()),
        sa.Column("missed_offers", sa.Integer(), nullable=False, server_default="0"),
    ]
    handoffs = [
        sa.Column("due_at", UtcTime(), nullable=False, server_default=long_ago),
        sa.Column("entered_at", UtcTime(), nullable=False, server_default=long_ago),
        sa.Column("priority_reasons", Json, nullable=False, server_default="[]"),
        sa.Column("tags", Json, nullable=False, server_default="[]"),
        sa.Column("weight", sa.Integer(), nullable=False, server_default="1"),
        sa.Column("weight_taken", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("preferred_agent_id", sa.String(64)),
        sa.Column("from_agent_id", sa.String(64)),
        sa.Column("offered_agent_id", sa.String(64)),
        sa.Column("offer_expires_at", UtcTime()),
        sa.Column("offer_shown", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("offer_count", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("passed", Json, nullable=False, server_default="{}"),
    ]
    return {"agents": agents, "conversations": [sa.Column("customer_seen_at", UtcTime())], "handoffs": handoffs}


def upgrade() -> None:
    """Add the columns; who waits now keeps their order."""
    sqlite = op.get_bind().dialect.name == "sqlite"
    # SQLite keeps times as text without a zone.
    long_ago = _LONG_AGO.removesuffix("+00:00") + ".000000" if sqlite else _LONG_AGO
    for table, columns in _columns(long_ago).items():
        for column in columns:
            op.add_column(table, column)
    _fill()
    op.drop_index("ix_handoffs_queue", "handoffs")
    op.create_index("ix_handoffs_queue", "handoffs", ["state", "front", "due_at"])
    op.create_index("ix_handoffs_offers", "handoffs", ["offered_agent_id"])
    op.create_index("ix_handoffs_agent", "handoffs", ["agent_id", "state"])
    op.create_table(
        "conversation_guests",
        sa.Column("conversation_id", sa.String(64), sa.ForeignKey("conversations.id"), primary_key=True),
        sa.Column("agent_id", sa.String(64), primary_key=True),
        sa.Column("agent_name", sa.Text(), nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("joined_at", UtcTime(), nullable=False),
    )


def _fill() -> None:
    bind = op.get_bind()
    table = sa.table(
        "handoffs",
        sa.column("id"), sa.column("state"), sa.column("priority_rank"), sa.column("weight_taken"),
        sa.column("queued_at", UtcTime()), sa.column("due_at", UtcTime()), sa.column("entered_at", UtcTime()),
    )  # fmt: skip
    bind.execute(table.update().values(due_at=table.c.queued_at, entered_at=table.c.queued_at))
    bind.execute(table.update().where(table.c.state == "active").values(weight_taken=1))
    for row in bind.execute(sa.select(table).where(table.c.state == "queued")).all():
        due_at = row.queued_at + row.priority_rank * _AGEING_STEP
        bind.execute(table.update().where(table.c.id == row.id).values(due_at=due_at))


def downgrade() -> None:
    """Take the columns away; the order is by priority again."""
    op.drop_table("conversation_guests")
    for index in ("ix_handoffs_agent", "ix_handoffs_offers", "ix_handoffs_queue"):
        op.drop_index(index, "handoffs")
    for table, columns in _columns(_LONG_AGO).items():
        for column in columns:
            op.drop_column(table, column.name)
    op.create_index("ix_handoffs_queue", "handoffs", ["state", "front", "priority_rank", "queued_at"])
