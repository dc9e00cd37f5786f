"""Rows of the demo parcels and their tracks."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shop.demo.moments import moment
from shop.tables import Base, ShipmentRow, TrackingEventRow


@dataclass(frozen=True, slots=True)
class Journey:
    """Where the parcels of an order go: `address` is [province, city, district, detail]."""

    order_id: str
    number: str
    carrier_code: str
    address: list[str]
    deliver_by: datetime
    shift_days: int
    base: datetime


def waybill(carrier: Mapping[str, Any], number: str, parcel: int) -> str:
    """A waybill in the carrier's form; the same order and parcel always get the same one."""
    digest = int(hashlib.sha256(f"{number}/{parcel}".encode()).hexdigest(), 16)
    digits: int = carrier["digits"]
    return f"{carrier['prefix']}{digest % 10**digits:0{digits}d}"


def parcel_rows(journey: Journey, story: Mapping[str, Any], words: Mapping[str, Any]) -> Iterator[Base]:
    """The parcels a story tells of, each followed by its events."""
    carrier = words["carriers"][journey.carrier_code]
    courier = words["couriers"].get(journey.address[0], words["couriers"]["*"])
    for index, parcel in enumerate(story.get("parcels", ())):
        with_courier = parcel.get("courier", False)
        shipment = ShipmentRow(
            tracking_number=waybill(carrier, journey.number, index),
            order_id=journey.order_id,
            carrier_code=journey.carrier_code,
            carrier_name=carrier["name"],
            carrier_phone=carrier["phone"],
            status=parcel["status"],
            shipped_at=moment(parcel["track"][0][0], journey.base, journey.shift_days),
            eta=moment(parcel["eta"], journey.base, journey.shift_days) if parcel["eta"] else None,
            deliver_by=journey.deliver_by,
            courier_name=courier["name"] if with_courier else None,
            courier_phone=courier["phone"] if with_courier else None,
        )
        yield shipment
        yield from _events(journey, shipment, parcel["track"], _Places(journey, story, words), courier)


class _Places:
    """The cities a story's `from`, `hub` and `near` stand for."""

    def __init__(self, journey: Journey, story: Mapping[str, Any], words: Mapping[str, Any]) -> None:
        province, city, self.home, _ = journey.address
        self.texts: Mapping[str, str] = words["track"]
        self.cities = {
            "from": story.get("origin", words["warehouse"]),
            "hub": words["hubs"][province],
            "near": city.removesuffix("市"),
        }


def _events(
    journey: Journey,
    shipment: ShipmentRow,
    track: list[list[str]],
    places: _Places,
    courier: Mapping[str, str],
) -> Iterator[Base]:
    for position, (when, code, place) in enumerate(track):
        city = places.cities[place]
        yield TrackingEventRow(
            tracking_number=shipment.tracking_number,
            position=position,
            at=moment(when, journey.base, journey.shift_days),
            code=code,
            text=places.texts[code].format(
                place=city,
                home=places.home,
                carrier=shipment.carrier_name,
                courier=courier["name"],
                phone=courier["phone"],
            ),
            place=city,
        )
