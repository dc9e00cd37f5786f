"""Changes the invoice of an order: its data as long as it is only requested, by a red-letter invoice afterwards."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Literal

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.context import Shop
from shop.invoices.documents import Invoice, InvoiceChange, InvoiceRequest
from shop.invoices.rules import InvoiceData, require_changeable, require_invoice_data
from shop.kernel.errors import ConflictError, InvalidError
from shop.orders.store import require_order
from shop.tables import InvoiceChangeRow, InvoiceRow


def change_invoice(shop: Shop, session: Session, order_id: str, request: InvoiceRequest) -> InvoiceChange:
    """Change what stands on the order's invoice.

    Raises NotFoundError `order_not_found`; InvalidError `title_invalid`, `tax_number_invalid`,
    `bank_details_missing`, `bank_details_invalid`, `nothing_to_change`; ConflictError `no_invoice`, `order_closed`,
    `invoice_change_expired`.
    """
    data = require_invoice_data(request)
    order = require_order(session, order_id, lock=True)
    row = session.scalar(select(InvoiceRow).where(InvoiceRow.order_id == order_id))
    if row is None:
        raise ConflictError("no_invoice", "No invoice has been requested for this order.")
    now = shop.clock()
    received_at = order.completed_at or order.delivered_at
    require_changeable(order.status, received_at, apply_days=shop.invoice_policy.apply_days, now=now)
    former = msgspec.convert(row, Invoice, from_attributes=True)
    if all(getattr(row, name) == value for name, value in asdict(data).items()):
        raise InvalidError("nothing_to_change", "The invoice says that already.")
    _write(row, data)
    kind: Literal["updated", "reissued"] = "updated"
    answer_by: datetime | None = None
    if former.state == "issued":
        kind, answer_by = "reissued", now + timedelta(hours=shop.invoice_policy.issue_hours)
        row.invoice_id, row.state = shop.new_id("I", now), "requested"
        row.requested_at, row.issued_at = now, None
    change = InvoiceChangeRow(
        change_id=shop.new_id("V", now),
        order_id=order_id,
        kind=kind,
        former=msgspec.to_builtins(former),
        requested_at=now,
        answer_by=answer_by,
    )
    session.add(change)
    session.flush()
    return InvoiceChange(
        change_id=change.change_id,
        order_id=order_id,
        kind=kind,
        red_letter_invoice_id=former.invoice_id if kind == "reissued" else None,
        invoice=msgspec.convert(row, Invoice, from_attributes=True),
        requested_at=now,
        answer_by=answer_by,
    )


def _write(row: InvoiceRow, data: InvoiceData) -> None:
    for name, value in asdict(data).items():
        setattr(row, name, value)
