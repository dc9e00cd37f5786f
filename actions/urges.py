"""Urges of this conversation that still wait for their answer; the shop keeps no list of them to be asked."""

from __future__ import annotations

from typing import cast

from actions.answer import Json
from actions.context import Turn
from actions.shop_types import Order
from actions.texts import text
from actions.words import deadline, parse_time


def open_urge(turn: Turn, order: Order) -> Json | None:
    """The finding of the urge whose answer is not due yet: another one would only cost a new number."""
    for entry in reversed(turn.slots.get("findings") or []):
        is_urge = entry["what"] == text("findings.filed_urge") and entry.get("order_id") == order["order_id"]
        if is_urge and any(parse_time(item["due_at"]) > turn.now for item in entry["promises"] if item["due_at"]):
            return cast("Json", entry)
    return None


def urge_number(entry: Json) -> str:
    """The number told to the customer."""
    return next((str(item["value"]) for item in entry["facts"] if item["name"] == "document"), "")


def urge_payloads(turn: Turn, order: Order) -> set[str]:
    """What need not be offered, because it has just been done."""
    return {"/urge_order"} if open_urge(turn, order) else set()


def urge_words(turn: Turn, order: Order) -> str:
    """催单（U…）19:42 前答复。 or nothing."""
    entry = open_urge(turn, order)
    if entry is None:
        return ""
    answer_by = deadline(parse_time(entry["promises"][0]["due_at"]), turn.now)
    return text("under_way.urge", number=urge_number(entry), answer_by=answer_by)
