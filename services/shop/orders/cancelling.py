"""Cancels an order that has not left the warehouse: money, coupon and stock go back in one transaction."""

from __future__ import annotations

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from shop.context import Shop
from shop.kernel.errors import ConflictError
from shop.kernel.text import require_text
from shop.orders.documents import Cancellation, CancelRequest
from shop.orders.hold import clear_hold, hold_facts
from shop.orders.store import require_order, require_payment
from shop.refunds.store import open_approved_refund, refund_document
from shop.tables import CancellationRow, CouponRow, OrderLineRow, OrderRow, SkuRow

CANCELLABLE = ("pending_payment", "unshipped")
_REFUSALS = {
    "shipped": ("order_already_shipped", "The order has left the warehouse: refuse the parcel or return it."),
    "delivered": ("order_already_delivered", "The order has been delivered: a return is what fits."),
    "completed": ("order_already_delivered", "The order has been delivered: a return is what fits."),
    "cancelled": ("order_already_cancelled", "The order is cancelled already."),
    "refunding": ("order_already_refunding", "A refund of the order is under way already."),
    "refunded": ("order_already_refunded", "The order has been refunded already."),
}


def require_cancellable(status: str) -> None:
    """ConflictError with the code of the reason when an order in this state cannot be cancelled."""
    if status not in CANCELLABLE:
        raise ConflictError(*_REFUSALS[status])


def cancel(shop: Shop, session: Session, order_id: str, request: CancelRequest) -> Cancellation:
    """Cancel; what was paid becomes an approved refund.

    Raises NotFoundError `order_not_found`, InvalidError `reason_invalid`, ConflictError by state.
    """
    reason = require_text(request.reason, field="reason", longest=200)
    order = require_order(session, order_id, lock=True)
    require_cancellable(order.status)
    now = shop.clock()
    payment = require_payment(session, order_id)
    refund = None
    if payment.paid_fen:
        refund_id = shop.new_id("R", now)
        refund = open_approved_refund(session, order, payment, refund_id=refund_id, reason=reason, at=now)
    before = {"status": order.status, "hold": hold_facts(order), "coupon_ids": _give_back(session, order)}
    order.status = "refunding" if refund else "cancelled"
    clear_hold(order)
    row = CancellationRow(
        cancellation_id=shop.new_id("X", now),
        order_id=order_id,
        reason=reason,
        requested_at=now,
        refund_id=refund.refund_id if refund else None,
        before=before,
    )
    session.add(row)
    session.flush()
    return Cancellation(
        cancellation_id=row.cancellation_id,
        order_id=order_id,
        order_status="refunding" if refund else "cancelled",
        reason=reason,
        requested_at=now,
        refund=refund_document(refund) if refund else None,
    )


def _give_back(session: Session, order: OrderRow) -> list[str]:
    """Stock and coupons are free again; the ids of the coupons."""
    coupon_ids = list(session.scalars(select(CouponRow.coupon_id).where(CouponRow.used_order_id == order.order_id)))
    session.execute(update(CouponRow).where(CouponRow.used_order_id == order.order_id).values(used_order_id=None))
    for line in session.scalars(select(OrderLineRow).where(OrderLineRow.order_id == order.order_id)):
        session.execute(update(SkuRow).where(SkuRow.sku == line.sku).values(stock=SkuRow.stock + line.quantity))
    return coupon_ids
