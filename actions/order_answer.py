"""Answers about one proven order: the topic decides which question is put to the shop."""

from __future__ import annotations

import logging
import re
from dataclasses import replace
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.answer import Answer, remember, say
from actions.base import shop_down
from actions.context import Turn, read_turn
from actions.order_choice import DEFAULT_TOPIC
from actions.order_form import CLEARED, NOT_PROVEN, exit_answer
from actions.order_queries import QUERIES
from actions.pending import going_on
from actions.repeated import afresh
from actions.shop_api import ShopError
from actions.texts import text
from actions.transactions.case import Progress
from actions.transactions.form import TransactionAction, opened

logger = logging.getLogger(__name__)

SEARCH = "report_delivery_problem"


def takes_the_search(turn: Turn, topic: str) -> bool:
    """查一下吧, right after the search for a parcel was offered: the search, not the same track once more."""
    offered = any(text("buttons.trace") in bubble for bubble in turn.said[-1:])
    wants = re.search(text("transactions.delivery.reads.search"), turn.text) is not None
    return topic in QUERIES and offered and wants


class ActionAnswerOrder(TransactionAction):
    """Runs after order_form: answers the topic for the order or begins its transaction, or says why the form ended
    without an order."""

    def name(self) -> str:
        return "action_answer_order"

    async def run(
        self,
        dispatcher: CollectingDispatcher,
        tracker: Tracker,
        domain: dict[str, Any],
    ) -> list[EventType]:
        turn, hello, met = await self.meet(read_turn(tracker))
        order_id = tracker.slots.get("order_id")
        reason = tracker.slots.get("form_exit")
        if reason or order_id not in turn.verified_orders:
            # The second half guards the rule itself: without proof nothing about an order is ever said.
            reply, entry = exit_answer(turn, str(reason or NOT_PROVEN))
            say(dispatcher, (reply,), hello)
            return [*met, *self._events(turn, tracker, entry, order_id=None)]
        topic = str(tracker.slots.get("topic") or DEFAULT_TOPIC)
        if takes_the_search(turn, topic):
            topic, turn = SEARCH, replace(turn, intent=SEARCH)
        progress: Progress | None = None
        try:
            answer, progress = await self.answer(turn, topic, str(order_id))
            if topic in QUERIES:
                answer = afresh(turn, answer, tracker.slots.get("findings"))
        except ShopError as error:
            answer = shop_down(turn, error)
        if not answer.replies and progress is not None:
            hello = ""  # action_ask_detail speaks first
        say(dispatcher, answer.replies, hello)
        busy = progress is not None or bool(tracker.slots.get("transaction_open"))
        events = self._events(turn, tracker, answer.finding, order_id=str(order_id))
        return [*met, *events, *opened(progress, tracker), *going_on(tracker, turn, busy=busy)]

    async def answer(self, turn: Turn, topic: str, order_id: str) -> tuple[Answer, Progress | None]:
        """The answer to one topic, and the transaction it begins; raises ShopError."""
        order = await self.ask(self.shop.order, order_id)
        if topic in QUERIES:
            return await self.ask(QUERIES[topic], self.shop, turn, order), None
        return await self.start(turn, topic, order)

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
            topic = tracker.slots.get("topic")
            focus = {"order_id": order_id, "page_order_id": turn.page_order_id, "topic": topic}
            events.append(SlotSet("order_in_focus", focus))
        return events
