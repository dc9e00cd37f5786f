"""Turns Rasa tracker events (dicts, as the action server and the tracker store know them) into views, no I/O."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from addons.escalation.views import Conversation, MessageView

HANDOFF_ACTION = "action_handoff"
LISTEN_ACTION = "action_listen"
FAMILIES = frozenset({"angry", "anxious", "disappointed", "neutral", "pleased"})
_NOT_AN_ANSWER = frozenset({LISTEN_ACTION, "action_session_start", "action_extract_slots", HANDOFF_ACTION})


@dataclass
class _Turn:
    """A message while its turn is still being read."""

    event: dict[str, Any]
    number: int
    form: str | None
    actions: list[str] = field(default_factory=list)
    bot_texts: list[str] = field(default_factory=list)
    fields: dict[str, Any] = field(default_factory=dict)
    handed_off: bool = False


@dataclass
class Reader:
    """Reads a conversation event by event; reading on costs only the new ones."""

    turns: list[_Turn] = field(default_factory=list)
    window_start: int = 0
    loop: str | None = None
    slots: dict[str, Any] = field(default_factory=dict)
    handoffs: int = 0
    _closed: list[MessageView] = field(default_factory=list)  # the views of all turns but the last never change

    def read(self, event: dict[str, Any]) -> None:
        """Take in one event; unknown or malformed ones are passed over."""
        kind = event.get("event")
        if kind == "user":
            self._user(event)
        elif kind in ("active_loop", "form"):
            self.loop = event.get("name") if isinstance(event.get("name"), str) else None
        elif kind == "slot" and isinstance(event.get("name"), str):
            self.slots[event["name"]] = event.get("value")
            if self.turns:
                self.turns[-1].fields[event["name"]] = event.get("value")
        elif kind == "action":
            self._action(event.get("name"))
        elif kind == "bot":
            self._bot(event)
        elif kind == "restart":
            self.window_start, self.loop, self.slots = len(self.turns), None, {}

    def _user(self, event: dict[str, Any]) -> None:
        if self.turns and self.turns[-1].handed_off:
            self.window_start = len(self.turns)
        self.turns.append(_Turn(event, len(self.turns) + 1, self.loop))

    def _action(self, name: object) -> None:
        if not self.turns or not isinstance(name, str):
            return
        if name == HANDOFF_ACTION:
            self.turns[-1].handed_off = True
            self.handoffs += 1
        if name not in _NOT_AN_ANSWER:
            self.turns[-1].actions.append(name)

    def _bot(self, event: dict[str, Any]) -> None:
        metadata = mapping(event.get("metadata"))
        if "handback" in metadata:
            self.window_start = len(self.turns)
        elif self.turns and isinstance(event.get("text"), str) and "handback_of" not in metadata:
            self.turns[-1].bot_texts.append(event["text"])

    def conversation(self) -> Conversation:
        """What was read so far."""
        for turn in self.turns[len(self._closed) : -1]:
            self._closed.append(_view(turn))
        metadata = mapping(self.turns[-1].event.get("metadata")) if self.turns else {}
        findings = self.slots.get("findings")
        return Conversation(
            messages=(*self._closed, *(_view(turn) for turn in self.turns[-1:])),
            window_start=self.window_start,
            context=mapping(metadata.get("context")),
            metadata=metadata,
            findings=tuple(item for item in findings if isinstance(item, dict)) if isinstance(findings, list) else (),
            slots=dict(self.slots),
            handoffs=self.handoffs,
            handed_off=bool(self.turns) and self.turns[-1].handed_off,
        )


def read_conversation(events: list[dict[str, Any]]) -> Conversation:
    """The conversation up to the last event. Unknown or malformed events are passed over."""
    reader = Reader()
    for event in events:
        if isinstance(event, dict):
            reader.read(event)
    return reader.conversation()


def mapping(value: object) -> dict[str, Any]:
    """The value when it is a dict, {} otherwise."""
    return value if isinstance(value, dict) else {}


def utc_text(seconds: object) -> str | None:
    """Unix seconds as ISO 8601 UTC with whole seconds, None when they are none."""
    if not isinstance(seconds, (int, float)) or isinstance(seconds, bool) or not 0 <= seconds < 32_503_680_000:
        return None
    return datetime.fromtimestamp(int(seconds), timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def _view(turn: _Turn) -> MessageView:
    event = turn.event
    metadata, parsed = mapping(event.get("metadata")), mapping(event.get("parse_data"))
    text = metadata.get("text") if isinstance(metadata.get("text"), str) else event.get("text")
    at = metadata.get("at") if isinstance(metadata.get("at"), str) else utc_text(event.get("timestamp"))
    raw = event.get("text")
    return MessageView(
        message_id=_message_id(event, metadata, turn.number),
        text=text if isinstance(text, str) else "",
        intents=_intents(parsed),
        emotion=_emotion(parsed.get("emotion")),
        at=at,
        entities=_entities(parsed.get("entities")),
        is_payload=isinstance(raw, str) and raw.startswith("/"),
        form=turn.form,
        actions=tuple(turn.actions),
        bot_texts=tuple(turn.bot_texts),
        fields=dict(turn.fields),
        emotion_words=_words(parsed.get("emotion")),
        attachments=_attachments(metadata.get("attachments")),
    )


def _attachments(value: object) -> tuple[dict[str, Any], ...]:
    files = value if isinstance(value, list) else []
    return tuple(file for file in files if isinstance(file, dict) and isinstance(file.get("id"), str))


def _message_id(event: dict[str, Any], metadata: dict[str, Any], number: int) -> str:
    for value in (metadata.get("message_id"), event.get("message_id")):
        if isinstance(value, str) and value:
            return value
    return f"#{number}"


def _intents(parsed: dict[str, Any]) -> tuple[str, ...]:
    """All intents of the message in the order to handle them, each once."""
    found = parsed.get("intents")
    names = [mapping(item).get("name") for item in found] if isinstance(found, list) else []
    first = mapping(parsed.get("intent")).get("name")
    ordered = names if names else [first]
    if first not in ordered:
        ordered = [first, *ordered]
    return tuple(dict.fromkeys(name for name in ordered if isinstance(name, str) and name))


def _emotion(value: object) -> tuple[str, int] | None:
    family, intensity = mapping(value).get("family"), mapping(value).get("intensity")
    if not isinstance(family, str) or family not in FAMILIES:
        return None
    if not isinstance(intensity, int) or isinstance(intensity, bool):
        return None
    return family, max(0, min(3, intensity))


def _words(emotion: object) -> tuple[str, ...]:
    found = mapping(emotion).get("words")
    return tuple(word for word in found if isinstance(word, str) and word) if isinstance(found, list) else ()


def _entities(value: object) -> tuple[tuple[str, str], ...]:
    items = value if isinstance(value, list) else []
    return tuple(
        (item["entity"], str(item["value"]))
        for item in items
        if isinstance(item, dict) and isinstance(item.get("entity"), str) and item.get("value") not in (None, "")
    )
