"""Payments that failed, were taken twice, or did not reach the order: answered from the newest order's state first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar

from actions.answer import Answer, Button, button, fact, human, lead, order_facts_of, title_of
from actions.policies import facts_of, policy
from actions.shop_api import Document, ShopApi
from actions.shop_types import Order
from actions.texts import text
from actions.transactions import device
from actions.transactions.asked import WHEN, WHERE, asks
from actions.transactions.case import Case
from actions.transactions.detail import Detail
from actions.transactions.diagnosis import Fault
from actions.transactions.guide import BOOK, Check, matches
from actions.words import day_time, money, parse_time, tail

RECENT_ORDERS = 5
# The kinds of trouble, named after what is said when they are filed.
CHARGED, FAILED = "done_charged", "done_failed"
# The order itself tells how much and when.
UNBOOKED = ("waiting", "stale", "closed")


class PaymentIssue(Fault):
    """Money that went out, or did not."""

    topic: ClassVar[str] = "report_payment_issue"
    ticket_topics: ClassVar[tuple[str, ...]] = ("payment",)
    calls_person: ClassVar[bool] = False  # the money is checked by the accounts, no technician goes on in the chat

    def gather(self, shop: ShopApi, case: Case) -> dict[str, Any]:
        facts = super().gather(shop, case)
        if case.turn.customer_id is not None:
            facts["orders"] = shop.orders(case.turn.customer_id, RECENT_ORDERS)
        return facts

    def opening(self, case: Case) -> str:
        if self.open_ticket(case) is not None:
            return lead(case.turn)
        name = self._opening_name(case)
        return lead(case.turn) + text(f"{BOOK}.opening.{self.topic}.{name}", **self._order_values(case))

    def questions(self, case: Case) -> tuple[Detail, ...]:
        """The checks first: what they solve needs no amount."""
        return (*self.check_questions(case), *self.device_questions(case))

    def asks(self, case: Case) -> tuple[str, ...]:
        names = super().asks(case)
        if self.guide(case).done != CHARGED and self.situation(case) in UNBOOKED:
            return tuple(name for name in names if name not in ("amount", "when"))
        return names

    def situation(self, case: Case) -> str:
        """How the order stands that is meant most likely: waiting, stale, paid, closed or unknown."""
        order = self.order(case)
        if order is None:
            return "unknown"
        if order["status"] == "pending_payment":
            return "waiting" if closes_at(order) > case.turn.now else "stale"
        if order["payment"]["state"] == "paid":
            return "paid"
        return "closed" if order["status"] == "cancelled" else "unknown"

    def order(self, case: Case) -> Order | None:
        """The one meant most likely, never one to be paid at the door.

        Money taken twice: the newest paid. Else one that waits for its payment (the closed one when the customer
        speaks of that), else the newest.
        """
        orders: list[Order] = [item for item in case.facts.get("orders", []) if item["payment"]["method"] != "cod"]
        if self.guide(case).done == CHARGED:
            return next((item for item in orders if item["payment"]["state"] == "paid"), None)
        state = "cancelled" if matches("closed_order", self.symptom(case)) else "pending_payment"
        meant = [item for item in orders if item["status"] == state]
        return next(iter(meant or orders), None)

    def check_values(self, case: Case) -> dict[str, object]:
        return {**facts_of("payments"), **self._order_values(case)}

    def sentence_parts(self, case: Case) -> Sequence[str]:
        amount, when = device.amount_words(case), device.known(case, "when")
        return (
            case.say("diagnosis.sentence.order", **self._order_values(case)) if self.order(case) else "",
            self.short_symptom(case),
            case.say("diagnosis.amount.told", amount=amount) if amount else "",
            case.say("diagnosis.when.told", since=when) if when else "",
        )

    def ticket_facts(self, case: Case) -> dict[str, str]:
        facts = super().ticket_facts(case)
        if "amount" in facts:
            facts["amount"] = device.amount_words(case)
        order = self.order(case)
        if order is not None:
            facts |= {"order_id": order["order_id"], "payment_state": _state_words(order)}
        return facts

    def done(self, case: Case, document: Document) -> Answer:
        answer = super().done(case, document)
        order = self.order(case)
        if order is None or answer.finding is None:
            return answer
        seen = fact("payment_state", _state_words(order), "order_api", case.turn.now)
        about = {"order_id": order["order_id"], "order": order_facts_of(order, case.turn.now)}
        return Answer(answer.replies, {**answer.finding, **about, "facts": [*answer.finding["facts"], seen]})

    def until(self, case: Case, check: Check) -> str:
        order = self.order(case)
        if "closed" in check.only:
            return case.say("diagnosis.ended.until_refund", **facts_of("payments"))
        shut = closes_at(order) if order is not None and self.situation(case) == "waiting" else None
        until = shut or case.turn.now + timedelta(minutes=int(policy("payments.unpaid_close_minutes")))
        return case.say("diagnosis.ended.until_close", time=day_time(until, case.turn.now))

    def told(self, case: Case) -> str:
        """什么时候退回来, of money taken twice."""
        if self.guide(case).done != CHARGED or not asks(case, WHEN, WHERE):
            return ""
        return case.say("diagnosis.told_charged", answer_hours=policy("tickets.answer_hours"), **facts_of("payments"))

    def next_buttons(self) -> tuple[Button, ...]:
        return (button("see_status", "/query_order_status"), human("human_check"))

    def noted(self, case: Case) -> dict[str, Any]:
        """Nothing: the summary's diagnosis is for faults of app and account."""
        return {}

    def _opening_name(self, case: Case) -> str:
        situation, kind = self.situation(case), self.guide(case).done
        if kind == CHARGED:
            return "charged" if self.order(case) is None else "charged_paid"
        if kind != FAILED:
            return situation
        if situation == "waiting":
            return "failed_waiting"
        return "failed" if self.order(case) is None else "failed_paid"

    def _order_values(self, case: Case) -> dict[str, object]:
        order = self.order(case)
        if order is None:
            return {}
        return {
            "title": title_of(order),
            "tail": tail(order["order_id"]),
            "amount": money(order["amount_fen"]),
            "state": _state_words(order),
            "close_at": day_time(closes_at(order), case.turn.now),
        }


def closes_at(order: Order) -> datetime:
    """When an order that nobody pays closes by itself."""
    return parse_time(order["placed_at"]) + timedelta(minutes=int(policy("payments.unpaid_close_minutes")))


def _state_words(order: Order) -> str:
    return text(f"payments.states.{order['payment']['state']}")
