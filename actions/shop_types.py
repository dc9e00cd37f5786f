"""What the shop answers, as contracts/shop_api.md promises it; times stay ISO strings, money integer fen."""

from __future__ import annotations

from typing import Any, TypedDict


class Customer(TypedDict):
    customer_id: str
    name: str
    honorific: str
    phone: str
    tier: str
    profile: str | None
    risk_tags: list[str]
    points_balance: int
    growth_value: int
    next_tier: str | None
    growth_to_next_tier: int | None


class Hold(TypedDict):
    code: str
    since: str
    expected_ship_at: str | None
    detail: str | None


class Line(TypedDict):
    line_id: str
    product_id: str
    title: str
    sku_text: str
    category: str
    quantity: int
    unit_price_fen: int
    return_class: str


class Payment(TypedDict):
    method: str
    paid_fen: int
    state: str


class Invoice(TypedDict):
    state: str
    title: str | None
    kind: str | None
    issued_at: str | None
    requested_at: str | None
    tax_number: str | None


class Order(TypedDict):
    order_id: str
    customer_id: str
    status: str
    placed_at: str
    paid_at: str | None
    ship_by: str | None
    shipped_at: str | None
    deliver_by: str | None
    delivered_at: str | None
    completed_at: str | None
    hold: Hold | None
    amount_fen: int
    freight_fen: int
    note: str | None
    lines: list[Line]
    recipient: dict[str, Any]
    payment: Payment
    tracking_numbers: list[str]
    refund_ids: list[str]
    return_ids: list[str]
    invoice: Invoice


class ShipmentEvent(TypedDict):
    at: str
    code: str
    text: str
    place: str


class Carrier(TypedDict):
    code: str
    name: str
    phone: str | None


class Courier(TypedDict):
    name: str | None
    phone: str | None


class Shipment(TypedDict):
    tracking_number: str
    order_id: str
    carrier: Carrier
    status: str
    shipped_at: str | None
    eta: str | None
    deliver_by: str | None
    events: list[ShipmentEvent]
    courier: Courier | None


class Refund(TypedDict):
    refund_id: str
    order_id: str
    return_id: str | None
    amount_fen: int
    state: str
    reason: str
    requested_at: str
    approved_at: str | None
    paid_at: str | None
    expected_by: str | None
    destination_text: str
    reject_reason: str | None


class Return(TypedDict):
    return_id: str
    order_id: str
    kind: str
    state: str
    reason: str
    requested_at: str
    pickup_at: str | None
    updated_at: str


class Eligibility(TypedDict):
    eligible: bool
    kind: str
    reason_code: str
    deadline: str | None
    freight_payer: str | None


class PointsLot(TypedDict):
    lot_id: str
    points: int
    earned_at: str
    expires_at: str
    source: str


class PointsChange(TypedDict):
    at: str
    delta: int
    text: str


class Points(TypedDict):
    balance: int
    lots: list[PointsLot]
    history: list[PointsChange]


class Coupon(TypedDict):
    coupon_id: str
    title: str
    threshold_fen: int
    discount_fen: int
    scope: str
    valid_from: str
    expires_at: str
    state: str
    used_order_id: str | None


class Sku(TypedDict):
    sku: str
    text: str
    stock: int
    restock_at: str | None


class Product(TypedDict):
    product_id: str
    title: str
    category: str
    price_fen: int
    skus: list[Sku]
    attributes: dict[str, str]
    return_class: str
    warranty_months: int | None
    url_path: str
