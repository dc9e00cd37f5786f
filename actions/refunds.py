"""Where the money is."""

from __future__ import annotations

from datetime import datetime

from actions.answer import (
    Answer,
    Button,
    Json,
    Reply,
    Words,
    button,
    fact,
    finding,
    human,
    lead,
    promise,
    status_text,
    title_of,
)
from actions.context import Turn
from actions.policies import facts_of, policy_text
from actions.shop_api import Document
from actions.shop_types import Order, Refund
from actions.texts import text, word_list
from actions.tone import REFUND_OVERDUE
from actions.words import SHANGHAI, day_time, days_between, deadline, money, parse_time, tail

ENDED = ("completed", "rejected", "withdrawn")
STEP_OF = {"requested": 1, "reviewing": 1, "approved": 2, "paying": 3, "completed": 4}


def newest_of(refunds: list[Refund]) -> Refund | None:
    """The refund a customer means."""
    return max(refunds, key=lambda item: item["requested_at"], default=None)


def chase_of(order: Order, refund: Refund) -> Document:
    """The ticket by which an overdue refund is chased; its words depend on nothing but the refund, so that asking
    again files the same one."""
    expected = parse_time(refund["expected_by"] or refund["requested_at"]).astimezone(SHANGHAI)
    values = {
        "refund": refund["refund_id"],
        "order": order["order_id"],
        "amount": money(refund["amount_fen"]),
        "expected_by": f"{expected:%Y-%m-%d %H:%M}",
        "destination": refund["destination_text"],
    }
    return {
        "customer_id": order["customer_id"],
        "topic": "payment",
        "facts": {text(f"refunds.chase.fact_names.{name}"): value for name, value in values.items()},
        "steps": [],
        "sentence": text("refunds.chase.sentence", **values),
    }


def answer_refund(turn: Turn, order: Order, refunds: list[Refund], chase: Document | None = None) -> Answer:
    """Progress of the newest refund: state, amount, destination, expected day; what is done about an overdue one.

    `chase` is the ticket filed because it is overdue.
    """
    refund = newest_of(refunds)
    if refund is None:
        return _no_refund(turn, order)
    overdue = days_overdue(refund, turn.now)
    words = Words().add(lead(turn, situation=REFUND_OVERDUE if overdue else ""))
    if len(refunds) > 1:
        words.add(text("refunds.multiple", count=len(refunds)))
    words.add(_state_words(order, refund, turn.now)).add(expectation(refund, turn.now))
    words.add(_chase_words(chase, turn.now))
    reply = Reply(str(words), refund_card(refund, turn.now), _buttons(order, refund, chase, turn.now))
    return Answer((reply,), _finding(turn, order, refund, str(words), chase))


def days_overdue(refund: Refund, now: datetime) -> int:
    """Calendar days past the expected day of an unfinished refund, 0 when in time or without a date."""
    if refund["state"] in ENDED or not refund["expected_by"]:
        return 0
    expected = parse_time(refund["expected_by"])
    return max(1, days_between(expected, now)) if expected < now else 0


def expectation(refund: Refund, now: datetime) -> str:
    """When the money comes, from the shop's own date, or that we are late."""
    if refund["state"] in ENDED:
        return ""
    if not refund["expected_by"]:
        return policy_text("refunds.arrival")
    day = deadline(parse_time(refund["expected_by"]), now)
    late = days_overdue(refund, now)
    if late:
        return text("refunds.overdue", expected_by=day, days=late)
    return text("refunds.expected", expected_by=day)


def refund_card(refund: Refund, now: datetime) -> Json:
    """The card of contracts/messages.md."""
    done = STEP_OF.get(refund["state"], 1)
    card: Json = {
        "type": "refund",
        "refund_id": refund["refund_id"],
        "order_id": refund["order_id"],
        "amount_fen": refund["amount_fen"],
        "steps": [{"text": step, "done": index < done} for index, step in enumerate(word_list("refunds.steps"))],
    }
    if refund["state"] not in ENDED and refund["expected_by"] and not days_overdue(refund, now):
        card["eta_text"] = expectation(refund, now).rstrip("。")
    return card


