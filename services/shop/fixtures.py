"""`python -m shop.fixtures` prints the demo data by name, as one JSON object."""

from __future__ import annotations

import json
import os
import sys
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.coupons.store import read_coupons
from shop.demo.order_rows import told_orders
from shop.demo.seeding import read_base, read_tables
from shop.demo.store import demo_identity
from shop.kernel.clock import Clock, system_clock
from shop.kernel.errors import SettingsError
from shop.kernel.log import configure_logging
from shop.kernel.settings import Settings
from shop.orders.store import read_customer_orders, read_order
from shop.starting import prepare_database
from shop.tables import CustomerRow

NAMED_CUSTOMERS = {"normal": "C1001", "silver": "C1002", "gold": "C1003", "vip": "C1004"}


def collect(settings: Settings, clock: Clock = system_clock) -> dict[str, Any]:
    """The named demo data, read from the database the shop serves (migrated and seeded when needed).

    Needs the identity secret; SettingsError without it, or when the database holds no demo data.
    """
    settings.require_identity_secret()
    now = clock()
    database = prepare_database(settings, clock)
    try:
        with database.read() as session:
            return _named(session, settings.identity_secret, now)
    finally:
        database.close()


def _named(session: Session, secret: str, now: datetime) -> dict[str, Any]:
    base = read_base(session)
    if base is None:
        raise SettingsError("The shop's database holds no demo data, so there are no fixtures.")
    named = {told.entry["name"]: told.order_id for told in told_orders(read_tables(base)) if "name" in told.entry}
    return {
        **named,
        "tracking": read_order(session, named["order_shipped"]).tracking_numbers[0],
        "coupon": _coupon_out_of_reach(session, NAMED_CUSTOMERS["normal"], now),
        "customers": {
            tier: _customer(session, customer_id, secret, now) for tier, customer_id in NAMED_CUSTOMERS.items()
        },
        "now": msgspec.to_builtins(now),
    }


def _coupon_out_of_reach(session: Session, customer_id: str, now: datetime) -> str:
    """An unused coupon whose threshold none of the customer's orders reaches."""
    dearest_fen = max(order.goods_fen for order in read_customer_orders(session, customer_id, limit=100))
    coupons = read_coupons(session, customer_id, now).coupons
    return next(c.coupon_id for c in coupons if c.state == "unused" and c.threshold_fen > dearest_fen)


def _customer(session: Session, customer_id: str, secret: str, now: datetime) -> dict[str, Any]:
    phone = session.scalar(select(CustomerRow.phone).where(CustomerRow.customer_id == customer_id))
    return {
        "customer_id": customer_id,
        "phone": phone,
        "identity": demo_identity(customer_id, secret, now),
        "orders": [order.order_id for order in read_customer_orders(session, customer_id, limit=100)],
    }


def main() -> int:
    """Print the object; 1 with one clear sentence when that is impossible."""
    configure_logging()
    try:
        found = collect(Settings.from_environment(os.environ))
    except SettingsError as problem:
        sys.stderr.write(f"fixtures: {problem}\n")
        return 1
    sys.stdout.write(json.dumps(found, ensure_ascii=False, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
