"""HTTP face of refunds."""

from __future__ import annotations

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath

from shop.context import Shop
from shop.kernel.http import failures
from shop.orders.store import require_order
from shop.refunds.documents import RefundList
from shop.refunds.store import read_order_refunds


@get("/orders/{order_id:str}/refunds", responses=failures({404: "order_not_found"}), sync_to_thread=True)
def get_order_refunds(order_id: FromPath[str], shop: NamedDependency[Shop]) -> RefundList:
    """The refunds of an order, newest first."""
    with shop.database.read() as session:
        require_order(session, order_id)
        return RefundList(read_order_refunds(session, order_id))
