"""What the API says about price protections."""

from __future__ import annotations

from datetime import datetime

import msgspec

from shop.refunds.documents import Refund


class ProtectedLine(msgspec.Struct):
    """An order line with the price of one piece as it was paid and as it is now."""

    line_id: str
    paid_fen: int
    now_fen: int


class PriceProtectionRequest(msgspec.Struct, forbid_unknown_fields=True):
    """Nothing to say: the prices decide."""


class PriceProtection(msgspec.Struct):
    """The difference of the lines that became cheaper, on its way back; it is there until `answer_by`."""

    protection_id: str
    order_id: str
    refund_fen: int
    lines: list[ProtectedLine]
    refund: Refund
    requested_at: datetime
    answer_by: datetime
