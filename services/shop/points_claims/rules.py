"""What an order owes a customer in points: plain functions of the order, what was credited, and the policy."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from shop.kernel.errors import ConflictError
from shop.points.policy import PointsPolicy

_FEN_A_YUAN = 100
_UNDER_WAY = ("pending_payment", "unshipped", "shipped", "delivered")
_CALLED_OFF = ("cancelled", "refunded")


@dataclass(frozen=True, slots=True)
class Credited:
    """Points that came into the account for an order."""

    points: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Spent:
    """Points that paid a part of an order; `returned_at` is null as long as they did not come back."""

    points: int
    returned_at: datetime | None


def earned_points(amount_fen: int, policy: PointsPolicy) -> int:
    """The points of an order of this amount: whole yuan count."""
    return amount_fen // _FEN_A_YUAN * policy.earn_per_yuan


def require_not_credited(credited: Credited | None) -> None:
    """ConflictError `points_already_credited` with amount and time."""
    if credited is not None:
        details = {"points": credited.points, "credited_at": credited.at}
        raise ConflictError("points_already_credited", "The points of this order are in the account.", details)


def missing_credit(
    *, status: str, completed_at: datetime | None, amount_fen: int, policy: PointsPolicy, now: datetime
) -> int | None:
    """The points an order without a credit owes, None when a person has to look.

    ConflictError `points_not_due` while there is still time, with the due time (null before completion).
    """
    if status in _UNDER_WAY or (status == "completed" and completed_at is None):
        raise ConflictError(
            "points_not_due", "Points come after the order is completed.", {"due_at": None, "order_status": status}
        )
    if status != "completed" or completed_at is None:
        return None
    due_at = completed_at + timedelta(hours=policy.credit_hours_after_completion)
    if now < due_at:
        details = {"due_at": due_at, "order_status": status}
        raise ConflictError("points_not_due", f"The points are credited until {due_at:%Y-%m-%dT%H:%M:%SZ}.", details)
    return earned_points(amount_fen, policy) or None


def missing_return(*, status: str, spent: Spent | None) -> int | None:
    """The points spent on an order that was given up as a whole, None when a person has to look.

    ConflictError `points_already_credited` when they are back.
    """
    if spent is None:
        return None
    require_not_credited(Credited(spent.points, spent.returned_at) if spent.returned_at else None)
    return spent.points if status in _CALLED_OFF else None
