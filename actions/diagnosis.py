"""First checks for account and technical trouble, then a person."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.answer import Answer, Reply, finding, human, lead
from actions.base import AnsweringAction
from actions.context import Turn, read_turn
from actions.policies import policy_text

CHECKS = {
    "report_account_issue": "account.report_account_issue",
    "report_technical_issue": "technical.report_technical_issue",
}
DEVICE_ENTITIES = ("platform", "system_version", "app_version")


def with_device(diagnosis: dict[str, Any] | None, turn: Turn) -> dict[str, Any]:
    """What is known of the fault, with the device data of this message."""
    named = {name: turn.entities[name][-1] for name in DEVICE_ENTITIES if turn.entities.get(name)}
    return {**(diagnosis or {}), **named}


class ActionDiagnose(AnsweringAction):
    """Numbered checks for the customer; slot `diagnosis` keeps what a technician will want to know."""

    def name(self) -> str:
        return "action_diagnose"

    async def answer(self, turn: Turn) -> Answer:
        words = policy_text(CHECKS[turn.intent])
        reply = Reply(lead(turn) + words, buttons=(human(),))
        return Answer((reply,), finding(turn, "diagnosis", words))

    async def run(
        self,
        dispatcher: CollectingDispatcher,
        tracker: Tracker,
        domain: dict[str, Any],
    ) -> list[EventType]:
        events = await super().run(dispatcher, tracker, domain)
        turn = read_turn(tracker)
        known = with_device(tracker.slots.get("diagnosis"), turn)
        if turn.intent == "report_technical_issue":
            known["symptom"] = turn.text
        return [*events, SlotSet("diagnosis", known)] if known else events
