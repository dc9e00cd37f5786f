"""What the desk may send to the bot: request bodies checked and turned into typed values, no I/O."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from typing import Any

MAX_TEXT_CHARACTERS = 10_000
# Looks like a slash, is no slash, and stays what it is under every Unicode normalisation.
HARMLESS_SLASH = "\u2215"
_ID = re.compile(r"^[A-Za-z0-9_\-]{1,80}$")
_TIME = re.compile(r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?Z$")
# A file without words: the desk writes its kind in brackets. That is a piece of information, nothing to understand.
_STAND_INS = re.compile(r"\s*(\[[^\[\]]{1,6}\]\s*)+")
INFORMATION = "/inform"
MAX_ATTACHMENTS = 100
_INVISIBLE = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp"})


class BadRequestError(ValueError):
    """The body breaks the contract; `code` is for programs, str() for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class MessageRequest:
    """One customer message. `text` is what the customer sees, `said` is what Rasa gets.

    `service` says whether people are there now; None from a desk that does not know.
    """

    conversation_id: str
    session: int
    message_id: str
    at: str
    text: str
    payload: str | None
    context: dict[str, Any] = field(default_factory=dict)
    service: dict[str, Any] | None = None
    attachments: tuple[dict[str, Any], ...] = ()

    @property
    def is_wordless(self) -> bool:
        """Whether the customer sent files and said nothing."""
        return bool(self.attachments) and self.payload is None and _STAND_INS.fullmatch(self.text) is not None

    @property
    def sender_id(self) -> str:
        return sender_id(self.conversation_id, self.session)

    @property
    def said(self) -> str:
        if self.is_wordless:
            return INFORMATION
        return self.payload if self.payload is not None else neutralised(self.text)

    def metadata(self) -> dict[str, Any]:
        """What actions and policies find in `tracker.latest_message["metadata"]`."""
        return {
            "message_id": self.message_id,
            "at": self.at,
            "conversation_id": self.conversation_id,
            "session": self.session,
            "text": self.text,
            "payload": self.payload,
            "context": self.context,
            "service": self.service,
            "attachments": list(self.attachments),
            "wordless": self.is_wordless,
        }


@dataclass(frozen=True)
class HandbackRequest:
    """A human gives the conversation back to the bot; `messages` are what agent and customer said meanwhile."""

    conversation_id: str
    session: int
    handoff_id: str
    note: str | None
    settled: tuple[str, ...]
    messages: tuple[dict[str, str], ...]

    @property
    def sender_id(self) -> str:
        return sender_id(self.conversation_id, self.session)


def sender_id(conversation_id: str, session: int) -> str:
    """Rasa's name of a conversation: one tracker a session."""
    return f"{conversation_id}.{session}"


def neutralised(text: str) -> str:
    """The same words, unable to act as a Rasa command.

    Rasa executes a message that starts with a slash, and it looks only after the whole pipeline has run. So
    characters nobody sees are dropped in front, and anything that normalises to a slash is replaced.
    """
    start = 0
    while start < len(text) and unicodedata.category(text[start]) in _INVISIBLE:
        start += 1
    visible = text[start:]
    if visible and unicodedata.normalize("NFKC", visible[0]).startswith("/"):
        return HARMLESS_SLASH + visible[1:]
    return visible


def message_request(body: object) -> MessageRequest:
    """Check the body of POST /messages; raises BadRequestError."""
    data = _object(body, "body")
    payload = data.get("payload")
    if payload is not None and (not isinstance(payload, str) or not payload.strip()):
        raise BadRequestError("payload_invalid", "payload must be null or a non-empty string")
    text = data.get("text")
    if not isinstance(text, str):
        raise BadRequestError("text_invalid", "text must be a string")
    if len(text) > MAX_TEXT_CHARACTERS:
        raise BadRequestError("text_too_long", f"text must have at most {MAX_TEXT_CHARACTERS} characters")
    if payload is None and not neutralised(text).strip():
        raise BadRequestError("text_empty", "text must contain something visible")
    return MessageRequest(
        conversation_id=_id(data, "conversation_id"),
        session=_session(data),
        message_id=_id(data, "message_id"),
        at=_time(data, "at"),
        text=text.strip(),
        payload=payload,
        context=_object(data.get("context") or {}, "context"),
        service=None if data.get("service") is None else _object(data["service"], "service"),
        attachments=_attachments(data),
    )


def _attachments(data: dict[str, Any]) -> tuple[dict[str, Any], ...]:
    found = data.get("attachments") or []
    if not isinstance(found, list) or len(found) > MAX_ATTACHMENTS:
        raise BadRequestError("attachments_invalid", f"attachments must be a list of at most {MAX_ATTACHMENTS}")
    for item in found:
        if not all(isinstance(_object(item, "attachments[]").get(name), str) for name in ("id", "kind", "name", "url")):
            raise BadRequestError("attachments_invalid", "an attachment needs the texts id, kind, name and url")
    return tuple(found)


def understanding_request(body: object) -> str:
    """Check the body of POST /understanding and give the harmless text; raises BadRequestError."""
    text = _object(body, "body").get("text")
    if not isinstance(text, str) or not neutralised(text).strip():
        raise BadRequestError("text_empty", "text must be a string that contains something visible")
    if len(text) > MAX_TEXT_CHARACTERS:
        raise BadRequestError("text_too_long", f"text must have at most {MAX_TEXT_CHARACTERS} characters")
    return neutralised(text)


def handback_request(body: object) -> HandbackRequest:
    """Check the body of POST /handbacks; raises BadRequestError."""
    data = _object(body, "body")
    note = data.get("note")
    if note is not None and not isinstance(note, str):
        raise BadRequestError("note_invalid", "note must be null or a string")
    settled = data.get("settled") or []
    if not isinstance(settled, list) or not all(isinstance(item, str) for item in settled):
        raise BadRequestError("settled_invalid", "settled must be a list of strings")
    messages = data.get("messages") or []
    if not isinstance(messages, list):
        raise BadRequestError("messages_invalid", "messages must be a list")
    return HandbackRequest(
        conversation_id=_id(data, "conversation_id"),
        session=_session(data),
        handoff_id=_id(data, "handoff_id"),
        note=note,
        settled=tuple(settled),
        messages=tuple(_spoken(item) for item in messages),
    )


def _spoken(item: object) -> dict[str, str]:
    data = _object(item, "messages[]")
    sender, text = data.get("sender"), data.get("text")
    if sender not in ("agent", "customer", "bot", "system") or not isinstance(text, str):
        raise BadRequestError("messages_invalid", "a message needs a sender (agent, customer, bot, system) and a text")
    return {"sender": sender, "text": text, "at": _time(data, "at")}


def _object(value: object, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise BadRequestError("body_invalid", f"{name} must be a JSON object")
    return value


def _id(data: dict[str, Any], name: str) -> str:
    value = data.get(name)
    if not isinstance(value, str) or not _ID.match(value):
        raise BadRequestError(f"{name}_invalid", f"{name} must be 1 to 80 letters, digits, '_' or '-'")
    return value


def _session(data: dict[str, Any]) -> int:
    value = data.get("session")
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise BadRequestError("session_invalid", "session must be a whole number from 1")
    return value


def _time(data: dict[str, Any], name: str) -> str:
    value = data.get(name)
    if not isinstance(value, str) or not _TIME.match(value):
        raise BadRequestError(f"{name}_invalid", f"{name} must be UTC like 2026-11-22T02:00:00Z")
    return value
