"""Rules of agent actions without I/O: what may be asked for, what it is worth, what the shop is sent, how it is shown.

A record has two halves that are never changed: the request, written before the shop is asked, and its results. A
request without a result, or with `unknown`, may or may not have reached the shop; the same request again asks the
shop under the same key and so finds out, without a second document.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct

from desk.agent_actions.authority import ACTIONS, ActionName
from desk.conversations.rules import check_characters
from desk.kernel.clock import iso
from desk.kernel.errors import InvalidError

if TYPE_CHECKING:
    from collections.abc import Iterable

State = Literal["done", "refused", "denied", "unknown"]
ClaimKind = Literal["damaged", "wrong", "missing", "quality"]
Json = dict[str, Any]

GOODS: tuple[ActionName, ...] = ("return", "exchange", "reship")
MAX_REASON_CHARACTERS = 200
_REISSUE_REASONS = ("not_received", "not_returned", "expired_by_fault", "other")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_INELIGIBLE = {
    "expired": "return_expired",
    "not_delivered": "return_not_delivered",
    "already_returning": "return_already_open",
}
_DELIVERED = ("delivered", "completed")
_CLOSED = ("refunding", "refunded")
_DOCUMENT_IDS = ("return_id", "claim_id", "reissue_id", "grant_id")
_DOCUMENT_FACTS = ("state", "answer_by", "reship_by", "amount_fen", "needs_photos")


class Wanted(Struct, frozen=True, kw_only=True):
    """What an agent wants done; only the fields of the action count.

    `order_id`, `line_ids` (None: all), `quality_issue` and `kind` are for goods, `coupon_id` for a reissue,
    `amount_fen` for a coupon. `reason` is the customer's or, for a coupon, why it is given; of a reissue one of the
    shop's codes.
    """

    action: ActionName
    reason: str
    order_id: str | None = None
    line_ids: list[str] | None = None
    quality_issue: bool = False
    kind: ClaimKind = "damaged"
    coupon_id: str | None = None
    amount_fen: int | None = None


class Facts(Struct, frozen=True, kw_only=True):
    """What the shop says about it: what it is worth, the customer's tier, and what is told before it is confirmed."""

    amount_fen: int
    tier: str | None
    before: Json
    told: Json


class AgentAction(Struct, frozen=True, kw_only=True):
    """A request, one row of `agent_actions`, with its newest result."""

    id: str
    client_id: str
    conversation_id: str
    customer_id: str
    agent_id: str
    agent_name: str
    role: str
    action: ActionName
    order_id: str | None
    amount_fen: int
    request: Json
    before: Json
    at: datetime
    state: State | None = None
    after: Json | None = None
    refusal: str | None = None
    ended_at: datetime | None = None


def checked(wanted: Wanted) -> Wanted:
    """The request with what it needs and nothing else; InvalidError `action_invalid`."""
    reason = wanted.reason.strip()
    check_characters(reason)
    fits = wanted.action in ACTIONS and 0 < len(reason) <= MAX_REASON_CHARACTERS
    if wanted.action in GOODS:
        fits = fits and bool(wanted.order_id) and wanted.line_ids != []
    elif wanted.action == "coupon_reissue":
        fits = fits and bool(wanted.coupon_id) and reason in _REISSUE_REASONS
    else:
        fits = fits and wanted.amount_fen is not None and wanted.amount_fen > 0
    if not fits:
        raise InvalidError("action_invalid", limit=MAX_REASON_CHARACTERS)
    goods = wanted.action in GOODS
    return Wanted(
        action=wanted.action,
        reason=reason,
        order_id=wanted.order_id if goods else None,
        line_ids=sorted(set(wanted.line_ids)) if goods and wanted.line_ids is not None else None,
        quality_issue=wanted.quality_issue and wanted.action in ("return", "exchange"),
        kind=wanted.kind if wanted.action == "reship" else "damaged",
        coupon_id=wanted.coupon_id if wanted.action == "coupon_reissue" else None,
        amount_fen=wanted.amount_fen if wanted.action == "coupon" else None,
    )


def lines_of(order: Json, line_ids: list[str] | None) -> list[Json]:
    """The lines meant, all without `line_ids`; InvalidError `action_invalid` for one of another order."""
    lines = list(order["lines"])
    if line_ids is None:
        return lines
    if not {line["line_id"] for line in lines}.issuperset(line_ids):
        raise InvalidError("action_invalid", limit=MAX_REASON_CHARACTERS)
    return [line for line in lines if line["line_id"] in line_ids]


