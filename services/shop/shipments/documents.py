"""What the API says about parcels."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

EventCode = Literal[
    "PICKED_UP",
    "DEPARTED",
    "ARRIVED",
    "OUT_FOR_DELIVERY",
    "DELIVERED",
    "EXCEPTION_WEATHER",
    "EXCEPTION_BACKLOG",
    "EXCEPTION_ADDRESS",
    "EXCEPTION_CUSTOMS",
    "EXCEPTION_REFUSED",
    "EXCEPTION_LOST",
    "EXCEPTION_OTHER",
]
ShipmentStatus = Literal["picked_up", "in_transit", "out_for_delivery", "delivered", "exception", "returned"]


class Carrier(msgspec.Struct):
    """Who carries the parcel; `phone` is the carrier's hotline."""

    code: str
    name: str
    phone: str


class Courier(msgspec.Struct):
    """The person who brings the parcel."""

    name: str
    phone: str


class TrackingEvent(msgspec.Struct):
    """One line of the track; the reason of an anomaly is its `code`."""

    at: datetime
    code: EventCode
    text: str
    place: str


class Shipment(msgspec.Struct):
    """A parcel with its track, newest event first; `courier` is null until one has it, `eta` when unknown."""

    tracking_number: str
    order_id: str
    carrier: Carrier
    status: ShipmentStatus
    shipped_at: datetime
    eta: datetime | None
    deliver_by: datetime
    events: list[TrackingEvent]
    courier: Courier | None


class ShipmentList(msgspec.Struct):
    """The parcels of an order, first sent first."""

    shipments: list[Shipment]
