"""The same store on SQLite and on a real PostgreSQL: schema, seeding, races, times."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from shop.context import Shop
from shop.coupon_reissues.documents import CouponReissueRequest
from shop.coupon_reissues.store import request_coupon_reissue
from shop.demo.order_rows import told_orders
from shop.demo.seeding import ensure_demo_data, read_base, read_tables
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
from shop.points_claims.documents import PointsClaimRequest
from shop.points_claims.store import file_points_claim
from shop.price_protections.store import protect_price
from shop.returns.policy import ReturnPolicy
from shop.tables import (
    Base,
    CancellationRow,
    CouponRow,
    IdempotencyRow,
    OrderRow,
    PointsLotRow,
    RefundRow,
    TicketRow,
    VerificationAttemptRow,
)
from shop.tickets.documents import TicketRequest
from shop.tickets.store import open_ticket, read_customer_tickets
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError, StatementError
from sqlalchemy.orm import Session

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
    assert count(databases[0], OrderRow) == len(read_tables(NOON).orders)


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
    assert count(shop.database, OrderRow) == len(read_tables(NOON).orders)


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


def member_requests(shop: Shop) -> dict[str, Callable[[Session], object]]:
    """What a member may get once, however many ask at the same time, by the code of the others' refusal."""
    orders = {told.entry.get("name"): told for told in told_orders(read_tables(NOON))}
    lost, late, dropped = (orders[f"order_{name}"] for name in ("coupon_lost", "points_missing", "price_dropped"))
    reissue = CouponReissueRequest(coupon_id="CP702801", reason="not_returned")
    claim = PointsClaimRequest(order_id=late.order_id, reason="not_credited")
    return {
        "coupon_already_reissued": lambda s: request_coupon_reissue(shop, s, lost.entry["who"], reissue),
        "points_already_credited": lambda s: file_points_claim(shop, s, late.entry["who"], claim),
        "price_already_protected": lambda s: protect_price(shop, s, dropped.order_id),
    }


def test_what_a_member_is_owed_is_given_once_to_many_at_once(empty_database: Opener) -> None:
    shop = seeded(empty_database)

    def attempt(create: Callable[[Session], object]) -> str:
        try:
            with shop.database.write() as session:
                create(session)
        except ConflictError as refusal:
            return refusal.code
        return "given"

    tables = (CouponRow, PointsLotRow, RefundRow)
    for (refused, create), table in zip(member_requests(shop).items(), tables, strict=True):
        before = count(shop.database, table)
        with ThreadPoolExecutor(8) as pool:
            outcomes = sorted(pool.map(attempt, [create] * 8))
        assert outcomes == sorted(["given", *[refused] * 7])
        assert count(shop.database, table) == before + 1


def test_a_ticket_is_kept_as_it_came(empty_database: Opener) -> None:
    shop = seeded(empty_database)
    request = TicketRequest(topic="app", sentence="闪退", customer_id="C1001", facts={"系统": "安卓"}, steps=["重启"])
    with shop.database.write() as session:
        ticket = open_ticket(shop, session, request)
    with shop.database.read() as session:
        row = session.get_one(TicketRow, ticket.ticket_id)
        assert (row.facts, row.steps, row.sentence) == ({"系统": "安卓"}, ["重启"], "闪退")
        assert read_customer_tickets(session, "C1001") == [ticket]


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
