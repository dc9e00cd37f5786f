"""Settles an approved claim: money back, an exchange, or the goods sent again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.claims.rules import refund_fen
from shop.context import Shop
from shop.kernel.errors import InvalidError
from shop.orders.documents import OrderLine
from shop.orders.store import require_payment
from shop.products.store import lock_skus
from shop.refunds.store import open_approved_refund, refundable_fen
from shop.tables import ClaimRow, OrderLineRow, OrderRow, ReturnRow, SkuRow


def require_goods(session: Session, line_ids: Sequence[str]) -> None:
    """InvalidError `remedy_not_possible` (details `sku`, `stock`, `restock_at`) when a version is out of stock."""
    needed, skus = _needed(session, line_ids)
    for sku, row in skus.items():
        if row.stock < needed[sku]:
            raise InvalidError(
                "remedy_not_possible",
                "There is not enough left to send again.",
                {"sku": sku, "stock": row.stock, "restock_at": row.restock_at},
            )


def settle(shop: Shop, session: Session, order: OrderRow, claim: ClaimRow, lines: Sequence[OrderLine]) -> None:
    """Do what an approved claim asks for; InvalidError `remedy_not_possible` when no money is left to be refunded."""
    if claim.remedy == "refund":
        _refund(shop, session, order, claim, lines)
    elif claim.remedy == "exchange":
        _exchange(shop, session, claim)
    else:
        needed, skus = _needed(session, claim.line_ids)
        for sku, row in skus.items():
            row.stock -= needed[sku]
        claim.reship_by = claim.requested_at + timedelta(hours=shop.claim_policy.dispatch_hours)


def _refund(shop: Shop, session: Session, order: OrderRow, claim: ClaimRow, lines: Sequence[OrderLine]) -> None:
    payment = require_payment(session, order.order_id)
    amount_fen = refund_fen(
        lines,
        goods_fen=order.goods_fen,
        discount_fen=order.discount_fen,
        refundable_fen=refundable_fen(session, payment),
    )
    if amount_fen <= 0:
        raise InvalidError("remedy_not_possible", "All that was paid has been refunded.")
    refund = open_approved_refund(
        session,
        order,
        payment,
        refund_id=shop.new_id("R", claim.requested_at),
        reason=claim.description,
        at=claim.requested_at,
        amount_fen=amount_fen,
    )
    claim.refund_id, claim.amount_fen = refund.refund_id, amount_fen


def _exchange(shop: Shop, session: Session, claim: ClaimRow) -> None:
    row = ReturnRow(
        return_id=shop.new_id("T", claim.requested_at),
        order_id=claim.order_id,
        kind="exchange",
        state="approved",
        reason=claim.description,
        quality_issue=True,
        requested_at=claim.requested_at,
        pickup_at=None,
        updated_at=claim.requested_at,
        line_ids=claim.line_ids,
    )
    session.add(row)
    session.flush()
    claim.return_id = row.return_id


def _needed(session: Session, line_ids: Sequence[str]) -> tuple[Counter[str], dict[str, SkuRow]]:
    needed: Counter[str] = Counter()
    for line in session.scalars(select(OrderLineRow).where(OrderLineRow.line_id.in_(line_ids))):
        needed[line.sku] += line.quantity
    return needed, lock_skus(session, needed)
