"""Reads refunds and opens those that need no review."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import yaml
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from shop.refunds.documents import Refund
from shop.tables import OrderRow, PaymentRow, RefundRow

PAYOUT_DAYS = 3
# No money comes of these.
VOID_STATES = ("rejected", "withdrawn")
# Words a customer reads live in YAML, not in code; the file is part of the package.
_DESTINATIONS: dict[str, str] = yaml.safe_load(Path(__file__).with_name("destinations.yml").read_text(encoding="utf-8"))


def destination_text(payment_method: str) -> str:
    """Where the money of a payment method goes back to, in the customer's words."""
    return _DESTINATIONS[payment_method]


def read_order_refunds(session: Session, order_id: str) -> list[Refund]:
    """The refunds of an order known to exist, newest first."""
    rows = session.scalars(
        select(RefundRow)
        .where(RefundRow.order_id == order_id)
        .order_by(RefundRow.requested_at.desc(), RefundRow.refund_id.desc())
    )
    return [refund_document(row) for row in rows]


def refund_document(row: RefundRow) -> Refund:
    """The document of a row."""
    return msgspec.convert(row, Refund, from_attributes=True)


def refundable_fen(session: Session, payment: PaymentRow) -> int:
    """What was paid and is neither back nor on its way back."""
    underway_fen = session.scalar(
        select(func.coalesce(func.sum(RefundRow.amount_fen), 0)).where(
            RefundRow.order_id == payment.order_id, RefundRow.state.not_in(VOID_STATES)
        )
    )
    return max(payment.paid_fen - (underway_fen or 0), 0)


def open_approved_refund(
    session: Session,
    order: OrderRow,
    payment: PaymentRow,
    *,
    refund_id: str,
    reason: str,
    at: datetime,
    amount_fen: int | None = None,
) -> RefundRow:
    """A refund that needs no review, approved at once; without `amount_fen` all that is still to be refunded."""
    row = RefundRow(
        refund_id=refund_id,
        order_id=order.order_id,
        return_id=None,
        amount_fen=refundable_fen(session, payment) if amount_fen is None else amount_fen,
        state="approved",
        reason=reason,
        requested_at=at,
        approved_at=at,
        paid_at=None,
        expected_by=at + timedelta(days=PAYOUT_DAYS),
        destination_text=destination_text(payment.method),
        reject_reason=None,
    )
    session.add(row)
    session.flush()
    return row
