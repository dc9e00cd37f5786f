"""Reads orders with everything that hangs on them, in a fixed number of queries however many orders there are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
from sqlalchemy import BindParameter, Select, bindparam, select
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


def _ids_of(order_column: InstrumentedAttribute[str], id_column: InstrumentedAttribute[str]) -> Select[str, str]:
    return select(order_column, id_column).where(order_column.in_(_ORDER_IDS)).order_by(id_column)


# The statements of every order, built once: building them anew costs more than running them.
_ORDER_IDS: BindParameter[Sequence[str]] = bindparam("order_ids", expanding=True)
_ONE = select(OrderRow).where(OrderRow.order_id == bindparam("order_id"))
_ONE_LOCKED = _ONE.with_for_update().execution_options(populate_existing=True)
_OF_CUSTOMER = (
    select(OrderRow)
    .where(OrderRow.customer_id == bindparam("customer_id"))
    .order_by(OrderRow.placed_at.desc(), OrderRow.order_id.desc())
    .limit(bindparam("up_to"))
)
_LINES = select(OrderLineRow).where(OrderLineRow.order_id.in_(_ORDER_IDS)).order_by(OrderLineRow.position)
_PAYMENTS = select(PaymentRow).where(PaymentRow.order_id.in_(_ORDER_IDS))
_INVOICES = select(InvoiceRow).where(InvoiceRow.order_id.in_(_ORDER_IDS))
_TRACKING_NUMBERS = _ids_of(ShipmentRow.order_id, ShipmentRow.tracking_number)
_REFUND_IDS = _ids_of(RefundRow.order_id, RefundRow.refund_id)
_RETURN_IDS = _ids_of(ReturnRow.order_id, ReturnRow.return_id)


def require_order(session: Session, order_id: str, *, lock: bool = False) -> OrderRow:
    """The row of an order; NotFoundError `order_not_found`.

    `lock` keeps every other writer of this order waiting (PostgreSQL: row lock; SQLite has one writer anyway).
    """
    row = session.scalars(_ONE_LOCKED if lock else _ONE, {"order_id": order_id}).one_or_none()
    if row is None:
        raise NotFoundError("order_not_found", f"There is no order {order_id}.")
    return row


def require_payment(session: Session, order_id: str) -> PaymentRow:
    """The payment of an order known to exist."""
    return session.scalars(_PAYMENTS, {"order_ids": [order_id]}).one()


def read_order(session: Session, order_id: str) -> Order:
    """One order; NotFoundError `order_not_found`."""
    return _documents(session, [require_order(session, order_id)])[0]


def read_customer_orders(session: Session, customer_id: str, limit: int) -> list[Order]:
    """The newest orders of a customer known to exist."""
    return _documents(session, session.scalars(_OF_CUSTOMER, {"customer_id": customer_id, "up_to": limit}).all())


def read_lines(session: Session, order_ids: Sequence[str]) -> dict[str, list[OrderLine]]:
    """The lines of orders by order id, in their position."""
    lines: dict[str, list[OrderLine]] = defaultdict(list)
    for row in session.scalars(_LINES, {"order_ids": order_ids}):
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
    payments = session.scalars(_PAYMENTS, {"order_ids": ids})
    invoices = session.scalars(_INVOICES, {"order_ids": ids})
    attached = _Attached(
        lines=read_lines(session, ids),
        payments={row.order_id: row for row in payments},
        tracking_numbers=_ids(session, _TRACKING_NUMBERS, ids),
        refund_ids=_ids(session, _REFUND_IDS, ids),
        return_ids=_ids(session, _RETURN_IDS, ids),
        invoices={row.order_id: msgspec.convert(row, InvoiceState, from_attributes=True) for row in invoices},
    )
    return [_document(row, attached) for row in rows]


def _ids(session: Session, statement: Select[str, str], order_ids: Sequence[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for order_id, name in session.execute(statement, {"order_ids": order_ids}):
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
