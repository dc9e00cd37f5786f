"""What the API says about returns and exchanges."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from shop.orders.documents import OrderLine

ReturnKind = Literal["return", "exchange"]
ReturnState = Literal[
    "requested", "approved", "picking_up", "in_transit", "inspecting", "completed", "rejected", "withdrawn"
]
ReasonCode = Literal[
    "within_no_reason",
    "quality_window",
    "expired",
    "not_delivered",
    "quality_only_goods",
    "already_returning",
]


class Eligibility(msgspec.Struct):
    """Whether goods may go back, as facts.

    `kind` says on what ground; `deadline` is the end of that window (null before delivery), `freight_payer` is
    null when not eligible, `line_ids` are the lines the answer is about.
    """

    eligible: bool
    kind: Literal["no_reason", "quality_only", "none"]
    reason_code: ReasonCode
    deadline: datetime | None
    freight_payer: Literal["customer", "shop"] | None
    line_ids: list[str]


class Return(msgspec.Struct):
    """Goods on their way back; `pickup_at` is null until a pick-up is arranged."""

    return_id: str
    order_id: str
    kind: ReturnKind
    state: ReturnState
    reason: str
    quality_issue: bool
    requested_at: datetime
    pickup_at: datetime | None
    updated_at: datetime
    lines: list[OrderLine]


class ReturnList(msgspec.Struct):
    """The returns and exchanges of an order, newest first."""

    returns: list[Return]


class ReturnRequest(msgspec.Struct, forbid_unknown_fields=True):
    """`reason` in the customer's words; no `line_ids` means all lines; `quality_issue` claims a defect."""

    kind: ReturnKind
    reason: str
    line_ids: list[str] | None = None
    quality_issue: bool = False
