"""What the API says about taking back."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from shop.orders.documents import OrderStatus

UndoKind = Literal["return", "exchange", "cancellation"]


class UndoRequest(msgspec.Struct, forbid_unknown_fields=True):
    """Nothing to say: the newest thing that can be taken back is taken back."""


class Undo(msgspec.Struct):
    """What was taken back (`document_id` names it) and the state the order has again."""

    undo_id: str
    order_id: str
    kind: UndoKind
    document_id: str
    order_status: OrderStatus
    requested_at: datetime
