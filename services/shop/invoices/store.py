"""Requests invoices."""

from __future__ import annotations

import re

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.context import Shop
from shop.invoices.documents import Invoice, InvoiceRequest
from shop.kernel.errors import ConflictError, InvalidError
from shop.kernel.text import require_text
from shop.orders.store import require_order, require_payment
from shop.tables import InvoiceRow

# 15 digits (old), 17 or 18 (unified social credit code), 20 (individuals in business).
_TAX_NUMBER = re.compile(r"(?:[0-9A-Z]{15}|[0-9A-Z]{17,18}|[0-9A-Z]{20})")
_CLOSED = ("cancelled", "refunding", "refunded")


def require_tax_number(kind: str, tax_number: str | None) -> str | None:
    """The number in capitals without spaces, None for a person; InvalidError `tax_number_invalid`."""
    if kind == "personal":
        return None
    number = "".join((tax_number or "").upper().split())
    if not _TAX_NUMBER.fullmatch(number):
        raise InvalidError("tax_number_invalid", "A company's tax number has 15, 17, 18 or 20 letters and digits.")
    return number


def request_invoice(shop: Shop, session: Session, order_id: str, request: InvoiceRequest) -> Invoice:
    """Request the invoice of a paid order.

    Raises NotFoundError `order_not_found`; InvalidError `title_invalid`, `tax_number_invalid`; ConflictError
    `order_closed`, `order_not_paid`, `invoice_already_requested`, `invoice_already_issued`.
    """
    title = require_text(request.title, field="title", longest=100)
    tax_number = require_tax_number(request.kind, request.tax_number)
    order = require_order(session, order_id, lock=True)
    payment = require_payment(session, order_id)
    if order.status in _CLOSED:
        raise ConflictError("order_closed", f"An order in state {order.status} gets no invoice.")
    if payment.paid_fen == 0:
        raise ConflictError("order_not_paid", "The order has not been paid yet.")
    present = session.scalar(select(InvoiceRow).where(InvoiceRow.order_id == order_id))
    if present is not None:
        raise ConflictError(
            f"invoice_already_{present.state}", f"The order's invoice has been {present.state} already."
        )
    now = shop.clock()
    row = InvoiceRow(
        invoice_id=shop.new_id("I", now),
        order_id=order_id,
        state="requested",
        title=title,
        kind=request.kind,
        tax_number=tax_number,
        amount_fen=payment.paid_fen,
        requested_at=now,
        issued_at=None,
    )
    session.add(row)
    session.flush()
    return msgspec.convert(row, Invoice, from_attributes=True)
