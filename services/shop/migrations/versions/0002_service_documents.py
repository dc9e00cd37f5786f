"""Service documents: modifications, undos, traces, changes of invoices, claims."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.create_table('modifications',
    sa.Column('modification_id', sa.String(length=200), nullable=False),
    sa.Column('order_id', sa.String(length=14), nullable=False),
    sa.Column('kind', sa.String(length=200), nullable=False),
    sa.Column('requested_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('answer_by', sa.DateTime(timezone=True), nullable=True),
    sa.Column('recipient_name', sa.String(length=200), nullable=False),
    sa.Column('recipient_phone', sa.String(length=20), nullable=False),
    sa.Column('province', sa.String(length=200), nullable=False),
    sa.Column('city', sa.String(length=200), nullable=False),
    sa.Column('district', sa.String(length=200), nullable=False),
    sa.Column('address_detail', sa.String(length=200), nullable=False),
    sa.Column('line_id', sa.String(length=200), nullable=True),
    sa.Column('sku', sa.String(length=200), nullable=True),
    sa.Column('note', sa.String(length=200), nullable=True),
    sa.ForeignKeyConstraint(['line_id'], ['order_lines.line_id'], name=op.f('fk_modifications_line_id')),
    sa.ForeignKeyConstraint(['order_id'], ['orders.order_id'], name=op.f('fk_modifications_order_id')),
    sa.ForeignKeyConstraint(['sku'], ['skus.sku'], name=op.f('fk_modifications_sku')),
    sa.PrimaryKeyConstraint('modification_id', name=op.f('pk_modifications'))
    )
    op.create_index(op.f('ix_modifications_order_id'), 'modifications', ['order_id'], unique=False)
    op.create_table('undos',
    sa.Column('undo_id', sa.String(length=200), nullable=False),
    sa.Column('order_id', sa.String(length=14), nullable=False),
    sa.Column('kind', sa.String(length=200), nullable=False),
    sa.Column('document_id', sa.String(length=200), nullable=False),
    sa.Column('requested_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['order_id'], ['orders.order_id'], name=op.f('fk_undos_order_id')),
    sa.PrimaryKeyConstraint('undo_id', name=op.f('pk_undos'))
    )
    op.create_index(op.f('ix_undos_order_id'), 'undos', ['order_id'], unique=False)
    op.create_table('traces',
    sa.Column('trace_id', sa.String(length=200), nullable=False),
    sa.Column('order_id', sa.String(length=14), nullable=False),
    sa.Column('tracking_number', sa.String(length=32), nullable=False),
    sa.Column('reason', sa.String(length=200), nullable=False),
    sa.Column('detail', sa.String(length=500), nullable=False),
    sa.Column('requested_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('answer_by', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['order_id'], ['orders.order_id'], name=op.f('fk_traces_order_id')),
    sa.ForeignKeyConstraint(['tracking_number'], ['shipments.tracking_number'], name=op.f('fk_traces_tracking_number')),
    sa.PrimaryKeyConstraint('trace_id', name=op.f('pk_traces'))
    )
    op.create_index(op.f('ix_traces_order_id'), 'traces', ['order_id'], unique=False)
    op.create_table('invoice_changes',
    sa.Column('change_id', sa.String(length=200), nullable=False),
    sa.Column('order_id', sa.String(length=14), nullable=False),
    sa.Column('kind', sa.String(length=200), nullable=False),
    sa.Column('former', sa.JSON(), nullable=False),
    sa.Column('requested_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('answer_by', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['order_id'], ['orders.order_id'], name=op.f('fk_invoice_changes_order_id')),
    sa.PrimaryKeyConstraint('change_id', name=op.f('pk_invoice_changes'))
    )
    op.create_index(op.f('ix_invoice_changes_order_id'), 'invoice_changes', ['order_id'], unique=False)
    op.create_table('claims',
    sa.Column('claim_id', sa.String(length=200), nullable=False),
    sa.Column('order_id', sa.String(length=14), nullable=False),
    sa.Column('kind', sa.String(length=200), nullable=False),
    sa.Column('remedy', sa.String(length=200), nullable=False),
    sa.Column('state', sa.String(length=200), nullable=False),
    sa.Column('description', sa.String(length=500), nullable=False),
    sa.Column('line_ids', sa.JSON(), nullable=False),
    sa.Column('amount_fen', sa.Integer(), nullable=True),
    sa.Column('refund_id', sa.String(length=200), nullable=True),
    sa.Column('return_id', sa.String(length=200), nullable=True),
    sa.Column('reship_by', sa.DateTime(timezone=True), nullable=True),
    sa.Column('requested_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('answer_by', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['order_id'], ['orders.order_id'], name=op.f('fk_claims_order_id')),
    sa.ForeignKeyConstraint(['refund_id'], ['refunds.refund_id'], name=op.f('fk_claims_refund_id')),
    sa.ForeignKeyConstraint(['return_id'], ['returns.return_id'], name=op.f('fk_claims_return_id')),
    sa.PrimaryKeyConstraint('claim_id', name=op.f('pk_claims'))
    )
    op.create_index(op.f('ix_claims_order_id'), 'claims', ['order_id'], unique=False)
    op.add_column('cancellations', sa.Column('before', sa.JSON(), nullable=True))
    op.add_column('invoices', sa.Column('bank', sa.String(length=200), nullable=True))
    op.add_column('invoices', sa.Column('account', sa.String(length=200), nullable=True))
    op.add_column('invoices', sa.Column('address', sa.String(length=200), nullable=True))
    op.add_column('invoices', sa.Column('phone', sa.String(length=200), nullable=True))
    op.add_column('orders', sa.Column('note', sa.String(length=200), nullable=True))


def downgrade() -> None:
    """Bring the schema back."""
    op.drop_column('orders', 'note')
    op.drop_column('invoices', 'phone')
    op.drop_column('invoices', 'address')
    op.drop_column('invoices', 'account')
    op.drop_column('invoices', 'bank')
    op.drop_column('cancellations', 'before')
    op.drop_index(op.f('ix_claims_order_id'), table_name='claims')
    op.drop_table('claims')
    op.drop_index(op.f('ix_invoice_changes_order_id'), table_name='invoice_changes')
    op.drop_table('invoice_changes')
    op.drop_index(op.f('ix_traces_order_id'), table_name='traces')
    op.drop_table('traces')
    op.drop_index(op.f('ix_undos_order_id'), table_name='undos')
    op.drop_table('undos')
    op.drop_index(op.f('ix_modifications_order_id'), table_name='modifications')
    op.drop_table('modifications')
