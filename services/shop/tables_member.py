"""Tables of what members ask for or are given: coupons, points claims, price protections, tickets."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from shop.tables_base import Base


class CouponReissueRow(Base):
    """A customer's request for a new coupon in place of a lost one, at most one for a coupon."""

    __tablename__ = "coupon_reissues"
    reissue_id: Mapped[str] = mapped_column(primary_key=True)
    customer_id: Mapped[str] = mapped_column(ForeignKey("customers.customer_id"), index=True)
    coupon_id: Mapped[str] = mapped_column(ForeignKey("coupons.coupon_id"), unique=True)
    reason: Mapped[str]
    state: Mapped[str]
    new_coupon_id: Mapped[str | None] = mapped_column(ForeignKey("coupons.coupon_id"))
    requested_at: Mapped[datetime]
    answer_by: Mapped[datetime]


class CouponGrantRow(Base):
    """A coupon given as a courtesy, and why."""

    __tablename__ = "coupon_grants"
    grant_id: Mapped[str] = mapped_column(primary_key=True)
    customer_id: Mapped[str] = mapped_column(ForeignKey("customers.customer_id"), index=True)
    coupon_id: Mapped[str] = mapped_column(ForeignKey("coupons.coupon_id"), unique=True)
    reason: Mapped[str]
    granted_at: Mapped[datetime]


class PointsSpendingRow(Base):
    """Points that paid a part of an order; `returned_at` is when they went back into the account."""

    __tablename__ = "points_spendings"
    order_id: Mapped[str] = mapped_column(ForeignKey("orders.order_id"), primary_key=True)
    points: Mapped[int]
    worth_fen: Mapped[int]
    returned_at: Mapped[datetime | None]


class PointsClaimRow(Base):
    """A customer's claim that points of an order are missing, at most one for an order and a reason."""

    __tablename__ = "points_claims"
    __table_args__ = (UniqueConstraint("order_id", "reason"),)
    points_claim_id: Mapped[str] = mapped_column(primary_key=True)
    customer_id: Mapped[str] = mapped_column(ForeignKey("customers.customer_id"), index=True)
    order_id: Mapped[str] = mapped_column(ForeignKey("orders.order_id"))
    reason: Mapped[str]
    state: Mapped[str]
    points: Mapped[int | None]
    requested_at: Mapped[datetime]
    answer_by: Mapped[datetime]


class PriceProtectionRow(Base):
    """The difference paid back because goods became cheaper, at most one for an order; `lines` as in the API."""

    __tablename__ = "price_protections"
    protection_id: Mapped[str] = mapped_column(primary_key=True)
    order_id: Mapped[str] = mapped_column(ForeignKey("orders.order_id"), unique=True)
    refund_id: Mapped[str] = mapped_column(ForeignKey("refunds.refund_id"))
    lines: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    requested_at: Mapped[datetime]


class TicketRow(Base):
    """A fault of app or page for the technicians; a visitor's has no customer."""

    __tablename__ = "tickets"
    ticket_id: Mapped[str] = mapped_column(primary_key=True)
    customer_id: Mapped[str | None] = mapped_column(ForeignKey("customers.customer_id"), index=True)
    topic: Mapped[str]
    state: Mapped[str]
    facts: Mapped[dict[str, Any]]
    steps: Mapped[list[str]]
    sentence: Mapped[str] = mapped_column(String(300))
    requested_at: Mapped[datetime]
    answer_by: Mapped[datetime]
