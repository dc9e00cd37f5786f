"""The shop's tables, read from top to bottom, with those of service and member documents; money fen, times UTC."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from shop.tables_base import Base, order_reference
from shop.tables_member import (
    CouponGrantRow,
    CouponReissueRow,
    PointsClaimRow,
    PointsSpendingRow,
    PriceProtectionRow,
    TicketRow,
)
from shop.tables_service import ClaimRow, InvoiceChangeRow, ModificationRow, TraceRow, UndoRow

# One import knows all tables, which migrations and seeding rely on; a group of them has its own module.
__all__ = [
    "Base",
    "CancellationRow",
    "ClaimRow",
    "CouponGrantRow",
    "CouponReissueRow",
    "CouponRow",
    "CustomerRow",
    "DemoStateRow",
    "IdempotencyRow",
    "InvoiceChangeRow",
    "InvoiceRow",
    "ModificationRow",
    "OrderLineRow",
    "OrderRow",
    "PaymentRow",
    "PointsClaimRow",
    "PointsHistoryRow",
    "PointsLotRow",
    "PointsSpendingRow",
    "PriceProtectionRow",
    "ProductRow",
    "RefundRow",
    "ReturnRow",
    "ShipmentRow",
    "SkuRow",
    "TicketRow",
    "TraceRow",
    "TrackingEventRow",
    "UndoRow",
    "UrgeRow",
    "VerificationAttemptRow",
]


class CustomerRow(Base):
    """A registered customer."""

    __tablename__ = "customers"
    customer_id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    honorific: Mapped[str]
    phone: Mapped[str] = mapped_column(String(20))
    tier: Mapped[str]
    profile: Mapped[str | None]
    registered_at: Mapped[datetime]
    risk_tags: Mapped[list[str]]
    growth_value: Mapped[int]


class PointsLotRow(Base):
    """Points earned together; `remaining` shrinks as they are spent or lapse."""

    __tablename__ = "points_lots"
    lot_id: Mapped[str] = mapped_column(primary_key=True)
    customer_id: Mapped[str] = mapped_column(ForeignKey("customers.customer_id"), index=True)
    earned: Mapped[int]
    remaining: Mapped[int]
    earned_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    source: Mapped[str]


class PointsHistoryRow(Base):
    """One change of a points balance; the sum of `delta` is the balance."""

    __tablename__ = "points_history"
    entry_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    customer_id: Mapped[str] = mapped_column(ForeignKey("customers.customer_id"), index=True)
    at: Mapped[datetime]
    delta: Mapped[int]
    text: Mapped[str] = mapped_column(String(500))


class CouponRow(Base):
    """A coupon of one customer; its state follows from `used_order_id` and `expires_at`."""

    __tablename__ = "coupons"
    coupon_id: Mapped[str] = mapped_column(primary_key=True)
    customer_id: Mapped[str] = mapped_column(ForeignKey("customers.customer_id"), index=True)
    title: Mapped[str]
    threshold_fen: Mapped[int]
    discount_fen: Mapped[int]
    scope: Mapped[str]
    valid_from: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_order_id: Mapped[str | None] = mapped_column(ForeignKey("orders.order_id"), index=True)


class ProductRow(Base):
    """A product; `keywords` are other words customers use for it, separated by spaces."""

    __tablename__ = "products"
    product_id: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[str]
    category: Mapped[str]
    keywords: Mapped[str] = mapped_column(String(500))
    price_fen: Mapped[int]
    attributes: Mapped[dict[str, Any]]
    return_class: Mapped[str]
    warranty_months: Mapped[int]


class SkuRow(Base):
    """One colour, size or version of a product with its stock."""

    __tablename__ = "skus"
    sku: Mapped[str] = mapped_column(primary_key=True)
    product_id: Mapped[str] = mapped_column(ForeignKey("products.product_id"), index=True)
    text: Mapped[str] = mapped_column(String(500))
    stock: Mapped[int]
    restock_at: Mapped[datetime | None]


class OrderRow(Base):
    """An order; the hold_* columns say what delays its dispatch and are null together."""

    __tablename__ = "orders"
    __table_args__ = (Index("ix_orders_customer_id_placed_at", "customer_id", "placed_at"),)
    order_id: Mapped[str] = mapped_column(String(14), primary_key=True)
    customer_id: Mapped[str] = mapped_column(ForeignKey("customers.customer_id"))
    status: Mapped[str]
    placed_at: Mapped[datetime]
    ship_by: Mapped[datetime | None]
    shipped_at: Mapped[datetime | None]
    deliver_by: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]
    hold_code: Mapped[str | None]
    hold_since: Mapped[datetime | None]
    hold_expected_ship_at: Mapped[datetime | None]
    hold_detail: Mapped[str | None] = mapped_column(String(500))
    amount_fen: Mapped[int]
    goods_fen: Mapped[int]
    freight_fen: Mapped[int]
    discount_fen: Mapped[int]
    recipient_name: Mapped[str]
    recipient_phone: Mapped[str] = mapped_column(String(20))
    province: Mapped[str]
    city: Mapped[str]
    district: Mapped[str]
    address_detail: Mapped[str]
    note: Mapped[str | None]


class OrderLineRow(Base):
    """One position of an order, with title and price as they were when it was placed."""

    __tablename__ = "order_lines"
    line_id: Mapped[str] = mapped_column(primary_key=True)
    order_id: Mapped[str] = order_reference()
    position: Mapped[int]
    product_id: Mapped[str] = mapped_column(ForeignKey("products.product_id"))
    sku: Mapped[str] = mapped_column(ForeignKey("skus.sku"))
    title: Mapped[str]
    sku_text: Mapped[str]
    category: Mapped[str]
    quantity: Mapped[int]
    unit_price_fen: Mapped[int]
    return_class: Mapped[str]


class PaymentRow(Base):
    """The payment of an order, one for each."""

    __tablename__ = "payments"
    order_id: Mapped[str] = mapped_column(ForeignKey("orders.order_id"), primary_key=True)
    method: Mapped[str]
    paid_fen: Mapped[int]
    state: Mapped[str]
    paid_at: Mapped[datetime | None]


class ShipmentRow(Base):
    """A parcel; an order may be sent in several."""

    __tablename__ = "shipments"
    tracking_number: Mapped[str] = mapped_column(String(32), primary_key=True)
    order_id: Mapped[str] = order_reference()
    carrier_code: Mapped[str]
    carrier_name: Mapped[str]
    carrier_phone: Mapped[str]
    status: Mapped[str]
    shipped_at: Mapped[datetime]
    eta: Mapped[datetime | None]
    deliver_by: Mapped[datetime]
    courier_name: Mapped[str | None]
    courier_phone: Mapped[str | None]


class TrackingEventRow(Base):
    """One line of a parcel's track; `position` counts up in the order in which they happened."""

    __tablename__ = "tracking_events"
    event_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    tracking_number: Mapped[str] = mapped_column(ForeignKey("shipments.tracking_number"), index=True)
    position: Mapped[int]
    at: Mapped[datetime]
    code: Mapped[str]
    text: Mapped[str] = mapped_column(String(500))
    place: Mapped[str]


