"""Points that are missing on an order: credited at once where the shop owes them, else looked at by a person."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, ClassVar

from actions.answer import Answer, Reply, button, fact, finding, human, lead, promise
from actions.points import history_words
from actions.policies import facts_of, policy, policy_text
from actions.shop_api import Document, ShopApi, ShopConflictError, ShopError
from actions.texts import has_text, text
from actions.transactions.case import Case
from actions.transactions.detail import Detail, Option, choice
from actions.transactions.transaction import Transaction
from actions.words import day_time, parse_time

NOT_CREDITED, NOT_RETURNED, WRONGLY_DEDUCTED = "not_credited", "not_returned", "wrongly_deducted"
CALLED_OFF = ("cancelled", "refunding", "refunded")


class PointsClaim(Transaction):
    """Claims the points of an order. It can only help the customer, so it is filed without a yes."""

    topic: ClassVar[str] = "report_points_issue"
    texts: ClassVar[str] = "points"
    confirms: ClassVar[bool] = False

    def gather(self, shop: ShopApi, case: Case) -> dict[str, Any]:
        # Whoever proved one order by a phone ending learns nothing else of the account.
        return {"points": shop.points(case.the_order["customer_id"]) if _is_owner(case) else None}

    def opening(self, case: Case) -> str:
        return lead(case.turn) + case.say("points.opening")

    def details(self, case: Case) -> tuple[Detail, ...]:
        return (Detail("reason", choice("reason", "points.ask_reason", reason_options).ask, _read_reason),)

    def restate(self, case: Case) -> Reply:
        return Reply(case.say("points.opening"))

    def commit(self, shop: ShopApi, case: Case, key: str) -> Document:
        body = {"order_id": case.the_order["order_id"], "reason": case.details["reason"]}
        document = shop.file_for_customer(case.the_order["customer_id"], "points-claims", body, key)
        return {**document, "balance": _balance_now(shop, case)}

    def done(self, case: Case, document: Document) -> Answer:
        replies: tuple[Reply, ...] = ()
        if document["state"] == "credited":
            words = case.say(
                f"points.credited_{case.details['reason']}",
                points=document["points"],
                balance=_balance_words(case, document["balance"]),
                points_claim_id=document["points_claim_id"],
            )
        else:
            bookings = _bookings(case)
            replies = (Reply(lead(case.turn) + bookings),) if bookings else ()
            words = case.say(
                f"points.reviewing_{case.details['reason']}",
                refund_rule=policy_text("points.refund_rule"),
                points_claim_id=document["points_claim_id"],
                answer_by=day_time(parse_time(document["answer_by"]), case.turn.now),
            )
        reply = Reply(words, buttons=(button("see_points", "/query_points_balance"), human("human_check")))
        facts = [fact("document", document["points_claim_id"], "member_api", case.turn.now)]
        promises = [] if document["state"] == "credited" else [promise(case.turn, words, document["answer_by"])]
        entry = finding(case.turn, "filed_points_claim", words, order=case.order, facts=facts, promises=promises)
        return Answer((*replies, reply), entry)

    def refused(self, case: Case, error: ShopConflictError) -> Answer:
        name = _refusal_name(case, error)
        if not has_text(f"transactions.points.refused.{name}"):
            return super().refused(case, error)
        words = case.say(f"points.refused.{name}", **self.refusal_values(case, error))
        buttons = (button("see_points", "/query_points_balance"), human("human_check"))
        due_at, answer_by = error.details.get("due_at"), error.details.get("answer_by")
        promises = [promise(case.turn, words, due_at or answer_by)] if due_at or answer_by else []
        number = error.details.get("points_claim_id")
        facts = [fact("document", number, "member_api", case.turn.now)] if number else []
        entry = finding(case.turn, "points", words, order=case.order, facts=facts, promises=promises)
        return Answer((Reply(words, buttons=buttons),), entry)

    def refusal_values(self, case: Case, error: ShopConflictError) -> dict[str, object]:
        def time_of(name: str) -> str:
            value = error.details.get(name)
            return day_time(parse_time(value), case.turn.now) if value else ""

        return {
            "points": error.details.get("points") or _earned(case),
            "hours": facts_of("points")["credit_hours_after_completion"],
            "due_at": time_of("due_at"),
            "credited_at": time_of("credited_at"),
            "answer_by": time_of("answer_by"),
            "points_claim_id": error.details.get("points_claim_id", ""),
        }


def reason_options(case: Case) -> Sequence[Option]:
    """What can be wrong with the points of an order in its state."""
    names = (NOT_RETURNED, WRONGLY_DEDUCTED) if _called_off(case) else (NOT_CREDITED, WRONGLY_DEDUCTED, NOT_RETURNED)
    return [Option(name, text(f"transactions.points.reasons.{name}")) for name in names]


def _read_reason(case: Case, asked: bool) -> str | None:
    picked = choice("reason", "points.ask_reason", reason_options).read(case, asked)
    if picked is not None:
        return picked
    for name in (NOT_RETURNED, WRONGLY_DEDUCTED, NOT_CREDITED):
        if re.search(text(f"transactions.points.reads.{name}"), case.turn.text):
            # Of an order that was called off nothing is credited any more: what did not come are points spent on it.
            return NOT_RETURNED if name == NOT_CREDITED and _called_off(case) else name
    return None


def _called_off(case: Case) -> bool:
    return case.the_order["status"] in CALLED_OFF


def _is_owner(case: Case) -> bool:
    return case.turn.customer_id == case.the_order["customer_id"]


def _earned(case: Case) -> int:
    return case.the_order["amount_fen"] // 100 * int(policy("points.earn_per_yuan"))


def _balance_now(shop: ShopApi, case: Case) -> int | None:
    """The balance after the claim; the claim stands, whether or not this can be told."""
    if not _is_owner(case):
        return None
    try:
        return shop.points(case.the_order["customer_id"])["balance"]
    except ShopError:
        return None


def _balance_words(case: Case, balance: int | None) -> str:
    return "" if balance is None else case.say("points.balance_now", balance=balance)


def _bookings(case: Case) -> str:
    points = case.facts["points"]
    return history_words(points, case.turn.now) if points and case.details["reason"] == WRONGLY_DEDUCTED else ""


def _refusal_name(case: Case, error: ShopConflictError) -> str:
    if error.code == "points_not_due" and not error.details.get("due_at"):
        return "points_not_due_open"
    if error.code == "points_already_credited" and case.details["reason"] == NOT_RETURNED:
        return "points_already_returned"
    return error.code
