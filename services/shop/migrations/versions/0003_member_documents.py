"""Documents about members: coupon reissues, points claims, price protections, tickets."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.create_table('coupon_reissues',
    sa.Column('reissue_id', sa.String(length=200), nullable=False),
    sa.Column('customer_id', sa.String(length=200), nullable=False),
    sa.Column('coupon_id', sa.String(length=200), nullable=False),
    sa.Column('reason', sa.String(length=200), nullable=False),
    sa.Column('state', sa.String(length=200), nullable=False),
    sa.Column('new_coupon_id', sa.String(length=200), nullable=True),
    sa.Column('requested_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('answer_by', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['coupon_id'], ['coupons.coupon_id'], name=op.f('fk_coupon_reissues_coupon_id')),
    sa.ForeignKeyConstraint(['customer_id'], ['customers.customer_id'], name=op.f('fk_coupon_reissues_customer_id')),
    sa.ForeignKeyConstraint(['new_coupon_id'], ['coupons.coupon_id'], name=op.f('fk_coupon_reissues_new_coupon_id')),
    sa.PrimaryKeyConstraint('reissue_id', name=op.f('pk_coupon_reissues')),
    sa.UniqueConstraint('coupon_id', name=op.f('uq_coupon_reissues_coupon_id'))
    )
    op.create_index(op.f('ix_coupon_reissues_customer_id'), 'coupon_reissues', ['customer_id'], unique=False)
    op.create_table('points_spendings',
    sa.Column('order_id', sa.String(length=14), nullable=False),
    sa.Column('points', sa.Integer(), nullable=False),
    sa.Column('worth_fen', sa.Integer(), nullable=False),
    sa.Column('returned_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['order_id'], ['orders.order_id'], name=op.f('fk_points_spendings_order_id')),
    sa.PrimaryKeyConstraint('order_id', name=op.f('pk_points_spendings'))
    )
    op.create_table('points_claims',
    sa.Column('points_claim_id', sa.String(length=200), nullable=False),
    sa.Column('customer_id', sa.String(length=200), nullable=False),
    sa.Column('order_id', sa.String(length=14), nullable=False),
    sa.Column('reason', sa.String(length=200), nullable=False),
    sa.Column('state', sa.String(length=200), nullable=False),
    sa.Column('points', sa.Integer(), nullable=True),
    sa.Column('requested_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('answer_by', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['customer_id'], ['customers.customer_id'], name=op.f('fk_points_claims_customer_id')),
    sa.ForeignKeyConstraint(['order_id'], ['orders.order_id'], name=op.f('fk_points_claims_order_id')),
    sa.PrimaryKeyConstraint('points_claim_id', name=op.f('pk_points_claims')),
    sa.UniqueConstraint('order_id', 'reason', name=op.f('uq_points_claims_order_id'))
    )
    op.create_index(op.f('ix_points_claims_customer_id'), 'points_claims', ['customer_id'], unique=False)
    op.create_table('price_protections',
    sa.Column('protection_id', sa.String(length=200), nullable=False),
    sa.Column('order_id', sa.String(length=14), nullable=False),
    sa.Column('refund_id', sa.String(length=200), nullable=False),
    sa.Column('lines', sa.JSON(), nullable=False),
    sa.Column('requested_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['order_id'], ['orders.order_id'], name=op.f('fk_price_protections_order_id')),
    sa.ForeignKeyConstraint(['refund_id'], ['refunds.refund_id'], name=op.f('fk_price_protections_refund_id')),
    sa.PrimaryKeyConstraint('protection_id', name=op.f('pk_price_protections')),
    sa.UniqueConstraint('order_id', name=op.f('uq_price_protections_order_id'))
    )
    op.create_table('tickets',
    sa.Column('ticket_id', sa.String(length=200), nullable=False),
    sa.Column('customer_id', sa.String(length=200), nullable=True),
    sa.Column('topic', sa.String(length=200), nullable=False),
    sa.Column('state', sa.String(length=200), nullable=False),
    sa.Column('facts', sa.JSON(), nullable=False),
    sa.Column('steps', sa.JSON(), nullable=False),
    sa.Column('sentence', sa.String(length=300), nullable=False),
    sa.Column('requested_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('answer_by', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['customer_id'], ['customers.customer_id'], name=op.f('fk_tickets_customer_id')),
    sa.PrimaryKeyConstraint('ticket_id', name=op.f('pk_tickets'))
    )
    op.create_index(op.f('ix_tickets_customer_id'), 'tickets', ['customer_id'], unique=False)


def downgrade() -> None:
    """Bring the schema back."""
    op.drop_index(op.f('ix_tickets_customer_id'), table_name='tickets')
    op.drop_table('tickets')
    op.drop_table('price_protections')
    op.drop_index(op.f('ix_points_claims_customer_id'), table_name='points_claims')
    op.drop_table('points_claims')
    op.drop_table('points_spendings')
    op.drop_index(op.f('ix_coupon_reissues_customer_id'), table_name='coupon_reissues')
    op.drop_table('coupon_reissues')
