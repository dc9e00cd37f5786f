"""Reads the demo's customers and signs identities for them."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.customers.identity import sign_identity
from shop.demo.documents import DemoCustomer, OrderBrief
from shop.orders.store import read_customer_orders
from shop.tables import CustomerRow

IDENTITY_LIFE = timedelta(hours=24)
MOST_ORDERS = 20


def demo_identity(customer_id: str, secret: str, now: datetime) -> str:
    """A signed identity that lives 24 hours."""
    nonce = secrets.token_urlsafe(12)
    return sign_identity(customer_id, expires_at=now + IDENTITY_LIFE, nonce=nonce, secret=secret)


def read_demo_customers(session: Session, secret: str, now: datetime) -> list[DemoCustomer]:
    """All customers with identities and orders, newest order first."""
    rows = session.scalars(select(CustomerRow).order_by(CustomerRow.customer_id))
    return [
        msgspec.convert(
            {
                "customer_id": row.customer_id,
                "name": row.name,
                "tier": row.tier,
                "phone": row.phone,
                "identity": demo_identity(row.customer_id, secret, now),
                "orders": read_briefs(session, row.customer_id),
            },
            DemoCustomer,
        )
        for row in rows
    ]


def read_briefs(session: Session, customer_id: str) -> list[OrderBrief]:
    """The newest orders of a customer in short."""
    return [
        OrderBrief(order.order_id, order.status, order.placed_at, order.amount_fen, order.lines[0].title)
        for order in read_customer_orders(session, customer_id, MOST_ORDERS)
    ]
