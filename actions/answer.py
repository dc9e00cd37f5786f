"""What an action says and remembers: bubbles for the customer, a finding for the person who may take over."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from rasa_sdk.executor import CollectingDispatcher

from actions.context import Turn
from actions.shop_types import Order, Shipment
from actions.texts import text
from actions.tone import LATE, opening
from actions.words import stamp

MAX_FINDINGS = 12

Json = dict[str, Any]


@dataclass(frozen=True)
class Button:
    """`payload` is "/intent" or "/inform{...}"; the desk accepts only what a bot message offered."""

    title: str
    payload: str

    def as_json(self) -> dict[str, str]:
        return {"title": self.title, "payload": self.payload}


@dataclass(frozen=True)
class Reply:
    """One bubble: text, card and buttons as contracts/messages.md describes them."""

    text: str
    card: Json | None = None
    buttons: tuple[Button, ...] = ()


@dataclass(frozen=True)
class Answer:
    """What one action has to say; `finding` is what an agent should know of it.

    `escalation` is the trigger code of playbook/escalation.yml when a person has to go on from here.
    """

    replies: tuple[Reply, ...]
    finding: Json | None = None
    escalation: str | None = None


def button(name: str, payload: str) -> Button:
    """A button whose title is `buttons.<name>` of the playbook."""
    return Button(text(f"buttons.{name}"), payload)


def human(name: str = "human") -> Button:
    """The way to a person; `name` says what the person will do."""
    return button(name, "/request_human")


def finding(
    turn: Turn,
    what: str,
    result: str,
    *,
    order: Order | None = None,
    order_snapshot: Json | None = None,
    logistics: Json | None = None,
    facts: list[Json] | None = None,
    promises: list[Json] | None = None,
    code: str | None = None,
) -> Json:
    """One entry of slot `findings`; `what` names a line of `findings` in the playbook, `result` is what was said.

    `code` is why it was refused, as the shop names it; the trigger policy_exception reads it.
    """
    entry: Json = {
        "what": text(f"findings.{what}"),
        "result": result,
        "helped": None,
        "message_id": turn.message_id,
        "at": stamp(turn.now),
        "facts": facts or [],
        "promises": promises or [],
    }
    if code is not None:
        entry["code"] = code
    if order is not None:
        entry["order_id"] = order["order_id"]
        entry["order"] = order_snapshot or order_facts_of(order, turn.now)
    if logistics is not None:
        entry["logistics"] = logistics
    return entry


def fact(name: str, value: object, source: str, now: datetime, *, verified: bool = True) -> Json:
    """A fact for the summary; `source` is order_api, logistics_api, member_api or customer."""
    return {
        "name": name,
        "label": text(f"facts.{name}"),
        "value": str(value),
        "source": source,
        "verified": verified,
        "fetched_at": stamp(now),
    }


def promise(turn: Turn, words: str, due_at: str | None) -> Json:
    """A time the bot has named to the customer."""
    return {"text": words, "due_at": due_at, "made_by": "bot", "message_id": turn.message_id}


def order_facts_of(order: Order, now: datetime, days_late: int | None = None) -> Json:
    """The order as the escalation summary shows it."""
    snapshot: Json = {
        "order_id": order["order_id"],
        "status": order["status"],
        "status_text": status_text(order),
        "amount_fen": order["amount_fen"],
        "items": [
            {"title": line["title"], "sku_text": line["sku_text"] or "", "quantity": line["quantity"]}
            for line in order["lines"]
        ],
        "placed_at": order["placed_at"],
        "fetched_at": stamp(now),
    }
    if order["delivered_at"]:
        snapshot["delivered_at"] = order["delivered_at"]
    if days_late is not None:
        snapshot["days_late"] = max(0, days_late)
    return snapshot


def status_text(order: Order) -> str:
    """待发货, 运输中 ..."""
    return text(f"statuses.{order['status']}")


def title_of(order: Order) -> str:
    """How to name the goods of an order in a sentence."""
    lines = order["lines"]
    if not lines:
        return ""
    if len(lines) == 1:
        return lines[0]["title"]
    return text("words.several_items", title=lines[0]["title"], count=sum(line["quantity"] for line in lines))


def slowest(shipments: list[Shipment]) -> Shipment | None:
    """The parcel to speak of first: not delivered before delivered, then the latest eta."""
    open_ones = [item for item in shipments if item["status"] != "delivered"]
    return max(open_ones or shipments, key=lambda item: item["eta"] or "", default=None)


def remember(earlier: list[Json] | None, entry: Json | None) -> list[Json]:
    """The findings with one more, the oldest dropped when there are too many."""
    kept = list(earlier or [])
    if entry is not None:
        kept.append(entry)
    return kept[-MAX_FINDINGS:]


def lead(turn: Turn, days_late: int = 0, situation: str = "") -> str:
    """One clause of concrete empathy, or nothing for a calm customer and a punctual parcel.

    `situation` is what else the shop's data show: tone.REFUND_OVERDUE, tone.OUR_FAULT.
    """
    return opening(turn, situation or (LATE if days_late > 0 else ""), max(0, days_late))


def say(dispatcher: CollectingDispatcher, replies: tuple[Reply, ...], hello: str = "") -> None:
    """Utter the bubbles; `hello` goes in front of the first."""
    for index, reply in enumerate(replies):
        dispatcher.utter_message(
            text=(hello if index == 0 else "") + reply.text,
            json_message={"card": reply.card} if reply.card else None,
            buttons=[item.as_json() for item in reply.buttons] or None,
        )


@dataclass
class Words:
    """Sentences that are put together one after the other, empty ones left out."""

    parts: list[str] = field(default_factory=list)

    def add(self, sentence: str) -> Words:
        if sentence:
            self.parts.append(sentence)
        return self

    def __str__(self) -> str:
        return "".join(self.parts)
