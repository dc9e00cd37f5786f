"""The demo data holds together: sums, times, states, ids, at whatever hour it is made."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import pytest
from shop.demo.seeding import demo_rows
from shop.kernel.clock import SHOP_ZONE, shop_day
from shop.tables import (
    Base,
    CouponRow,
    CustomerRow,
    InvoiceRow,
    OrderLineRow,
    OrderRow,
    PaymentRow,
    PointsHistoryRow,
    PointsLotRow,
    PointsSpendingRow,
    ProductRow,
    RefundRow,
    ReturnRow,
    ShipmentRow,
    SkuRow,
    TrackingEventRow,
)

Row = TypeVar("Row", bound=Base)
BASES = [datetime(2026, 11, 22, hour, tzinfo=UTC) for hour in range(24)] + [
    datetime(2028, 2, 29, 3, tzinfo=UTC),
    datetime(2027, 1, 1, 16, tzinfo=UTC),
]
WAYBILLS = {
    "SF": r"SF\d{13}",
    "YTO": r"YT\d{13}",
    "JT": r"JT\d{13}",
    "JD": r"JD[0-9A-Z]{13}",
    "ZTO": r"78\d{12}",
}


class Demo:
    """All rows of one seeding, by table."""

    def __init__(self, base: datetime) -> None:
        self.base = base
        self.rows = demo_rows(base)

    def of(self, kind: type[Row]) -> list[Row]:
        return [row for row in self.rows if isinstance(row, kind)]

    def orders(self) -> dict[str, OrderRow]:
        return {order.order_id: order for order in self.of(OrderRow)}

    def payments(self) -> dict[str, PaymentRow]:
        return {payment.order_id: payment for payment in self.of(PaymentRow)}


@pytest.fixture(scope="module", params=BASES, ids=lambda base: f"{base:%Y-%m-%dT%H}")
def demo(request: pytest.FixtureRequest) -> Demo:
    return Demo(request.param)


def test_it_is_as_large_as_promised(demo: Demo) -> None:
    assert len(demo.of(CustomerRow)) == 30
    assert len(demo.of(ProductRow)) == 20
    assert len(demo.of(OrderRow)) >= 70


def test_it_is_the_same_every_time(demo: Demo) -> None:
    def picture(rows: list[Base]) -> list[str]:
        return [f"{type(r).__name__}{ {k: v for k, v in vars(r).items() if k != '_sa_instance_state'} }" for r in rows]

    assert picture(demo.rows) == picture(demo_rows(demo.base))


def test_order_ids_are_the_day_of_placing_and_six_digits(demo: Demo) -> None:
    orders = demo.of(OrderRow)
    for order in orders:
        assert re.fullmatch(rf"{shop_day(order.placed_at):%Y%m%d}\d{{6}}", order.order_id)
        assert order.order_id.startswith("20")
    assert len({order.order_id[-6:] for order in orders}) == len(orders)


def test_phones_are_mainland_mobiles_and_customers_differ(demo: Demo) -> None:
    customers = demo.of(CustomerRow)
    phones = [customer.phone for customer in customers] + [order.recipient_phone for order in demo.of(OrderRow)]
    phones += [shipment.courier_phone for shipment in demo.of(ShipmentRow) if shipment.courier_phone]
    assert all(re.fullmatch(r"1[3-9]\d{9}", phone) for phone in phones)
    assert len({customer.phone for customer in customers}) == len({customer.name for customer in customers}) == 30
    assert {customer.profile for customer in customers} == {"young", "business", "elderly", None}
    assert {customer.tier for customer in customers} == {"normal", "silver", "gold", "vip"}


def test_amounts_add_up(demo: Demo) -> None:
    goods: dict[str, int] = defaultdict(int)
    prices = {product.product_id: product.price_fen for product in demo.of(ProductRow)}
    for line in demo.of(OrderLineRow):
        assert line.unit_price_fen >= prices[line.product_id]
        goods[line.order_id] += line.unit_price_fen * line.quantity
    for order_id, order in demo.orders().items():
        payment = demo.payments()[order_id]
        assert order.goods_fen == goods[order_id]
        assert order.amount_fen == order.goods_fen - order.discount_fen + order.freight_fen > 0
        assert payment.paid_fen == (order.amount_fen if payment.paid_at else 0)


def test_refunds_never_exceed_what_was_paid_and_fit_the_order(demo: Demo) -> None:
    refunded: Counter[str] = Counter()
    for refund in demo.of(RefundRow):
        status = demo.orders()[refund.order_id].status
        if refund.state != "rejected":
            refunded[refund.order_id] += refund.amount_fen
            assert status == ("refunded" if refund.state == "completed" else "refunding")
        assert (refund.reject_reason is not None) == (refund.state == "rejected")
        assert (refund.paid_at is not None) == (refund.state == "completed")
        assert (refund.approved_at is not None) == (refund.state in ("approved", "paying", "completed"))
    for order_id, amount_fen in refunded.items():
        assert amount_fen <= demo.payments()[order_id].paid_fen
    in_refund = {order.order_id for order in demo.of(OrderRow) if order.status in ("refunding", "refunded")}
    assert in_refund == set(refunded)
    states = {demo.payments()[o].state for o in in_refund if demo.orders()[o].status == "refunded"}
    assert states == {"refunded"}


def test_points_history_adds_up_to_the_unspent_lots(demo: Demo) -> None:
    for customer in demo.of(CustomerRow):
        lots = [lot for lot in demo.of(PointsLotRow) if lot.customer_id == customer.customer_id]
        history = [entry for entry in demo.of(PointsHistoryRow) if entry.customer_id == customer.customer_id]
        assert sum(entry.delta for entry in history) == sum(lot.remaining for lot in lots)
        running = 0
        for entry in sorted(history, key=lambda entry: (entry.at, -entry.delta)):
            running += entry.delta
            assert running >= 0 and entry.at <= demo.base
        for lot in lots:
            assert 0 <= lot.remaining <= lot.earned
            assert lot.remaining == 0 or lot.expires_at > demo.base


@pytest.mark.parametrize("customer_id", ["C1001", "C1002", "C1003", "C1004"])
def test_named_customers_have_points_about_to_expire_and_both_kinds_of_orders(demo: Demo, customer_id: str) -> None:
    lots = [lot for lot in demo.of(PointsLotRow) if lot.customer_id == customer_id and lot.remaining]
    assert any(lot.expires_at <= demo.base + timedelta(days=30) for lot in lots)
    assert any(lot.expires_at > demo.base + timedelta(days=30) for lot in lots)
    statuses = {order.status for order in demo.of(OrderRow) if order.customer_id == customer_id}
    assert {"shipped", "delivered"} <= statuses


def test_coupons_were_used_by_their_owner_in_time_and_above_the_threshold(demo: Demo) -> None:
    discounts: Counter[str] = Counter()
    categories: dict[str, set[str]] = defaultdict(set)
    for line in demo.of(OrderLineRow):
        categories[line.order_id].add(f"category:{line.category}")
    for coupon in demo.of(CouponRow):
        assert coupon.discount_fen < coupon.threshold_fen
        if coupon.used_order_id is None:
            continue
        order = demo.orders()[coupon.used_order_id]
        assert order.customer_id == coupon.customer_id
        assert coupon.threshold_fen <= order.goods_fen
        assert coupon.valid_from <= order.placed_at <= coupon.expires_at
        assert coupon.scope == "all" or coupon.scope in categories[order.order_id]
        discounts[order.order_id] += coupon.discount_fen
    discounts.update({spending.order_id: spending.worth_fen for spending in demo.of(PointsSpendingRow)})
    assert discounts == {order.order_id: order.discount_fen for order in demo.of(OrderRow) if order.discount_fen}


def test_what_happens_to_an_order_happens_in_order_and_in_the_past(demo: Demo) -> None:
    for order in demo.of(OrderRow):
        payment = demo.payments()[order.order_id]
        cash = payment.method == "cod"
        happened = [order.placed_at, None if cash else payment.paid_at, order.shipped_at, order.delivered_at]
        happened += [payment.paid_at if cash else None, order.completed_at]
        moments = [at for at in happened if at]
        assert moments == sorted(moments), order.order_id
        assert moments[-1] <= demo.base, order.order_id


def test_returns_refunds_and_invoices_come_after_what_they_are_about(demo: Demo) -> None:
    orders = demo.orders()
    for returned in demo.of(ReturnRow):
        delivered_at = orders[returned.order_id].delivered_at
        assert delivered_at is not None and delivered_at <= returned.requested_at <= returned.updated_at <= demo.base
    returns = {returned.return_id: returned for returned in demo.of(ReturnRow)}
    for refund in demo.of(RefundRow):
        steps = [at for at in (refund.requested_at, refund.approved_at, refund.paid_at) if at]
        assert orders[refund.order_id].placed_at <= steps[0] and steps == sorted(steps) and steps[-1] <= demo.base
        if refund.return_id:
            assert returns[refund.return_id].order_id == refund.order_id
    for invoice in demo.of(InvoiceRow):
        assert orders[invoice.order_id].placed_at <= invoice.requested_at <= (invoice.issued_at or demo.base)
        assert (invoice.issued_at is not None) == (invoice.state == "issued")
        assert invoice.issued_at is None or invoice.issued_at <= demo.base


def test_the_state_of_an_order_fits_its_times(demo: Demo) -> None:
    for order in demo.of(OrderRow):
        if order.status in ("pending_payment", "cancelled", "unshipped"):
            assert order.shipped_at is None and order.delivered_at is None
        if order.status == "shipped":
            assert order.shipped_at and order.deliver_by and order.delivered_at is None
        if order.status in ("delivered", "completed"):
            assert order.delivered_at
        assert (order.completed_at is not None) == (order.status == "completed")
        assert (order.hold_code is None) == (order.hold_since is None) == (order.hold_expected_ship_at is None)
        if order.hold_code:
            assert order.status == "unshipped" and order.hold_expected_ship_at > demo.base >= order.hold_since


def test_tracks_are_in_order_in_the_past_and_agree_with_the_parcel(demo: Demo) -> None:
    tracks: dict[str, list[TrackingEventRow]] = defaultdict(list)
    for event in demo.of(TrackingEventRow):
        tracks[event.tracking_number].append(event)
    orders = demo.orders()
    for shipment in demo.of(ShipmentRow):
        track = sorted(tracks[shipment.tracking_number], key=lambda event: event.position)
        moments = [event.at for event in track]
        assert moments == sorted(moments) and moments[-1] <= demo.base
        assert moments[0] == shipment.shipped_at and track[0].code == "PICKED_UP"
        last = track[-1].code
        assert (shipment.status == "delivered") == (last == "DELIVERED")
        assert (shipment.status == "exception") == last.startswith("EXCEPTION")
        assert (shipment.status == "out_for_delivery") == (last == "OUT_FOR_DELIVERY")
        assert shipment.eta is None or shipment.eta > demo.base
        order = orders[shipment.order_id]
        assert order.shipped_at is not None and order.shipped_at <= shipment.shipped_at
        if order.delivered_at:
            assert last == "DELIVERED" and order.delivered_at == moments[-1]
        assert all("{" not in event.text and "None" not in event.text for event in track)


def test_waybills_have_the_form_of_their_carrier(demo: Demo) -> None:
    shipments = demo.of(ShipmentRow)
    assert {shipment.carrier_code for shipment in shipments} == set(WAYBILLS)
    for shipment in shipments:
        assert re.fullmatch(WAYBILLS[shipment.carrier_code], shipment.tracking_number)
    assert len({shipment.tracking_number for shipment in shipments}) == len(shipments)


def test_every_situation_occurs(demo: Demo) -> None:
    orders = demo.of(OrderRow)
    assert {order.status for order in orders} == {
        "pending_payment",
        "unshipped",
        "shipped",
        "delivered",
        "completed",
        "cancelled",
        "refunding",
        "refunded",
    }
    overdue = {order.hold_code for order in orders if order.status == "unshipped" and order.ship_by < demo.base}
    assert overdue == {"warehouse_backlog", "presale", "address_check", "stock_transfer", "payment_review"}
    assert any(order.status == "unshipped" and order.ship_by > demo.base and not order.hold_code for order in orders)
    under_way = {order.order_id for order in orders if order.status == "shipped"}
    late = {s.tracking_number for s in demo.of(ShipmentRow) if s.order_id in under_way and s.deliver_by < demo.base}
    anomalies = {e.code for e in demo.of(TrackingEventRow) if e.tracking_number in late and "EXC" in e.code}
    assert anomalies == {
        f"EXCEPTION_{name}" for name in ("WEATHER", "BACKLOG", "ADDRESS", "CUSTOMS", "REFUSED", "LOST", "OTHER")
    }
    assert {refund.state for refund in demo.of(RefundRow)} == {
        "requested",
        "reviewing",
        "approved",
        "paying",
        "completed",
        "rejected",
    }
    exchanges = {returned.state for returned in demo.of(ReturnRow) if returned.kind == "exchange"}
    assert {"requested", "picking_up", "in_transit", "inspecting", "completed"} <= exchanges
    assert {shipment.status for shipment in demo.of(ShipmentRow)} >= {
        "picked_up",
        "in_transit",
        "out_for_delivery",
        "delivered",
        "exception",
    }
    stuck = [s for s in demo.of(ShipmentRow) if s.status == "in_transit" and s.deliver_by < demo.base]
    assert len(stuck) >= 2
    ages = [(shop_day(demo.base) - shop_day(o.delivered_at)).days for o in orders if o.delivered_at]
    assert any(age <= 7 for age in ages) and any(7 < age <= 15 for age in ages) and any(age > 30 for age in ages)
    assert any(order.amount_fen > 1_000_000 and order.status == "delivered" for order in orders)
    assert max(Counter(shipment.order_id for shipment in demo.of(ShipmentRow)).values()) == 2


def test_sold_out_versions_say_when_they_return_and_fresh_goods_are_marked(demo: Demo) -> None:
    for sku in demo.of(SkuRow):
        assert sku.stock >= 0 and (sku.restock_at is None) == (sku.stock > 0)
    classes = {product.title: product.return_class for product in demo.of(ProductRow)}
    assert classes["车厘子礼盒"] == "quality_only"
    assert Counter(classes.values())["quality_only"] == 1


def test_parcels_are_brought_by_day(demo: Demo) -> None:
    for event in demo.of(TrackingEventRow):
        if event.code == "DELIVERED":
            assert 8 <= event.at.astimezone(SHOP_ZONE).hour <= 20
