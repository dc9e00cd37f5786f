"""Hands the conversation to a person: fetches who it is, says so, and sends the structured summary in band."""

from __future__ import annotations

import logging
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import ActiveLoop, EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.context import read_turn
from actions.shop_api import ShopApi
from actions.snapshots import fetch
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
        known = await fetch(self._shop, read_turn(tracker))
        if known.finding:
            noted = [*(tracker.slots.get("findings") or []), known.finding]
            events = [*events, {"event": "slot", "name": "findings", "value": noted}]
        if known.profile:
            # Only for this calculation: the profile is personal data and does not go into the tracker.
            events = [*events, {"event": "slot", "name": PROFILE_SLOT, "value": known.profile}]
        conversation = read_conversation(events)
        words, summary = _handoff(events, conversation, _called(known.profile), tracker)
        if words:
            dispatcher.utter_message(text=words)
        dispatcher.utter_message(json_message={"handoff": summary})
        return _reset(tracker)


def _handoff(
    events: list[Json],
    conversation: Conversation,
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
            noted = [*conversation.findings, left]
            events = [*events, {"event": "slot", "name": "findings", "value": noted}]
        return words, build_summary(events, decision, ids)
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
