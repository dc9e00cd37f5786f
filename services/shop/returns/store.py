"""Reads returns and applies for new ones."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from shop.context import Shop
from shop.kernel.errors import ConflictError, InvalidError
from shop.kernel.text import require_text
from shop.orders.documents import OrderLine
from shop.orders.store import read_lines, require_order
from shop.returns.documents import Eligibility, Return, ReturnRequest
from shop.returns.rules import eligibility
from shop.tables import ClaimRow, OrderRow, ReturnRow

OPEN_STATES = ("requested", "approved", "picking_up", "in_transit", "inspecting")
# The statements of every order, built once: building them anew costs more than running them.
_OF_ORDER = (
    select(ReturnRow)
    .where(ReturnRow.order_id == bindparam("order_id"))
    .order_by(ReturnRow.requested_at.desc(), ReturnRow.return_id.desc())
)
_PAID_CLAIMS = select(ClaimRow).where(ClaimRow.order_id == bindparam("order_id"), ClaimRow.refund_id.is_not(None))
_REFUSALS = {
    "expired": ("return_expired", "The time in which the goods can go back is over."),
    "not_delivered": ("return_not_delivered", "The order has not been delivered."),
    "already_returning": ("return_already_open", "These goods are on their way back or refunded already."),
}


def read_order_returns(session: Session, order_id: str) -> list[Return]:
    """The returns of an order known to exist, newest first."""
    lines = read_lines(session, [order_id])[order_id]
    return [_document(row, lines) for row in _rows(session, order_id)]


def read_eligibility(shop: Shop, session: Session, order_id: str) -> Eligibility:
    """Whether the order, or what is left of it, may go back; NotFoundError `order_not_found`."""
    order = require_order(session, order_id)
    return _eligibility(shop, session, order, read_lines(session, [order_id])[order_id])


def apply_for_return(shop: Shop, session: Session, order_id: str, request: ReturnRequest) -> Return:
    """Open a return or an exchange.

    Raises NotFoundError `order_not_found`; InvalidError `reason_invalid`, `line_unknown`; ConflictError
    `return_expired`, `return_not_delivered`, `return_already_open`, `return_needs_quality_issue`.
    """
    reason = require_text(request.reason, field="reason", longest=500)
    order = require_order(session, order_id, lock=True)
    all_lines = read_lines(session, [order_id])[order_id]
    chosen = _chosen_lines(all_lines, request.line_ids)
    answer = _eligibility(shop, session, order, chosen)
    line_ids = _returnable_lines(answer, request, [line.line_id for line in chosen])
    now = shop.clock()
    row = ReturnRow(
        return_id=shop.new_id("T", now),
        order_id=order_id,
        kind=request.kind,
        state="requested",
        reason=reason,
        quality_issue=request.quality_issue,
        requested_at=now,
        pickup_at=None,
        updated_at=now,
        line_ids=line_ids,
    )
    session.add(row)
    session.flush()
    return _document(row, all_lines)


def _returnable_lines(answer: Eligibility, request: ReturnRequest, wanted: list[str]) -> list[str]:
    """The lines that go back; lines asked for by id must all be allowed, else what is allowed goes."""
    if not answer.eligible:
        raise ConflictError(*_REFUSALS[answer.reason_code])
    if answer.kind == "quality_only" and not request.quality_issue:
        raise ConflictError("return_needs_quality_issue", "These goods go back only for a quality problem.")
    if request.quality_issue or request.line_ids is None or set(wanted) == set(answer.line_ids):
        return answer.line_ids
    raise ConflictError("return_needs_quality_issue", "Some of these goods go back only for a quality problem.")


def _chosen_lines(lines: Sequence[OrderLine], line_ids: list[str] | None) -> list[OrderLine]:
    if line_ids is None:
        return list(lines)
    known = {line.line_id for line in lines}
    if not line_ids or not known.issuperset(line_ids):
        raise InvalidError("line_unknown", "line_ids must name lines of this order.")
    return [line for line in lines if line.line_id in line_ids]


def _eligibility(shop: Shop, session: Session, order: OrderRow, lines: Sequence[OrderLine]) -> Eligibility:
    open_rows = [row for row in _rows(session, order.order_id) if row.state in OPEN_STATES]
    returning = {line_id for row in open_rows for line_id in row.line_ids}
    return eligibility(
        status=order.status,
        delivered_at=order.delivered_at,
        lines=lines,
        returning_line_ids=frozenset(returning | _refunded_line_ids(session, order.order_id)),
        policy=shop.return_policy,
        now=shop.clock(),
    )


def _refunded_line_ids(session: Session, order_id: str) -> set[str]:
    """Lines whose money an approved claim gives back: they are not refunded a second time."""
    claims = session.scalars(_PAID_CLAIMS, {"order_id": order_id})
    return {line_id for row in claims for line_id in row.line_ids}


def _rows(session: Session, order_id: str) -> Sequence[ReturnRow]:
    return session.scalars(_OF_ORDER, {"order_id": order_id}).all()


def _document(row: ReturnRow, lines: Sequence[OrderLine]) -> Return:
    facts = {name: getattr(row, name) for name in Return.__struct_fields__ if hasattr(row, name)}
    own = [line for line in lines if line.line_id in row.line_ids]
    return msgspec.convert({**facts, "lines": own}, Return)
