"""Short ways to write Rasa tracker events in tests."""

from __future__ import annotations

from typing import Any

Event = dict[str, Any]
AT = "2026-11-22T02:00:00Z"


def said(
    text: str,
    *intents: str,
    emotion: tuple[str, int] | None = None,
    message_id: str | None = None,
    context: dict[str, Any] | None = None,
    entities: dict[str, str] | None = None,
    at: str = AT,
    payload: str | None = None,
    bare: bool = False,
    words: tuple[str, ...] = (),
    service: dict[str, Any] | None = None,
) -> Event:
    """A customer message as the desk's channel stores it; `bare` as `rasa test core` has it, without metadata."""
    parse_data: dict[str, Any] = {
        "text": text,
        "intent": {"name": intents[0] if intents else None, "confidence": 0.9},
        "entities": [{"entity": name, "value": value} for name, value in (entities or {}).items()],
    }
    if len(intents) > 1:
        parse_data["intents"] = [{"name": name, "confidence": 0.9} for name in intents]
    if emotion:
        parse_data["emotion"] = {"family": emotion[0], "intensity": emotion[1], "confidence": 0.9}
        parse_data["emotion"] |= {"words": list(words)} if words else {}
    event: Event = {"event": "user", "timestamp": 1795312800.0, "text": payload or text, "parse_data": parse_data}
    if not bare:
        event["metadata"] = {
            "message_id": message_id or f"m_{text[:8]}",
            "at": at,
            "session": 1,
            "conversation_id": "c_1",
            "text": text,
            "payload": payload,
            "context": context or {},
            "service": service,
        }
    return event


def did(*names: str) -> list[Event]:
    return [{"event": "action", "name": name} for name in names]


def uttered(text: str, **more: Any) -> Event:
    return {"event": "bot", "text": text, "data": {}, "metadata": {}} | more


def slot(name: str, value: Any) -> Event:
    return {"event": "slot", "name": name, "value": value}


def loop(name: str | None) -> Event:
    return {"event": "active_loop", "name": name}


LISTEN: Event = {"event": "action", "name": "action_listen"}


def answered(message: Event, action: str = "action_answer_order", text: str = "查到了") -> list[Event]:
    """A message and a useful answer of the bot to it."""
    return [message, *did(action), uttered(text), LISTEN]


def not_understood(message: Event) -> list[Event]:
    return [message, *did("action_clarify"), uttered("没听明白"), LISTEN]


def handed_over(message: Event) -> list[Event]:
    return [message, *did("action_handoff"), uttered("这就转"), LISTEN]


def handed_back(handoff_id: str = "h_1") -> list[Event]:
    return [
        {
            "event": "bot",
            "text": "已经给您退了",
            "data": {},
            "metadata": {"sender": "agent", "handback_of": handoff_id},
        },
        {"event": "bot", "text": None, "data": {}, "metadata": {"handback": {"handoff_id": handoff_id}}},
        LISTEN,
    ]
