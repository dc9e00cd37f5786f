"""Hands the conversation to a person: fetches who it is, says so, and sends the structured summary in band."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import ActiveLoop, EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.context import read_turn
from actions.settings import SettingsError
from actions.shop_api import ShopApi, ShopError, shop_api
from actions.transactions.diagnosis import known_fault
from actions.transactions.unfinished import unfinished
from actions.words import addressed
from addons.escalation.events import mapping, read_conversation
from addons.escalation.playbook import load
from addons.escalation.rules import evaluate, forced, requested
from addons.escalation.views import Conversation
from addons.escalation.wording import first_words
from addons.summary import build_summary, minimal_summary
from addons.summary.rescue import identifiers

logger = logging.getLogger(__name__)

Json = dict[str, Any]
PROFILE_SLOT = "customer_profile"
# What counts towards an escalation starts again; only what the domain declares.
RESET_SLOTS: dict[str, object] = {
    "escalation": None,
    "fallback_count": None,
    "transaction": None,
    "transaction_open": False,
    "pending": None,
}


class ActionHandoff(Action):
    """Runs when EscalationPolicy or a rule decided; whatever fails on the way, the person is queued."""

    def __init__(self, shop: ShopApi | None = None) -> None:
        self._shop = shop

    def name(self) -> str:
        return "action_handoff"

    async def run(
        self,
        dispatcher: CollectingDispatcher,
        tracker: Tracker,
        domain: dict[str, Any],
    ) -> list[EventType]:
        events = [event for event in tracker.events if isinstance(event, dict)]
        conversation = read_conversation(events)
        profile = await self._profile(conversation)
        order = await self._order(conversation)
        if profile:
            # Only for this calculation: the profile is personal data and does not go into the tracker.
            events = [*events, {"event": "slot", "name": PROFILE_SLOT, "value": profile}]
            conversation = read_conversation(events)
        words, summary = _handoff(events, conversation, order, _called(profile), tracker)
        if words:
            dispatcher.utter_message(text=words)
        dispatcher.utter_message(json_message={"handoff": summary})
        return _reset(tracker)

    async def _profile(self, conversation: Conversation) -> Json | None:
        """Who it is, from the shop; None for a visitor and when the shop does not answer."""
        customer_id = mapping(conversation.context.get("customer")).get("customer_id")
        if not isinstance(customer_id, str) or not customer_id:
            return None
        try:
            return dict(await asyncio.to_thread(self._api().customer, customer_id))
        except (ShopError, SettingsError) as error:
            logger.warning("handing over without the customer's profile: %s", error)
            return None

    async def _order(self, conversation: Conversation) -> Json | None:
        """The order on the customer's screen when nothing was looked up yet and it is their own."""
        order_id = mapping(conversation.context.get("page")).get("order_id")
        customer_id = mapping(conversation.context.get("customer")).get("customer_id")
        looked_up = any(finding.get("order") for finding in conversation.findings)
        if looked_up or not isinstance(order_id, str) or not order_id or not customer_id:
            return None
        try:
            order = dict(await asyncio.to_thread(self._api().order, order_id))
        except (ShopError, SettingsError) as error:
            logger.warning("handing over without the order on the page: %s", error)
            return None
        return order if order.get("customer_id") == customer_id else None

    def _api(self) -> ShopApi:
        return self._shop or shop_api()


def _handoff(
    events: list[Json],
    conversation: Conversation,
    order: Json | None,
    call: str,
    tracker: Tracker,
) -> tuple[str, Json]:
    """(first words, summary); the smallest valid summary when anything in it cannot be made."""
    message_id = conversation.messages[-1].message_id if conversation.messages else "none"
    ids = identifiers(conversation.metadata, message_id, _model(tracker))
    try:
        rules = load()
        decision = requested(conversation, rules) or evaluate(conversation, rules) or forced(conversation, rules)
        words = first_words(conversation, decision, rules, call=call)
        fault = known_fault(read_turn(tracker))
        if fault is not None:
            events = [*events, {"event": "slot", "name": "diagnosis", "value": fault}]
        left = unfinished(read_turn(tracker))
        if left is not None:
            noted = [*(tracker.slots.get("findings") or []), left]
            events = [*events, {"event": "slot", "name": "findings", "value": noted}]
        return words, build_summary(events, decision, ids, profile=None, order=order)
    except Exception:
        # The one place where anything at all may go wrong: the person still has to reach the queue.
        logger.exception("handoff %s goes out with the smallest summary", ids.handoff_id)
        return "", minimal_summary(ids)


def _called(profile: Json | None) -> str:
    """王先生, or nothing when the name is not known."""
    name = (profile or {}).get("name")
    honorific = (profile or {}).get("honorific")
    return addressed(name, honorific) if isinstance(name, str) and name and honorific else ""


def _model(tracker: Tracker) -> str | None:
    """The model that understood the messages, when the tracker says so."""
    for event in reversed(tracker.events):
        model = mapping(event.get("metadata")).get("model_id") if isinstance(event, dict) else None
        if isinstance(model, str):
            return model
    return None


def _reset(tracker: Tracker) -> list[EventType]:
    """Closes an open form and lets the counters start again."""
    events: list[EventType] = [ActiveLoop(None), SlotSet("requested_slot", None)]
    return events + [SlotSet(name, value) for name, value in RESET_SLOTS.items() if tracker.slots.get(name)]
