"""HTTP face of coupons."""

from __future__ import annotations

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath

from shop.context import Shop
from shop.coupons.documents import CouponList
from shop.coupons.store import read_coupons
from shop.customers.store import require_customer
from shop.kernel.http import failures


@get(
    "/customers/{customer_id:str}/coupons",
    responses=failures({404: "customer_not_found"}),
    sync_to_thread=True,
)
def get_coupons(customer_id: FromPath[str], shop: NamedDependency[Shop]) -> CouponList:
    """The coupons of a customer with their state at this moment."""
    with shop.database.read() as session:
        require_customer(session, customer_id)
        return read_coupons(session, customer_id, shop.clock())
