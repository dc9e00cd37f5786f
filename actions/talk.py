"""Hello, and what to do with a bare piece of information."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.answer import Reply, human, say
from actions.base import ShopAction
from actions.context import Turn, long_number_in, order_number_in, read_turn
from actions.diagnosis import DEVICE_ENTITIES, with_device
from actions.order_choice import FITTING_STATES
from actions.texts import text

# After these topics the bot has asked for details that a person will use: an address, a title, what is broken.
WAITING_FOR_DETAILS = (
    "modify_order",
    "request_invoice",
    "request_exchange",
    "report_damaged_item",
    "report_wrong_item",
    "report_quality_issue",
)


def names_an_order(turn: Turn) -> bool:
    """A number, or after an order topic the goods."""
    if any(order_number_in(value) for value in turn.entities.get("order_id", ())):
        return True
    return bool(turn.entities.get("product") and turn.customer_id and turn.slots.get("topic"))


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
    """A bare order number (or a click on an order) continues with that order, device data go into the diagnosis."""

    def name(self) -> str:
        return "action_take_information"

    async def run(
        self,
        dispatcher: CollectingDispatcher,
        tracker: Tracker,
        domain: dict[str, Any],
    ) -> list[EventType]:
        turn = read_turn(tracker)
        if names_an_order(turn):
            return [FollowupAction("order_form")]
        diagnosis = tracker.slots.get("diagnosis")
        if diagnosis and any(turn.entities.get(name) for name in DEVICE_ENTITIES):
            dispatcher.utter_message(response="utter_device_noted")
            return [SlotSet("diagnosis", with_device(diagnosis, turn))]
        number = long_number_in(turn.text) if turn.requested_slot == "order_id" else None
        if number:
            say(dispatcher, (Reply(text("order_form.wrong_length", digits=len(number)), buttons=(human(),)),))
        elif tracker.active_loop.get("name") is None:
            invited = turn.slots.get("topic") in WAITING_FOR_DETAILS and turn.focus_order_id is not None
            dispatcher.utter_message(response="utter_information_noted" if invited else "utter_information_taken")
        return []


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
        wish = asked_about(tracker.events)
        if wish == "request_human":
            return [SlotSet("escalation", {"code": "customer_request", "words": [read_turn(tracker).text]})]
        if wish in FITTING_STATES:
            return [SlotSet("topic", wish), FollowupAction("order_form")]
        dispatcher.utter_message(response="utter_affirm")
        return []


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
