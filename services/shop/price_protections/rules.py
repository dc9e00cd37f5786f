"""When a lower price is paid back, and how much: plain functions of the order, the prices and the policy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from shop.kernel.clock import end_of_shop_day, shop_day
from shop.kernel.errors import ConflictError
from shop.price_protections.documents import ProtectedLine

_CLOSED = ("cancelled", "refunding", "refunded")


@dataclass(frozen=True, slots=True)
class PricedLine:
    """A line the customer keeps, with the price of a piece then and now."""

    line_id: str
    quantity: int
    paid_fen: int
    now_fen: int


def require_protectable(*, status: str, paid_fen: int, placed_at: datetime, days: int, now: datetime) -> None:
    """ConflictError `order_closed`, `order_not_paid`, `price_protection_expired` (with the end of the window)."""
    if status in _CLOSED:
        raise ConflictError("order_closed", f"An order in state {status} has no price to protect.")
    if paid_fen == 0:
        raise ConflictError("order_not_paid", "The order has not been paid yet.")
    expired_at = end_of_shop_day(shop_day(placed_at) + timedelta(days=days))
    if now > expired_at:
        details = {"expired_at": expired_at, "days": days}
        raise ConflictError("price_protection_expired", f"Prices are protected for {days} days.", details)


def cheaper_lines(lines: Sequence[PricedLine]) -> list[PricedLine]:
    """The lines that cost less now; ConflictError `price_not_lower` with all prices when there is none."""
    cheaper = [line for line in lines if line.now_fen < line.paid_fen]
    if not cheaper:
        prices = [{"line_id": line.line_id, "paid_fen": line.paid_fen, "now_fen": line.now_fen} for line in lines]
        raise ConflictError("price_not_lower", "Nothing of the order costs less now.", {"lines": prices})
    return cheaper


def difference_fen(lines: Sequence[PricedLine]) -> int:
    """What these lines cost less now, all pieces together."""
    return sum((line.paid_fen - line.now_fen) * line.quantity for line in lines)


def protected_lines(lines: Sequence[PricedLine]) -> list[ProtectedLine]:
    """The lines as the document tells them."""
    return [ProtectedLine(line.line_id, line.paid_fen, line.now_fen) for line in lines]
