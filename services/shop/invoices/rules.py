"""What must stand on an invoice, and until when it can be changed: plain functions of the request and the order."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from shop.invoices.documents import InvoiceKind, InvoiceRequest
from shop.kernel.errors import ConflictError, InvalidError
from shop.kernel.text import require_text
from shop.returns.rules import deadline_of

# 15 digits (old), 17 or 18 (unified social credit code), 20 (individuals in business).
_TAX_NUMBER = re.compile(r"(?:[0-9A-Z]{15}|[0-9A-Z]{17,18}|[0-9A-Z]{20})")
_ACCOUNT = re.compile(r"\d{6,32}")
_PHONE = re.compile(r"\+?\d{7,15}")
CLOSED = ("cancelled", "refunding", "refunded")
_LONGEST_TITLE = 100
_LONGEST_ADDRESS = 200
_BANK_DETAILS = ("bank", "account", "address", "phone")


@dataclass(frozen=True, slots=True)
class InvoiceData:
    """What stands on an invoice, checked."""

    title: str
    kind: InvoiceKind
    tax_number: str | None
    bank: str | None = None
    account: str | None = None
    address: str | None = None
    phone: str | None = None


def require_invoice_data(request: InvoiceRequest) -> InvoiceData:
    """The data in one form.

    InvalidError `title_invalid`, `tax_number_invalid`, `bank_details_missing` (details `missing`, the names),
    `bank_details_invalid` (details `field`).
    """
    title = require_text(request.title, field="title", longest=_LONGEST_TITLE)
    if request.kind == "personal":
        return InvoiceData(title, request.kind, None)
    tax_number = require_tax_number(request.tax_number)
    given = {name: (getattr(request, name) or "").strip() for name in _BANK_DETAILS}
    missing = [name for name, text in given.items() if not text]
    if request.kind == "special_vat" and missing:
        raise InvalidError(
            "bank_details_missing",
            "A special VAT invoice needs the company's bank, account, address and phone.",
            {"missing": missing},
        )
    return InvoiceData(title, request.kind, tax_number, **{name: _detail(name, text) for name, text in given.items()})


def require_tax_number(tax_number: str | None) -> str:
    """The number in capitals without spaces; InvalidError `tax_number_invalid`."""
    number = "".join((tax_number or "").upper().split())
    if not _TAX_NUMBER.fullmatch(number):
        raise InvalidError("tax_number_invalid", "A company's tax number has 15, 17, 18 or 20 letters and digits.")
    return number


def _detail(name: str, text: str) -> str | None:
    if not text:
        return None
    form = {"account": _ACCOUNT, "phone": _PHONE}.get(name)
    if form is not None:
        text = re.sub(r"[\s-]", "", text)
    if not text.isprintable() or len(text) > _LONGEST_ADDRESS or (form and not form.fullmatch(text)):
        raise InvalidError("bank_details_invalid", f"{name} does not look like one.", {"field": name})
    return text


def require_changeable(order_status: str, received_at: datetime | None, *, apply_days: int, now: datetime) -> None:
    """ConflictError `order_closed`, `invoice_change_expired` (details `expired_at`).

    `received_at` is the completion or, before it, the delivery; the days count from the day after it.
    """
    if order_status in CLOSED:
        raise ConflictError("order_closed", f"The invoice of an order in state {order_status} is not changed.")
    if received_at is None:
        return
    deadline = deadline_of(received_at, apply_days)
    if now > deadline:
        raise ConflictError(
            "invoice_change_expired", "The time for changing the invoice is over.", {"expired_at": deadline}
        )
