"""Reads customers."""

from __future__ import annotations

from datetime import datetime

import msgspec
from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from shop.customers.documents import Customer
from shop.customers.tiers import next_tier
from shop.kernel.errors import NotFoundError
from shop.points.store import balance_of
from shop.tables import CustomerRow

# Built once: building it anew costs more than running it.
_ONE = select(CustomerRow).where(CustomerRow.customer_id == bindparam("customer_id"))


def require_customer(session: Session, customer_id: str) -> CustomerRow:
    """The row of a customer; NotFoundError `customer_not_found`."""
    row = session.scalars(_ONE, {"customer_id": customer_id}).one_or_none()
    if row is None:
        raise NotFoundError("customer_not_found", f"There is no customer {customer_id}.")
    return row


def read_customer(session: Session, customer_id: str, now: datetime) -> Customer:
    """A customer with points balance and the way to the next level; NotFoundError `customer_not_found`."""
    row = require_customer(session, customer_id)
    following = next_tier(row.growth_value)
    facts = {
        **{name: getattr(row, name) for name in Customer.__struct_fields__ if hasattr(row, name)},
        "points_balance": balance_of(session, customer_id, now),
        "next_tier": following[0] if following else None,
        "growth_to_next_tier": following[1] if following else None,
    }
    return msgspec.convert(facts, Customer)
