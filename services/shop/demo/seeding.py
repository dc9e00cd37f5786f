"""Fills the database with the demo data of today, once, whoever comes first."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

import structlog
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from shop.demo.data_files import load
from shop.demo.goods import product_rows
from shop.demo.order_rows import Tables, Told, order_rows, told_orders
from shop.demo.people import PointsEvent, coupon_rows, customer_rows, points_rows, told_points
from shop.kernel.clock import shop_day, start_of_hour
from shop.kernel.db import Database
from shop.points.store import order_source
from shop.tables import Base, CustomerRow, DemoStateRow, OrderRow

log = structlog.get_logger()
_FEN_A_POINT = 100


def ensure_demo_data(database: Database, *, now: datetime, renew: bool) -> datetime | None:
    """Seed an empty database; with `renew` also when the data is of another day. The base of what is there now.

    None means that the database holds data that is not the demo's.
    """
    with (
        database.exclusive() as connection,
        Session(connection, join_transaction_mode="create_savepoint") as session,
    ):
        base = read_base(session)
        is_empty = not session.scalar(select(func.count()).select_from(CustomerRow))
        is_stale = renew and base is not None and shop_day(base) != shop_day(now)
        if not is_empty and not is_stale:
            return base
        new_base = start_of_hour(now)
        counts = reseed(session, new_base)
        session.commit()
        log.info("demo data made anew", base=new_base.isoformat(), earlier=base and base.isoformat(), **counts)
        return new_base


def read_base(session: Session) -> datetime | None:
    """The hour the demo data is relative to; None when there is no demo data."""
    return session.scalar(select(DemoStateRow.base))


def reseed(session: Session, base: datetime) -> dict[str, int]:
    """Replace everything in the database by the demo data relative to `base`; how many rows of what."""
    for table in reversed(Base.metadata.sorted_tables):
        session.execute(delete(table))
    by_table: dict[str, list[Base]] = defaultdict(list)
    for row in [*demo_rows(base), DemoStateRow(row_id=1, base=base)]:
        by_table[row.__tablename__].append(row)
    for table in Base.metadata.sorted_tables:  # parents before children, as the foreign keys ask
        session.add_all(by_table[table.name])
        session.flush()
    return {name: _count(session, name) for name in ("customers", "products", "orders")}


def demo_rows(base: datetime) -> list[Base]:
    """All rows of the demo data."""
    tables = read_tables(base)
    told = told_orders(tables)
    rows = [*product_rows(tables.products, base), *customer_rows(tables.people, base)]
    for order in told:
        rows += order_rows(order, tables)
    order_ids = {order.entry["n"]: order.order_id for order in told}
    rows += coupon_rows(tables.people, order_ids, base)
    earned = _earned_by_orders(rows, told, tables)
    spent = _spent_on_orders(told, tables)
    for customer_id in tables.people["customers"]:
        events = told_points(tables.people, customer_id, base) + earned[customer_id] + spent[customer_id]
        rows += points_rows(customer_id, events, base)
    return rows


def read_tables(base: datetime) -> Tables:
    """The fixed tables of the demo data."""
    return Tables(
        products=load("products"),
        people=load("customers"),
        stories=load("stories"),
        orders=load("orders"),
        words=load("words"),
        base=base,
    )


def _earned_by_orders(rows: list[Base], told: list[Told], tables: Tables) -> dict[str, list[PointsEvent]]:
    """One point for each yuan of a completed order, but for those whose credit is told to be missing."""
    missing = {order.order_id for order in told if order.entry.get("uncredited")}
    earned: dict[str, list[PointsEvent]] = defaultdict(list)
    for row in rows:
        if isinstance(row, OrderRow) and row.completed_at is not None and row.order_id not in missing:
            text = tables.words["points"]["order"].format(order_id=row.order_id)
            points = row.amount_fen // _FEN_A_POINT
            earned[row.customer_id].append(PointsEvent(row.completed_at, points, text, order_source(row.order_id)))
    return earned


def _spent_on_orders(told: list[Told], tables: Tables) -> dict[str, list[PointsEvent]]:
    """Points that paid a part of an order, spent when it was placed."""
    spent: dict[str, list[PointsEvent]] = defaultdict(list)
    for order in told:
        if order.points_spent:
            text = tables.words["points"]["spent"].format(order_id=order.order_id)
            event = PointsEvent(order.must(order.story["placed"]), -order.points_spent, text, text)
            spent[order.entry["who"]].append(event)
    return spent


def _count(session: Session, table: str) -> int:
    return session.scalar(select(func.count()).select_from(Base.metadata.tables[table])) or 0
