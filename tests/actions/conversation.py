"""A conversation with the actions alone: what Rasa would send them, what they say and which slots they set.

The order form is walked as Rasa walks it (validate, ask the next slot, answer at the end), so that a test can speak to
it in messages. Understanding is given by the test: intent and entities of each message.
"""

from __future__ import annotations

import asyncio
import itertools
import json
from dataclasses import dataclass, field
from typing import Any

import yaml
from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.order_answer import ActionAnswerOrder
from actions.order_form import ValidateOrderForm
from actions.order_questions import ActionAskOrderId, ActionAskPhoneEnding
from actions.shop_api import ShopApi
from actions.transactions.form import (
    ActionAskDetail,
    ActionBeginTransaction,
    ActionFinishTransaction,
    ValidateTransactionForm,
)
from tests.conftest import ROOT

DOMAIN: dict[str, Any] = yaml.safe_load((ROOT / "domain.yml").read_text(encoding="utf-8"))
FORM_SLOTS = DOMAIN["forms"]["order_form"]["required_slots"]
# Message ids make the keys of what is filed, so no two conversations of a run share one.
_NUMBERS = itertools.count(1)


def offered(message: dict[str, Any]) -> list[dict[str, str]]:
    """What can be pressed under a message: its buttons, and the ways back and out of its form."""
    card = (message["custom"] or {}).get("card") or {}
    return [*message["buttons"], *card.get("actions", [])]


