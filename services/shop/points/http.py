"""HTTP face of points."""

from __future__ import annotations

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath

from shop.context import Shop
from shop.customers.store import require_customer
from shop.kernel.http import failures
from shop.points.documents import Points
from shop.points.store import read_points


@get(
    "/customers/{customer_id:str}/points",
    responses=failures({404: "customer_not_found"}),
    sync_to_thread=True,
)
def get_points(customer_id: FromPath[str], shop: NamedDependency[Shop]) -> Points:
    """Balance, unspent lots (soonest expiry first) and history (newest first) of a customer."""
    with shop.database.read() as session:
        require_customer(session, customer_id)
        return read_points(session, customer_id, shop.clock())
