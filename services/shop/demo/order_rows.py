"""Rows of the demo orders: what orders.yml says, told by the stories of stories.yml."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from shop.demo.goods import sku_id
from shop.demo.moments import moment
from shop.demo.parcels import Journey, parcel_rows
from shop.kernel.clock import shop_day
from shop.refunds.store import destination_text
from shop.tables import (
    Base,
    CancellationRow,
    InvoiceRow,
    OrderLineRow,
    OrderRow,
    PaymentRow,
    PointsSpendingRow,
    RefundRow,
    ReturnRow,
)

PAYING_TAKES = timedelta(minutes=4)
SHIP_WITHIN = timedelta(hours=48)
FREE_FREIGHT_FROM_FEN = 9_900
FREIGHT_FEN = 800
FEN_A_POINT = 1  # what a spent point is worth
_NEVER_PAID = ("pending_payment", "cancelled")


@dataclass(frozen=True, slots=True)
class Tables:
    """The fixed tables the demo data is made of, and the hour it is relative to."""

    products: Mapping[str, Any]
    people: Mapping[str, Any]
    stories: Mapping[str, Any]
    orders: list[dict[str, Any]]
    words: Mapping[str, Any]
    base: datetime


@dataclass(frozen=True, slots=True)
class Told:
    """One order with its story; `at` turns a moment of the story into a time."""

    entry: Mapping[str, Any]
    story: Mapping[str, Any]
    base: datetime

    @property
    def shift_days(self) -> int:
        """How far the story is moved."""
        days: int = self.entry.get("days", 0)
        return days

    def at(self, text: str | None) -> datetime | None:
        """The time of a moment; None stays None."""
        return moment(text, self.base, self.shift_days) if text else None

    def must(self, text: str) -> datetime:
        """The time of a moment that every story has."""
        return moment(text, self.base, self.shift_days)

    @property
    def points_spent(self) -> int:
        """The points that paid a part of the order."""
        spent: int = self.entry.get("points", 0)
        return spent

    @property
    def order_id(self) -> str:
        """The day of placing and the entry's six digits."""
        return f"{shop_day(self.must(self.story['placed'])):%Y%m%d}{self.entry['n']}"

    @property
    def paid_at(self) -> datetime | None:
        """Four minutes after placing; on delivery for cash; None when it was never paid."""
        if self.story["status"] in _NEVER_PAID:
            return None
        if self.entry.get("pay") == "cod":
            return self.at(self.story.get("delivered"))
        return self.must(self.story["placed"]) + PAYING_TAKES

    def document_id(self, prefix: str, at: datetime) -> str:
        """An id in the form of the shop's own, the same on every seeding of a day."""
        return f"{prefix}{shop_day(at):%Y%m%d}{self.entry['n']}"


def told_orders(tables: Tables) -> list[Told]:
    """All orders with their stories."""
    return [Told(entry, tables.stories[entry["story"]], tables.base) for entry in tables.orders]


def order_rows(told: Told, tables: Tables) -> Iterator[Base]:
    """The order and everything that hangs on it, in an order that foreign keys accept."""
    lines = list(_lines(told, tables.products))
    order = _order(told, tables, sum(line.unit_price_fen * line.quantity for line in lines))
    payment = _payment(told, order)
    yield order
    yield from lines
    yield payment
    if told.points_spent:
        worth_fen = told.points_spent * FEN_A_POINT
        yield PointsSpendingRow(
            order_id=order.order_id, points=told.points_spent, worth_fen=worth_fen, returned_at=None
        )
    yield from parcel_rows(_journey(told, order), told.story, tables.words)
    returned = _return(told, [line.line_id for line in lines])
    if returned is not None:
        yield returned
    refunds = list(_refund(told, payment, returned))
    yield from refunds
    yield from _invoice(told, payment)
    yield from _cancellation(told, order, refunds)


def _lines(told: Told, products: Mapping[str, Any]) -> Iterator[OrderLineRow]:
    for position, (product_id, index, quantity, *price_then) in enumerate(told.entry["lines"], start=1):
        product = products[product_id]
        yield OrderLineRow(
            line_id=f"{told.order_id}-{position}",
            order_id=told.order_id,
            position=position,
            product_id=product_id,
            sku=sku_id(product_id, index),
            title=product["title"],
            sku_text=product["skus"][index][0],
            category=product["category"],
            quantity=quantity,
            unit_price_fen=price_then[0] if price_then else product["price"],
            return_class=product["return_class"],
        )


