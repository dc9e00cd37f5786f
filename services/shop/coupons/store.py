"""Reads coupons."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.coupons.documents import Coupon, CouponList, CouponState
from shop.tables import CouponRow


def coupon_state(used_order_id: str | None, expires_at: datetime, now: datetime) -> CouponState:
    """Used stays used, even after its date."""
    if used_order_id is not None:
        return "used"
    return "expired" if expires_at <= now else "unused"


def coupon_document(row: CouponRow, now: datetime) -> Coupon:
    """The document of a row, with its state at this moment."""
    return Coupon(
        coupon_id=row.coupon_id,
        title=row.title,
        threshold_fen=row.threshold_fen,
        discount_fen=row.discount_fen,
        scope=row.scope,
        valid_from=row.valid_from,
        expires_at=row.expires_at,
        state=coupon_state(row.used_order_id, row.expires_at, now),
        used_order_id=row.used_order_id,
    )


def read_coupons(session: Session, customer_id: str, now: datetime) -> CouponList:
    """All coupons of a customer known to exist; usable ones first, then soonest expiry."""
    rows = session.scalars(select(CouponRow).where(CouponRow.customer_id == customer_id))
    coupons = [coupon_document(row, now) for row in rows]
    return CouponList(sorted(coupons, key=lambda c: (c.state != "unused", c.expires_at, c.coupon_id)))
