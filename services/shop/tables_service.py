"""Tables of what customers ask of a placed order: modifications, undos, traces, changes of invoices, claims."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from shop.tables_base import Base, order_reference


class ModificationRow(Base):
    """A change of an order: `applied` at once or an `interception` at the carrier, which answers until `answer_by`.

    The recipient columns hold what was wished for; `line_id`, `sku`, `note` are null when not part of the wish.
    """

    __tablename__ = "modifications"
    modification_id: Mapped[str] = mapped_column(primary_key=True)
    order_id: Mapped[str] = order_reference()
    kind: Mapped[str]
    requested_at: Mapped[datetime]
    answer_by: Mapped[datetime | None]
    recipient_name: Mapped[str]
    recipient_phone: Mapped[str] = mapped_column(String(20))
    province: Mapped[str]
    city: Mapped[str]
    district: Mapped[str]
    address_detail: Mapped[str]
    line_id: Mapped[str | None] = mapped_column(ForeignKey("order_lines.line_id"))
    sku: Mapped[str | None] = mapped_column(ForeignKey("skus.sku"))
    note: Mapped[str | None]


class UndoRow(Base):
    """The taking back of a return, an exchange or a cancellation, named by `document_id`."""

    __tablename__ = "undos"
    undo_id: Mapped[str] = mapped_column(primary_key=True)
    order_id: Mapped[str] = order_reference()
    kind: Mapped[str]
    document_id: Mapped[str]
    requested_at: Mapped[datetime]


class TraceRow(Base):
    """A search for a parcel at its carrier, which answers until `answer_by`."""

    __tablename__ = "traces"
    trace_id: Mapped[str] = mapped_column(primary_key=True)
    order_id: Mapped[str] = order_reference()
    tracking_number: Mapped[str] = mapped_column(ForeignKey("shipments.tracking_number"))
    reason: Mapped[str]
    detail: Mapped[str] = mapped_column(String(500))
    requested_at: Mapped[datetime]
    answer_by: Mapped[datetime]


class InvoiceChangeRow(Base):
    """A change of an invoice: `updated` before it was issued, or `reissued` after a red-letter invoice.

    `former` is the data of the invoice before the change, the one that was red-lettered.
    """

    __tablename__ = "invoice_changes"
    change_id: Mapped[str] = mapped_column(primary_key=True)
    order_id: Mapped[str] = order_reference()
    kind: Mapped[str]
    former: Mapped[dict[str, Any]]
    requested_at: Mapped[datetime]
    answer_by: Mapped[datetime | None]


class ClaimRow(Base):
    """Damaged, wrong, missing or faulty goods and what the customer wishes instead.

    An approved claim has the remedy's own document: a refund, an exchange (`return_id`) or a parcel sent until
    `reship_by`.
    """

    __tablename__ = "claims"
    claim_id: Mapped[str] = mapped_column(primary_key=True)
    order_id: Mapped[str] = order_reference()
    kind: Mapped[str]
    remedy: Mapped[str]
    state: Mapped[str]
    description: Mapped[str] = mapped_column(String(500))
    line_ids: Mapped[list[str]]
    amount_fen: Mapped[int | None]
    refund_id: Mapped[str | None] = mapped_column(ForeignKey("refunds.refund_id"))
    return_id: Mapped[str | None] = mapped_column(ForeignKey("returns.return_id"))
    reship_by: Mapped[datetime | None]
    requested_at: Mapped[datetime]
    answer_by: Mapped[datetime]
    evidence: Mapped[list[dict[str, Any]] | None] = mapped_column(JSON)
