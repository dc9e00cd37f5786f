"""Which parcel of an order is searched: a plain function of its parcels."""

from __future__ import annotations

from collections.abc import Sequence

from shop.kernel.errors import ConflictError
from shop.tables import ShipmentRow


def parcel_to_trace(parcels: Sequence[ShipmentRow]) -> str:
    """The waybill of the first parcel still under way, else of the last one (`parcels` first sent first).

    ConflictError `nothing_to_trace` when nothing was sent.
    """
    if not parcels:
        raise ConflictError("nothing_to_trace", "The order has not been sent.")
    return next((parcel for parcel in parcels if parcel.status != "delivered"), parcels[-1]).tracking_number
