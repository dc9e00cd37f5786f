"""Requests coupon reissues and issues the new coupon where the shop owes it."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.context import Shop
from shop.coupon_reissues.documents import CouponReissue, CouponReissueRequest
from shop.coupon_reissues.rules import Use, reissue_state
from shop.coupons.store import coupon_document, coupon_state
from shop.customers.store import require_customer
from shop.kernel.clock import end_of_shop_day, shop_day
from shop.kernel.errors import ConflictError, NotFoundError
from shop.refunds.store import VOID_STATES
from shop.tables import CancellationRow, CouponReissueRow, CouponRow, OrderRow, RefundRow


def request_coupon_reissue(
    shop: Shop, session: Session, customer_id: str, request: CouponReissueRequest
) -> CouponReissue:
    """Replace a coupon at once, or have the request reviewed.

    Raises NotFoundError `customer_not_found`, `coupon_not_found` (also for another customer's); ConflictError
    `coupon_still_usable`, `coupon_already_reissued`, `coupon_reissue_already_open`.
    """
    require_customer(session, customer_id)
    coupon = session.get(CouponRow, request.coupon_id, with_for_update=True)
    if coupon is None or coupon.customer_id != customer_id:
        raise NotFoundError("coupon_not_found", f"The customer has no coupon {request.coupon_id}.")
    now = shop.clock()
    _require_first(session, coupon)
    if coupon_state(coupon.used_order_id, coupon.expires_at, now) == "unused":
        details = {"coupon_id": coupon.coupon_id, "expires_at": coupon.expires_at}
        raise ConflictError("coupon_still_usable", "The coupon is in the account and valid.", details)
    state = reissue_state(_use(session, coupon.used_order_id), coupon.expires_at, now)
    new_coupon = _issue(shop, session, coupon, now) if state == "issued" else None
    row = CouponReissueRow(
        reissue_id=shop.new_id("G", now),
        customer_id=customer_id,
        coupon_id=coupon.coupon_id,
        reason=request.reason,
        state=state,
        new_coupon_id=new_coupon.coupon_id if new_coupon else None,
        requested_at=now,
        answer_by=now + timedelta(hours=shop.coupon_reissue_policy.answer_hours) if new_coupon is None else now,
    )
    session.add(row)
    session.flush()
    return CouponReissue(
        reissue_id=row.reissue_id,
        customer_id=customer_id,
        coupon_id=coupon.coupon_id,
        state=state,
        coupon=coupon_document(new_coupon, now) if new_coupon else None,
        requested_at=now,
        answer_by=row.answer_by,
    )


def _require_first(session: Session, coupon: CouponRow) -> None:
    present = session.scalar(select(CouponReissueRow).where(CouponReissueRow.coupon_id == coupon.coupon_id))
    if present is None:
        return
    if present.state == "issued":
        details = {"reissue_id": present.reissue_id, "new_coupon_id": present.new_coupon_id}
        raise ConflictError("coupon_already_reissued", "A new coupon was issued for this one.", details)
    open_details = {"reissue_id": present.reissue_id, "answer_by": present.answer_by}
    raise ConflictError("coupon_reissue_already_open", "The request for this coupon is being reviewed.", open_details)


def _use(session: Session, order_id: str | None) -> Use | None:
    """The order of a coupon, with the earliest moment at which all of it was given up."""
    order = session.get(OrderRow, order_id) if order_id else None
    if order is None:
        return None
    cancelled_at = session.scalar(
        select(CancellationRow.requested_at).where(CancellationRow.order_id == order.order_id)
    )
    refunded_at = session.scalar(
        select(RefundRow.requested_at)
        .where(RefundRow.order_id == order.order_id, RefundRow.state.not_in(VOID_STATES))
        .order_by(RefundRow.amount_fen.desc(), RefundRow.requested_at)
        .limit(1)
    )
    return Use(order.status, min((at for at in (cancelled_at, refunded_at) if at), default=None))


def _issue(shop: Shop, session: Session, coupon: CouponRow, now: datetime) -> CouponRow:
    last_day = shop_day(now) + timedelta(days=shop.coupon_reissue_policy.valid_days)
    row = CouponRow(
        coupon_id=shop.new_id("CP", now),
        customer_id=coupon.customer_id,
        title=coupon.title,
        threshold_fen=coupon.threshold_fen,
        discount_fen=coupon.discount_fen,
        scope=coupon.scope,
        valid_from=now,
        expires_at=end_of_shop_day(last_day),
        used_order_id=None,
    )
    session.add(row)
    session.flush()
    return row