class RefundRow(Base):
    """Money on its way back."""

    __tablename__ = "refunds"
    refund_id: Mapped[str] = mapped_column(primary_key=True)
    order_id: Mapped[str] = order_reference()
    return_id: Mapped[str | None] = mapped_column(ForeignKey("returns.return_id"))
    amount_fen: Mapped[int]
    state: Mapped[str]
    reason: Mapped[str] = mapped_column(String(500))
    requested_at: Mapped[datetime]
    approved_at: Mapped[datetime | None]
    paid_at: Mapped[datetime | None]
    expected_by: Mapped[datetime]
    destination_text: Mapped[str]
    reject_reason: Mapped[str | None]


class ReturnRow(Base):
    """Goods on their way back, for money (`return`) or for another piece (`exchange`)."""

    __tablename__ = "returns"
    return_id: Mapped[str] = mapped_column(primary_key=True)
    order_id: Mapped[str] = order_reference()
    kind: Mapped[str]
    state: Mapped[str]
    reason: Mapped[str] = mapped_column(String(500))
    quality_issue: Mapped[bool]
    requested_at: Mapped[datetime]
    pickup_at: Mapped[datetime | None]
    updated_at: Mapped[datetime]
    line_ids: Mapped[list[str]]


class InvoiceRow(Base):
    """The invoice of an order, at most one."""

    __tablename__ = "invoices"
    invoice_id: Mapped[str] = mapped_column(primary_key=True)
    order_id: Mapped[str] = mapped_column(ForeignKey("orders.order_id"), unique=True)
    state: Mapped[str]
    title: Mapped[str]
    kind: Mapped[str]
    tax_number: Mapped[str | None]
    amount_fen: Mapped[int]
    requested_at: Mapped[datetime]
    issued_at: Mapped[datetime | None]
    bank: Mapped[str | None]
    account: Mapped[str | None]
    address: Mapped[str | None]
    phone: Mapped[str | None]


class CancellationRow(Base):
    """A customer's cancellation of an order before dispatch, at most one that has not been taken back.

    `before` is what the order had until then (status, hold, coupons), for taking the cancellation back.
    """

    __tablename__ = "cancellations"
    cancellation_id: Mapped[str] = mapped_column(primary_key=True)
    order_id: Mapped[str] = mapped_column(ForeignKey("orders.order_id"), unique=True)
    reason: Mapped[str] = mapped_column(String(500))
    requested_at: Mapped[datetime]
    refund_id: Mapped[str | None] = mapped_column(ForeignKey("refunds.refund_id"))
    before: Mapped[dict[str, Any] | None]


class UrgeRow(Base):
    """A customer's wish for speed, passed to the warehouse (`dispatch`) or the carrier (`delivery`)."""

    __tablename__ = "urges"
    urge_id: Mapped[str] = mapped_column(primary_key=True)
    order_id: Mapped[str] = order_reference()
    kind: Mapped[str]
    requested_at: Mapped[datetime]
    answer_by: Mapped[datetime]


class VerificationAttemptRow(Base):
    """One try to prove that an order is one's own; what was typed is not kept."""

    __tablename__ = "verification_attempts"
    __table_args__ = (Index("ix_verification_attempts_order_id_at", "order_id", "at"),)
    attempt_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    order_id: Mapped[str] = mapped_column(ForeignKey("orders.order_id"))
    at: Mapped[datetime]
    succeeded: Mapped[bool]


class IdempotencyRow(Base):
    """The document a key has created; the unique key is what makes saying it twice create one."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (UniqueConstraint("operation", "key"),)
    row_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    operation: Mapped[str]
    key: Mapped[str]
    fingerprint: Mapped[str]
    document: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]


class DemoStateRow(Base):
    """The moment the demo data is relative to; one row."""

    __tablename__ = "demo_state"
    row_id: Mapped[int] = mapped_column(primary_key=True)
    base: Mapped[datetime]
