"""Opens traces at the carrier and reads them."""

from __future__ import annotations

from datetime import timedelta

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.context import Shop
from shop.kernel.errors import ConflictError
from shop.kernel.text import require_text
from shop.orders.store import require_order
from shop.tables import ShipmentRow, TraceRow
from shop.traces.documents import Trace, TraceRequest
from shop.traces.rules import parcel_to_trace

ANSWER_WITHIN = timedelta(hours=24)
LONGEST_DETAIL = 500


def read_order_traces(session: Session, order_id: str) -> list[Trace]:
    """The traces of an order known to exist, newest first."""
    rows = session.scalars(
        select(TraceRow)
        .where(TraceRow.order_id == order_id)
        .order_by(TraceRow.requested_at.desc(), TraceRow.trace_id.desc())
    )
    return [msgspec.convert(row, Trace, from_attributes=True) for row in rows]


def trace(shop: Shop, session: Session, order_id: str, request: TraceRequest) -> Trace:
    """Have the carrier search the parcel.

    Raises NotFoundError `order_not_found`; InvalidError `detail_invalid`; ConflictError `nothing_to_trace`,
    `trace_already_open` (details `trace_id`, `tracking_number`, `requested_at`, `answer_by`).
    """
    detail = require_text(request.detail, field="detail", longest=LONGEST_DETAIL) if request.detail.strip() else ""
    require_order(session, order_id, lock=True)
    parcels = session.scalars(
        select(ShipmentRow)
        .where(ShipmentRow.order_id == order_id)
        .order_by(ShipmentRow.shipped_at, ShipmentRow.tracking_number)
    ).all()
    tracking_number = parcel_to_trace(parcels)
    now = shop.clock()
    present = session.scalar(
        select(TraceRow).where(TraceRow.tracking_number == tracking_number, TraceRow.answer_by > now).limit(1)
    )
    if present is not None:
        raise ConflictError(
            "trace_already_open",
            f"The carrier answers the trace {present.trace_id} until {present.answer_by.isoformat()}.",
            {
                "trace_id": present.trace_id,
                "tracking_number": present.tracking_number,
                "requested_at": present.requested_at,
                "answer_by": present.answer_by,
            },
        )
    row = TraceRow(
        trace_id=shop.new_id("W", now),
        order_id=order_id,
        tracking_number=tracking_number,
        reason=request.reason,
        detail=detail,
        requested_at=now,
        answer_by=now + ANSWER_WITHIN,
    )
    session.add(row)
    session.flush()
    return msgspec.convert(row, Trace, from_attributes=True)
