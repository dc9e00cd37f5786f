"""Returns, exchanges and goods that are not as they should be: the rules and what holds for this order."""

from __future__ import annotations

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
    status_text,
    title_of,
)
from actions.base import AnsweringAction
from actions.context import Turn, order_number_in
from actions.orders import names_of, order_card
from actions.policies import facts_of, payer_words, policy_text
from actions.shop_api import NotFoundError
from actions.shop_types import Eligibility, Order, Return
from actions.texts import text
from actions.words import day_time, deadline, parse_time, tail

REASONS = {
    "within_no_reason": "eligible_no_reason",
    "quality_window": "eligible_quality",
    "expired": "expired",
    "not_delivered": "not_delivered",
    "quality_only_goods": "quality_only_goods",
    "already_returning": "already_returning",
}
CLOSED = {"pending_payment": "not_paid", "cancelled": "cancelled", "refunded": "refunded"}


def eligibility_words(turn: Turn, order: Order, facts: Eligibility) -> str:
    """Whether this order can still be returned, until when, and who pays the way back."""
    closed = CLOSED.get(order["status"])
    if closed:
        return text(f"after_sales.{closed}", title=title_of(order), tail=tail(order["order_id"]))
    until = deadline(parse_time(facts["deadline"]), turn.now) if facts["deadline"] else ""
    payer = facts["freight_payer"]
    return text(
        f"after_sales.{REASONS.get(facts['reason_code'], 'other')}",
        title=title_of(order),
        tail=tail(order["order_id"]),
        deadline=until,
        deadline_part=text("after_sales.deadline_part", deadline=until) if until else "",
        freight=payer_words(payer) if payer else "",
        condition=facts_of("returns")["condition"],
    )


def answer_return(turn: Turn, order: Order, facts: Eligibility) -> Answer:
    """Wants to return this order: what is possible and who carries it out."""
    words = Words().add(lead(turn)).add(eligibility_words(turn, order, facts))
    possible = facts["eligible"] and order["status"] not in CLOSED
    if possible:
        words.add(text("after_sales.return_next"))
    buttons = (human("human_return"), button("no_thanks", "/deny")) if possible else _instead(order, facts)
    reply = Reply(str(words), order_card(order, turn.now), buttons)
    return Answer((reply,), _finding(turn, order, facts, "eligibility", str(words)))


def answer_exchange(turn: Turn, order: Order, facts: Eligibility) -> Answer:
    """Wants another one: the rule, this order, a person who looks at the stock."""
    words = Words().add(lead(turn))
    help_from = "human_exchange"
    if order["status"] == "unshipped":
        words.add(text("orders.modify_unshipped", **names_of(order, turn.now)))
    elif order["status"] == "shipped":
        words.add(text("after_sales.exchange_not_delivered", title=title_of(order), tail=tail(order["order_id"])))
    elif not facts["eligible"] or order["status"] in CLOSED:
        help_from = "human_check"
        words.add(eligibility_words(turn, order, facts))
    else:
        words.add(text("after_sales.about", title=title_of(order), tail=tail(order["order_id"])))
        words.add(policy_text("exchange.request_exchange")).add(text("after_sales.exchange_next"))
    reply = Reply(str(words), order_card(order, turn.now), (human(help_from), button("no_thanks", "/deny")))
    return Answer((reply,), _finding(turn, order, facts, "eligibility", str(words)))


def answer_report(turn: Turn, order: Order, facts: Eligibility, kind: str) -> Answer:
    """Damaged, wrong or faulty goods; `kind` is damaged, wrong or quality. Asks for photos once, names who pays."""
    words = Words().add(text("after_sales.about", title=title_of(order), tail=tail(order["order_id"])))
    words.add(text(f"after_sales.{kind}", evidence=policy_text("after_sales.evidence")))
    if kind == "quality":
        names = {"title": title_of(order), "tail": tail(order["order_id"])}
        if facts["reason_code"] == "expired":
            words.add(text("after_sales.quality_past", **names, quality_days=facts_of("returns")["quality_days"]))
        elif facts["reason_code"] == "quality_window" and facts["deadline"]:
            until = deadline(parse_time(facts["deadline"]), turn.now)
            words.add(text("after_sales.quality_window", **names, deadline=until))
    reply = Reply(str(words), buttons=(human("human_reship"), human("human_refund")))
    return Answer((reply,), _finding(turn, order, facts, "report", str(words)))


