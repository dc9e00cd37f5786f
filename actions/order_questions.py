"""The questions order_form asks: which order, and the phone ending that proves it."""

from __future__ import annotations

import logging
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.events import EventType
from rasa_sdk.executor import CollectingDispatcher

from actions.answer import Reply, human, say
from actions.base import ShopAction
from actions.context import Turn, read_turn
from actions.order_choice import DEFAULT_TOPIC, MAX_LISTED, choose
from actions.order_form import choice_of
from actions.order_list import order_list_card
from actions.references import listed_before
from actions.shop_api import ShopError
from actions.shop_types import Order
from actions.texts import text
from actions.words import tail

logger = logging.getLogger(__name__)


class ActionAskOrderId(ShopAction):
    """Asks which order: a list to click for a signed customer, the number for a visitor."""

    def name(self) -> str:
        return "action_ask_order_id"

    async def run(
        self,
        dispatcher: CollectingDispatcher,
        tracker: Tracker,
        domain: dict[str, Any],
    ) -> list[EventType]:
        turn = read_turn(tracker)
        again = turn.requested_slot == "order_id"
        if just_explained(tracker):
            return []
        if turn.customer_id is None:
            say(dispatcher, (Reply(visitor_question(turn, again=again), buttons=(human(),)),), await self.hello(turn))
            return []
        try:
            orders = await self.ask(self.shop.orders, turn.customer_id)
        except ShopError as error:
            logger.warning("message %s: no list of orders: %s", turn.message_id, error)
            orders = []
        topic = str(tracker.slots.get("topic") or DEFAULT_TOPIC)
        reply = list_question(turn, topic, orders, again=again, shown=listed_before(tracker.events))
        say(dispatcher, (reply,), await self.hello(turn))
        return []


class ActionAskPhoneEnding(ShopAction):
    """Asks for the phone ending; a signed customer also sees the own orders, in case the number was mistyped."""

    def name(self) -> str:
        return "action_ask_phone_ending"

    async def run(
        self,
        dispatcher: CollectingDispatcher,
        tracker: Tracker,
        domain: dict[str, Any],
    ) -> list[EventType]:
        turn = read_turn(tracker)
        order_tail = tail(str(tracker.slots.get("order_id") or ""))
        if just_explained(tracker):
            return []
        if turn.requested_slot == "phone_ending" and turn.intent != "inform":
            say(dispatcher, (Reply(text("order_form.ask_ending_again", tail=order_tail), buttons=(human(),)),))
            return []
        if turn.customer_id is None:
            words = text("order_form.ask_ending_visitor", tail=order_tail)
            say(dispatcher, (Reply(words, buttons=(human(),)),), await self.hello(turn))
            return []
        try:
            orders = await self.ask(self.shop.orders, turn.customer_id, MAX_LISTED)
        except ShopError as error:
            logger.warning("message %s: no list of orders: %s", turn.message_id, error)
            orders = []
        key = "ask_ending_foreign" if orders else "ask_ending_foreign_alone"
        card = order_list_card(orders) if orders else None
        words = text(f"order_form.{key}", tail=order_tail)
        say(dispatcher, (Reply(words, card, (human(),)),), await self.hello(turn))
        return []


def visitor_question(turn: Turn, *, again: bool) -> str:
    """How to ask somebody unknown for the order number."""
    if turn.entities.get("tracking_number") and not again:
        return text("order_form.tracking_needs_order")
    return text("order_form.ask_order_visitor_again" if again else "order_form.ask_order_visitor")


def list_question(turn: Turn, topic: str, orders: list[Order], *, again: bool, shown: list[str] | None = None) -> Reply:
    """Which of these? In words of its own when no order fits the topic; `shown` are those of the last list."""
    choice = choose(orders, topic, "") if again else choice_of(turn, topic, orders, shown)
    choice = choice if choice.listed else choose(orders, topic, "" if again else turn.text)
    if not choice.listed:
        return Reply(
            text("order_form.ask_order_visitor_again" if again else "order_form.ask_order_visitor"), buttons=(human(),)
        )
    if again:
        words = text("order_form.ask_order_list_again")
    elif choice.fits:
        words = text("order_form.ask_order_list")
    else:
        words = text("order_form.ask_order_list_none_fit", wish=text(f"wishes.{topic}"))
    if len(choice.listed) < len(orders) and len(choice.listed) == MAX_LISTED:
        words += text("order_form.list_more", shown=len(choice.listed))
    return Reply(words, order_list_card(list(choice.listed)), (human(),))


def just_explained(tracker: Tracker) -> bool:
    """Whether this turn has already said what is still needed: a wrong ending or number, or nothing understood."""
    spoken = False
    for event in reversed(tracker.events):
        spoken = spoken or event.get("event") == "bot"
        if event.get("name") == "action_take_information" and spoken:
            return True
        if event.get("event") == "user":
            return False
        if event.get("event") == "action" and event.get("name") == "action_clarify":
            return True
        if event.get("event") == "slot" and event.get("name") == "verify_failures" and event.get("value"):
            return True
    return False
