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
    bank: str | None = None
    account: str | None = None
    address: str | None = None
    phone: str | None = None


class InvoiceRequest(msgspec.Struct, forbid_unknown_fields=True):
    """What stands on an invoice.

    Companies (`company`, `special_vat`) need a `tax_number`; `special_vat` also the company's bank, account, address
    and phone. A person's invoice keeps none of these.
    """

    title: str
    kind: InvoiceKind
    tax_number: str | None = None
    bank: str | None = None
    account: str | None = None
    address: str | None = None
    phone: str | None = None


class InvoiceChange(msgspec.Struct):
    """A changed invoice: `updated` before it was issued, or `reissued`.

    A reissue withdraws the issued one, `red_letter_invoice_id`, by a red-letter invoice; the new one comes until
    `answer_by`. Both are null for `updated`.
    """

    change_id: str
    order_id: str
    kind: Literal["updated", "reissued"]
    red_letter_invoice_id: str | None
    invoice: Invoice
    requested_at: datetime
    answer_by: datetime | None
