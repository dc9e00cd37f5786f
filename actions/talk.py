"""Hello, and what to do with a bare piece of information."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.answer import Reply, button, human, remember, say
from actions.base import ShopAction
from actions.context import Turn, long_number_in, order_number_in, read_turn
from actions.order_choice import FITTING_STATES, mentioned
from actions.pending import NEXT
from actions.photos import add_to_claim, filed_claims, photo_answer
from actions.products import goes_on_about_a_product
from actions.references import points_at_order
from actions.shop_api import ShopApi, ShopError, shop_api
from actions.texts import text

logger = logging.getLogger(__name__)

MAX_BARE_WORDS = 15


def names_an_order(turn: Turn) -> bool:
    """A number, or after an order topic the goods or pointing words."""
    if any(order_number_in(value) for value in turn.entities.get("order_id", ())):
        return True
    goods = turn.entities.get("product", ())
    pointed = bool(goods) or points_at_order(turn.text, goods)
    return bool(pointed and turn.customer_id and turn.slots.get("topic"))


def answered_before(events: list[dict[str, Any]], name: str) -> bool:
    """Whether this action alone answered the message before the newest one."""
    places = [place for place, event in enumerate(events) if event.get("event") == "user"][-2:]
    if len(places) < 2:
        return False
    actions = [event.get("name") for event in events[slice(*places)] if event.get("event") == "action"]
    return [action for action in actions if action != "action_listen"] == [name]


class ActionGreet(ShopAction):
    """Greets by name and time once; the words are utter_greet of the domain."""

    def name(self) -> str:
        return "action_greet"

    async def run(
        self,
        dispatcher: CollectingDispatcher,
        tracker: Tracker,
        domain: dict[str, Any],
    ) -> list[EventType]:
        turn = read_turn(tracker)
        hello = await self.hello(turn) or text("address.visitor")
        dispatcher.utter_message(response="utter_greet", hello=hello)
        return []


class ActionTakeInformation(Action):
    """A bare order number (or a click on an order) continues with that order; a bare photo is kept or filed."""

    def __init__(self, shop: ShopApi | None = None) -> None:
        self._shop = shop  # needed for photos of a filed claim only

    def name(self) -> str:
        return "action_take_information"

    async def run(
        self,
        dispatcher: CollectingDispatcher,
        tracker: Tracker,
        domain: dict[str, Any],
    ) -> list[EventType]:
        turn = read_turn(tracker)
        with_claim = turn.brings_files and bool(filed_claims(tracker.slots.get("findings")))
        if (turn.wordless or with_claim) and tracker.active_loop.get("name") is None:
            return await self._photo(dispatcher, tracker, turn)
        if names_an_order(turn) or await self._names_own_goods(turn):
            return [FollowupAction("order_form")]
        if tracker.active_loop.get("name") is None and goes_on_about_a_product(turn):
            return [FollowupAction("action_answer_product")]
        if turn.entities.get("choice") and tracker.active_loop.get("name") is None:
            ways = (button("see_progress", "/query_after_sales_progress"), button("see_status", "/query_order_status"))
            say(dispatcher, (Reply(text("talk.stale"), buttons=(*ways, human())),))
            return []
        number = long_number_in(turn.text) if turn.requested_slot == "order_id" else None
        if number:
            say(dispatcher, (Reply(text("order_form.wrong_length", digits=len(number)), buttons=(human(),)),))
        elif tracker.active_loop.get("name") is None and answered_before(tracker.events, self.name()):
            say(dispatcher, (Reply(text("clarify.second"), buttons=(human(),)),))
        elif tracker.active_loop.get("name") is None:
            dispatcher.utter_message(response="utter_information_taken")
        return []

    async def _names_own_goods(self, turn: Turn) -> bool:
        """哦说错了 是手机, after a wish for an order: goods that the customer has bought."""
        if turn.customer_id is None or not turn.slots.get("topic") or len(turn.text) > MAX_BARE_WORDS:
            return False
        try:
            orders = await asyncio.to_thread((self._shop or shop_api()).orders, turn.customer_id)
        except ShopError as error:
            logger.warning("message %s: no orders to find the goods in: %s", turn.message_id, error)
            return False
        return bool(mentioned(orders, turn.text))

    async def _photo(self, dispatcher: CollectingDispatcher, tracker: Tracker, turn: Turn) -> list[EventType]:
        try:
            filed = filed_claims(tracker.slots.get("findings"))
            claim = await asyncio.to_thread(add_to_claim, self._shop or shop_api(), turn, filed) if filed else None
        except ShopError as error:
            logger.warning("message %s: the photo was not added to the claim: %s", turn.message_id, error)
            claim = None  # it stays with the conversation: whoever takes over sees it
        answer = photo_answer(turn, claim)
        say(dispatcher, answer.replies)
        return [SlotSet("findings", remember(tracker.slots.get("findings"), answer.finding))]


class ActionAffirm(Action):
    """Yes: does what the bot has just asked about, when that was one thing."""

    def name(self) -> str:
        return "action_affirm"

    async def run(
        self,
        dispatcher: CollectingDispatcher,
        tracker: Tracker,
        domain: dict[str, Any],
    ) -> list[EventType]:
        if tracker.active_loop.get("name"):
            return []  # a yes answers none of a form's questions: it asks again
        wish = asked_about(tracker.events)
        if wish == "request_human":
            return [SlotSet("escalation", {"code": "customer_request", "words": [read_turn(tracker).text]})]
        if wish in FITTING_STATES:
            return [SlotSet("topic", wish), FollowupAction("order_form")]
        if tracker.slots.get("pending"):
            return [FollowupAction(NEXT)]
        # 好嘞 after an answer that asked nothing is no wish: it needs no list of what there is.
        dispatcher.utter_message(response="utter_affirm" if asked_something(tracker.events) else "utter_deny")
        return []


class ActionDeny(Action):
    """No: nothing more to do, unless it says which order was meant instead (不是这单，是另一单)."""

    def name(self) -> str:
        return "action_deny"

    async def run(
        self,
        dispatcher: CollectingDispatcher,
        tracker: Tracker,
        domain: dict[str, Any],
    ) -> list[EventType]:
        turn = read_turn(tracker)
        if (
            turn.customer_id
            and turn.slots.get("topic")
            and points_at_order(turn.text, turn.entities.get("product", ()))
        ):
            return [FollowupAction("order_form")]
        if tracker.active_loop.get("name") is None and goes_on_about_a_product(turn):
            return [FollowupAction("action_answer_product")]
        dispatcher.utter_message(response="utter_deny")
        # What was left of an earlier message is not wanted any more, unless a form still has its question.
        return [] if tracker.active_loop.get("name") else [SlotSet("pending", None)]


def asked_something(events: list[dict[str, Any]]) -> bool:
    """Whether the bot's last words were a question, or nothing was said yet."""
    last = next((event for event in reversed(events) if event.get("event") == "bot"), None)
    return last is None or str(last.get("text") or "").endswith("？")


def asked_about(events: list[dict[str, Any]]) -> str | None:
    """The intent that a yes to the bot's last words means: its only button, or a person when it offered one by asking.

    Words that ask nothing, or name a choice (您要哪个？), get no meaning from a yes.
    """
    last: dict[str, Any] = next((event for event in reversed(events) if event.get("event") == "bot"), {})
    data = last.get("data") or {}
    payloads = [str(item.get("payload")) for item in data.get("buttons") or []]
    words = str(last.get("text") or "")
    if not payloads or not words.endswith("？") or words.endswith(text("talk.choice")):
        return None
    if payloads[0] == "/request_human" or len(payloads) == 1:
        return payloads[0].removeprefix("/")
    return None
