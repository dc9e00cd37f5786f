"""What the demo says about its customers, for the demo shop page."""

from __future__ import annotations

from datetime import datetime

import msgspec

from shop.customers.documents import Tier
from shop.orders.documents import OrderStatus


class OrderBrief(msgspec.Struct):
    """An order in one line; `title` is its first product."""

    order_id: str
    status: OrderStatus
    placed_at: datetime
    amount_fen: int
    title: str


class DemoCustomer(msgspec.Struct):
    """A customer one can be in the demo; `identity` is freshly signed."""

    customer_id: str
    name: str
    tier: Tier
    phone: str
    identity: str
    orders: list[OrderBrief]


class DemoCustomerList(msgspec.Struct):
    """All demo customers, the four that `make fixtures` names first."""

    customers: list[DemoCustomer]