def _state_words(order: Order, refund: Refund, now: datetime) -> str:
    state = refund["state"]
    key = "rejected_no_reason" if state == "rejected" and not refund["reject_reason"] else state
    paid = refund["paid_at"]
    return text(
        f"refunds.{key}",
        title=title_of(order),
        tail=tail(order["order_id"]),
        amount=money(refund["amount_fen"]),
        requested_at=day_time(parse_time(refund["requested_at"]), now),
        paid_at=day_time(parse_time(paid), now) if paid else "",
        destination=refund["destination_text"],
        reject_reason=refund["reject_reason"] or "",
    )


def _chase_words(chase: Document | None, now: datetime) -> str:
    if chase is None:
        return ""
    key = "chased" if _answer_by(chase) > now else "chased_in_vain"
    return text(f"refunds.{key}", number=chase["ticket_id"], answer_by=day_time(_answer_by(chase), now))


def _answer_by(chase: Document) -> datetime:
    return parse_time(chase["answer_by"])


def _buttons(order: Order, refund: Refund, chase: Document | None, now: datetime) -> tuple[Button, ...]:
    also_back = (button("see_points", "/query_points_balance"), button("see_coupons", "/ask_promotion"))
    if chase is not None:
        return also_back if _answer_by(chase) > now else (human("human_urge"),)
    state = refund["state"]
    if state == "rejected":
        return (button("report_quality", "/report_quality_issue"), human("human_check"))
    if state == "withdrawn":
        return (button("want_return", "/request_return"), human("human_check"))
    if state in ("requested", "reviewing", "approved") and order["status"] == "refunding":
        goods = button("see_progress", "/query_after_sales_progress") if refund["return_id"] else also_back[0]
        return (goods, button("undo", "/undo_request"))
    return also_back


def _no_refund(turn: Turn, order: Order) -> Answer:
    words = text("refunds.none", title=title_of(order), tail=tail(order["order_id"]), status=status_text(order))
    buttons: tuple[Button, ...]
    if order["status"] == "unshipped":
        words += text("refunds.none_next")
        buttons = (button("want_refund", "/cancel_order"), button("urge_dispatch", "/urge_order"))
    elif order["status"] == "shipped":
        days = facts_of("payments")["refund_working_days"]
        words += text("refunds.none_next_shipped", **facts_of("returns"), refund_working_days=days)
        buttons = (button("want_refund", "/cancel_order"), button("see_logistics", "/query_logistics"))
    elif order["status"] in ("delivered", "completed"):
        words += text("refunds.none_next")
        buttons = (button("want_return", "/request_return"), button("report_quality", "/report_quality_issue"))
    else:
        buttons = (human("human_check"),)
    facts = [fact("refund_state", "none", "order_api", turn.now)]
    return Answer((Reply(words, buttons=buttons),), finding(turn, "refund", words, order=order, facts=facts))


def _finding(turn: Turn, order: Order, refund: Refund, said: str, chase: Document | None) -> Json:
    facts = [
        fact("order_id", order["order_id"], "order_api", turn.now),
        fact("refund_state", refund["state"], "order_api", turn.now),
        fact("refund_amount", money(refund["amount_fen"]), "order_api", turn.now),
    ]
    promises = []
    if chase is not None:
        facts.append(fact("document", chase["ticket_id"], "order_api", turn.now))
        promises.append(promise(turn, _chase_words(chase, turn.now).rstrip("。"), chase["answer_by"]))
    if refund["expected_by"] and refund["state"] not in ENDED:
        facts.append(
            fact("refund_expected_by", deadline(parse_time(refund["expected_by"]), turn.now), "order_api", turn.now)
        )
        if not days_overdue(refund, turn.now):
            promises.append(promise(turn, expectation(refund, turn.now).rstrip("。"), refund["expected_by"]))
    return finding(turn, "refund", said, order=order, facts=facts, promises=promises)
