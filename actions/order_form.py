"""The form that finds the order and proves that it is the customer's: nothing about an order is said before."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Iterable
from typing import Any

from rasa_sdk import Action, FormValidationAction, Tracker
from rasa_sdk.events import ActiveLoop, EventType, FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.answer import Reply, fact, finding, human, remember, say
from actions.context import Turn, order_number_in, phone_ending_in, read_turn, wish_of
from actions.order_choice import DEFAULT_TOPIC, means_another_order, mentioned
from actions.order_pick import choice_of, continued, goods_of, picked
from actions.pending import further_wishes, going_on, is_brought_up, with_further
from actions.references import listed_before, only_points, pointed_at
from actions.shop_api import NotFoundError, ShopApi, ShopError, VerificationLockedError, shop_api
from actions.texts import text
from actions.words import tail

logger = logging.getLogger(__name__)

MAX_VERIFICATION_FAILURES = 3
# Why a form ends without an order; action_answer_order finds the words in slot `form_exit`.
REFUSED, NO_ORDERS, SHOP_DOWN, NOT_PROVEN, LEFT = "refused", "no_orders", "shop_down", "not_proven", "left"
# 算了不取消了: the wish is named, but given up.
LEAVES = re.compile(
    r"^[那哦嗯]?(还是)?(算了|先?(不|别)(用|要|想)?(查|问|取消|改|退|催|看|办|弄|找)?了)"
    r"([，, ]*(先?不|别)(用|要|想)?[\u4e00-\u9fff]{0,3}了?)?[吧。！!~ ]*$"
)
# What a form leaves behind must not answer the next question.
CLEARED = {"order_id": None, "phone_ending": None, "form_exit": None, "wish": None}
NO_TRANSACTION = {"transaction": None, "transaction_open": False, "detail": None}

Slots = dict[str, Any]


class ValidateOrderForm(FormValidationAction):
    """Fills order_id and phone_ending; asks for neither once the order is proven or the form must end."""

    def __init__(self, shop: ShopApi | None = None) -> None:
        self.shop = shop or shop_api()

    def name(self) -> str:
        return "validate_order_form"

    async def next_requested_slot(
        self,
        dispatcher: CollectingDispatcher,
        tracker: Tracker,
        domain: dict[str, Any],
    ) -> EventType | None:
        """None of the slots any more once the order is proven or the form must end; else Rasa asks the next one."""
        proven = tracker.slots.get("order_id") in (tracker.slots.get("verified_orders") or [])
        return SlotSet("requested_slot", None) if proven or tracker.slots.get("form_exit") else None

    async def extract_topic(
        self,
        dispatcher: CollectingDispatcher,
        tracker: Tracker,
        domain: dict[str, Any],
    ) -> Slots:
        """A bare order number without any topic asks for the state of that order."""
        return {} if tracker.slots.get("topic") else {"topic": DEFAULT_TOPIC}

    async def extract_order_id(
        self,
        dispatcher: CollectingDispatcher,
        tracker: Tracker,
        domain: dict[str, Any],
    ) -> Slots:
        """Find the order without asking: page, earlier choice, words of the message, the only one that fits."""
        turn = read_turn(tracker)
        if turn.requested_slot and LEAVES.match(turn.text.strip()):
            return self._end(tracker, LEFT)
        if not may_name_an_order(turn):
            return {}
        if tracker.slots.get("order_id") and not wants_another_order(turn):
            return {}
        try:
            return await self._found(turn, wish_meant(turn, tracker, tracker.slots.get("topic")), tracker)
        except ShopError as error:
            logger.warning("message %s: no orders from the shop: %s", turn.message_id, error)
            return self._end(tracker, SHOP_DOWN)

    def _end(self, tracker: Tracker, reason: str) -> Slots:
        """End the form from an extraction: the SDK drops slots there that the form does not require, so the reason
        travels in the tracker until validate_order_id, which runs next, returns it."""
        tracker.slots["form_exit"] = reason
        return {"order_id": None}

    async def _found(self, turn: Turn, topic: str, tracker: Tracker) -> Slots:
        if turn.customer_id is None:
            return await self._proven_before(turn, topic)
        orders = await self._ask(self.shop.orders, turn.customer_id)
        if not orders:
            return {} if turn.requested_slot else self._end(tracker, NO_ORDERS)
        listed = listed_before(tracker.events)
        if turn.requested_slot == "order_id":
            order_id = picked(turn, topic, orders, listed)
            return {"order_id": order_id} if order_id else {}
        return {"order_id": choice_of(turn, continued(turn, topic), orders, listed).order_id}

    async def _proven_before(self, turn: Turn, topic: str) -> Slots:
        """Of the orders a visitor has proven the one meant: the words point at it, or it was spoken of last."""
        if turn.requested_slot is not None:
            return {}
        known = turn.focus_order_id if turn.focus_order_id in turn.verified_orders else None
        if len(turn.verified_orders) > 1:
            orders = [await self._ask(self.shop.order, order_id) for order_id in turn.verified_orders]
            meant = pointed_at(orders, topic, turn.text, focus_order_id=known)
            named = [order["order_id"] for order in mentioned(orders, turn.text)]
            if meant is not None and meant.order_id:
                return {"order_id": meant.order_id}
            known = named[0] if len(named) == 1 else known
        return {"order_id": known} if known and not means_another_order(turn.text) else {}

    async def extract_phone_ending(
        self,
        dispatcher: CollectingDispatcher,
        tracker: Tracker,
        domain: dict[str, Any],
    ) -> Slots:
        turn = read_turn(tracker)
        ending = phone_ending_in(turn.text, asked=turn.requested_slot == "phone_ending")
        return {"phone_ending": ending} if ending else {}

    async def validate_topic(
        self,
        value: Any,
        dispatcher: CollectingDispatcher,
        tracker: Tracker,
        domain: dict[str, Any],
    ) -> Slots:
        """Keep the topic, and note what else the message asked for until the order is answered."""
        turn = read_turn(tracker)
        topic = continued(turn, wish_meant(turn, tracker, value))
        if topic != turn.intent:
            return {"topic": topic}
        slots: Slots = {"topic": topic, "wish": wish_of(turn)}
        return slots | {"pending": with_further(turn, tracker.slots)} if further_wishes(turn) else slots

    async def validate_order_id(
        self,
        value: Any,
        dispatcher: CollectingDispatcher,
        tracker: Tracker,
        domain: dict[str, Any],
    ) -> Slots:
        """An own or proven order is accepted; any other number waits for the phone ending."""
        if tracker.slots.get("form_exit"):
            return {"order_id": None, "form_exit": tracker.slots["form_exit"]}
        turn = read_turn(tracker)
        order_id = order_number_in(value) if value else None
        if order_id is None or order_id in turn.verified_orders:
            return {"order_id": order_id}
        try:
            known = proven_ending(tracker.events) if not failures(turn) else None
            if known and not tracker.slots.get("phone_ending"):
                if await self._same_person(order_id, known):
                    return {"order_id": order_id, "verified_orders": [*turn.verified_orders, order_id]}
                # A wrong ending like any other: nobody tries number after number with the one that they know.
                asked = await self._checked(turn, order_id, None, dispatcher)
                return {"verify_failures": float(failures(turn) + 1), **asked}
            return await self._checked(turn, order_id, tracker.slots.get("phone_ending"), dispatcher)
        except ShopError as error:
            logger.warning("message %s: order not checked: %s", turn.message_id, error)
            return {"order_id": order_id, "form_exit": SHOP_DOWN}

    async def _checked(
        self,
        turn: Turn,
        order_id: str,
        ending: str | None,
        dispatcher: CollectingDispatcher,
    ) -> Slots:
        if await self._is_own(turn, order_id):
            return {"order_id": order_id, "verified_orders": [*turn.verified_orders, order_id]}
        if failures(turn) >= MAX_VERIFICATION_FAILURES:
            return {"order_id": order_id, "form_exit": REFUSED}
        return await self._proven(turn, order_id, ending, dispatcher) if ending else {"order_id": order_id}

    async def validate_phone_ending(
        self,
        value: Any,
        dispatcher: CollectingDispatcher,
        tracker: Tracker,
        domain: dict[str, Any],
    ) -> Slots:
        turn = read_turn(tracker)
        order_id = tracker.slots.get("order_id")
        if tracker.slots.get("phone_ending") != value:  # validate_order_id has just tried it
            return {"phone_ending": tracker.slots.get("phone_ending")}
        if not value or tracker.slots.get("form_exit") or order_id is None or order_id in turn.verified_orders:
            return {"phone_ending": value}
        try:
            return await self._proven(turn, str(order_id), str(value), dispatcher)
        except ShopError as error:
            logger.warning("message %s: order not verified: %s", turn.message_id, error)
            return {"phone_ending": None, "form_exit": SHOP_DOWN}

    async def _same_person(self, order_id: str, ending: str) -> bool:
        """Whether the ending that has proven an earlier order proves this one too; a visitor is not asked twice."""
        try:
            return bool(await self._ask(self.shop.verify, order_id, ending))
        except (NotFoundError, VerificationLockedError):
            return False

    async def _is_own(self, turn: Turn, order_id: str) -> bool:
        if turn.customer_id is None:
            return False
        try:
            order = await self._ask(self.shop.order, order_id)
        except NotFoundError:
            return False
        return order["customer_id"] == turn.customer_id

    async def _proven(self, turn: Turn, order_id: str, ending: str, dispatcher: CollectingDispatcher) -> Slots:
        """Ask the shop whether the ending belongs to the order.

        An unknown order, a locked one and a wrong ending get the same words: nobody learns which numbers exist.
        """
        try:
            matches = await self._ask(self.shop.verify, order_id, ending)
        except (NotFoundError, VerificationLockedError) as error:
            logger.info("message %s: verification refused: %s", turn.message_id, error)
            matches = False
        if matches:
            return {"order_id": order_id, "phone_ending": ending, "verified_orders": [*turn.verified_orders, order_id]}
        count = failures(turn) + 1
        entry = finding(turn, "verification", text("findings.verification_failed"))
        slots: Slots = {
            "order_id": order_id,
            "phone_ending": None,
            "verify_failures": float(count),
            "findings": remember(turn.slots.get("findings"), entry),
        }
        if count >= MAX_VERIFICATION_FAILURES:
            return slots | {"form_exit": REFUSED}
        left = MAX_VERIFICATION_FAILURES - count
        words = text("order_form.mismatch", tail=tail(order_id), ending=ending, left=left)
        say(dispatcher, (Reply(words, buttons=(human(),)),))
        return slots

    async def _ask(self, call: Any, *arguments: Any) -> Any:
        return await asyncio.to_thread(call, *arguments)


class ActionLeaveOrder(Action):
    """The customer no longer wants to look up an order: forget the half-given data, go back to what is left to do."""

    def name(self) -> str:
        return "action_leave_order"

    async def run(
        self,
        dispatcher: CollectingDispatcher,
        tracker: Tracker,
        domain: dict[str, Any],
    ) -> list[EventType]:
        turn = read_turn(tracker)
        say(dispatcher, (Reply(text("order_form.left")),))
        events = [ActiveLoop(None), SlotSet("requested_slot", None)]
        events += [SlotSet(name, value) for name, value in CLEARED.items()]
        if turn.intent == "goodbye":
            return events + [SlotSet(name, value) for name, value in (NO_TRANSACTION | {"pending": None}).items()]
        if tracker.slots.get("transaction_open"):
            return [*events, FollowupAction("transaction_form")]
        return [*events, *going_on(tracker, turn)]


def proven_ending(events: Iterable[dict[str, Any]]) -> str | None:
    """The phone ending that has proven an order in this conversation, None before that."""
    tried: str | None = None
    proven: str | None = None
    count = 0
    for event in events:
        if event.get("event") != "slot":
            continue
        if event.get("name") == "phone_ending" and event.get("value"):
            tried = str(event["value"])
        if event.get("name") == "verified_orders":
            orders = event.get("value") or []
            proven = tried if len(orders) > count and tried else proven
            count = len(orders)
    return proven


def wish_meant(turn: Turn, tracker: Tracker, topic: object) -> str:
    """The topic; when a further wish has its turn, the slot's mapping names the first of the message again."""
    return turn.intent if is_brought_up(tracker, turn) else str(topic or DEFAULT_TOPIC)


