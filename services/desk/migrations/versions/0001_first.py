"""Conversations, events, agents, handoffs, ratings."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from desk.kernel.database import Json, UtcTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_TABLES = (
    "handoff_steps", "bot_handbacks", "ratings", "handoffs", "events",
    "agent_sessions", "login_attempts", "conversations", "agents",
)  # fmt: skip


def upgrade() -> None:
    """Create everything."""
    op.create_table('agents',
    sa.Column('id', sa.String(length=64), nullable=False),
    sa.Column('username', sa.String(length=64), nullable=False),
    sa.Column('display_name', sa.Text(), nullable=False),
    sa.Column('role', sa.String(length=16), nullable=False),
    sa.Column('groups', Json, nullable=False),
    sa.Column('capacity', sa.Integer(), nullable=False),
    sa.Column('load', sa.Integer(), nullable=False),
    sa.Column('presence', sa.String(length=16), nullable=False),
    sa.Column('presence_until', UtcTime(), nullable=True),
    sa.Column('lapsed_from', sa.String(length=16), nullable=True),
    sa.Column('password_hash', sa.Text(), nullable=False),
    sa.Column('disabled', sa.Boolean(), nullable=False),
    sa.Column('created_at', UtcTime(), nullable=False),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('username')
    )
    op.create_table('conversations',
    sa.Column('id', sa.String(length=64), nullable=False),
    sa.Column('state', sa.String(length=16), nullable=False),
    sa.Column('owner_kind', sa.String(length=8), nullable=False),
    sa.Column('owner_agent_id', sa.String(length=64), nullable=True),
    sa.Column('owner_agent_name', sa.Text(), nullable=True),
    sa.Column('fence', sa.BigInteger(), nullable=False),
    sa.Column('session', sa.Integer(), nullable=False),
    sa.Column('last_seq', sa.BigInteger(), nullable=False),
    sa.Column('last_customer_seq', sa.BigInteger(), nullable=False),
    sa.Column('bot_cursor', sa.BigInteger(), nullable=False),
    sa.Column('rating_session', sa.Integer(), nullable=True),
    sa.Column('customer_id', sa.String(length=64), nullable=True),
    sa.Column('customer_name', sa.Text(), nullable=True),
    sa.Column('token_hash', sa.String(length=64), nullable=False),
    sa.Column('page', Json, nullable=True),
    sa.Column('device', Json, nullable=True),
    sa.Column('locale', sa.String(length=32), nullable=False),
    sa.Column('created_at', UtcTime(), nullable=False),
    sa.Column('updated_at', UtcTime(), nullable=False),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index('ix_conversations_customer', 'conversations', ['customer_id', 'created_at'], unique=False)
    op.create_index('ix_conversations_owner', 'conversations', ['owner_kind', 'owner_agent_id'], unique=False)
    op.create_index('ix_conversations_waiting', 'conversations', ['id'], unique=False, sqlite_where=sa.text("owner_kind = 'bot' AND last_customer_seq > bot_cursor"), postgresql_where=sa.text("owner_kind = 'bot' AND last_customer_seq > bot_cursor"))
    op.create_table('login_attempts',
    sa.Column('key', sa.String(length=160), nullable=False),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('window_started_at', UtcTime(), nullable=False),
    sa.PrimaryKeyConstraint('key')
    )
    op.create_table('agent_sessions',
    sa.Column('token_hash', sa.String(length=64), nullable=False),
    sa.Column('agent_id', sa.String(length=64), nullable=False),
    sa.Column('created_at', UtcTime(), nullable=False),
    sa.Column('expires_at', UtcTime(), nullable=False),
    sa.Column('revoked_at', UtcTime(), nullable=True),
    sa.ForeignKeyConstraint(['agent_id'], ['agents.id']),
    sa.PrimaryKeyConstraint('token_hash')
    )
    op.create_index(op.f('ix_agent_sessions_agent_id'), 'agent_sessions', ['agent_id'], unique=False)
    op.create_table('events',
    sa.Column('conversation_id', sa.String(length=64), nullable=False),
    sa.Column('seq', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('type', sa.String(length=32), nullable=False),
    sa.Column('sender', sa.String(length=16), nullable=False),
    sa.Column('message_id', sa.String(length=64), nullable=False),
    sa.Column('client_id', sa.String(length=128), nullable=True),
    sa.Column('text', sa.Text(), nullable=True),
    sa.Column('payload', sa.Text(), nullable=True),
    sa.Column('buttons', Json, nullable=True),
    sa.Column('card', Json, nullable=True),
    sa.Column('agent_id', sa.String(length=64), nullable=True),
    sa.Column('agent_name', sa.Text(), nullable=True),
    sa.Column('understanding', Json, nullable=True),
    sa.Column('session', sa.Integer(), nullable=False),
    sa.Column('at', UtcTime(), nullable=False),
    sa.ForeignKeyConstraint(['conversation_id'], ['conversations.id']),
    sa.PrimaryKeyConstraint('conversation_id', 'seq'),
    sa.UniqueConstraint('conversation_id', 'client_id', name='uq_events_client_id'),
    sa.UniqueConstraint('message_id')
    )
    op.create_table('handoffs',
    sa.Column('id', sa.String(length=80), nullable=False),
    sa.Column('conversation_id', sa.String(length=64), nullable=False),
    sa.Column('session', sa.Integer(), nullable=False),
    sa.Column('state', sa.String(length=16), nullable=False),
    sa.Column('priority', sa.String(length=8), nullable=False),
    sa.Column('priority_rank', sa.Integer(), nullable=False),
    sa.Column('front', sa.Integer(), nullable=False),
    sa.Column('headline', sa.Text(), nullable=False),
    sa.Column('skill_group', sa.String(length=32), nullable=False),
    sa.Column('emotion', Json, nullable=False),
    sa.Column('customer_id', sa.String(length=64), nullable=True),
    sa.Column('customer_name', sa.Text(), nullable=False),
    sa.Column('trigger', sa.String(length=32), nullable=False),
    sa.Column('summary', Json, nullable=False),
    sa.Column('summary_valid', sa.Boolean(), nullable=False),
    sa.Column('summary_fault', sa.Text(), nullable=True),
    sa.Column('target_agent_id', sa.String(length=64), nullable=True),
    sa.Column('note', sa.Text(), nullable=True),
    sa.Column('agent_id', sa.String(length=64), nullable=True),
    sa.Column('agent_name', sa.Text(), nullable=True),
    sa.Column('queued_seq', sa.BigInteger(), nullable=False),
    sa.Column('queued_at', UtcTime(), nullable=False),
    sa.Column('claimed_at', UtcTime(), nullable=True),
    sa.Column('ended_at', UtcTime(), nullable=True),
    sa.Column('outcome', sa.Text(), nullable=True),
    sa.Column('outcome_note', sa.Text(), nullable=True),
    sa.ForeignKeyConstraint(['conversation_id'], ['conversations.id']),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index('ix_handoffs_conversation', 'handoffs', ['conversation_id', 'queued_at'], unique=False)
    op.create_index('ix_handoffs_customer', 'handoffs', ['customer_id', 'queued_at'], unique=False)
    op.create_index('ix_handoffs_queue', 'handoffs', ['state', 'front', 'priority_rank', 'queued_at'], unique=False)
    op.create_index('uq_handoffs_open', 'handoffs', ['conversation_id'], unique=True, sqlite_where=sa.text("state IN ('queued', 'active')"), postgresql_where=sa.text("state IN ('queued', 'active')"))
    op.create_table('ratings',
    sa.Column('conversation_id', sa.String(length=64), nullable=False),
    sa.Column('session', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('agent_id', sa.String(length=64), nullable=True),
    sa.Column('score', sa.Integer(), nullable=False),
    sa.Column('reasons', Json, nullable=False),
    sa.Column('comment', sa.Text(), nullable=False),
    sa.Column('at', UtcTime(), nullable=False),
    sa.ForeignKeyConstraint(['conversation_id'], ['conversations.id']),
    sa.PrimaryKeyConstraint('conversation_id', 'session')
    )
    op.create_table('bot_handbacks',
    sa.Column('handoff_id', sa.String(length=80), nullable=False),
    sa.Column('conversation_id', sa.String(length=64), nullable=False),
    sa.Column('session', sa.Integer(), nullable=False),
    sa.Column('note', sa.Text(), nullable=False),
    sa.Column('settled', Json, nullable=False),
    sa.Column('from_seq', sa.BigInteger(), nullable=False),
    sa.Column('created_at', UtcTime(), nullable=False),
    sa.Column('delivered_at', UtcTime(), nullable=True),
    sa.Column('given_up', sa.Text(), nullable=True),
    sa.ForeignKeyConstraint(['conversation_id'], ['conversations.id']),
    sa.ForeignKeyConstraint(['handoff_id'], ['handoffs.id']),
    sa.PrimaryKeyConstraint('handoff_id')
    )
    op.create_index(op.f('ix_bot_handbacks_conversation_id'), 'bot_handbacks', ['conversation_id'], unique=False)
    op.create_table('handoff_steps',
    sa.Column('handoff_id', sa.String(length=80), nullable=False),
    sa.Column('number', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('agent_id', sa.String(length=64), nullable=True),
    sa.Column('note', sa.Text(), nullable=True),
    sa.Column('at', UtcTime(), nullable=False),
    sa.ForeignKeyConstraint(['handoff_id'], ['handoffs.id']),
    sa.PrimaryKeyConstraint('handoff_id', 'number')
    )


def downgrade() -> None:
    """Drop everything, dependants first."""
    for table in _TABLES:
        op.drop_table(table)