def _order(told: Told, tables: Tables, goods_fen: int) -> OrderRow:
    story, placed_at = told.story, told.must(told.story["placed"])
    discount_fen = sum(coupon[4] for coupon in tables.people["coupons"] if coupon[8] == told.entry["n"])
    discount_fen += told.points_spent * FEN_A_POINT
    freight_fen = 0 if goods_fen - discount_fen >= FREE_FREIGHT_FROM_FEN else FREIGHT_FEN
    customer = tables.people["customers"][told.entry["who"]]
    recipient = told.entry.get("to", customer)
    province, city, district, detail = recipient["address"]
    ship_from = told.paid_at if told.entry.get("pay") != "cod" else placed_at
    hold = story.get("hold")
    return OrderRow(
        order_id=told.order_id,
        customer_id=told.entry["who"],
        status=story["status"],
        placed_at=placed_at,
        ship_by=told.at(story.get("ship_by")) or (ship_from + SHIP_WITHIN if ship_from else None),
        shipped_at=told.at(story.get("shipped")),
        deliver_by=told.at(story.get("deliver_by")),
        delivered_at=told.at(story.get("delivered")),
        completed_at=told.at(story.get("completed")),
        hold_code=hold["code"] if hold else None,
        hold_since=told.at(hold["since"]) if hold else None,
        hold_expected_ship_at=told.at(hold["expected"]) if hold else None,
        hold_detail=tables.words["hold"][hold["code"]] if hold else None,
        amount_fen=goods_fen - discount_fen + freight_fen,
        goods_fen=goods_fen,
        freight_fen=freight_fen,
        discount_fen=discount_fen,
        recipient_name=recipient["name"],
        recipient_phone=recipient["phone"],
        province=province,
        city=city,
        district=district,
        address_detail=detail,
    )


def _payment(told: Told, order: OrderRow) -> PaymentRow:
    paid_at = told.paid_at
    state = "refunded" if order.status == "refunded" else "paid" if paid_at else "unpaid"
    return PaymentRow(
        order_id=order.order_id,
        method=told.entry.get("pay", "wechat"),
        paid_fen=order.amount_fen if paid_at else 0,
        state=state,
        paid_at=paid_at,
    )


def _journey(told: Told, order: OrderRow) -> Journey:
    return Journey(
        order_id=order.order_id,
        number=told.entry["n"],
        carrier_code=told.entry.get("carrier", "SF"),
        address=[order.province, order.city, order.district, order.address_detail],
        deliver_by=order.deliver_by or told.base,
        shift_days=told.shift_days,
        base=told.base,
    )


def _return(told: Told, line_ids: list[str]) -> ReturnRow | None:
    story = told.story.get("return")
    if story is None:
        return None
    requested_at = told.must(story["requested"])
    return ReturnRow(
        return_id=told.document_id("T", requested_at),
        order_id=told.order_id,
        kind=story["kind"],
        state=story["state"],
        reason=story["reason"],
        quality_issue=story.get("quality", False),
        requested_at=requested_at,
        pickup_at=told.at(story.get("pickup")),
        updated_at=told.must(story["updated"]),
        line_ids=line_ids,
    )


def _refund(told: Told, payment: PaymentRow, returned: ReturnRow | None) -> Iterator[RefundRow]:
    story = told.story.get("refund")
    if story is None:
        return
    requested_at = told.must(story["requested"])
    yield RefundRow(
        refund_id=told.document_id("R", requested_at),
        order_id=told.order_id,
        return_id=returned.return_id if returned else None,
        amount_fen=payment.paid_fen,
        state=story["state"],
        reason=story["reason"],
        requested_at=requested_at,
        approved_at=told.at(story.get("approved")),
        paid_at=told.at(story.get("paid")),
        expected_by=told.must(story["expected"]),
        destination_text=destination_text(payment.method),
        reject_reason=story.get("reject_reason"),
    )


def _invoice(told: Told, payment: PaymentRow) -> Iterator[InvoiceRow]:
    entry = told.entry.get("invoice")
    if entry is None:
        return
    requested_at = told.must(told.story["placed"]) + timedelta(hours=1)
    issued_at = told.must(told.story["delivered"]) + timedelta(days=1) if entry["state"] == "issued" else None
    yield InvoiceRow(
        invoice_id=told.document_id("I", requested_at),
        order_id=told.order_id,
        state=entry["state"],
        title=entry["title"],
        kind=entry["kind"],
        tax_number=entry.get("tax_number"),
        amount_fen=payment.paid_fen,
        requested_at=requested_at,
        issued_at=issued_at,
    )


def _cancellation(told: Told, order: OrderRow, refunds: Sequence[RefundRow]) -> Iterator[CancellationRow]:
    reason = told.story.get("cancelled_reason")
    if reason is None:
        return
    refund = refunds[0] if refunds else None
    requested_at = refund.requested_at if refund else order.placed_at + timedelta(minutes=20)
    yield CancellationRow(
        cancellation_id=told.document_id("X", requested_at),
        order_id=order.order_id,
        reason=reason,
        requested_at=requested_at,
        refund_id=refund.refund_id if refund else None,
        before=None,
    )
