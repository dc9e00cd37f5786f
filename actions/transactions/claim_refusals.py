"""Why a claim is not possible now, and what is possible instead."""

from __future__ import annotations

from typing import Any

from actions import orders
from actions.answer import Answer, Button, Reply, button, fact, finding, human, lead, slowest
from actions.logistics import delay_words, seen_now, where_words
from actions.order_policy import warranty_end
from actions.policies import facts_of
from actions.shop_api import ShopConflictError
from actions.texts import has_text, text
from actions.tone import OUR_FAULT
from actions.transactions.case import Case
from actions.transactions.claim_details import free_lines, named_lines, restock_words
from actions.words import day, deadline, parse_time

BEFORE_SENDING = ("pending_payment", "unshipped", "cancelled")
CLOSED = ("refunding", "refunded")
# Refusals that leave the customer with what is our fault.
FAULTY = ("claim_expired", "claim_expired_again", "claim_expired_no_warranty", "claim_overdue")
PROGRESS = ("see_progress", "/query_after_sales_progress")


def refusal(case: Case) -> Answer | None:
    """What the order's state alone makes impossible, before anything is asked."""
    order, facts = case.the_order, case.facts
    if order["status"] in BEFORE_SENDING:
        return _not_sent(case)
    if order["status"] in CLOSED:
        return _answer(case, "order_closed", {})
    free = free_lines(case)
    named = named_lines(case.turn.text, order["lines"])
    taken = [line["line_id"] for line in (named or order["lines"]) if line not in free]
    if taken and (not free or (named and all(line not in free for line in named))):
        return _taken(case, taken)
    if facts["eligibility"]["reason_code"] == "not_delivered":
        return _answer(case, "not_delivered", {})
    if facts["eligibility"]["reason_code"] == "expired":
        return _answer(case, "claim_expired", {"expired_at": facts["eligibility"]["deadline"]})
    return None


def answer_refused(case: Case, error: ShopConflictError) -> Answer:
    """The shop's refusal with its facts and what leads on from it."""
    return _answer(case, error.code, error.details)


def answer_other_remedies(case: Case, error: ShopConflictError, others: tuple[Button, ...]) -> Answer:
    """The remedy has become impossible between asking and filing: the others, one press away."""
    out_of_stock = "sku" in error.details
    restock = restock_words(case, error.details.get("restock_at"))
    words = case.say(f"claims.refused.{'remedy_not_possible' if out_of_stock else 'money_gone'}", restock=restock)
    return Answer((Reply(words, buttons=(*others, human("human_check"))),), _finding(case, words))


def _not_sent(case: Case) -> Answer:
    """Nothing has been sent: where the order stands, and that it may be about another one."""
    answer = orders.answer_status(case.turn, case.the_order)
    first, *rest = answer.replies
    told = Reply(text("transactions.claims.other_order") + first.text, first.card, first.buttons)
    return Answer((told, *rest), answer.finding)


def _taken(case: Case, line_ids: list[str]) -> Answer:
    for claim in case.facts["claims"]:
        if set(line_ids).intersection(claim["line_ids"]):
            return _answer(case, "claim_already_open", claim)
    for item in case.facts["returns"]:
        if set(line_ids).intersection(line["line_id"] for line in item["lines"]):
            return _answer(case, "return_already_open", item)
    return _answer(case, "order_closed", {})


def _answer(case: Case, code: str, details: dict[str, Any]) -> Answer:
    name = _sentence(case, code, details)
    path = f"claims.refused.{name}"
    known = has_text(f"transactions.{path}")
    sorry = lead(case.turn, situation=OUR_FAULT) if name in FAULTY else lead(case.turn)
    words = sorry + case.say(path if known else "common.refused", **_values(case, details))
    buttons = _ways_on(name)
    card = orders.order_card(case.the_order, case.turn.now) if name == "order_closed" else None
    return Answer((Reply(words, card, buttons),), _finding(case, words, details, code))


def _sentence(case: Case, code: str, details: dict[str, Any]) -> str:
    if code == "claim_already_open":
        if details.get("state") == "approved":
            return "claim_already_approved"
        open_still = "claim_photos_added" if case.turn.brings_files else code
        return "claim_overdue" if parse_time(details["answer_by"]) < case.turn.now else open_still
    if code == "claim_expired" and _warranty_months(case) is None:
        return "claim_expired_no_warranty"
    if code == "claim_expired" and any(item["kind"] == "exchange" for item in case.facts["returns"]):
        return "claim_expired_again"
    return code


def _values(case: Case, details: dict[str, Any]) -> dict[str, object]:
    now = case.turn.now
    values: dict[str, object] = {
        "quality_days": facts_of("returns")["quality_days"],
        "months": _warranty_months(case) or "",
        "until": _warranty_end(case),
        "where": where_words(case.the_order, case.facts["shipments"], now) + _why_late(case),
        "claim_id": details.get("claim_id", ""),
        "return_id": details.get("return_id", ""),
    }
    if details.get("answer_by"):
        values["answer_by"] = deadline(parse_time(details["answer_by"]), now)
    if details.get("expired_at"):
        values["expired_at"] = day(parse_time(details["expired_at"]), now)
    return values


def _why_late(case: Case) -> str:
    """Why the parcel is not there yet, when something keeps it: 显示异常是咋回事."""
    parcel = slowest(case.facts["shipments"])
    if parcel is None:
        return ""
    return delay_words(seen_now(parcel, case.turn.now), parcel, case.turn.now)


def _warranty_end(case: Case) -> str:
    months, received = _warranty_months(case), case.the_order["delivered_at"]
    return day(warranty_end(parse_time(received), months), case.turn.now) if months and received else ""


def _warranty_months(case: Case) -> int | None:
    named = named_lines(case.turn.text, case.the_order["lines"]) or case.the_order["lines"]
    months: int | None = case.facts["products"][named[0]["product_id"]]["warranty_months"]
    return months or None


def _ways_on(name: str) -> tuple[Button, ...]:
    ways: dict[str, tuple[Button, ...]] = {
        "not_delivered": (button("see_logistics", "/query_logistics"), human("human_check")),
        "order_closed": (button("see_refund", "/query_refund_status"), human("human_check")),
        "claim_expired": (button("see_warranty", "/ask_warranty"), human("human_check")),
        "claim_expired_again": (human("human_check"), button("see_warranty", "/ask_warranty")),
        "claim_already_open": (button(*PROGRESS),),
        "claim_photos_added": (button(*PROGRESS),),
        "return_already_open": (button(*PROGRESS), human("human_check")),
        "claim_already_approved": (human("human_check"), button(*PROGRESS)),
    }
    return ways.get(name, (human("human_check"),))


def _finding(case: Case, said: str, details: dict[str, Any] | None = None, code: str | None = None) -> dict[str, Any]:
    now = case.turn.now
    facts = []
    number = (details or {}).get("claim_id") or (details or {}).get("return_id")
    if number:
        facts.append(fact("document", number, "order_api", now))
    if case.details.get("words"):
        facts.append(fact("issue", case.details["words"], "customer", now, verified=False))
    return finding(case.turn, "refused", said, order=case.order, facts=facts, code=code)
