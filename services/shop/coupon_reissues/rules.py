"""When a lost coupon is replaced at once: a plain function of its date and of the order it was used on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from shop.coupon_reissues.documents import ReissueState

# The whole order came to nothing, so its coupon should have come back.
_CALLED_OFF = ("cancelled", "refunded")


@dataclass(frozen=True, slots=True)
class Use:
    """The order a coupon was used on; `given_up_at` is when its cancellation or refund was asked for, if known."""

    order_status: str
    given_up_at: datetime | None


def reissue_state(use: Use | None, expires_at: datetime, now: datetime) -> ReissueState:
    """`issued` when the shop owes the coupon, `reviewing` when a person has to look.

    Owed is a coupon that was still valid when its order was given up as a whole: it did not come back
    (order cancelled or refunded), or it ran out while the refund takes its time. `use` is None for a coupon that
    is on no order.
    """
    if use is None or (use.given_up_at is not None and expires_at <= use.given_up_at):
        return "reviewing"
    if use.order_status in _CALLED_OFF:
        return "issued"
    return "issued" if use.order_status == "refunding" and expires_at <= now else "reviewing"