@dataclass
class Conversation:
    """State of one conversation; `now` is ISO UTC, `customer_id` None for a visitor."""

    shop: ShopApi
    now: str
    customer_id: str | None = None
    page_order_id: str | None = None
    page_product_id: str | None = None
    slots: dict[str, Any] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    said: list[dict[str, Any]] = field(default_factory=list)
    form_active: bool = False
    transaction_active: bool = False
    count: int = 0
    number: int = field(default_factory=lambda: next(_NUMBERS))

    def __post_init__(self) -> None:
        self.slots = {name: slot.get("initial_value") for name, slot in DOMAIN["slots"].items()}
        self.slots["requested_slot"] = None

    def hear(
        self,
        text: str,
        intent: str,
        *,
        entities: dict[str, str] | None = None,
        intents: list[str] | None = None,
        emotion: tuple[str, int] = ("neutral", 0),
        ranking: list[tuple[str, float]] | None = None,
        sure: float = 0.9,
        attachments: list[dict[str, Any]] | None = None,
    ) -> None:
        """Take in one customer message as Rasa would store it."""
        self.count += 1
        customer = {"customer_id": self.customer_id, "verified_by": "signed"} if self.customer_id else None
        message = {
            "text": text,
            "intent": {"name": intent, "confidence": sure},
            "intents": [{"name": name, "confidence": 0.8} for name in intents or [intent]],
            "intent_ranking": [{"name": name, "confidence": value} for name, value in ranking or []],
            "emotion": {"family": emotion[0], "intensity": emotion[1], "confidence": 0.9},
            "entities": [{"entity": name, "value": value} for name, value in (entities or {}).items()],
            "metadata": {
                "message_id": self.message_id,
                "at": self.now,
                "conversation_id": "c_1",
                "session": 1,
                "text": text,
                "attachments": attachments or [],
                "wordless": bool(attachments) and text == "[图片]",
                "context": {
                    "customer": customer,
                    "page": {
                        "url": "https://shop.example",
                        "order_id": self.page_order_id,
                        "product_id": self.page_product_id,
                    },
                },
            },
        }
        self.latest = message
        self.said = []
        self.events.append({"event": "user", "text": text, "parse_data": message})

    def run(self, action: Action, extra_slots: dict[str, Any] | None = None) -> list[dict[str, Any]]:
        """Run one action; applies its slots and keeps what it said. Returns its events."""
        candidates = [{"event": "slot", "name": name, "value": value} for name, value in (extra_slots or {}).items()]
        tracker = Tracker(
            sender_id="c_1.1",
            slots=self.slots | (extra_slots or {}),
            latest_message=self.latest,
            events=[*self.events, {"event": "action", "name": action.name()}, *candidates],
            paused=False,
            followup_action=None,
            active_loop={"name": self.loop} if self.loop else {},
            latest_action_name="action_listen",
        )
        dispatcher = CollectingDispatcher()
        events: list[dict[str, Any]] = asyncio.run(action.run(dispatcher, tracker, DOMAIN))
        self.events.append({"event": "action", "name": action.name()})
        for event in events:
            if event["event"] == "slot":
                self.slots[event["name"]] = event["value"]
            self.events.append(event)
        for message in dispatcher.messages:
            self.said.append(message)
            data = {"buttons": message["buttons"] or None, "custom": message["custom"] or None}
            self.events.append({"event": "bot", "text": message["text"] or message["response"], "data": data})
        return events

    def ask_order(self, text: str, intent: str, **understood: Any) -> str:
        """One message to the order form (started when it is not active); returns everything said."""
        self.hear(text, intent, **understood)
        topics = [item["intent"] for item in DOMAIN["slots"]["topic"]["mappings"]]
        candidates = {"topic": intent} if intent in topics else {}
        number = (understood.get("entities") or {}).get("order_id")
        if number:
            candidates["order_id"] = number
        if not self.form_active:
            known = {name: self.slots[name] for name in FORM_SLOTS if self.slots[name] is not None}
            candidates = known | candidates
        self.form_active = True
        events = self.run(ValidateOrderForm(self.shop), candidates)
        ended = any(event.get("name") == "requested_slot" and event["value"] is None for event in events)
        missing = next((name for name in FORM_SLOTS if self.slots[name] is None), None)
        if ended or missing is None:
            self.form_active = False
            self.slots["requested_slot"] = None
            self.run(ActionAnswerOrder(self.shop))
            self._transact()
        else:
            asking = {"order_id": ActionAskOrderId, "phone_ending": ActionAskPhoneEnding}[missing]
            self.run(asking(self.shop))
            self.slots["requested_slot"] = missing
        return self.text

    def begin(self, text: str, intent: str, **understood: Any) -> str:
        """One message that begins a transaction without an order; returns everything said."""
        self.hear(text, intent, **understood)
        self.run(ActionBeginTransaction(self.shop))
        self._transact()
        return self.text

    def reply(self, text: str, intent: str = "inform", **understood: Any) -> str:
        """One message inside a transaction, as Rasa walks transaction_form; returns everything said.

        "" means that the form rejected the message: it is about something else, which Rasa would now answer.
        """
        assert self.transaction_active, "no transaction waits for the customer"
        self.hear(text, intent, **understood)
        events = self.run(ValidateTransactionForm(self.shop))
        if not events:
            return ""
        if any(event.get("name") == "requested_slot" and event["value"] is None for event in events):
            self.transaction_active = False
            self.slots["requested_slot"] = None
            self.run(ActionFinishTransaction(self.shop))
            self._transact()
        else:
            self.run(ActionAskDetail(self.shop))
        return self.text

    def press(self, title: str) -> str:
        """Press a button of the bot's last words; returns everything said."""
        payload = next(b["payload"] for m in reversed(self.said) for b in offered(m) if b["title"] == title)
        intent, _, entities = payload[1:].partition("{")
        return self.reply(title, intent, entities=json.loads("{" + entities) if entities else None)

    def _transact(self) -> None:
        if self.slots["transaction_open"]:
            self.transaction_active = True
            self.slots["requested_slot"] = None
            self.run(ActionAskDetail(self.shop))
            self.slots["requested_slot"] = "detail"

    @property
    def loop(self) -> str | None:
        """The active form."""
        if self.form_active:
            return "order_form"
        return "transaction_form" if self.transaction_active else None

    @property
    def message_id(self) -> str:
        """Id of the newest message."""
        return f"c{self.number}_m_{self.count:02d}"

    @property
    def text(self) -> str:
        """Everything said since the last message."""
        return "\n".join(str(message["text"] or message["response"]) for message in self.said)

    @property
    def buttons(self) -> list[str]:
        return [button["payload"] for message in self.said for button in message["buttons"]]

    @property
    def cards(self) -> list[dict[str, Any]]:
        return [message["custom"]["card"] for message in self.said if message["custom"].get("card")]

    @property
    def finding(self) -> dict[str, Any]:
        """The newest finding."""
        findings: list[dict[str, Any]] = self.slots["findings"]
        return findings[-1]
