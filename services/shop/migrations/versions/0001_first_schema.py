"""The first schema."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0001'
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.create_table('customers',
    sa.Column('customer_id', sa.String(length=200), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('honorific', sa.String(length=200), nullable=False),
    sa.Column('phone', sa.String(length=20), nullable=False),
    sa.Column('tier', sa.String(length=200), nullable=False),
    sa.Column('profile', sa.String(length=200), nullable=True),
    sa.Column('registered_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('risk_tags', sa.JSON(), nullable=False),
    sa.Column('growth_value', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('customer_id', name=op.f('pk_customers'))
    )
    op.create_table('demo_state',
    sa.Column('row_id', sa.Integer(), nullable=False),
    sa.Column('base', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('row_id', name=op.f('pk_demo_state'))
    )
    op.create_table('idempotency_keys',
    sa.Column('row_id', sa.Integer(), autoincrement=True, nullable=False),
    sa.Column('operation', sa.String(length=200), nullable=False),
    sa.Column('key', sa.String(length=200), nullable=False),
    sa.Column('fingerprint', sa.String(length=200), nullable=False),
    sa.Column('document', sa.JSON(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('row_id', name=op.f('pk_idempotency_keys')),
    sa.UniqueConstraint('operation', 'key', name=op.f('uq_idempotency_keys_operation'))
    )
    op.create_table('products',
    sa.Column('product_id', sa.String(length=200), nullable=False),
    sa.Column('title', sa.String(length=200), nullable=False),
    sa.Column('category', sa.String(length=200), nullable=False),
    sa.Column('keywords', sa.String(length=500), nullable=False),
    sa.Column('price_fen', sa.Integer(), nullable=False),
    sa.Column('attributes', sa.JSON(), nullable=False),
    sa.Column('return_class', sa.String(length=200), nullable=False),
    sa.Column('warranty_months', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('product_id', name=op.f('pk_products'))
    )
    op.create_table('orders',
    sa.Column('order_id', sa.String(length=14), nullable=False),
    sa.Column('customer_id', sa.String(length=200), nullable=False),
    sa.Column('status', sa.String(length=200), nullable=False),
    sa.Column('placed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ship_by', sa.DateTime(timezone=True), nullable=True),
    sa.Column('shipped_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('deliver_by', sa.DateTime(timezone=True), nullable=True),
    sa.Column('delivered_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('completed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('hold_code', sa.String(length=200), nullable=True),
    sa.Column('hold_since', sa.DateTime(timezone=True), nullable=True),
    sa.Column('hold_expected_ship_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('hold_detail', sa.String(length=500), nullable=True),
    sa.Column('amount_fen', sa.Integer(), nullable=False),
    sa.Column('goods_fen', sa.Integer(), nullable=False),
    sa.Column('freight_fen', sa.Integer(), nullable=False),
    sa.Column('discount_fen', sa.Integer(), nullable=False),
    sa.Column('recipient_name', sa.String(length=200), nullable=False),
    sa.Column('recipient_phone', sa.String(length=20), nullable=False),
    sa.Column('province', sa.String(length=200), nullable=False),
    sa.Column('city', sa.String(length=200), nullable=False),
    sa.Column('district', sa.String(length=200), nullable=False),
    sa.Column('address_detail', sa.String(length=200), nullable=False),
    sa.ForeignKeyConstraint(['customer_id'], ['customers.customer_id'], name=op.f('fk_orders_customer_id')),
    sa.PrimaryKeyConstraint('order_id', name=op.f('pk_orders'))
    )
    op.create_index('ix_orders_customer_id_placed_at', 'orders', ['customer_id', 'placed_at'], unique=False)
    op.create_table('points_history',
    sa.Column('entry_id', sa.Integer(), autoincrement=True, nullable=False),
    sa.Column('customer_id', sa.String(length=200), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('delta', sa.Integer(), nullable=False),
    sa.Column('text', sa.String(length=500), nullable=False),
    sa.ForeignKeyConstraint(['customer_id'], ['customers.customer_id'], name=op.f('fk_points_history_customer_id')),
    sa.PrimaryKeyConstraint('entry_id', name=op.f('pk_points_history'))
    )
    op.create_index(op.f('ix_points_history_customer_id'), 'points_history', ['customer_id'], unique=False)
    op.create_table('points_lots',
    sa.Column('lot_id', sa.String(length=200), nullable=False),
    sa.Column('customer_id', sa.String(length=200), nullable=False),
    sa.Column('earned', sa.Integer(), nullable=False),
    sa.Column('remaining', sa.Integer(), nullable=False),
    sa.Column('earned_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('source', sa.String(length=200), nullable=False),
    sa.ForeignKeyConstraint(['customer_id'], ['customers.customer_id'], name=op.f('fk_points_lots_customer_id')),
    sa.PrimaryKeyConstraint('lot_id', name=op.f('pk_points_lots'))
    )
    op.create_index(op.f('ix_points_lots_customer_id'), 'points_lots', ['customer_id'], unique=False)
    op.create_table('skus',
    sa.Column('sku', sa.String(length=200), nullable=False),
    sa.Column('product_id', sa.String(length=200), nullable=False),
    sa.Column('text', sa.String(length=500), nullable=False),
    sa.Column('stock', sa.Integer(), nullable=False),
    sa.Column('restock_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['product_id'], ['products.product_id'], name=op.f('fk_skus_product_id')),
    sa.PrimaryKeyConstraint('sku', name=op.f('pk_skus'))
    )
    op.create_index(op.f('ix_skus_product_id'), 'skus', ['product_id'], unique=False)
    op.create_table('coupons',
    sa.Column('coupon_id', sa.String(length=200), nullable=False),
    sa.Column('customer_id', sa.String(length=200), nullable=False),
    sa.Column('title', sa.String(length=200), nullable=False),
    sa.Column('threshold_fen', sa.Integer(), nullable=False),
    sa.Column('discount_fen', sa.Integer(), nullable=False),
    sa.Column('scope', sa.String(length=200), nullable=False),
    sa.Column('valid_from', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('used_order_id', sa.String(length=14), nullable=True),
    sa.ForeignKeyConstraint(['customer_id'], ['customers.customer_id'], name=op.f('fk_coupons_customer_id')),
    sa.ForeignKeyConstraint(['used_order_id'], ['orders.order_id'], name=op.f('fk_coupons_used_order_id')),
    sa.PrimaryKeyConstraint('coupon_id', name=op.f('pk_coupons'))
    )
    op.create_index(op.f('ix_coupons_customer_id'), 'coupons', ['customer_id'], unique=False)
    op.create_index(op.f('ix_coupons_used_order_id'), 'coupons', ['used_order_id'], unique=False)
    op.create_table('invoices',
    sa.Column('invoice_id', sa.String(length=200), nullable=False),
    sa.Column('order_id', sa.String(length=14), nullable=False),
    sa.Column('state', sa.String(length=200), nullable=False),
    sa.Column('title', sa.String(length=200), nullable=False),
    sa.Column('kind', sa.String(length=200), nullable=False),
    sa.Column('tax_number', sa.String(length=200), nullable=True),
    sa.Column('amount_fen', sa.Integer(), nullable=False),
    sa.Column('requested_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('issued_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['order_id'], ['orders.order_id'], name=op.f('fk_invoices_order_id')),
    sa.PrimaryKeyConstraint('invoice_id', name=op.f('pk_invoices')),
    sa.UniqueConstraint('order_id', name=op.f('uq_invoices_order_id'))
    )
    op.create_table('order_lines',
    sa.Column('line_id', sa.String(length=200), nullable=False),
    sa.Column('order_id', sa.String(length=14), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('product_id', sa.String(length=200), nullable=False),
    sa.Column('sku', sa.String(length=200), nullable=False),
    sa.Column('title', sa.String(length=200), nullable=False),
    sa.Column('sku_text', sa.String(length=200), nullable=False),
    sa.Column('category', sa.String(length=200), nullable=False),
    sa.Column('quantity', sa.Integer(), nullable=False),
    sa.Column('unit_price_fen', sa.Integer(), nullable=False),
    sa.Column('return_class', sa.String(length=200), nullable=False),
    sa.ForeignKeyConstraint(['order_id'], ['orders.order_id'], name=op.f('fk_order_lines_order_id')),
    sa.ForeignKeyConstraint(['product_id'], ['products.product_id'], name=op.f('fk_order_lines_product_id')),
    sa.ForeignKeyConstraint(['sku'], ['skus.sku'], name=op.f('fk_order_lines_sku')),
    sa.PrimaryKeyConstraint('line_id', name=op.f('pk_order_lines'))
    )
    op.create_index(op.f('ix_order_lines_order_id'), 'order_lines', ['order_id'], unique=False)
    op.create_table('payments',
    sa.Column('order_id', sa.String(length=14), nullable=False),
    sa.Column('method', sa.String(length=200), nullable=False),
    sa.Column('paid_fen', sa.Integer(), nullable=False),
    sa.Column('state', sa.String(length=200), nullable=False),
    sa.Column('paid_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['order_id'], ['orders.order_id'], name=op.f('fk_payments_order_id')),
    sa.PrimaryKeyConstraint('order_id', name=op.f('pk_payments'))
    )
    op.create_table('returns',
    sa.Column('return_id', sa.String(length=200), nullable=False),
    sa.Column('order_id', sa.String(length=14), nullable=False),
    sa.Column('kind', sa.String(length=200), nullable=False),
    sa.Column('state', sa.String(length=200), nullable=False),
    sa.Column('reason', sa.String(length=500), nullable=False),
    sa.Column('quality_issue', sa.Boolean(), nullable=False),
    sa.Column('requested_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('pickup_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('line_ids', sa.JSON(), nullable=False),
    sa.ForeignKeyConstraint(['order_id'], ['orders.order_id'], name=op.f('fk_returns_order_id')),
    sa.PrimaryKeyConstraint('return_id', name=op.f('pk_returns'))
    )
    op.create_index(op.f('ix_returns_order_id'), 'returns', ['order_id'], unique=False)
    op.create_table('shipments',
    sa.Column('tracking_number', sa.String(length=32), nullable=False),
    sa.Column('order_id', sa.String(length=14), nullable=False),
    sa.Column('carrier_code', sa.String(length=200), nullable=False),
    sa.Column('carrier_name', sa.String(length=200), nullable=False),
    sa.Column('carrier_phone', sa.String(length=200), nullable=False),
    sa.Column('status', sa.String(length=200), nullable=False),
    sa.Column('shipped_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('eta', sa.DateTime(timezone=True), nullable=True),
    sa.Column('deliver_by', sa.DateTime(timezone=True), nullable=False),
    sa.Column('courier_name', sa.String(length=200), nullable=True),
    sa.Column('courier_phone', sa.String(length=200), nullable=True),
    sa.ForeignKeyConstraint(['order_id'], ['orders.order_id'], name=op.f('fk_shipments_order_id')),
    sa.PrimaryKeyConstraint('tracking_number', name=op.f('pk_shipments'))
    )
    op.create_index(op.f('ix_shipments_order_id'), 'shipments', ['order_id'], unique=False)
    op.create_table('urges',
    sa.Column('urge_id', sa.String(length=200), nullable=False),
    sa.Column('order_id', sa.String(length=14), nullable=False),
    sa.Column('kind', sa.String(length=200), nullable=False),
    sa.Column('requested_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('answer_by', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['order_id'], ['orders.order_id'], name=op.f('fk_urges_order_id')),
    sa.PrimaryKeyConstraint('urge_id', name=op.f('pk_urges'))
    )
    op.create_index(op.f('ix_urges_order_id'), 'urges', ['order_id'], unique=False)
    op.create_table('verification_attempts',
    sa.Column('attempt_id', sa.Integer(), autoincrement=True, nullable=False),
    sa.Column('order_id', sa.String(length=14), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('succeeded', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['order_id'], ['orders.order_id'], name=op.f('fk_verification_attempts_order_id')),
    sa.PrimaryKeyConstraint('attempt_id', name=op.f('pk_verification_attempts'))
    )
    op.create_index('ix_verification_attempts_order_id_at', 'verification_attempts', ['order_id', 'at'], unique=False)
    op.create_table('refunds',
    sa.Column('refund_id', sa.String(length=200), nullable=False),
    sa.Column('order_id', sa.String(length=14), nullable=False),
    sa.Column('return_id', sa.String(length=200), nullable=True),
    sa.Column('amount_fen', sa.Integer(), nullable=False),
    sa.Column('state', sa.String(length=200), nullable=False),
    sa.Column('reason', sa.String(length=500), nullable=False),
    sa.Column('requested_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('approved_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('paid_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('expected_by', sa.DateTime(timezone=True), nullable=False),
    sa.Column('destination_text', sa.String(length=200), nullable=False),
    sa.Column('reject_reason', sa.String(length=200), nullable=True),
    sa.ForeignKeyConstraint(['order_id'], ['orders.order_id'], name=op.f('fk_refunds_order_id')),
    sa.ForeignKeyConstraint(['return_id'], ['returns.return_id'], name=op.f('fk_refunds_return_id')),
    sa.PrimaryKeyConstraint('refund_id', name=op.f('pk_refunds'))
    )
    op.create_index(op.f('ix_refunds_order_id'), 'refunds', ['order_id'], unique=False)
    op.create_table('tracking_events',
    sa.Column('event_id', sa.Integer(), autoincrement=True, nullable=False),
    sa.Column('tracking_number', sa.String(length=32), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('code', sa.String(length=200), nullable=False),
    sa.Column('text', sa.String(length=500), nullable=False),
    sa.Column('place', sa.String(length=200), nullable=False),
    sa.ForeignKeyConstraint(['tracking_number'], ['shipments.tracking_number'], name=op.f('fk_tracking_events_tracking_number')),
    sa.PrimaryKeyConstraint('event_id', name=op.f('pk_tracking_events'))
    )
    op.create_index(op.f('ix_tracking_events_tracking_number'), 'tracking_events', ['tracking_number'], unique=False)
    op.create_table('cancellations',
    sa.Column('cancellation_id', sa.String(length=200), nullable=False),
    sa.Column('order_id', sa.String(length=14), nullable=False),
    sa.Column('reason', sa.String(length=500), nullable=False),
    sa.Column('requested_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('refund_id', sa.String(length=200), nullable=True),
    sa.ForeignKeyConstraint(['order_id'], ['orders.order_id'], name=op.f('fk_cancellations_order_id')),
    sa.ForeignKeyConstraint(['refund_id'], ['refunds.refund_id'], name=op.f('fk_cancellations_refund_id')),
    sa.PrimaryKeyConstraint('cancellation_id', name=op.f('pk_cancellations')),
    sa.UniqueConstraint('order_id', name=op.f('uq_cancellations_order_id'))
    )


def downgrade() -> None:
    """Bring the schema back."""
    op.drop_table('cancellations')
    op.drop_index(op.f('ix_tracking_events_tracking_number'), table_name='tracking_events')
    op.drop_table('tracking_events')
    op.drop_index(op.f('ix_refunds_order_id'), table_name='refunds')
    op.drop_table('refunds')
    op.drop_index('ix_verification_attempts_order_id_at', table_name='verification_attempts')
    op.drop_table('verification_attempts')
    op.drop_index(op.f('ix_urges_order_id'), table_name='urges')
    op.drop_table('urges')
    op.drop_index(op.f('ix_shipments_order_id'), table_name='shipments')
    op.drop_table('shipments')
    op.drop_index(op.f('ix_returns_order_id'), table_name='returns')
    op.drop_table('returns')
    op.drop_table('payments')
    op.drop_index(op.f('ix_order_lines_order_id'), table_name='order_lines')
    op.drop_table('order_lines')
    op.drop_table('invoices')
    op.drop_index(op.f('ix_coupons_used_order_id'), table_name='coupons')
    op.drop_index(op.f('ix_coupons_customer_id'), table_name='coupons')
    op.drop_table('coupons')
    op.drop_index(op.f('ix_skus_product_id'), table_name='skus')
    op.drop_table('skus')
    op.drop_index(op.f('ix_points_lots_customer_id'), table_name='points_lots')
    op.drop_table('points_lots')
    op.drop_index(op.f('ix_points_history_customer_id'), table_name='points_history')
    op.drop_table('points_history')
    op.drop_index('ix_orders_customer_id_placed_at', table_name='orders')
    op.drop_table('orders')
    op.drop_table('products')
    op.drop_table('idempotency_keys')
    op.drop_table('demo_state')
    op.drop_table('customers')
