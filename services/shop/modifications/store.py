"""Changes orders before dispatch, asks the carrier to intercept them after it, and reads both."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.context import Shop
from shop.kernel.errors import ConflictError, InvalidError
from shop.kernel.text import require_text
from shop.modifications.documents import LineWish, Modification, ModificationRequest, ModifiedLine, RecipientWish
from shop.modifications.rules import modification_kind, require_same_price, wished_recipient
from shop.orders.documents import Recipient
from shop.orders.store import recipient_document, require_order, set_recipient
from shop.products.store import lock_skus, require_stock
from shop.tables import ModificationRow, OrderLineRow, OrderRow, ProductRow, SkuRow

ANSWER_WITHIN = timedelta(hours=2)
LONGEST_NOTE = 100


def read_order_modifications(session: Session, order_id: str) -> list[Modification]:
    """The modifications of an order known to exist, newest first."""
    rows = session.scalars(
        select(ModificationRow)
        .where(ModificationRow.order_id == order_id)
        .order_by(ModificationRow.requested_at.desc(), ModificationRow.modification_id.desc())
    )
    return [_document(session, row) for row in rows]


def modify(shop: Shop, session: Session, order_id: str, request: ModificationRequest) -> Modification:
    """Change an order, or ask the carrier to.

    Raises NotFoundError `order_not_found`; InvalidError `nothing_to_change`, `recipient_invalid`, `note_invalid`,
    `line_unknown`, `sku_unknown`; ConflictError `order_already_shipped`, `order_delivered`, `order_closed`,
    `sku_out_of_stock`, `sku_price_differs`, `interception_already_open`.
    """
    note = None if request.note is None else require_text(request.note, field="note", longest=LONGEST_NOTE)
    order = require_order(session, order_id, lock=True)
    present = recipient_document(order)
    recipient = wished_recipient(present, request.recipient or RecipientWish())
    line = _require_line(session, order_id, request.line) if request.line else None
    if request.line and line and line.sku == request.line.sku:
        line = None
    note = None if note == order.note else note
    if recipient == present and line is None and note is None:
        raise InvalidError("nothing_to_change", "The order is like that already.")
    kind = modification_kind(order.status, only_recipient=line is None and note is None)
    if kind == "interception":
        _require_no_open_interception(shop, session, order_id)
    else:
        set_recipient(order, recipient)
        order.note = note or order.note
        if request.line and line:
            _change_line(session, line, request.line)
    return _record(shop, session, order, kind=kind, recipient=recipient, line=line)


def _require_line(session: Session, order_id: str, wish: LineWish) -> OrderLineRow:
    line = session.get(OrderLineRow, wish.line_id)
    if line is None or line.order_id != order_id:
        raise InvalidError("line_unknown", "line_id must name a line of this order.")
    sku = session.get(SkuRow, wish.sku)
    if sku is None or sku.product_id != line.product_id:
        raise InvalidError("sku_unknown", "sku must name a version of the same product.")
    return line


def _change_line(session: Session, line: OrderLineRow, wish: LineWish) -> None:
    skus = lock_skus(session, [line.sku, wish.sku])
    wanted = skus[wish.sku]
    require_same_price(line.unit_price_fen, session.get_one(ProductRow, line.product_id).price_fen)
    require_stock(wanted, line.quantity)
    skus[line.sku].stock += line.quantity
    wanted.stock -= line.quantity
    line.sku, line.sku_text = wanted.sku, wanted.text


def _require_no_open_interception(shop: Shop, session: Session, order_id: str) -> None:
    present = session.scalar(
        select(ModificationRow)
        .where(ModificationRow.order_id == order_id, ModificationRow.answer_by > shop.clock())
        .limit(1)
    )
    if present is not None:
        raise ConflictError(
            "interception_already_open",
            f"The carrier has the request {present.modification_id} already.",
            {"modification_id": present.modification_id, "answer_by": present.answer_by},
        )


def _record(
    shop: Shop, session: Session, order: OrderRow, *, kind: str, recipient: Recipient, line: OrderLineRow | None
) -> Modification:
    now = shop.clock()
    row = ModificationRow(
        modification_id=shop.new_id("M", now),
        order_id=order.order_id,
        kind=kind,
        requested_at=now,
        answer_by=now + ANSWER_WITHIN if kind == "interception" else None,
        line_id=line.line_id if line else None,
        sku=line.sku if line else None,
        note=order.note,
    )
    set_recipient(row, recipient)
    session.add(row)
    session.flush()
    return _document(session, row)


def _document(session: Session, row: ModificationRow) -> Modification:
    line = None
    if row.line_id and row.sku:
        line = ModifiedLine(row.line_id, row.sku, session.get_one(SkuRow, row.sku).text)
    return Modification(
        modification_id=row.modification_id,
        order_id=row.order_id,
        kind="interception" if row.kind == "interception" else "applied",
        requested_at=row.requested_at,
        answer_by=row.answer_by,
        recipient=recipient_document(row),
        line=line,
        note=row.note,
    )
