"""What the API says about orders."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from shop.products.documents import ReturnClass
from shop.refunds.documents import Refund

OrderStatus = Literal[
    "pending_payment", "unshipped", "shipped", "delivered", "completed", "cancelled", "refunding", "refunded"
]
HoldCode = Literal["warehouse_backlog", "presale", "address_check", "stock_transfer", "payment_review"]


class Hold(msgspec.Struct):
    """What delays the dispatch."""

    code: HoldCode
    since: datetime
    expected_ship_at: datetime
    detail: str


class OrderLine(msgspec.Struct):
    """One position of an order, as it was when the order was placed."""

    line_id: str
    product_id: str
    title: str
    sku_text: str
    category: str
    quantity: int
    unit_price_fen: int
    return_class: ReturnClass


class Recipient(msgspec.Struct):
    """Who receives the order, and where."""

    name: str
    phone: str
    province: str
    city: str
    district: str
    detail: str


class Payment(msgspec.Struct):
    """How the order is paid; `cod` is paid on delivery."""

    method: Literal["wechat", "alipay", "card", "cod"]
    paid_fen: int
    state: Literal["unpaid", "paid", "refunded", "part_refunded"]


class InvoiceState(msgspec.Struct):
    """The invoice of an order in short; `tax_number` is null on a person's invoice."""

    state: Literal["none", "requested", "issued"]
    title: str | None
    kind: Literal["personal", "company", "special_vat"] | None
    issued_at: datetime | None
    requested_at: datetime | None = None
    tax_number: str | None = None


class Order(msgspec.Struct):
    """An order; times are null until they happen, `hold` is null when nothing delays the dispatch.

    `note` is what the customer asks of warehouse and courier, null when there is nothing.
    """

    order_id: str
    customer_id: str
    status: OrderStatus
    placed_at: datetime
    paid_at: datetime | None
    ship_by: datetime | None
    shipped_at: datetime | None
    deliver_by: datetime | None
    delivered_at: datetime | None
    completed_at: datetime | None
    hold: Hold | None
    amount_fen: int
    goods_fen: int
    freight_fen: int
    discount_fen: int
    lines: list[OrderLine]
    recipient: Recipient
    note: str | None
    payment: Payment
    tracking_numbers: list[str]
    refund_ids: list[str]
    return_ids: list[str]
    invoice: InvoiceState


class OrderList(msgspec.Struct):
    """Orders, newest first."""

    orders: list[Order]


class VerifyRequest(msgspec.Struct, forbid_unknown_fields=True):
    """The last four digits of the recipient's or the account's phone."""

    phone_ending: str


class Verification(msgspec.Struct, omit_defaults=True):
    """`attempts_left` only when it failed."""

    verified: bool
    attempts_left: int | None = None


class CancelRequest(msgspec.Struct, forbid_unknown_fields=True):
    """Why the order is no longer wanted, in the customer's words (1 to 200 characters)."""

    reason: str


class Cancellation(msgspec.Struct):
    """A cancelled order; `refund` is null when nothing had been paid."""

    cancellation_id: str
    order_id: str
    order_status: Literal["cancelled", "refunding"]
    reason: str
    requested_at: datetime
    refund: Refund | None


class UrgeRequest(msgspec.Struct, forbid_unknown_fields=True):
    """Nothing to say: the order's state decides who is urged."""


class Urge(msgspec.Struct):
    """Passed on to the warehouse (`dispatch`) or the carrier (`delivery`), which answers until `answer_by`.

    `ordinal` counts the urges of this order.
    """

    urge_id: str
    order_id: str
    kind: Literal["dispatch", "delivery"]
    ordinal: int
    requested_at: datetime
    answer_by: datetime
