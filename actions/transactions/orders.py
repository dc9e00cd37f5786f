"""Cancelling an order that has not left, and taking a cancellation, return or exchange back."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, ClassVar, cast

from actions.answer import Answer, Button, Reply, button, fact, finding, human, lead, promise, slowest, status_text
from actions.context import Turn
from actions.logistics import seen_now
from actions.order_choice import names
from actions.orders import dispatch_of, order_card
from actions.policies import facts_of
from actions.refunds import newest_of
from actions.shop_api import Document, ShopApi, ShopConflictError
from actions.shop_types import Eligibility, Order, Refund, Return, Shipment
from actions.texts import text
from actions.transactions.asked import AMOUNT, WHEN, WHERE, asks
from actions.transactions.case import Case
from actions.transactions.detail import FREE_ANSWERS, STOP, Detail, Option, choice
from actions.transactions.modify import restock_words
from actions.transactions.transaction import Transaction
from actions.words import day_time, deadline, money, parse_time

REASONS = ("unwanted", "mistake", "late", "cheaper", "other")
LONGEST_REASON = 200
# More than this beside 取消订单 is a reason of the customer's own.
OWN_REASON_LENGTH = 4
BACK = ("refunding", "refunded")
KEEP = re.compile(r"(不|别|先不|不用|不要)取消|还是(要|留着|等等?)")
# What the warehouse or the payment provider no longer gives back.
INSPECTED, PAID_OUT = ("inspecting", "completed"), ("paying", "completed")


class CancelOrder(Transaction):
    """An order that has not left yet is cancelled, the money goes back."""

    topic: ClassVar[str] = "cancel_order"
    texts: ClassVar[str] = "orders"
    verbs: ClassVar[str] = "取消|退"

    def gather(self, shop: ShopApi, case: Case) -> dict[str, Any]:
        order = case.the_order
        return {"shipments": shop.shipments(order["order_id"]) if order["status"] == "shipped" else []}

    def refuse(self, case: Case) -> Answer | None:
        status = case.the_order["status"]
        if status in ("pending_payment", "unshipped"):
            return None
        held = held_up(case) if status == "shipped" else ""
        if held:
            words = case.say(f"orders.cancel_{held}", trace_hours=facts_of("shipping")["trace_hours"])
            return refusal(case, words, (human("human_refund"), button("trace", "/report_delivery_problem")), "cancel")
        if status == "shipped":
            return refusal(case, _shipped_words(case), (see_logistics(), human()), "cancel")
        words = case.say(f"orders.cancel_{status}" if status in BACK else "orders.cancel_closed")
        return refusal(case, words, _ways_back(case, status), "cancel")

    def opening(self, case: Case) -> str:
        sentence = ""
        if _is_paid(case) and "reason" not in case.details:
            plan = dispatch_of(case.the_order, case.turn.now)
            known = plan.reason and plan.ship_at and not plan.overdue
            sentence = case.say(
                "orders.cancel_opening_held" if known else "orders.cancel_opening",
                reason=plan.reason,
                ship_at=deadline(plan.ship_at, case.turn.now) if plan.ship_at else "",
            )
        return lead(case.turn) + sentence

    def details(self, case: Case) -> tuple[Detail, ...]:
        """Only a paid order is asked why; one not paid for needs no reason."""
        return (_reason_detail(),) if _is_paid(case) else ()

    def includes(self, case: Case) -> bool:
        """A question for the money of an order that is just being cancelled."""
        return case.turn.intent == "query_refund_status"

    def told(self, case: Case) -> str:
        if not _is_paid(case) or not asks(case, WHEN, WHERE, AMOUNT):
            return ""
        return case.say("orders.told_cancel", **_money_back(case))

    def gives_up(self, case: Case) -> bool:
        """啊我又想要了: nothing has been cancelled yet, so there is nothing to be restored."""
        return case.turn.intent == "undo_request" or bool(KEEP.search(case.turn.text))

    def restate(self, case: Case) -> Reply:
        whole = (
            case.say("orders.whole_order", goods=[line["title"] for line in case.the_order["lines"]])
            if _names_a_part(case)
            else ""
        )
        if not _is_paid(case):
            return Reply(whole + case.say("orders.restate_cancel_unpaid"))
        return Reply(whole + case.say("orders.restate_cancel", **_money_back(case)))

    def commit(self, shop: ShopApi, case: Case, key: str) -> Document:
        body = {"reason": _reason_words(case.details.get("reason", "unwanted"))}
        return shop.file_for_order(case.the_order["order_id"], "cancellations", body, key)

    def done(self, case: Case, document: Document) -> Answer:
        refund = document["refund"]
        if refund is None:
            words = case.say("orders.done_cancel_unpaid", cancellation_id=document["cancellation_id"])
            return filed(
                case, "filed_cancellation", words, document["cancellation_id"], (button("restore", "/undo_request"),)
            )
        words = case.say(
            "orders.done_cancel",
            cancellation_id=document["cancellation_id"],
            refund=money(refund["amount_fen"]),
            destination=refund["destination_text"].replace(" ", ""),
            expected_by=deadline(parse_time(refund["expected_by"]), case.turn.now),
        )
        ways = (button("see_refund", "/query_refund_status"), button("restore", "/undo_request"))
        return filed(case, "filed_cancellation", words, document["cancellation_id"], ways, due_at=refund["expected_by"])

    def refused(self, case: Case, error: ShopConflictError) -> Answer:
        if error.code == "order_already_shipped":
            return refusal(case, _shipped_words(case), (see_logistics(), human()), "refused")
        first = super().refused(case, error).replies[0]
        ways = {
            "order_already_delivered": (button("want_return", "/request_return"),),
            "order_already_refunding": _ways_back(case, "refunding"),
            "order_already_refunded": _ways_back(case, "refunded"),
            "order_already_cancelled": _ways_back(case, "cancelled"),
        }
        return refusal(case, first.text, ways.get(error.code, (human("human_check"),)), "refused")


class UndoRequest(Transaction):
    """The newest return, exchange or cancellation is taken back."""

    topic: ClassVar[str] = "undo_request"
    texts: ClassVar[str] = "orders"
    verbs: ClassVar[str] = "恢复|撤[回销]?"

    def gather(self, shop: ShopApi, case: Case) -> dict[str, Any]:
        order_id = case.the_order["order_id"]
        return {"returns": shop.returns(order_id), "refunds": shop.refunds(order_id)}

    def refuse(self, case: Case) -> Answer | None:
        code = _undo_refusal(case)
        if code is None:
            return None
        words = case.say(f"orders.refused.{code}", status=status_text(case.the_order))
        return refusal(case, words, _ways_after_undo(case, code), "undo")

    def opening(self, case: Case) -> str:
        return lead(case.turn)

    def restate(self, case: Case) -> Reply:
        standing = _standing(case)
        if standing is None:
            return Reply(case.say(f"orders.restate_undo_{'cancellation' if _is_paid(case) else 'unpaid'}"))
        refund = newest_of(cast("list[Refund]", case.facts["refunds"]))
        return Reply(
            case.say(
                f"orders.restate_undo_{standing['kind']}",
                document_id=standing["return_id"],
                requested_at=day_time(parse_time(standing["requested_at"]), case.turn.now),
                refund=money(refund["amount_fen"]) if refund else case.say("orders.the_money"),
            )
        )

    def commit(self, shop: ShopApi, case: Case, key: str) -> Document:
        """The undo, and what holds afterwards: the order that waits again, or until when it may go back."""
        order_id = case.the_order["order_id"]
        document = shop.file_for_order(order_id, "undos", {}, key)
        if document["kind"] == "cancellation":
            return {**document, "order": shop.order(order_id)}
        return {**document, "eligibility": shop.return_eligibility(order_id)}

    def done(self, case: Case, document: Document) -> Answer:
        words = case.say(f"orders.done_undo_{document['kind']}", undo_id=document["undo_id"]) + _after_undo(
            case, document
        )
        return filed(case, "filed_undo", words, document["undo_id"], (button("see_status", "/query_order_status"),))

    def refused(self, case: Case, error: ShopConflictError) -> Answer:
        first = super().refused(case, error).replies[0]
        return refusal(case, first.text, _ways_after_undo(case, error.code), "refused")

    def refusal_values(self, case: Case, error: ShopConflictError) -> dict[str, object]:
        return {
            "status": status_text(case.the_order),
            "restock": restock_words(case, error.details.get("restock_at")),
        }


def _money_back(case: Case) -> dict[str, object]:
    """Where the money goes and how many working days that takes."""
    method = case.the_order["payment"]["method"]
    days = facts_of("refunds")["card_working_days" if method == "card" else "wechat_working_days"]
    known = method if method in ("wechat", "alipay", "card") else "wechat"
    return {"method": text(f"transactions.orders.methods.{known}"), "refund_days": days}


def _names_a_part(case: Case) -> bool:
    """防晒霜不要了, of an order that holds a cup too: the shop cancels whole orders only."""
    lines = case.the_order["lines"]
    wish = case.turn.slots.get("wish") or {}
    words = f"{wish.get('text', '')} {case.turn.text}"
    named = [line for line in lines if names(line["title"], words)]
    keeps = re.search(text("transactions.orders.keeps_a_part"), words) is not None
    return len(lines) > 1 and (0 < len(named) < len(lines) or (keeps and bool(named)))


def _reason_detail() -> Detail:
    """Why; whatever the customer has already said beside 取消 is reason enough."""

    def options(case: Case) -> Sequence[Option]:
        return [
            Option(name, text(f"transactions.orders.reasons.{name}"), text(f"transactions.orders.reads_reason.{name}"))
            for name in REASONS
        ]

    known = choice("reason", "orders.ask_reason", options)

    def read(case: Case, asked: bool) -> str | None:
        turn = case.turn
        # 等太久了 sounds like an urge; after the question why, it is the reason.
        if turn.intent == "urge_order" and asked:
            named = known.read(case, asked)
            return str(named) if named is not None else None
        if turn.intent not in ("cancel_order", "request_return", *FREE_ANSWERS) or STOP.search(turn.text.strip()):
            return None
        named = known.read(case, asked)
        if named is not None:
            return str(named)
        said = _beside_the_wish(turn)
        enough = 2 if asked else OWN_REASON_LENGTH
        first_time = "reason" not in case.details and (asked or turn.intent in ("cancel_order", "request_return"))
        return said if first_time and len(said) >= enough else None

    return Detail("reason", known.ask, read)


def _beside_the_wish(turn: Turn) -> str:
    said = re.sub(text("transactions.orders.wish_words"), "", turn.text)
    return re.sub(r"[\s，。,.！!？?~～]+|\d{6,}", "", said)[:LONGEST_REASON]


def _reason_words(reason: str) -> str:
    return text(f"transactions.orders.reasons.{reason}") if reason in REASONS else reason


def held_up(case: Case) -> str:
    """lost or stuck when the parcel is: nobody can refuse at the door what does not come. Else ""."""
    parcel = slowest(cast("list[Shipment]", case.facts.get("shipments", [])))
    if parcel is None:
        return ""
    seen = seen_now(parcel, case.turn.now)
    if seen.anomaly == "lost":
        return "lost"
    return "stuck" if seen.anomaly == "unknown" and seen.is_stuck else ""


def _shipped_words(case: Case) -> str:
    returnable = any(line["return_class"] == "no_reason" for line in case.the_order["lines"])
    return case.say(
        "orders.cancel_shipped" if returnable else "orders.cancel_shipped_fresh",
        no_reason_days=facts_of("returns")["no_reason_days"],
        refusal=facts_of("returns")["refusal_freight"],
        quality_days=facts_of("returns")["quality_days"],
    )


def _is_paid(case: Case) -> bool:
    return case.the_order["payment"]["paid_fen"] > 0


def _ways_back(case: Case, status: str) -> tuple[Button, ...]:
    undo = button("restore" if case.the_order["shipped_at"] is None else "undo", "/undo_request")
    if status == "cancelled":
        return (undo, human())
    return (button("see_refund", "/query_refund_status"), undo if status == "refunding" else human())


def see_logistics() -> Button:
    """The way to the track of the parcel."""
    return button("see_logistics", "/query_logistics")


def _standing(case: Case) -> Return | None:
    """The newest return or exchange that was not withdrawn or turned down."""
    found = cast("list[Return]", case.facts["returns"])
    return next((item for item in found if item["state"] not in ("withdrawn", "rejected")), None)


def _is_cancelled(order: Order) -> bool:
    return order["shipped_at"] is None and order["status"] in ("cancelled", *BACK)


def _undo_refusal(case: Case) -> str | None:
    refunds = cast("list[Refund]", case.facts["refunds"])
    standing = _standing(case)
    if standing is not None:
        if standing["state"] in INSPECTED:
            return "goods_already_inspected"
    elif not _is_cancelled(case.the_order):
        return "nothing_to_undo"
    newest = newest_of(refunds)
    return "refund_already_paid" if newest and newest["state"] in PAID_OUT else None


def _ways_after_undo(case: Case, code: str) -> tuple[Button, ...]:
    if code == "nothing_to_undo":
        return (button("see_status", "/query_order_status"), human())
    if code == "goods_already_inspected":
        return (button("see_progress", "/query_after_sales_progress"), human("human_check"))
    return (button("see_refund", "/query_refund_status"), human())


def _after_undo(case: Case, document: Document) -> str:
    now = case.turn.now
    if document["kind"] != "cancellation":
        facts = cast("Eligibility", document["eligibility"])
        if not facts["eligible"] or not facts["deadline"]:
            return ""
        return case.say("orders.return_again_until", deadline=deadline(parse_time(facts["deadline"]), now))
    order = cast("Order", document["order"])
    if order["status"] == "pending_payment":
        return case.say("orders.pay_now")
    plan = dispatch_of(order, now)
    if plan.ship_at is None or plan.overdue:
        return ""
    return case.say("orders.ships_by", ship_at=deadline(plan.ship_at, now))


def refusal(case: Case, words: str, buttons: tuple[Button, ...], what: str) -> Answer:
    """Words that say what is possible instead, with the order and the ways on."""
    noted = [fact("order_status", status_text(case.the_order), "order_api", case.turn.now)]
    said = lead(case.turn) + words if what != "refused" else words
    reply = Reply(said, order_card(case.the_order, case.turn.now), buttons)
    return Answer((reply,), finding(case.turn, what, said, order=case.order, facts=noted))


def filed(
    case: Case, what: str, words: str, number: str, buttons: tuple[Button, ...], *, due_at: str | None = None
) -> Answer:
    """What was filed, with its number and the promised time for an agent."""
    noted = [fact("document", number, "order_api", case.turn.now)]
    promises = [promise(case.turn, words, due_at)] if due_at else []
    entry = finding(case.turn, what, words, order=case.order, facts=noted, promises=promises)
    return Answer((Reply(words, buttons=buttons),), entry)
