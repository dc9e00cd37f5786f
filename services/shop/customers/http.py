"""HTTP face of customers."""

from __future__ import annotations

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath

from shop.context import Shop
from shop.customers.documents import Customer
from shop.customers.store import read_customer
from shop.kernel.http import failures


@get("/customers/{customer_id:str}", responses=failures({404: "customer_not_found"}), sync_to_thread=True)
def get_customer(customer_id: FromPath[str], shop: NamedDependency[Shop]) -> Customer:
    """A customer with level, points balance and the way to the next level."""
    with shop.database.read() as session:
        return read_customer(session, customer_id, shop.clock())
