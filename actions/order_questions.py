"""The questions order_form asks: which order, and the phone ending that proves it."""

from __future__ import annotations

import logging
import re
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.answer import Reply, human, say
from actions.base import ShopAction
from actions.context import Turn, read_turn
from actions.order_choice import DEFAULT_TOPIC, MAX_LISTED, Choice, choose
from actions.order_list import order_list_card
from actions.order_pick import asks_about_all, choice_of
from actions.policies import policy_text
from actions.references import listed_before
from actions.shop_api import ShopError
from actions.shop_types import Order
from actions.texts import text
from actions.words import tail

MAX_NUMBERS = 3
DELIVERY_TIME = ("query_logistics", "query_order_status")

logger = logging.getLogger(__name__)

FORGOTTEN = re.compile(r"忘|不记得|记不(得|清|住)|不知道|想不起|不清楚")


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
        if len(numbers_given(tracker)) >= MAX_NUMBERS:
            return [SlotSet("escalation", "repeated_failure")]
        if turn.requested_slot == "phone_ending" and (turn.intent != "inform" or FORGOTTEN.search(turn.text)):
            again = text("order_form.ask_ending_again", tail=order_tail)
            other = text("order_form.ending_forgotten", tail=order_tail)
            words = other if FORGOTTEN.search(turn.text) else not_twice(turn, again, other)
            say(dispatcher, (Reply(words, buttons=(human(),)),))
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


def numbers_given(tracker: Tracker) -> set[str]:
    """The order numbers that the form was given since it began; it goes on with none of them without the ending."""
    found: set[str] = set()
    for event in reversed(tracker.events):
        if event.get("event") in ("active_loop", "form") or event.get("name") == "action_handoff":
            break
        if event.get("event") == "slot" and event.get("name") == "order_id" and event.get("value"):
            found.add(str(event["value"]))
    return found


def visitor_question(turn: Turn, *, again: bool) -> str:
    """How to ask somebody unknown for the order number."""
    if turn.entities.get("tracking_number") and not again:
        return text("order_form.tracking_needs_order")
    # 几天能到 said by somebody who has named no parcel: the rule is an answer too.
    if not again and re.search(text("order_form.asks_days"), turn.text) and turn.slots.get("topic") in DELIVERY_TIME:
        return policy_text("shipping.ask_shipping_policy", turn.text) + "\n" + text("order_form.ask_order_this_one")
    if not again:
        return text("order_form.ask_order_visitor")
    return not_twice(turn, text("order_form.ask_order_visitor_again"), text("order_form.ask_order_visitor_other"))


def list_question(turn: Turn, topic: str, orders: list[Order], *, again: bool, shown: list[str] | None = None) -> Reply:
    """Which of these? In words of its own when no order fits the topic; `shown` are those of the last list."""
    choice = choose(orders, topic, "") if again else choice_of(turn, topic, orders, shown)
    choice = choice if choice.listed else choose(orders, topic, "" if again else turn.text)
    if again and not choice.listed and orders:
        listed = [order for order in orders if order["order_id"] in (shown or ())]
        choice = Choice(None, tuple((listed or orders)[:MAX_LISTED]))
    if not choice.listed:
        return Reply(
            text("order_form.ask_order_visitor_again" if again else "order_form.ask_order_visitor"), buttons=(human(),)
        )
    if again:
        words = not_twice(turn, text("order_form.ask_order_list_again"), text("order_form.ask_order_list_other"))
    elif choice.foreign:
        words = text("order_form.ask_order_list_foreign", goods=choice.foreign)
    elif choice.fits:
        words = text("order_form.ask_order_list_all" if asks_about_all(turn, topic) else "order_form.ask_order_list")
    else:
        words = text("order_form.ask_order_list_none_fit", wish=text(f"wishes.{topic}"))
    if len(choice.listed) < len(orders) and len(choice.listed) == MAX_LISTED:
        words += text("order_form.list_more", shown=len(choice.listed))
    return Reply(words, order_list_card(list(choice.listed)), (human(),))


def not_twice(turn: Turn, words: str, other: str) -> str:
    """The question in `other` words when the answer to the message before ended with these."""
    before = turn.said[: len(turn.said) - len(turn.said_now)]
    return other if before and before[-1].startswith(words) else words


def just_explained(tracker: Tracker) -> bool:
    """Whether this turn has already said what is still needed: a wrong ending or number, or nothing understood."""
    spoken = False
    for event in reversed(tracker.events):
        spoken = spoken or event.get("event") == "bot"
        if event.get("name") in ("action_take_information", "action_clarify") and spoken:
            return True
        if event.get("event") == "user":
            return False
        if event.get("event") == "slot" and event.get("name") == "verify_failures" and event.get("value"):
            return True
    return False
