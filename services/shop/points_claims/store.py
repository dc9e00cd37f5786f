"""Files points claims and credits what the shop owes."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.context import Shop
from shop.customers.store import require_customer
from shop.kernel.errors import ConflictError, NotFoundError
from shop.orders.store import require_order
from shop.points.store import PointsCredit, credit_points, credit_text, order_source, return_text
from shop.points_claims.documents import PointsClaim, PointsClaimRequest
from shop.points_claims.rules import Credited, Spent, missing_credit, missing_return, require_not_credited
from shop.tables import OrderRow, PointsClaimRow, PointsLotRow, PointsSpendingRow


def file_points_claim(shop: Shop, session: Session, customer_id: str, request: PointsClaimRequest) -> PointsClaim:
    """Credit what is missing, or have the claim reviewed.

    Raises NotFoundError `customer_not_found`, `order_not_found` (also for another customer's); ConflictError
    `points_not_due`, `points_already_credited`, `points_claim_already_open`.
    """
    require_customer(session, customer_id)
    order = require_order(session, request.order_id, lock=True)
    if order.customer_id != customer_id:
        raise NotFoundError("order_not_found", f"There is no order {request.order_id}.")
    now = shop.clock()
    credit = _owed(shop, session, order, request.reason, now)
    _require_none_open(session, order.order_id, request.reason)
    if credit is not None:
        credit_points(shop, session, credit, now)
    row = PointsClaimRow(
        points_claim_id=shop.new_id("J", now),
        customer_id=customer_id,
        order_id=order.order_id,
        reason=request.reason,
        state="credited" if credit else "reviewing",
        points=credit.points if credit else None,
        requested_at=now,
        answer_by=now if credit else now + timedelta(hours=shop.points_policy.claim_answer_hours),
    )
    session.add(row)
    session.flush()
    return PointsClaim(
        points_claim_id=row.points_claim_id,
        customer_id=customer_id,
        order_id=order.order_id,
        state="credited" if credit else "reviewing",
        points=row.points,
        requested_at=now,
        answer_by=row.answer_by,
    )


def _owed(shop: Shop, session: Session, order: OrderRow, reason: str, now: datetime) -> PointsCredit | None:
    """What is to be credited at once; None when a person has to look."""
    if reason == "not_credited":
        return _missing_credit(shop, session, order, now)
    return _missing_return(session, order, now) if reason == "not_returned" else None


def _missing_credit(shop: Shop, session: Session, order: OrderRow, now: datetime) -> PointsCredit | None:
    source = order_source(order.order_id)
    lot = session.scalar(
        select(PointsLotRow).where(PointsLotRow.customer_id == order.customer_id, PointsLotRow.source == source)
    )
    require_not_credited(Credited(lot.earned, lot.earned_at) if lot else None)
    points = missing_credit(
        status=order.status,
        completed_at=order.completed_at,
        amount_fen=order.amount_fen,
        policy=shop.points_policy,
        now=now,
    )
    return None if points is None else PointsCredit(order.customer_id, points, source, credit_text(order.order_id))


def _missing_return(session: Session, order: OrderRow, now: datetime) -> PointsCredit | None:
    row = session.get(PointsSpendingRow, order.order_id)
    points = missing_return(status=order.status, spent=Spent(row.points, row.returned_at) if row else None)
    if row is None or points is None:
        return None
    row.returned_at = now
    words = return_text(order.order_id)
    return PointsCredit(order.customer_id, points, words, words)


def _require_none_open(session: Session, order_id: str, reason: str) -> None:
    present = session.scalar(
        select(PointsClaimRow).where(PointsClaimRow.order_id == order_id, PointsClaimRow.reason == reason)
    )
    if present is not None:
        details = {"points_claim_id": present.points_claim_id, "answer_by": present.answer_by}
        raise ConflictError("points_claim_already_open", "This claim is being reviewed already.", details)
