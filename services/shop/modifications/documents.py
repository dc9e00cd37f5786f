"""What the API says about modifications of orders."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from shop.orders.documents import Recipient

ModificationKind = Literal["applied", "interception"]


class RecipientWish(msgspec.Struct, forbid_unknown_fields=True):
    """The parts of a recipient that shall change; null ones stay."""

    name: str | None = None
    phone: str | None = None
    province: str | None = None
    city: str | None = None
    district: str | None = None
    detail: str | None = None


class LineWish(msgspec.Struct, forbid_unknown_fields=True):
    """Another version (`sku`) of the same product for a line."""

    line_id: str
    sku: str


class ModificationRequest(msgspec.Struct, forbid_unknown_fields=True):
    """What shall change; at least one of the three."""

    recipient: RecipientWish | None = None
    line: LineWish | None = None
    note: str | None = None


class ModifiedLine(msgspec.Struct):
    """The line with the version it has now."""

    line_id: str
    sku: str
    sku_text: str


class Modification(msgspec.Struct):
    """`applied` at once, or an `interception` the carrier answers until `answer_by` (null when applied).

    `recipient` is the whole one: as it is now (`applied`) or as it is wished (`interception`); `line` is null when
    no version changed; `note` is the order's note afterwards.
    """

    modification_id: str
    order_id: str
    kind: ModificationKind
    requested_at: datetime
    answer_by: datetime | None
    recipient: Recipient
    line: ModifiedLine | None
    note: str | None


class ModificationList(msgspec.Struct):
    """The modifications of an order, newest first."""

    modifications: list[Modification]
