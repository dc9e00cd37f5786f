"""Pays the difference back when goods of an order became cheaper."""

from __future__ import annotations

from pathlib import Path

import msgspec
import yaml
from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.context import Shop
from shop.kernel.errors import ConflictError
from shop.orders.store import require_order, require_payment
from shop.price_protections.documents import PriceProtection
from shop.price_protections.rules import (
    PricedLine,
    cheaper_lines,
    difference_fen,
    protected_lines,
    require_protectable,
)
from shop.refunds.store import open_approved_refund, refund_document, refundable_fen
from shop.returns.store import OPEN_STATES
from shop.tables import OrderLineRow, PriceProtectionRow, ProductRow, RefundRow, ReturnRow

_WORDS: dict[str, str] = yaml.safe_load(Path(__file__).with_name("words.yml").read_text(encoding="utf-8"))
# Goods in such a return get all their money back, or got it.
_GOING_BACK = (*OPEN_STATES, "completed")


def protect_price(shop: Shop, session: Session, order_id: str) -> PriceProtection:
    """Refund what the lines of an order cost less now.

    Raises NotFoundError `order_not_found`; ConflictError `order_closed`, `order_not_paid`,
    `price_already_protected`, `price_protection_expired`, `price_not_lower`.
    """
    order = require_order(session, order_id, lock=True)
    payment = require_payment(session, order_id)
    now = shop.clock()
    _require_first(session, order_id)
    require_protectable(
        status=order.status,
        paid_fen=payment.paid_fen,
        placed_at=order.placed_at,
        days=shop.price_protection_policy.days,
        now=now,
    )
    cheaper = cheaper_lines(_kept_lines(session, order_id))
    refund = open_approved_refund(
        session,
        order,
        payment,
        refund_id=shop.new_id("R", now),
        reason=_WORDS["refund_reason"],
        at=now,
        amount_fen=min(difference_fen(cheaper), refundable_fen(session, payment)),
    )
    lines = protected_lines(cheaper)
    row = PriceProtectionRow(
        protection_id=shop.new_id("B", now),
        order_id=order_id,
        refund_id=refund.refund_id,
        lines=msgspec.to_builtins(lines),
        requested_at=now,
    )
    session.add(row)
    session.flush()
    return PriceProtection(
        protection_id=row.protection_id,
        order_id=order_id,
        refund_fen=refund.amount_fen,
        lines=lines,
        refund=refund_document(refund),
        requested_at=now,
        answer_by=refund.expected_by,
    )


def _require_first(session: Session, order_id: str) -> None:
    found = session.execute(
        select(PriceProtectionRow, RefundRow.amount_fen)
        .join(RefundRow, RefundRow.refund_id == PriceProtectionRow.refund_id)
        .where(PriceProtectionRow.order_id == order_id)
    ).one_or_none()
    if found is not None:
        row, refund_fen = found
        details = {"protection_id": row.protection_id, "refund_fen": refund_fen, "requested_at": row.requested_at}
        raise ConflictError("price_already_protected", "The difference of this order was paid back.", details)


def _kept_lines(session: Session, order_id: str) -> list[PricedLine]:
    """The lines that are not on their way back, with the prices then and now."""
    returns = session.scalars(
        select(ReturnRow).where(
            ReturnRow.order_id == order_id, ReturnRow.kind == "return", ReturnRow.state.in_(_GOING_BACK)
        )
    )
    going_back = {line_id for row in returns for line_id in row.line_ids}
    found = session.execute(
        select(OrderLineRow, ProductRow.price_fen)
        .join(ProductRow, ProductRow.product_id == OrderLineRow.product_id)
        .where(OrderLineRow.order_id == order_id)
        .order_by(OrderLineRow.position)
    ).all()
    kept = [
        PricedLine(row.line_id, row.quantity, row.unit_price_fen, price_fen)
        for row, price_fen in found
        if row.line_id not in going_back
    ]
    if not kept:
        raise ConflictError("order_closed", "All goods of the order are on their way back.")
    return kept
