"""Reads parcels."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import msgspec
from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from shop.kernel.errors import NotFoundError
from shop.shipments.documents import Carrier, Courier, Shipment, TrackingEvent
from shop.tables import ShipmentRow, TrackingEventRow

# Built once: building them anew costs more than running them.
_OF_ORDER = (
    select(ShipmentRow)
    .where(ShipmentRow.order_id == bindparam("order_id"))
    .order_by(ShipmentRow.shipped_at, ShipmentRow.tracking_number)
)
_EVENTS = (
    select(TrackingEventRow)
    .where(TrackingEventRow.tracking_number.in_(bindparam("numbers", expanding=True)))
    .order_by(TrackingEventRow.position.desc())
)


def read_shipment(session: Session, tracking_number: str) -> Shipment:
    """One parcel by its waybill (case does not matter); NotFoundError `shipment_not_found`."""
    row = session.get(ShipmentRow, tracking_number.upper())
    if row is None:
        raise NotFoundError("shipment_not_found", f"There is no parcel {tracking_number}.")
    return _documents(session, [row])[0]


def read_order_shipments(session: Session, order_id: str) -> list[Shipment]:
    """The parcels of an order known to exist, first sent first."""
    return _documents(session, session.scalars(_OF_ORDER, {"order_id": order_id}).all())


def _documents(session: Session, rows: Sequence[ShipmentRow]) -> list[Shipment]:
    events: dict[str, list[TrackingEvent]] = defaultdict(list)
    numbers = [row.tracking_number for row in rows]
    for event in session.scalars(_EVENTS, {"numbers": numbers}):
        events[event.tracking_number].append(msgspec.convert(event, TrackingEvent, from_attributes=True))
    return [_document(row, events[row.tracking_number]) for row in rows]


def _document(row: ShipmentRow, events: list[TrackingEvent]) -> Shipment:
    facts = {name: getattr(row, name) for name in Shipment.__struct_fields__ if hasattr(row, name)}
    courier = Courier(row.courier_name, row.courier_phone) if row.courier_name and row.courier_phone else None
    carrier = Carrier(row.carrier_code, row.carrier_name, row.carrier_phone)
    return msgspec.convert({**facts, "carrier": carrier, "events": events, "courier": courier}, Shipment)
