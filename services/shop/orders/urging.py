"""Passes a customer's wish for speed on to whoever has the goods."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from shop.context import Shop
from shop.kernel.errors import ConflictError
from shop.orders.documents import Urge
from shop.orders.store import require_order
from shop.tables import UrgeRow

ANSWER_WITHIN = timedelta(hours=2)


def urge_kind(status: str) -> Literal["dispatch", "delivery"]:
    """Who is urged in this state; ConflictError `nothing_to_urge` when nobody has anything to hurry."""
    if status == "unshipped":
        return "dispatch"
    if status == "shipped":
        return "delivery"
    raise ConflictError("nothing_to_urge", f"An order in state {status} waits for no dispatch and no delivery.")


def urge(shop: Shop, session: Session, order_id: str) -> Urge:
    """Record an urge; NotFoundError `order_not_found`, ConflictError `nothing_to_urge`."""
    order = require_order(session, order_id, lock=True)
    kind = urge_kind(order.status)
    now = shop.clock()
    earlier = session.scalar(select(func.count()).where(UrgeRow.order_id == order_id)) or 0
    row = UrgeRow(
        urge_id=shop.new_id("U", now),
        order_id=order_id,
        kind=kind,
        requested_at=now,
        answer_by=now + ANSWER_WITHIN,
    )
    session.add(row)
    session.flush()
    return Urge(row.urge_id, order_id, kind, earlier + 1, row.requested_at, row.answer_by)
