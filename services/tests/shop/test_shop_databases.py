"""The same store on SQLite and on a real PostgreSQL: schema, seeding, races, times."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from shop.context import Shop
from shop.demo.seeding import ensure_demo_data, read_base
from shop.idempotency import Once, create_once
from shop.kernel.clock import SHOP_ZONE, system_clock
from shop.kernel.db import Database
from shop.kernel.errors import ConflictError
from shop.kernel.ids import new_document_id
from shop.migrating import migrate
from shop.orders.cancelling import cancel
from shop.orders.documents import Cancellation, CancelRequest
from shop.orders.store import read_customer_orders, read_order
from shop.points.store import book_lapsed, read_points
from shop.returns.policy import ReturnPolicy
from shop.tables import Base, CancellationRow, IdempotencyRow, OrderRow, RefundRow, VerificationAttemptRow
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError, StatementError

Opener = Callable[[], Database]
NOON = datetime(2026, 11, 22, 4, 30, tzinfo=UTC)


def seeded(open_database: Opener) -> Shop:
    database = open_database()
    migrate(database)
    ensure_demo_data(database, now=NOON, renew=True)
    return Shop(database, lambda: NOON, new_document_id, ReturnPolicy(), "secret")


def count(database: Database, row: type[Base]) -> int:
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(row)) or 0


def test_the_migrations_make_the_schema_the_code_describes(empty_database: Opener) -> None:
    database = empty_database()
    migrate(database)
    with database.exclusive() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_migrating_and_seeding_by_several_processes_happens_once(empty_database: Opener) -> None:
    databases = [empty_database() for _ in range(4)]

    def start(database: Database) -> datetime | None:
        migrate(database)
        return ensure_demo_data(database, now=NOON, renew=True)

    with ThreadPoolExecutor(4) as pool:
        bases = list(pool.map(start, databases))
    assert bases == [NOON.replace(minute=0)] * 4
    assert count(databases[0], OrderRow) == 71


def test_data_of_another_day_is_made_anew_and_of_today_is_kept(empty_database: Opener) -> None:
    shop = seeded(empty_database)
    with shop.database.write() as session:
        order = session.scalars(select(OrderRow).where(OrderRow.status == "unshipped")).first()
        assert order is not None
        session.add(VerificationAttemptRow(order_id=order.order_id, at=NOON, succeeded=False))
        order.status = "cancelled"
        order_id = order.order_id
    late_today = datetime(2026, 11, 22, 23, 59, tzinfo=SHOP_ZONE)
    assert ensure_demo_data(shop.database, now=late_today, renew=True) == NOON.replace(minute=0)
    with shop.database.read() as session:
        assert session.get_one(OrderRow, order_id).status == "cancelled"
    tomorrow = late_today + timedelta(minutes=1)
    assert ensure_demo_data(shop.database, now=tomorrow, renew=False) == NOON.replace(minute=0)
    assert ensure_demo_data(shop.database, now=tomorrow, renew=True) == tomorrow
    with shop.database.read() as session:
        assert session.get(OrderRow, order_id) is None
        assert read_base(session) == tomorrow
    assert count(shop.database, VerificationAttemptRow) == 0
    assert count(shop.database, OrderRow) == 71


def test_a_shop_with_customers_of_its_own_is_never_overwritten(empty_database: Opener) -> None:
    shop = seeded(empty_database)
    with shop.database.write() as session:
        session.connection().exec_driver_sql("DELETE FROM demo_state")
        session.connection().exec_driver_sql("UPDATE customers SET name = 'own'")
    assert ensure_demo_data(shop.database, now=NOON + timedelta(days=3), renew=True) is None
    with shop.database.read() as session:
        names = session.connection().exec_driver_sql("SELECT DISTINCT name FROM customers").scalars().all()
    assert names == ["own"]


def test_times_come_back_aware_in_utc_and_naive_ones_are_refused(empty_database: Opener) -> None:
    shop = seeded(empty_database)
    with shop.database.write() as session:
        order = session.scalars(select(OrderRow)).first()
        assert order is not None
        order.placed_at = datetime(2026, 11, 22, 9, 5, tzinfo=timezone(timedelta(hours=8)))
        order_id = order.order_id
    with shop.database.read() as session:
        placed_at = session.get_one(OrderRow, order_id).placed_at
    assert placed_at == datetime(2026, 11, 22, 1, 5, tzinfo=UTC) and placed_at.utcoffset() == timedelta()
    naive = datetime(2026, 11, 22, 9, 5)  # noqa: DTZ001 - a naive time is what this test is about
    with pytest.raises(StatementError, match="naive time"), shop.database.write() as session:
        session.get_one(OrderRow, order_id).placed_at = naive


def test_a_session_that_fails_changes_nothing(empty_database: Opener) -> None:
    shop = seeded(empty_database)
    with pytest.raises(ZeroDivisionError), shop.database.write() as session:
        for order in session.scalars(select(OrderRow)):
            order.status = "cancelled"
        session.flush()
        raise ZeroDivisionError
    with shop.database.read() as session:
        assert len(set(session.scalars(select(OrderRow.status)))) == 8


def test_foreign_keys_hold(empty_database: Opener) -> None:
    shop = seeded(empty_database)
    with pytest.raises(IntegrityError), shop.database.write() as session:
        session.add(VerificationAttemptRow(order_id="20990101000000", at=NOON, succeeded=False))


def test_one_key_used_by_many_at_once_cancels_once(empty_database: Opener) -> None:
    shop = seeded(empty_database)
    with shop.database.read() as session:
        order_id = session.scalars(select(OrderRow.order_id).where(OrderRow.status == "unshipped")).first()
    assert order_id is not None
    request = CancelRequest(reason="不要了")
    once = Once(
        operation="cancellations",
        key="k",
        mark="m",
        now=NOON,
        document_type=Cancellation,
        create=lambda session: cancel(shop, session, order_id, request),
    )
    cancelled_before = count(shop.database, CancellationRow)
    with ThreadPoolExecutor(8) as pool:
        documents = list(pool.map(lambda _: create_once(shop.database, once), range(16)))
    assert all(document == documents[0] for document in documents)
    assert count(shop.database, CancellationRow) == cancelled_before + 1
    assert count(shop.database, IdempotencyRow) == 1


def test_two_keys_at_once_cancel_once_and_refund_once(empty_database: Opener) -> None:
    shop = seeded(empty_database)
    refunds = count(shop.database, RefundRow)
    with shop.database.read() as session:
        orders = read_customer_orders(session, "C1001", 20)
    order_id = next(order.order_id for order in orders if order.status == "unshipped")

    def attempt(number: int) -> str:
        once = Once(
            operation="cancellations",
            key=f"k{number}",
            mark="m",
            now=NOON,
            document_type=Cancellation,
            create=lambda session: cancel(shop, session, order_id, CancelRequest(reason="不要了")),
        )
        try:
            return create_once(shop.database, once).cancellation_id
        except ConflictError as refusal:
            return refusal.code

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(attempt, range(8)))
    assert outcomes.count("order_already_refunding") == 7
    assert count(shop.database, RefundRow) == refunds + 1
    with shop.database.read() as session:
        assert read_order(session, order_id).status == "refunding"


def test_lapsed_points_leave_the_balance_and_are_booked(empty_database: Opener) -> None:
    shop = seeded(empty_database)
    with shop.database.read() as session:
        before = read_points(session, "C1001", NOON)
    later = before.lots[0].expires_at
    with shop.database.read() as session:
        assert read_points(session, "C1001", later).balance == before.balance - before.lots[0].points
    with shop.database.write() as session:
        assert book_lapsed(session, later) >= 1
    with shop.database.write() as session:
        assert book_lapsed(session, later) == 0
    with shop.database.read() as session:
        after = read_points(session, "C1001", later)
    assert after.balance == sum(entry.delta for entry in after.history)
    assert (after.history[0].at, after.history[0].delta) == (later, -before.lots[0].points)


def test_the_clock_is_aware() -> None:
    assert system_clock().utcoffset() == timedelta() and system_clock().microsecond == 0
