"""Answers about one proven order: the topic decides which question is put to the shop."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions import after_sales, invoices, logistics, orders, refunds
from actions.answer import Answer, remember, say, slowest
from actions.base import ShopAction, mention, shop_down
from actions.context import Turn, read_turn
from actions.order_choice import DEFAULT_TOPIC
from actions.order_form import CLEARED, NOT_PROVEN, exit_answer
from actions.shop_api import ShopError
from actions.shop_types import Order

logger = logging.getLogger(__name__)

ParcelWords = Callable[[Turn, Order, Any, int], Answer]


class ActionAnswerOrder(ShopAction):
    """Runs after order_form: answers the topic for the order, or says why the form ended without one."""

    def name(self) -> str:
        return "action_answer_order"

    async def run(
        self,
        dispatcher: CollectingDispatcher,
        tracker: Tracker,
        domain: dict[str, Any],
    ) -> list[EventType]:
        turn = read_turn(tracker)
        order_id = tracker.slots.get("order_id")
        reason = tracker.slots.get("form_exit")
        if reason or order_id not in turn.verified_orders:
            # The second half guards the rule itself: without proof nothing about an order is ever said.
            reply, entry = exit_answer(turn, str(reason or NOT_PROVEN))
            say(dispatcher, (reply,), await self.hello(turn))
            return self._events(turn, tracker, entry, order_id=None)
        topic = str(tracker.slots.get("topic") or DEFAULT_TOPIC)
        hello = ""
        try:
            answer = await self.answer(turn, topic, str(order_id))
            hello = await self.hello(turn)
        except ShopError as error:
            answer = shop_down(turn, error)
        say(dispatcher, answer.replies + mention(list(tracker.slots.get("noticed") or [])), hello)
        return self._events(turn, tracker, answer.finding, order_id=str(order_id))

    async def answer(self, turn: Turn, topic: str, order_id: str) -> Answer:
        """The answer to one topic; raises ShopError."""
        order = await self.ask(self.shop.order, order_id)
        return await self._answers()[topic](turn, order)

    def _answers(self) -> dict[str, Callable[[Turn, Order], Awaitable[Answer]]]:
        return {
            "query_order_status": self._status,
            "urge_order": self._urge,
            "modify_order": self._plain(orders.answer_modify),
            "cancel_order": self._plain(orders.answer_cancel),
            "undo_request": self._plain(orders.answer_undo),
            "request_invoice": self._plain(invoices.answer_invoice),
            "query_logistics": self._status,
            "report_delivery_problem": self._problem,
            "query_refund_status": self._refund,
            "query_after_sales_progress": self._progress,
            "request_return": self._return,
            "request_exchange": self._exchange,
            "report_damaged_item": self._report("damaged"),
            "report_wrong_item": self._report("wrong"),
            "report_quality_issue": self._report("quality"),
        }

    def _plain(self, words: Callable[[Turn, Order], Answer]) -> Callable[[Turn, Order], Awaitable[Answer]]:
        async def answer(turn: Turn, order: Order) -> Answer:
            return words(turn, order)

        return answer

    def _report(self, kind: str) -> Callable[[Turn, Order], Awaitable[Answer]]:
        async def answer(turn: Turn, order: Order) -> Answer:
            if order["status"] in ("pending_payment", "unshipped", "cancelled"):
                return orders.answer_status(turn, order)
            facts = await self.ask(self.shop.return_eligibility, order["order_id"])
            return after_sales.answer_report(turn, order, facts, kind)

        return answer

    async def _status(self, turn: Turn, order: Order) -> Answer:
        """Stage or parcel: whoever asks where an order is wants the one that applies."""
        return await self._parcel(turn, order, logistics.answer_logistics, urge=False)

    async def _urge(self, turn: Turn, order: Order) -> Answer:
        return await self._parcel(turn, order, logistics.answer_urge_delivery, urge=True)

    async def _problem(self, turn: Turn, order: Order) -> Answer:
        return await self._parcel(turn, order, logistics.answer_problem, urge=False)

    async def _parcel(self, turn: Turn, order: Order, words: ParcelWords, *, urge: bool) -> Answer:
        if order["status"] in ("refunding", "refunded"):
            return await self._refund(turn, order)
        if order["status"] in ("shipped", "delivered", "completed"):
            shipments = await self.ask(self.shop.shipments, order["order_id"])
            shipment = slowest(shipments)
            if shipment is not None:
                return words(turn, order, shipment, len(shipments))
        return orders.answer_status(turn, order, urge=urge)

    async def _refund(self, turn: Turn, order: Order) -> Answer:
        return refunds.answer_refund(turn, order, await self.ask(self.shop.refunds, order["order_id"]))

    async def _progress(self, turn: Turn, order: Order) -> Answer:
        returns = await self.ask(self.shop.returns, order["order_id"])
        if not returns and order["refund_ids"]:
            return await self._refund(turn, order)
        return after_sales.answer_progress(turn, order, returns)

    async def _return(self, turn: Turn, order: Order) -> Answer:
        if order["status"] in ("pending_payment", "unshipped"):
            return orders.answer_cancel(turn, order)
        facts = await self.ask(self.shop.return_eligibility, order["order_id"])
        return after_sales.answer_return(turn, order, facts)

    async def _exchange(self, turn: Turn, order: Order) -> Answer:
        facts = await self.ask(self.shop.return_eligibility, order["order_id"])
        return after_sales.answer_exchange(turn, order, facts)

    def _events(
        self,
        turn: Turn,
        tracker: Tracker,
        entry: dict[str, Any] | None,
        order_id: str | None,
    ) -> list[EventType]:
        events = [SlotSet(name, value) for name, value in CLEARED.items()]
        events.append(SlotSet("findings", remember(tracker.slots.get("findings"), entry)))
        if order_id is not None:
            focus = {"order_id": order_id, "page_order_id": turn.page_order_id}
            events.append(SlotSet("order_in_focus", focus))
        return events
