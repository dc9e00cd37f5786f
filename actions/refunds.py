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
from actions.policies import policy_text
from actions.shop_types import Order, Refund
from actions.texts import text, word_list
from actions.words import day_time, days_between, deadline, money, parse_time, tail

ENDED = ("completed", "rejected", "withdrawn")
STEP_OF = {"requested": 1, "reviewing": 1, "approved": 2, "paying": 3, "completed": 4}


def answer_refund(turn: Turn, order: Order, refunds: list[Refund]) -> Answer:
    """Progress of the newest refund of an order: state, amount, destination, expected day, days overdue."""
    if not refunds:
        return _no_refund(turn, order)
    refund = max(refunds, key=lambda item: item["requested_at"])
    overdue = days_overdue(refund, turn.now)
    words = Words().add(lead(turn))
    if len(refunds) > 1:
        words.add(text("refunds.multiple", count=len(refunds)))
    words.add(_state_words(order, refund, turn.now)).add(expectation(refund, turn.now))
    reply = Reply(str(words), refund_card(refund, turn.now), _buttons(refund, overdue))
    return Answer((reply,), _finding(turn, order, refund, str(words)))


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


def _buttons(refund: Refund, overdue: int) -> tuple[Button, ...]:
    if overdue:
        return (human("human_urge"),)
    if refund["state"] in ENDED:
        return (human("human_check"),)
    return (human(),)


def _no_refund(turn: Turn, order: Order) -> Answer:
    words = text("refunds.none", title=title_of(order), tail=tail(order["order_id"]), status=status_text(order))
    buttons: tuple[Button, ...]
    if order["status"] == "unshipped":
        words += text("refunds.none_next")
        buttons = (button("want_refund", "/cancel_order"), human())
    elif order["status"] in ("shipped", "delivered", "completed"):
        words += text("refunds.none_next")
        buttons = (button("want_refund", "/request_return"), human())
    else:
        buttons = (human("human_check"),)
    facts = [fact("refund_state", "none", "order_api", turn.now)]
    return Answer((Reply(words, buttons=buttons),), finding(turn, "refund", words, order=order, facts=facts))


def _finding(turn: Turn, order: Order, refund: Refund, said: str) -> Json:
    facts = [
        fact("order_id", order["order_id"], "order_api", turn.now),
        fact("refund_state", refund["state"], "order_api", turn.now),
        fact("refund_amount", money(refund["amount_fen"]), "order_api", turn.now),
    ]
    promises = []
    if refund["expected_by"] and refund["state"] not in ENDED:
        facts.append(
            fact("refund_expected_by", deadline(parse_time(refund["expected_by"]), turn.now), "order_api", turn.now)
        )
        if not days_overdue(refund, turn.now):
            promises.append(promise(turn, expectation(refund, turn.now).rstrip("。"), refund["expected_by"]))
    return finding(turn, "refund", said, order=order, facts=facts, promises=promises)
