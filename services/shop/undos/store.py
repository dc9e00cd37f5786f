"""Takes back returns, exchanges and cancellations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.context import Shop
from shop.kernel.errors import ConflictError
from shop.orders.hold import restore_hold
from shop.orders.store import require_order, require_payment
from shop.products.store import lock_skus
from shop.tables import (
    CancellationRow,
    CouponRow,
    OrderLineRow,
    OrderRow,
    PointsSpendingRow,
    RefundRow,
    ReturnRow,
    UndoRow,
)
from shop.undos.documents import Undo
from shop.undos.rules import (
    Undoable,
    cancellation_refusal,
    is_standing,
    newest_undoable,
    return_refusal,
    status_before_cancellation,
)

_REFUND_UNDER_WAY = ("requested", "reviewing", "approved", "paying")


def undo(shop: Shop, session: Session, order_id: str) -> Undo:
    """Take back the newest thing that can be.

    Raises NotFoundError `order_not_found`; ConflictError `nothing_to_undo`, `refund_already_paid`,
    `goods_already_inspected`, `stock_gone`, `coupon_gone`.
    """
    order = require_order(session, order_id, lock=True)
    refunds = session.scalars(select(RefundRow).where(RefundRow.order_id == order_id)).all()
    found = newest_undoable(_undoables(session, order_id, refunds))
    if found.kind == "cancellation":
        _take_back_cancellation(session, order, found.document_id, refunds)
    else:
        _take_back_return(shop, session, order, found.document_id, refunds)
    now = shop.clock()
    row = UndoRow(
        undo_id=shop.new_id("D", now),
        order_id=order_id,
        kind=found.kind,
        document_id=found.document_id,
        requested_at=now,
    )
    session.add(row)
    session.flush()
    facts = {name: getattr(row, name) for name in Undo.__struct_fields__ if hasattr(row, name)}
    return msgspec.convert({**facts, "order_status": order.status}, Undo)


def _undoables(session: Session, order_id: str, refunds: Sequence[RefundRow]) -> list[Undoable]:
    returns = session.scalars(select(ReturnRow).where(ReturnRow.order_id == order_id))
    found = [
        Undoable(
            kind="exchange" if row.kind == "exchange" else "return",
            document_id=row.return_id,
            requested_at=row.requested_at,
            refusal=return_refusal(row.state, [r.state for r in refunds if r.return_id == row.return_id]),
        )
        for row in returns
        if is_standing(row.state)
    ]
    cancellation = session.scalar(select(CancellationRow).where(CancellationRow.order_id == order_id))
    if cancellation is not None:
        states = [refund.state for refund in refunds if refund.refund_id == cancellation.refund_id]
        spent = session.get(PointsSpendingRow, order_id)
        points_are_back = spent is not None and spent.returned_at is not None
        refusal = "refund_already_paid" if points_are_back else cancellation_refusal(states)
        found.append(
            Undoable("cancellation", cancellation.cancellation_id, cancellation.requested_at, refusal),
        )
    return found


def _take_back_return(
    shop: Shop, session: Session, order: OrderRow, return_id: str, refunds: Sequence[RefundRow]
) -> None:
    row = session.get_one(ReturnRow, return_id)
    row.state, row.updated_at = "withdrawn", shop.clock()
    for refund in refunds:
        if refund.return_id == return_id and refund.state in _REFUND_UNDER_WAY:
            refund.state = "withdrawn"
    if order.status == "refunding" and not any(refund.state in _REFUND_UNDER_WAY for refund in refunds):
        order.status = "completed" if order.completed_at else "delivered"


def _take_back_cancellation(
    session: Session, order: OrderRow, cancellation_id: str, refunds: Sequence[RefundRow]
) -> None:
    row = session.get_one(CancellationRow, cancellation_id)
    before: dict[str, Any] = row.before or {}
    payment = require_payment(session, order.order_id)
    _take_stock(session, order.order_id)
    _take_coupons(session, order.order_id, before.get("coupon_ids", ()))
    order.status = status_before_cancellation(before.get("status"), paid_fen=payment.paid_fen, method=payment.method)
    restore_hold(order, before.get("hold"))
    for refund in refunds:
        if refund.refund_id == row.refund_id:
            refund.state = "withdrawn"
    # The order may be cancelled again, and has one cancellation at most; the undo keeps this one's id.
    session.delete(row)


def _take_stock(session: Session, order_id: str) -> None:
    needed: Counter[str] = Counter()
    for line in session.scalars(select(OrderLineRow).where(OrderLineRow.order_id == order_id)):
        needed[line.sku] += line.quantity
    for sku, row in lock_skus(session, needed).items():
        if row.stock < needed[sku]:
            raise ConflictError(
                "stock_gone",
                "The goods have been sold meanwhile.",
                {"sku": sku, "stock": row.stock, "restock_at": row.restock_at},
            )
        row.stock -= needed[sku]


def _take_coupons(session: Session, order_id: str, coupon_ids: Sequence[str]) -> None:
    for coupon_id in coupon_ids:
        row = session.get(CouponRow, coupon_id, with_for_update=True)
        if row is None or row.used_order_id is not None:
            raise ConflictError(
                "coupon_gone", "The order's coupon has been used for another one.", {"coupon_id": coupon_id}
            )
        row.used_order_id = order_id
