"""Gives coupons and reads what was given."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.context import Shop
from shop.coupon_grants.documents import CouponGrant, CouponGrantRequest
from shop.coupons.store import coupon_document
from shop.customers.store import require_customer
from shop.kernel.clock import end_of_shop_day, shop_day
from shop.kernel.errors import InvalidError
from shop.kernel.text import require_text
from shop.tables import CouponGrantRow, CouponRow

LONGEST_TITLE = 50
LONGEST_REASON = 200
HIGHEST_FEN = 10_000_000


def grant_coupon(shop: Shop, session: Session, customer_id: str, request: CouponGrantRequest) -> CouponGrant:
    """Put a new coupon into the customer's account.

    Raises NotFoundError `customer_not_found`; InvalidError `title_invalid`, `reason_invalid`, `amount_invalid`.
    """
    title = require_text(request.title, field="title", longest=LONGEST_TITLE)
    reason = require_text(request.reason, field="reason", longest=LONGEST_REASON)
    if not 0 < request.discount_fen <= HIGHEST_FEN or not 0 <= request.threshold_fen <= HIGHEST_FEN:
        raise InvalidError("amount_invalid", "A coupon is over at least one fen, its threshold is not negative.")
    require_customer(session, customer_id)
    now = shop.clock()
    coupon = CouponRow(
        coupon_id=shop.new_id("CP", now),
        customer_id=customer_id,
        title=title,
        threshold_fen=request.threshold_fen,
        discount_fen=request.discount_fen,
        scope="all",
        valid_from=now,
        expires_at=end_of_shop_day(shop_day(now) + timedelta(days=shop.coupon_grant_policy.valid_days)),
        used_order_id=None,
    )
    session.add(coupon)
    session.flush()
    row = CouponGrantRow(
        grant_id=shop.new_id("E", now),
        customer_id=customer_id,
        coupon_id=coupon.coupon_id,
        reason=reason,
        granted_at=now,
    )
    session.add(row)
    session.flush()
    return _document(row, coupon, now)


def read_coupon_grants(session: Session, customer_id: str, now: datetime) -> list[CouponGrant]:
    """What a customer was given, newest first; NotFoundError `customer_not_found`."""
    require_customer(session, customer_id)
    rows = session.execute(
        select(CouponGrantRow, CouponRow)
        .join(CouponRow, CouponRow.coupon_id == CouponGrantRow.coupon_id)
        .where(CouponGrantRow.customer_id == customer_id)
        .order_by(CouponGrantRow.granted_at.desc(), CouponGrantRow.grant_id.desc())
    )
    return [_document(row, coupon, now) for row, coupon in rows]


def _document(row: CouponGrantRow, coupon: CouponRow, now: datetime) -> CouponGrant:
    return CouponGrant(
        grant_id=row.grant_id,
        customer_id=row.customer_id,
        coupon=coupon_document(coupon, now),
        reason=row.reason,
        granted_at=row.granted_at,
    )
