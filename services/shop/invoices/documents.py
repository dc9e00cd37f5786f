"""What the API says about invoices."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

InvoiceKind = Literal["personal", "company", "special_vat"]


class Invoice(msgspec.Struct):
    """The invoice of an order over what was paid; `issued_at` is null until it is issued."""

    invoice_id: str
    order_id: str
    state: Literal["requested", "issued"]
    title: str
    kind: InvoiceKind
    tax_number: str | None
    amount_fen: int
    requested_at: datetime
    issued_at: datetime | None


class InvoiceRequest(msgspec.Struct, forbid_unknown_fields=True):
    """Companies (`company`, `special_vat`) need a `tax_number`."""

    title: str
    kind: InvoiceKind
    tax_number: str | None = None
