"""Opens claims, settles small ones at once, and reads them."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec
from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from shop.claims.documents import Claim, ClaimRequest, EvidenceRequest
from shop.claims.remedies import require_goods, settle
from shop.claims.rules import claimed_lines, is_fast_lane, require_claimable, require_sensible
from shop.context import Shop
from shop.kernel.errors import ConflictError, NotFoundError
from shop.kernel.text import require_text
from shop.orders.store import read_lines, require_order
from shop.refunds.store import refund_document
from shop.returns.store import OPEN_STATES
from shop.tables import ClaimRow, CustomerRow, RefundRow, ReturnRow

LONGEST_DESCRIPTION = 500
MOST_EVIDENCE = 50


# Built once: building it anew costs more than running it.
_OF_ORDER = (
    select(ClaimRow)
    .where(ClaimRow.order_id == bindparam("order_id"))
    .order_by(ClaimRow.requested_at.desc(), ClaimRow.claim_id.desc())
)


def read_order_claims(session: Session, order_id: str) -> list[Claim]:
    """The claims of an order known to exist, newest first."""
    rows = session.scalars(_OF_ORDER, {"order_id": order_id})
    return [_document(session, row) for row in rows]


def claim(shop: Shop, session: Session, order_id: str, request: ClaimRequest) -> Claim:
    """Open a claim; small and plain ones are settled at once.

    Raises NotFoundError `order_not_found`; InvalidError `description_invalid`, `line_unknown`, `remedy_not_possible`;
    ConflictError `not_delivered`, `order_closed`, `claim_expired`, `claim_already_open`, `return_already_open`.
    """
    description = require_text(request.description, field="description", longest=LONGEST_DESCRIPTION)
    require_sensible(request.kind, request.remedy)
    order = require_order(session, order_id, lock=True)
    lines = claimed_lines(read_lines(session, [order_id])[order_id], request.line_ids)
    line_ids = [line.line_id for line in lines]
    now = shop.clock()
    delivered_at = require_claimable(order.status, order.delivered_at, policy=shop.claim_policy, now=now)
    _require_free(session, order_id, frozenset(line_ids))
    if request.remedy in ("reship", "exchange"):
        require_goods(session, line_ids)
    fast = is_fast_lane(
        request.kind,
        request.remedy,
        lines,
        delivered_at=delivered_at,
        risk_tags=session.get_one(CustomerRow, order.customer_id).risk_tags,
        policy=shop.claim_policy,
        now=now,
    )
    row = ClaimRow(
        claim_id=shop.new_id("A", now),
        order_id=order_id,
        kind=request.kind,
        remedy=request.remedy,
        state="approved" if fast else "reviewing",
        description=description,
        line_ids=line_ids,
        amount_fen=None,
        refund_id=None,
        return_id=None,
        reship_by=None,
        requested_at=now,
        answer_by=_answer_by(shop, now, fast=fast),
        evidence=[],
    )
    if fast:
        settle(shop, session, order, row, lines)
    session.add(row)
    session.flush()
    return _document(session, row)


def add_evidence(session: Session, claim_id: str, request: EvidenceRequest) -> Claim:
    """The claim with these files beside those it has, each once. NotFoundError `claim_not_found`."""
    row = session.get(ClaimRow, claim_id, with_for_update=True)
    if row is None:
        raise NotFoundError("claim_not_found", "No claim has this number.")
    known = {item["id"]: item for item in row.evidence or []}
    for item in request.evidence:
        known.setdefault(item.id, msgspec.to_builtins(item))
    row.evidence = list(known.values())[:MOST_EVIDENCE]
    session.flush()
    return _document(session, row)


def _answer_by(shop: Shop, now: datetime, *, fast: bool) -> datetime:
    return now if fast else now + timedelta(hours=shop.claim_policy.answer_hours)


def _require_free(session: Session, order_id: str, line_ids: frozenset[str]) -> None:
    """None of the lines is in another claim or on its way back."""
    returns = {row.return_id: row for row in session.scalars(select(ReturnRow).where(ReturnRow.order_id == order_id))}
    for row in session.scalars(select(ClaimRow).where(ClaimRow.order_id == order_id)):
        taken_back = row.return_id is not None and returns[row.return_id].state == "withdrawn"
        if not taken_back and line_ids.intersection(row.line_ids):
            raise ConflictError(
                "claim_already_open",
                f"The claim {row.claim_id} is about these goods already.",
                {"claim_id": row.claim_id, "state": row.state, "answer_by": row.answer_by},
            )
    for returned in returns.values():
        if returned.state in OPEN_STATES and line_ids.intersection(returned.line_ids):
            raise ConflictError(
                "return_already_open", "These goods are on their way back already.", {"return_id": returned.return_id}
            )


def _document(session: Session, row: ClaimRow) -> Claim:
    refund = session.get_one(RefundRow, row.refund_id) if row.refund_id else None
    facts = {name: getattr(row, name) for name in Claim.__struct_fields__ if hasattr(row, name)}
    return msgspec.convert(
        {
            **facts,
            "refund": refund_document(refund) if refund else None,
            "evidence": row.evidence or [],
            "needs_photos": row.state == "reviewing" and not row.evidence,
        },
        Claim,
    )
