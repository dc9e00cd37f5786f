"""HTTP face of the demo; registered only when BATON_DEMO=1."""

from __future__ import annotations

from litestar import get
from litestar.di import NamedDependency

from shop.context import Shop
from shop.demo.documents import DemoCustomerList
from shop.demo.store import read_demo_customers


@get("/demo/customers", sync_to_thread=True)
def get_demo_customers(shop: NamedDependency[Shop]) -> DemoCustomerList:
    """The demo's customers with freshly signed identities and their orders in short."""
    with shop.database.read() as session:
        return DemoCustomerList(read_demo_customers(session, shop.identity_secret, shop.clock()))
