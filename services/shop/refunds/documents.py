"""What the API says about refunds."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

RefundState = Literal["requested", "reviewing", "approved", "paying", "completed", "rejected", "withdrawn"]


class Refund(msgspec.Struct):
    """Money on its way back; times are null until they happen."""

    refund_id: str
    order_id: str
    return_id: str | None
    amount_fen: int
    state: RefundState
    reason: str
    requested_at: datetime
    approved_at: datetime | None
    paid_at: datetime | None
    expected_by: datetime
    destination_text: str
    reject_reason: str | None


class RefundList(msgspec.Struct):
    """The refunds of an order, newest first."""

    refunds: list[Refund]
