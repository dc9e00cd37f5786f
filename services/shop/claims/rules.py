"""When a claim may be made and which ones are settled at once: plain functions of order, goods, customer and policy."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from shop.claims.documents import ClaimKind, Remedy
from shop.claims.policy import ClaimPolicy
from shop.kernel.errors import ConflictError, InvalidError
from shop.orders.documents import OrderLine
from shop.returns.rules import deadline_of

_WITH_CUSTOMER = ("delivered", "completed")
_CLOSED = ("refunding", "refunded")
_VISIBLE_AT_ONCE = ("damaged", "wrong", "missing")


def require_claimable(status: str, delivered_at: datetime | None, *, policy: ClaimPolicy, now: datetime) -> datetime:
    """The time of signing; ConflictError `order_closed`, `not_delivered`, `claim_expired` (details `expired_at`)."""
    if delivered_at is None or status not in (*_WITH_CUSTOMER, *_CLOSED):
        raise ConflictError("not_delivered", "The order has not been delivered.")
    if status in _CLOSED:
        raise ConflictError("order_closed", "The order is being refunded or has been.")
    deadline = deadline_of(delivered_at, policy.quality_days)
    if now > deadline:
        raise ConflictError("claim_expired", "The time for claims is over.", {"expired_at": deadline})
    return delivered_at


def claimed_lines(lines: Sequence[OrderLine], line_ids: Sequence[str] | None) -> list[OrderLine]:
    """The lines a claim is about, all without `line_ids`; InvalidError `line_unknown`."""
    if line_ids is None:
        return list(lines)
    if not line_ids or not {line.line_id for line in lines}.issuperset(line_ids):
        raise InvalidError("line_unknown", "line_ids must name lines of this order.")
    return [line for line in lines if line.line_id in line_ids]


def worth_fen(lines: Sequence[OrderLine]) -> int:
    """What the lines cost, before discounts, in fen."""
    return sum(line.unit_price_fen * line.quantity for line in lines)


def refund_fen(lines: Sequence[OrderLine], *, goods_fen: int, discount_fen: int, refundable_fen: int) -> int:
    """What was paid for the lines: their share of the discount comes off, never more than is left to be refunded."""
    paid_fen = worth_fen(lines) * (goods_fen - discount_fen) // goods_fen
    return min(paid_fen, refundable_fen)


def require_sensible(kind: ClaimKind, remedy: Remedy) -> None:
    """InvalidError `remedy_not_possible` for goods that never came and shall be sent back for others."""
    if kind == "missing" and remedy == "exchange":
        raise InvalidError("remedy_not_possible", "What is missing cannot be exchanged; it can be sent or refunded.")


def is_fast_lane(
    kind: ClaimKind,
    remedy: Remedy,
    lines: Sequence[OrderLine],
    *,
    delivered_at: datetime,
    risk_tags: Collection[str],
    policy: ClaimPolicy,
    now: datetime,
) -> bool:
    """Whether the claim is approved at once, without photos: small, soon, plain to see, from an unsuspicious customer.

    A part of the price is always set by a person.
    """
    return (
        remedy != "part_refund"
        and kind in _VISIBLE_AT_ONCE
        and worth_fen(lines) <= policy.fast_lane_limit_fen
        and not risk_tags
        and now <= delivered_at + timedelta(hours=policy.report_hours)
    )
