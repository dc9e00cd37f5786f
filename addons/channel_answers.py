"""Turns the tracker events of one turn into the answer the desk expects, no I/O.

The answer is always read back from the stored events, never from what was sent on the way: so the first answer and
the answer to a repeated call are the same by construction.
"""

from __future__ import annotations

from typing import Any

Event = dict[str, Any]
HANDOFF_ACTION = "action_handoff"
NEUTRAL = {"family": "neutral", "intensity": 0, "confidence": 0.0}


def turn_of(events: list[Event], message_id: str) -> list[Event] | None:
    """The customer's message and everything the bot did about it, or None when it was never processed."""
    start = next(
        (
            index
            for index, event in enumerate(events)
            if event.get("event") == "user" and metadata_of(event).get("message_id") == message_id
        ),
        None,
    )
    if start is None:
        return None
    turn = [events[start]]
    for event in events[start + 1 :]:
        if event.get("event") == "user" or is_listen(event) or "handback" in metadata_of(event):
            break
        turn.append(event)
    return turn


def answer_of(turn: list[Event]) -> dict[str, Any]:
    """`{message_id, replies, handoff, understanding}` as contracts/bot_channel.md describes it."""
    replies = []
    handoff = None
    for event in turn[1:]:
        if event.get("event") != "bot":
            continue
        reply = reply_of(event)
        if reply is not None:
            replies.append(reply)
        handoff = handoff or handoff_of(event)
    return {
        "message_id": metadata_of(turn[0]).get("message_id"),
        "replies": replies,
        "handoff": handoff,
        "understanding": understanding_of(turn[0].get("parse_data") or {}),
    }


def reply_of(event: Event) -> dict[str, Any] | None:
    """One utter call as one reply, or None when it holds nothing for the customer."""
    data = event.get("data") or {}
    custom = data["custom"] if isinstance(data.get("custom"), dict) else {}
    text = event.get("text") or None
    card = custom.get("card")
    buttons = [
        {"title": str(button["title"]), "payload": str(button["payload"])}
        for button in (data.get("buttons") or []) + (data.get("quick_replies") or [])
        if button.get("title") and button.get("payload")
    ]
    if text is None and card is None and not buttons:
        return None
    return {"text": text, "buttons": buttons, "card": card}


def handoff_of(event: Event) -> dict[str, Any] | None:
    custom = (event.get("data") or {}).get("custom")
    handoff = custom.get("handoff") if isinstance(custom, dict) else None
    return handoff if isinstance(handoff, dict) else None


def handoff_was_lost(turn: list[Event]) -> bool:
    """The policy decided for a person, but the action server did not deliver the summary."""
    return any(event.get("name") == HANDOFF_ACTION and event.get("event") == "action" for event in turn) and not any(
        handoff_of(event) for event in turn if event.get("event") == "bot"
    )


def understanding_of(parse_data: dict[str, Any]) -> dict[str, Any]:
    """Intents in the order to handle them, emotion and entities; buttons carry only one intent and no emotion."""
    intents = parse_data.get("intents")
    if not intents:
        intent = parse_data.get("intent") or {}
        intents = [intent] if intent.get("name") else []
    emotion: dict[str, Any] = parse_data.get("emotion") or NEUTRAL
    return {
        "intents": [{"name": item["name"], "confidence": _confidence(item.get("confidence"))} for item in intents],
        "emotion": {
            "family": emotion.get("family", "neutral"),
            "intensity": int(emotion.get("intensity") or 0),
            "confidence": _confidence(emotion.get("confidence")),
        },
        "entities": [
            {"entity": item["entity"], "value": item.get("value")} for item in parse_data.get("entities") or []
        ],
    }


def is_listen(event: Event) -> bool:
    return event.get("event") == "action" and event.get("name") == "action_listen"


def metadata_of(event: Event) -> dict[str, Any]:
    metadata = event.get("metadata")
    return metadata if isinstance(metadata, dict) else {}


def _confidence(value: object) -> float:
    return round(float(value), 4) if isinstance(value, (int, float)) else 0.0
