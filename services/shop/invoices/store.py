"""Requests invoices."""

from __future__ import annotations

from dataclasses import asdict

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.context import Shop
from shop.invoices.documents import Invoice, InvoiceRequest
from shop.invoices.rules import CLOSED, require_invoice_data
from shop.kernel.errors import ConflictError
from shop.orders.store import require_order, require_payment
from shop.tables import InvoiceRow


def request_invoice(shop: Shop, session: Session, order_id: str, request: InvoiceRequest) -> Invoice:
    """Request the invoice of a paid order.

    Raises NotFoundError `order_not_found`; InvalidError `title_invalid`, `tax_number_invalid`,
    `bank_details_missing`, `bank_details_invalid`; ConflictError `order_closed`, `order_not_paid`,
    `invoice_already_requested`, `invoice_already_issued`.
    """
    data = require_invoice_data(request)
    order = require_order(session, order_id, lock=True)
    payment = require_payment(session, order_id)
    if order.status in CLOSED:
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
        **asdict(data),
        amount_fen=payment.paid_fen,
        requested_at=now,
        issued_at=None,
    )
    session.add(row)
    session.flush()
    return msgspec.convert(row, Invoice, from_attributes=True)