def failures(turn: Turn) -> int:
    """Wrong endings so far in this conversation."""
    return int(turn.slots.get("verify_failures") or 0)


def may_name_an_order(turn: Turn) -> bool:
    """While the form waits, only an answer may pick an order, not a question that happens to name a product."""
    if turn.requested_slot is None:
        return True
    if turn.requested_slot == "order_id" and only_points(turn.text, goods_of(turn)):
        return True  # 儿童积木那个 sounds like a question about the goods
    return turn.intent in ("inform", "affirm", "nlu_fallback") or turn.intent == turn.slots.get("topic")


def wants_another_order(turn: Turn) -> bool:
    """A signed customer changed the topic instead of proving an order that is not in the account."""
    new_topic = turn.requested_slot == "phone_ending" and turn.intent == turn.slots.get("topic")
    return new_topic and turn.customer_id is not None and not turn.entities.get("order_id")


def exit_answer(turn: Turn, reason: str) -> tuple[Reply, dict[str, Any]]:
    """The words and the finding for a form that ended without an order."""
    if reason == REFUSED:
        entry = finding(
            turn,
            "verification_refused",
            text("order_form.refused"),
            facts=[fact("verification", text("findings.verification_failed"), "order_api", turn.now)],
        )
        return Reply(text("order_form.refused"), buttons=(human("human_check"),)), entry
    if reason == NOT_PROVEN:
        words = text("order_form.not_proven")
        return Reply(words, buttons=(human("human_check"),)), finding(turn, "verification", words)
    if reason == LEFT:
        words = text("order_form.given_up")
        return Reply(words), finding(turn, "given_up", words)
    if reason == NO_ORDERS:
        words = text("order_form.no_orders")
        return Reply(words, buttons=(human(),)), finding(turn, "no_orders", words)
    return Reply(text("shop_down"), buttons=(human(),)), finding(turn, "shop_down", text("findings.shop_down_result"))
