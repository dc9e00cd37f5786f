"""Coupons given as a courtesy."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.create_table(
        "coupon_grants",
        sa.Column("grant_id", sa.String(length=200), nullable=False),
        sa.Column("customer_id", sa.String(length=200), nullable=False),
        sa.Column("coupon_id", sa.String(length=200), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["coupon_id"], ["coupons.coupon_id"], name=op.f("fk_coupon_grants_coupon_id")),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.customer_id"], name=op.f("fk_coupon_grants_customer_id")),
        sa.PrimaryKeyConstraint("grant_id", name=op.f("pk_coupon_grants")),
        sa.UniqueConstraint("coupon_id", name=op.f("uq_coupon_grants_coupon_id")),
    )
    op.create_index(op.f("ix_coupon_grants_customer_id"), "coupon_grants", ["customer_id"], unique=False)


def downgrade() -> None:
    """Bring the schema back."""
    op.drop_index(op.f("ix_coupon_grants_customer_id"), table_name="coupon_grants")
    op.drop_table("coupon_grants")
