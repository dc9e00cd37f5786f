"""When goods may go back: a plain function of the delivery, the goods, what is under way, and the policy."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from shop.kernel.clock import end_of_shop_day, shop_day
from shop.orders.documents import OrderLine
from shop.returns.documents import Eligibility, ReasonCode
from shop.returns.policy import ReturnPolicy

# States in which goods are with the customer; a refund under way is "already returning".
_WITH_CUSTOMER = ("delivered", "completed")
_BEING_SETTLED = ("refunding", "refunded")


def deadline_of(delivered_at: datetime, days: int) -> datetime:
    """The last second of the window: the day after delivery is day 1, the last day counts to its end."""
    return end_of_shop_day(shop_day(delivered_at) + timedelta(days=days))


def eligibility(
    *,
    status: str,
    delivered_at: datetime | None,
    lines: Sequence[OrderLine],
    returning_line_ids: frozenset[str],
    policy: ReturnPolicy,
    now: datetime,
) -> Eligibility:
    """Whether these lines may go back now.

    `returning_line_ids` are the lines in an open return or exchange: they are left out, and when nothing is
    left the answer is `already_returning`. Goods that can go back without a reason decide the answer as long
    as their window is open.
    """
    ids = [line.line_id for line in lines]
    if status in _BEING_SETTLED:
        return _no("already_returning", None, ids)
    if delivered_at is None or status not in _WITH_CUSTOMER:
        return _no("not_delivered", None, ids)
    quality_deadline = deadline_of(delivered_at, policy.quality_days)
    free = [line for line in lines if line.line_id not in returning_line_ids]
    if not free:
        return _no("already_returning", None, ids)
    returnable = [line.line_id for line in free if line.return_class == "no_reason"]
    no_reason_deadline = deadline_of(delivered_at, policy.no_reason_days)
    if returnable and now <= no_reason_deadline:
        payer = policy.no_reason_freight_payer
        return Eligibility(True, "no_reason", "within_no_reason", no_reason_deadline, payer, returnable)
    free_ids = [line.line_id for line in free]
    if now <= quality_deadline:
        code: ReasonCode = "quality_window" if returnable else "quality_only_goods"
        payer = policy.quality_freight_payer
        return Eligibility(True, "quality_only", code, quality_deadline, payer, free_ids)
    last = max(quality_deadline, no_reason_deadline) if returnable else quality_deadline
    return _no("expired", last, free_ids)


def _no(reason_code: ReasonCode, deadline: datetime | None, line_ids: list[str]) -> Eligibility:
    return Eligibility(False, "none", reason_code, deadline, None, line_ids)