def answer_progress(turn: Turn, order: Order, returns: list[Return]) -> Answer:
    """How far a return or exchange is."""
    if not returns:
        words = text("after_sales.progress_none", title=title_of(order), tail=tail(order["order_id"]))
        received = order["status"] in ("delivered", "completed")
        start = button("want_return", "/request_return") if received else button("see_status", "/query_order_status")
        buttons: tuple[Button, ...] = (start, human("human_check"))
        return Answer((Reply(words, buttons=buttons),), finding(turn, "progress", words, order=order))
    newest = max(returns, key=lambda item: item["requested_at"])
    words = str(Words().add(lead(turn)).add(_progress_words(turn, order, newest)))
    facts = [fact("return_state", text(f"after_sales.return_states.{newest['state']}"), "order_api", turn.now)]
    reply = Reply(words, buttons=(human("human_check"), button("see_refund", "/query_refund_status")))
    return Answer((reply,), finding(turn, "progress", words, order=order, facts=facts))


def _progress_words(turn: Turn, order: Order, newest: Return) -> str:
    words = Words().add(
        text(
            "after_sales.progress",
            title=title_of(order),
            tail=tail(order["order_id"]),
            kind=text(f"after_sales.kinds.{newest['kind']}"),
            return_id=newest["return_id"],
            state=text(f"after_sales.return_states.{newest['state']}"),
            updated_at=day_time(parse_time(newest["updated_at"]), turn.now),
        )
    )
    if newest["state"] in ("approved", "picking_up") and newest["pickup_at"]:
        words.add(text("after_sales.progress_pickup", pickup_at=day_time(parse_time(newest["pickup_at"]), turn.now)))
    if newest["state"] in ("in_transit", "inspecting"):
        words.add(text("after_sales.progress_inspecting", inspection_days=facts_of("returns")["inspection_days"]))
    return str(words)


def _instead(order: Order, facts: Eligibility) -> tuple[Button, ...]:
    """What a customer can do whose order cannot be returned now."""
    if order["status"] in CLOSED:
        return (human("human_check"),)
    if facts["reason_code"] == "not_delivered":
        return (human("human_refund"), button("see_logistics", "/query_logistics"))
    if facts["reason_code"] == "already_returning":
        return (button("see_refund", "/query_refund_status"), human("human_check"))
    return (human("human_check"),)


def _finding(turn: Turn, order: Order, facts: Eligibility, what: str, said: str) -> Json:
    noted = [
        fact("order_id", order["order_id"], "order_api", turn.now),
        fact("order_status", status_text(order), "order_api", turn.now),
        fact("return_eligibility", facts["kind"], "order_api", turn.now),
    ]
    if facts["deadline"]:
        noted.append(fact("return_deadline", deadline(parse_time(facts["deadline"]), turn.now), "order_api", turn.now))
    return finding(turn, what, said, order=order, facts=noted)


class ActionAnswerReturnPolicy(AnsweringAction):
    """The return rules, and for an order the customer is looking at or has named, whether it still fits."""

    def name(self) -> str:
        return "action_answer_return_policy"

    async def answer(self, turn: Turn) -> Answer:
        words = policy_text("returns.ask_return_policy")
        order = await self._known_order(turn)
        if order is None:
            reply = Reply(words, buttons=(button("check_my_order", "/request_return"),))
            return Answer((reply,), finding(turn, "policy", words))
        facts = await self.ask(self.shop.return_eligibility, order["order_id"])
        about = eligibility_words(turn, order, facts)
        buttons = (button("want_return", "/request_return"), human())
        replies = (Reply(words), Reply(about, order_card(order, turn.now), buttons))
        return Answer(replies, _finding(turn, order, facts, "eligibility", about))

    async def _known_order(self, turn: Turn) -> Order | None:
        """The order named now, on the page, or spoken of before, if it has been shown to be this customer's."""
        named = next((order_number_in(value) for value in turn.entities.get("order_id", ())), None)
        order_id = named or turn.page_order_id or turn.focus_order_id
        if order_id is None:
            return None
        try:
            order = await self.ask(self.shop.order, order_id)
        except NotFoundError:
            return None
        owned = turn.customer_id is not None and order["customer_id"] == turn.customer_id
        return order if owned or order_id in turn.verified_orders else None