def paid_fen(order: Json, lines: Iterable[Json]) -> int:
    """What was paid for the lines: their share of the discount comes off."""
    worth = sum(int(line["unit_price_fen"]) * int(line["quantity"]) for line in lines)
    goods, discount = int(order.get("goods_fen") or 0), int(order.get("discount_fen") or 0)
    return worth if goods <= 0 else worth * (goods - discount) // goods


def return_refusal(eligibility: Json, wanted: Wanted) -> str | None:
    """The reason for which the shop would refuse a return or an exchange, None when it would not."""
    if not eligibility["eligible"]:
        return _INELIGIBLE.get(str(eligibility["reason_code"]), "return_expired")
    if wanted.quality_issue:
        return None
    beyond = wanted.line_ids is not None and not set(wanted.line_ids) <= set(eligibility["line_ids"])
    return "return_needs_quality_issue" if beyond or eligibility["kind"] == "quality_only" else None


def going_back(eligibility: Json, wanted: Wanted) -> list[str]:
    """The lines that would go back: those asked for, else all that can."""
    return list(eligibility["line_ids"]) if wanted.line_ids is None else wanted.line_ids


def reship_refusal(order: Json) -> str | None:
    """The reason for which the shop would refuse to send goods again, None when nothing is known against it."""
    if order["status"] in _CLOSED:
        return "order_closed"
    return None if order["status"] in _DELIVERED else "not_delivered"


def left_fen(limit_fen: int | None, given_fen: int) -> int | None:
    """What may still be given, never below zero; None without a limit."""
    return None if limit_fen is None else max(0, limit_fen - given_fen)


def shop_body(wanted: Wanted, coupon_title: str) -> Json:
    """What the shop is sent."""
    if wanted.action == "reship":
        return {
            "kind": wanted.kind,
            "description": wanted.reason,
            "line_ids": wanted.line_ids,
            "remedy": "reship",
        }
    if wanted.action == "coupon_reissue":
        return {"coupon_id": wanted.coupon_id, "reason": wanted.reason}
    if wanted.action == "coupon":
        return {"title": coupon_title, "discount_fen": wanted.amount_fen, "threshold_fen": 0, "reason": wanted.reason}
    return {
        "kind": wanted.action,
        "reason": wanted.reason,
        "line_ids": wanted.line_ids,
        "quality_issue": wanted.quality_issue,
    }


def document_of(answer: Json) -> Json:
    """What is kept of the shop's document: its id, its state, and what was promised; no words of the customer."""
    found: Json = {"document_id": next(str(answer[name]) for name in _DOCUMENT_IDS if answer.get(name))}
    found |= {name: answer[name] for name in _DOCUMENT_FACTS if answer.get(name) is not None}
    coupon = answer.get("coupon")
    if isinstance(coupon, dict):
        found |= {"coupon_id": coupon["coupon_id"], "expires_at": coupon["expires_at"]}
        found.setdefault("state", "issued")
    return found


def action_view(action: AgentAction) -> Json:
    """The contract's AgentAction; `state` is null while the shop is being asked."""
    return {
        "action_id": action.id,
        "client_id": action.client_id,
        "conversation_id": action.conversation_id,
        "customer_id": action.customer_id,
        "agent": {"agent_id": action.agent_id, "display_name": action.agent_name, "role": action.role},
        "action": action.action,
        "order_id": action.order_id,
        "amount_fen": action.amount_fen,
        "request": action.request,
        "before": action.before,
        "at": iso(action.at),
        "state": action.state,
        "after": action.after,
        "refusal": action.refusal,
        "ended_at": None if action.ended_at is None else iso(action.ended_at),
    }


def yuan(fen: int) -> str:
    """3990 -> 39.90, 2000 -> 20: an amount as people write it."""
    return f"{fen // 100}" if fen % 100 == 0 else f"{fen // 100}.{fen % 100:02d}"


def csv_of(head: list[str], rows: Iterable[list[str]]) -> str:
    """A table that a spreadsheet opens without running anything in it: byte order mark, CRLF."""
    return "\ufeff" + "".join(",".join(_cell(text) for text in row) + "\r\n" for row in (head, *rows))


def csv_row(action: AgentAction) -> list[str]:
    """One line of the record, in the order of its head in the wording."""
    after = action.after or {}
    return [
        iso(action.at),
        action.agent_name,
        action.role,
        action.conversation_id,
        action.customer_id,
        action.action,
        action.order_id or "",
        yuan(action.amount_fen),
        action.state or "",
        str(after.get("document_id", "")),
        str(after.get("state", "")),
        action.refusal or "",
        str(action.request.get("reason", "")),
    ]


def _cell(text: str) -> str:
    harmless = f"'{text}" if text.startswith(_FORMULA) else text
    return '"' + harmless.replace('"', '""') + '"'
