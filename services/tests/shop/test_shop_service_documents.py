"""Undos, modifications and claims on SQLite and PostgreSQL: coupons, stock, money, races, and their plain rules."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from shop.claims.documents import Claim, ClaimRequest
from shop.claims.policy import ClaimPolicy
from shop.claims.rules import is_fast_lane, refund_fen
from shop.claims.store import claim
from shop.context import Shop
from shop.demo.seeding import ensure_demo_data
from shop.idempotency import Once, create_once
from shop.kernel.db import Database
from shop.kernel.errors import ConflictError
from shop.kernel.ids import new_document_id
from shop.migrating import migrate
from shop.modifications.documents import LineWish, ModificationRequest
from shop.modifications.store import modify
from shop.orders.cancelling import cancel
from shop.orders.documents import CancelRequest, OrderLine
from shop.orders.store import read_lines
from shop.returns.policy import ReturnPolicy
from shop.tables import ClaimRow, CouponRow, CustomerRow, OrderRow, RefundRow, SkuRow
from shop.undos.rules import Undoable, newest_undoable, status_before_cancellation
from shop.undos.store import undo
from sqlalchemy import func, select

Opener = Callable[[], Database]
NOON = datetime(2026, 11, 22, 4, 30, tzinfo=UTC)


@pytest.fixture
def shop(empty_database: Opener) -> Shop:
    database = empty_database()
    migrate(database)
    ensure_demo_data(database, now=NOON, renew=True)
    return Shop(database, lambda: NOON, new_document_id, ReturnPolicy(), "secret")


def order_ending(shop: Shop, ending: str) -> str:
    with shop.database.read() as session:
        return session.scalars(select(OrderRow.order_id).where(OrderRow.order_id.endswith(ending))).one()


def test_an_undo_takes_the_coupon_again_unless_another_order_has_it(shop: Shop) -> None:
    order_id, other_id = order_ending(shop, "512086"), order_ending(shop, "530047")
    with shop.database.write() as session:
        session.get_one(CouponRow, "CP700101").used_order_id = order_id
    with shop.database.write() as session:
        cancel(shop, session, order_id, CancelRequest(reason="不要了"))
    with shop.database.write() as session:
        coupon = session.get_one(CouponRow, "CP700101")
        assert coupon.used_order_id is None
        coupon.used_order_id = other_id
    with pytest.raises(ConflictError, match="coupon") as refusal, shop.database.write() as session:
        undo(shop, session, order_id)
    assert (refusal.value.code, refusal.value.details) == ("coupon_gone", {"coupon_id": "CP700101"})
    with shop.database.write() as session:
        assert session.get_one(OrderRow, order_id).status == "refunding"
        session.get_one(CouponRow, "CP700101").used_order_id = None
    with shop.database.write() as session:
        assert undo(shop, session, order_id).order_status == "unshipped"
    with shop.database.read() as session:
        assert session.get_one(CouponRow, "CP700101").used_order_id == order_id
        order = session.get_one(OrderRow, order_id)
        assert (order.hold_code, order.hold_since is not None) == ("warehouse_backlog", True)


def test_a_refund_for_a_line_bears_its_share_of_the_discount(shop: Shop) -> None:
    order_id = order_ending(shop, "431285")
    with shop.database.write() as session:
        order = session.get_one(OrderRow, order_id)
        order.discount_fen = 900
        customer = session.get_one(CustomerRow, order.customer_id)
        assert customer.risk_tags == []
    request = ClaimRequest(kind="damaged", description="裂了", remedy="refund")
    with shop.database.write() as session:
        assert claim(shop, session, order_id, request).amount_fen == 8000


def test_two_keys_at_once_claim_once_and_refund_once(shop: Shop) -> None:
    order_id = order_ending(shop, "431285")
    request = ClaimRequest(kind="damaged", description="裂了", remedy="refund")

    def attempt(number: int) -> str:
        once = Once(
            operation="claims",
            key=f"k{number}",
            mark="m",
            now=NOON,
            document_type=Claim,
            create=lambda session: claim(shop, session, order_id, request),
        )
        try:
            return create_once(shop.database, once).claim_id
        except ConflictError as refusal:
            return refusal.code

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(attempt, range(8)))
    assert outcomes.count("claim_already_open") == 7
    with shop.database.read() as session:
        for row in (ClaimRow, RefundRow):
            assert session.scalar(select(func.count()).select_from(row).where(row.order_id == order_id)) == 1


def test_the_last_piece_goes_to_one_of_two_orders(shop: Shop) -> None:
    orders = [order_ending(shop, ending) for ending in ("512086", "532775")]
    with shop.database.write() as session:
        session.get_one(SkuRow, "P110-3").stock = 2
        lines = read_lines(session, orders)

    def attempt(order_id: str) -> str:
        line = next(line for line in lines[order_id] if line.product_id == "P110")
        with shop.database.write() as session:
            try:
                return modify(shop, session, order_id, ModificationRequest(line=LineWish(line.line_id, "P110-3"))).kind
            except ConflictError as refusal:
                return refusal.code

    with ThreadPoolExecutor(2) as pool:
        outcomes = sorted(pool.map(attempt, orders))
    assert outcomes == ["applied", "sku_out_of_stock"]
    with shop.database.read() as session:
        assert session.get_one(SkuRow, "P110-3").stock in (0, 1)


def line(price_fen: int, quantity: int = 1) -> OrderLine:
    return OrderLine("L1", "P1", "保温杯", "墨绿", "家居", quantity, price_fen, "no_reason")


@pytest.mark.parametrize(
    ("lines", "hours", "tags", "expected"),
    [
        ([line(10_000)], 48, [], True),
        ([line(5_000, 2)], 0, [], True),
        ([line(10_001)], 1, [], False),
        ([line(5_000), line(5_001)], 1, [], False),
        ([line(100)], 48.01, [], False),
        ([line(100)], 1, ["frequent_returns"], False),
    ],
)
def test_the_fast_lane_is_for_small_fresh_claims(
    lines: list[OrderLine], hours: float, tags: list[str], expected: bool
) -> None:
    def fast(kind: str, remedy: str) -> bool:
        return is_fast_lane(
            kind,  # type: ignore[arg-type]
            remedy,  # type: ignore[arg-type]
            lines,
            delivered_at=NOON - timedelta(hours=hours),
            risk_tags=tags,
            policy=ClaimPolicy(),
            now=NOON,
        )

    assert fast("damaged", "refund") is fast("wrong", "exchange") is fast("missing", "reship") is expected
    assert not fast("quality", "refund") and not fast("damaged", "part_refund")


def test_no_more_is_refunded_than_is_left() -> None:
    assert refund_fen([line(5_000)], goods_fen=15_000, discount_fen=3_000, refundable_fen=12_800) == 4_000
    assert refund_fen([line(5_000)], goods_fen=5_000, discount_fen=0, refundable_fen=300) == 300


def test_the_newest_that_can_be_taken_back_is() -> None:
    def one(document_id: str, hours: int, refusal: str | None = None) -> Undoable:
        return Undoable("return", document_id, NOON - timedelta(hours=hours), refusal)

    found = [one("T1", 9), one("T2", 5), one("T3", 1, "goods_already_inspected")]
    assert newest_undoable(found).document_id == "T2"
    with pytest.raises(ConflictError) as refusal:
        newest_undoable([one("T4", 8, "refund_already_paid"), found[2]])
    assert (refusal.value.code, refusal.value.details) == ("goods_already_inspected", {"document_id": "T3"})


def test_what_an_order_was_before_is_remembered_or_follows_from_the_payment() -> None:
    assert status_before_cancellation("unshipped", paid_fen=0, method="wechat") == "unshipped"
    assert status_before_cancellation(None, paid_fen=0, method="cod") == "unshipped"
    assert status_before_cancellation(None, paid_fen=100, method="card") == "unshipped"
    assert status_before_cancellation(None, paid_fen=0, method="alipay") == "pending_payment"
