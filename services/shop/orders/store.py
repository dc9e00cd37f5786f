"""Reads orders with everything that hangs on them, in a fixed number of queries however many orders there are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute, Session

from shop.kernel.errors import NotFoundError
from shop.orders.documents import Hold, InvoiceState, Order, OrderLine, Payment, Recipient
from shop.tables import (
    InvoiceRow,
    ModificationRow,
    OrderLineRow,
    OrderRow,
    PaymentRow,
    RefundRow,
    ReturnRow,
    ShipmentRow,
)

NO_INVOICE = InvoiceState(state="none", title=None, kind=None, issued_at=None)


def require_order(session: Session, order_id: str, *, lock: bool = False) -> OrderRow:
    """The row of an order; NotFoundError `order_not_found`.

    `lock` keeps every other writer of this order waiting (PostgreSQL: row lock; SQLite has one writer anyway).
    """
    row = session.get(OrderRow, order_id, with_for_update=True if lock else None)
    if row is None:
        raise NotFoundError("order_not_found", f"There is no order {order_id}.")
    return row


def require_payment(session: Session, order_id: str) -> PaymentRow:
    """The payment of an order known to exist."""
    return session.get_one(PaymentRow, order_id)


def read_order(session: Session, order_id: str) -> Order:
    """One order; NotFoundError `order_not_found`."""
    return _documents(session, [require_order(session, order_id)])[0]


def read_customer_orders(session: Session, customer_id: str, limit: int) -> list[Order]:
    """The newest orders of a customer known to exist."""
    rows = session.scalars(
        select(OrderRow)
        .where(OrderRow.customer_id == customer_id)
        .order_by(OrderRow.placed_at.desc(), OrderRow.order_id.desc())
        .limit(limit)
    ).all()
    return _documents(session, rows)


def read_lines(session: Session, order_ids: Sequence[str]) -> dict[str, list[OrderLine]]:
    """The lines of orders by order id, in their position."""
    lines: dict[str, list[OrderLine]] = defaultdict(list)
    query = select(OrderLineRow).where(OrderLineRow.order_id.in_(order_ids)).order_by(OrderLineRow.position)
    for row in session.scalars(query):
        lines[row.order_id].append(msgspec.convert(row, OrderLine, from_attributes=True))
    return lines


@dataclass(frozen=True, slots=True)
class _Attached:
    """What hangs on orders, by order id."""

    lines: dict[str, list[OrderLine]]
    payments: dict[str, PaymentRow]
    tracking_numbers: dict[str, list[str]]
    refund_ids: dict[str, list[str]]
    return_ids: dict[str, list[str]]
    invoices: dict[str, InvoiceState]


def _documents(session: Session, rows: Sequence[OrderRow]) -> list[Order]:
    ids = [row.order_id for row in rows]
    payments = session.scalars(select(PaymentRow).where(PaymentRow.order_id.in_(ids)))
    invoices = session.scalars(select(InvoiceRow).where(InvoiceRow.order_id.in_(ids)))
    attached = _Attached(
        lines=read_lines(session, ids),
        payments={row.order_id: row for row in payments},
        tracking_numbers=_ids(session, ShipmentRow.order_id, ShipmentRow.tracking_number, ids),
        refund_ids=_ids(session, RefundRow.order_id, RefundRow.refund_id, ids),
        return_ids=_ids(session, ReturnRow.order_id, ReturnRow.return_id, ids),
        invoices={row.order_id: msgspec.convert(row, InvoiceState, from_attributes=True) for row in invoices},
    )
    return [_document(row, attached) for row in rows]


def _ids(
    session: Session,
    order_column: InstrumentedAttribute[str],
    id_column: InstrumentedAttribute[str],
    order_ids: Sequence[str],
) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for order_id, name in session.execute(
        select(order_column, id_column).where(order_column.in_(order_ids)).order_by(id_column)
    ):
        found[order_id].append(name)
    return found


def _document(row: OrderRow, attached: _Attached) -> Order:
    facts = {name: getattr(row, name) for name in Order.__struct_fields__ if hasattr(row, name)}
    payment = attached.payments[row.order_id]
    return msgspec.convert(
        {
            **facts,
            "paid_at": payment.paid_at,
            "hold": _hold(row),
            "lines": attached.lines[row.order_id],
            "recipient": recipient_document(row),
            "payment": msgspec.convert(payment, Payment, from_attributes=True),
            "tracking_numbers": attached.tracking_numbers.get(row.order_id, []),
            "refund_ids": attached.refund_ids.get(row.order_id, []),
            "return_ids": attached.return_ids.get(row.order_id, []),
            "invoice": attached.invoices.get(row.order_id, NO_INVOICE),
        },
        Order,
    )


def _hold(row: OrderRow) -> Hold | None:
    if row.hold_code is None:
        return None
    facts = {name: getattr(row, f"hold_{name}") for name in Hold.__struct_fields__}
    return msgspec.convert(facts, Hold)


def recipient_document(row: OrderRow | ModificationRow) -> Recipient:
    """The recipient that stands in the row."""
    return Recipient(
        name=row.recipient_name,
        phone=row.recipient_phone,
        province=row.province,
        city=row.city,
        district=row.district,
        detail=row.address_detail,
    )


def set_recipient(row: OrderRow | ModificationRow, recipient: Recipient) -> None:
    """Write the recipient into the row."""
    row.recipient_name = recipient.name
    row.recipient_phone = recipient.phone
    row.province = recipient.province
    row.city = recipient.city
    row.district = recipient.district
    row.address_detail = recipient.detail
