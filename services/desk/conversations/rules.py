"""Rules of conversations without I/O: shapes, what may be said, who sees what."""

from __future__ import annotations

import unicodedata
from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, structs

from desk.kernel.clock import iso
from desk.kernel.errors import InvalidError

MAX_TEXT_CHARACTERS = 2_000
MAX_CLIENT_ID_CHARACTERS = 64
DESK_CLIENT_ID = "desk:"  # client ids the desk makes itself; no client may use them
DESK_PAYLOAD = "desk:"  # buttons whose work the desk does itself; the bot never sees them

Owner = Literal["bot", "queue", "agent", "none"]
State = Literal["bot", "queued", "active", "wrap_up", "closed"]
Sender = Literal["customer", "bot", "agent", "system"]

_ALLOWED_CONTROLS = {"\n", "\r", "\t"}
_INVISIBLE = {"Cc", "Cf", "Zs", "Zl", "Zp"}


class Page(Struct, frozen=True, omit_defaults=True):
    """The shop page a customer is on, as the client says: never proof of anything."""

    url: Annotated[str, Meta(max_length=2_000)] | None = None
    title: Annotated[str, Meta(max_length=300)] | None = None
    order_id: Annotated[str, Meta(max_length=64)] | None = None
    product_id: Annotated[str, Meta(max_length=64)] | None = None


class Device(Struct, frozen=True, omit_defaults=True):
    """What the customer uses."""

    system: Annotated[str, Meta(max_length=100)] | None = None
    browser: Annotated[str, Meta(max_length=100)] | None = None


class Conversation(Struct, frozen=True, kw_only=True):
    """One row of `conversations`."""

    id: str
    state: State
    owner_kind: Owner
    owner_agent_id: str | None
    owner_agent_name: str | None
    fence: int
    session: int
    last_seq: int
    last_customer_seq: int
    bot_cursor: int
    rating_session: int | None
    customer_id: str | None
    customer_name: str | None
    token_hash: str
    page: dict[str, Any] | None
    device: dict[str, Any] | None
    locale: str
    created_at: datetime
    updated_at: datetime
    customer_seen_at: datetime | None = None  # kept up to date while they wait in the queue
    customer_read_seq: int = 0
    agent_read_seq: int = 0


class Event(Struct, frozen=True, kw_only=True):
    """One row of `events`: a message or a line of the system."""

    conversation_id: str
    seq: int
    type: str
    sender: Sender
    message_id: str
    client_id: str | None
    text: str | None
    payload: str | None
    buttons: list[dict[str, Any]] | None
    card: dict[str, Any] | None
    agent_id: str | None
    agent_name: str | None
    understanding: dict[str, Any] | None
    session: int
    at: datetime
    attachments: list[dict[str, Any]] | None = None  # as the contract shows them


class NewEvent(Struct, frozen=True, kw_only=True):
    """An event before it has its place in the sequence."""

    type: str
    sender: Sender
    message_id: str
    client_id: str | None = None
    text: str | None = None
    payload: str | None = None
    buttons: list[dict[str, Any]] | None = None
    card: dict[str, Any] | None = None
    agent_id: str | None = None
    agent_name: str | None = None
    attachments: list[dict[str, Any]] | None = None


class Place(Struct, frozen=True):
    """Where a page of conversations ended, the latest changed first."""

    updated_at: datetime
    conversation_id: str


def read_place(text: str) -> Place:
    """What `write_place` wrote; InvalidError `invalid_request` for anything else."""
    moment, _, conversation_id = text.partition("~")
    try:
        updated_at = datetime.fromisoformat(moment)
    except ValueError as error:
        raise InvalidError("invalid_request") from error
    if updated_at.tzinfo is None or not conversation_id:
        raise InvalidError("invalid_request")
    return Place(updated_at, conversation_id)


def write_place(last: Conversation) -> str:
    """The place behind `last`, for the next page's `before`."""
    return f"{last.updated_at.isoformat()}~{last.id}"


def check_text(text: str) -> str:
    """The text as it may be stored; InvalidError `message_empty`, `_too_long` or `_invalid_characters`."""
    if len(text) > MAX_TEXT_CHARACTERS:
        raise InvalidError("message_too_long", limit=MAX_TEXT_CHARACTERS)
    check_characters(text)
    if all(unicodedata.category(character) in _INVISIBLE for character in text):
        raise InvalidError("message_empty")
    return text


def check_characters(text: str) -> None:
    """InvalidError `message_invalid_characters` for control characters and lone surrogates."""
    if text.isprintable():
        return  # neither control characters nor surrogates
    for character in set(text) - _ALLOWED_CONTROLS:
        if unicodedata.category(character) in {"Cc", "Cs"}:
            raise InvalidError("message_invalid_characters")


def check_client_id(client_id: str) -> str:
    """A client's own id for a message: 1 to 64 printable characters; InvalidError `client_id_invalid`."""
    fits = 0 < len(client_id) <= MAX_CLIENT_ID_CHARACTERS and client_id.isprintable()
    if not fits or client_id.startswith(DESK_CLIENT_ID):
        raise InvalidError("client_id_invalid", limit=MAX_CLIENT_ID_CHARACTERS)
    return client_id


def offered_title(payload: str, buttons: list[dict[str, Any]] | None, card: dict[str, Any] | None) -> str | None:
    """The title under which this message offered exactly `payload`, or None."""
    for button in buttons or []:
        if button.get("payload") == payload:
            return str(button.get("title") or payload)
    return _card_title(payload, card)


def _card_title(payload: str, node: Any) -> str | None:
    if isinstance(node, dict):
        if node.get("payload") == payload:
            return str(node.get("title") or payload)
        node = list(node.values())
    if isinstance(node, list):
        for part in node:
            title = _card_title(payload, part)
            if title is not None:
                return title
    return None


def event_view(event: Event, *, for_agent: bool) -> dict[str, Any]:
    """The contract's Event. Understanding, the button's payload and agents' ids are for agents only."""
    view: dict[str, Any] = {
        "conversation": event.conversation_id,
        "seq": event.seq,
        "type": event.type,
        "sender": event.sender,
        "message_id": event.message_id,
        "at": iso(event.at),
    }
    if event.client_id and not event.client_id.startswith(DESK_CLIENT_ID):
        view["client_id"] = event.client_id
    for name in ("text", "buttons", "card", "attachments"):
        if getattr(event, name) is not None:
            view[name] = getattr(event, name)
    if event.agent_name:
        view["agent"] = {"display_name": event.agent_name}
    if for_agent:
        if event.agent_id:
            view["agent"] = {"agent_id": event.agent_id, "display_name": event.agent_name}
        if event.understanding is not None:
            view["understanding"] = event.understanding
    return view


def event_frame(event: Event, *, for_agent: bool) -> dict[str, Any]:
    """The contract's frame that shows an event."""
    return {"type": "event", "event": event_view(event, for_agent=for_agent)}


def agent_view(conversation: Conversation) -> dict[str, str] | None:
    """Who is answering, as the customer may know it."""
    if conversation.owner_kind != "agent" or conversation.owner_agent_name is None:
        return None
    return {"display_name": conversation.owner_agent_name}


def with_understanding(event: Event, understanding: dict[str, Any]) -> Event:
    """The event with what the bot understood."""
    return structs.replace(event, understanding=understanding)


def page_fields(page: Page | None) -> dict[str, Any] | None:
    """The page with all four fields, as it is stored and sent to the bot; None when nothing is known."""
    if page is None:
        return None
    return {"url": page.url, "title": page.title, "order_id": page.order_id, "product_id": page.product_id}
