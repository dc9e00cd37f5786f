"""HTTP face of parcels."""

from __future__ import annotations

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath

from shop.context import Shop
from shop.kernel.http import failures
from shop.orders.store import require_order
from shop.shipments.documents import Shipment, ShipmentList
from shop.shipments.store import read_order_shipments, read_shipment


@get("/orders/{order_id:str}/shipments", responses=failures({404: "order_not_found"}), sync_to_thread=True)
def get_order_shipments(order_id: FromPath[str], shop: NamedDependency[Shop]) -> ShipmentList:
    """The parcels of an order with their tracks."""
    with shop.database.read() as session:
        require_order(session, order_id)
        return ShipmentList(read_order_shipments(session, order_id))


@get("/shipments/{tracking_number:str}", responses=failures({404: "shipment_not_found"}), sync_to_thread=True)
def get_shipment(tracking_number: FromPath[str], shop: NamedDependency[Shop]) -> Shipment:
    """One parcel with its track, newest event first."""
    with shop.database.read() as session:
        return read_shipment(session, tracking_number)
