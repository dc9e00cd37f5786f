"""Rules of the bot's side without I/O: what is sent, what comes back, when to retry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from desk.attachments.rules import spoken
from desk.kernel.clock import iso

if TYPE_CHECKING:
    from desk.conversations.rules import Conversation, Event
    from desk.handoffs.rules import Handoff
    from desk.kernel.wording import Wording

_FIRST_DELAY_SECONDS = 0.3
_MAX_DELAY_SECONDS = 4.0
_RETRY_STATUSES = {408, 425, 429}


class Button(Struct, frozen=True):
    """A quick reply."""

    title: str
    payload: str


class Bubble(Struct, frozen=True):
    """One reply of the bot."""

    text: str | None = None
    buttons: list[Button] | None = None
    card: dict[str, Any] | None = None


class BotAnswer(Struct, frozen=True):
    """What the channel answers to one message."""

    message_id: str
    replies: list[Bubble]
    handoff: dict[str, Any] | None = None
    understanding: dict[str, Any] | None = None


class History(Struct, frozen=True):
    """What the desk knows of earlier contacts."""

    contacts_last_30_days: int
    previous_agent_id: str | None
    previous_contacts: list[dict[str, Any]]


def retry_delay_seconds(failures: int) -> float:
    """Back-off: 0.3, 0.6, 1.2, 2.4, then 4 seconds."""
    return min(_MAX_DELAY_SECONDS, _FIRST_DELAY_SECONDS * 2.0 ** min(failures - 1, 8))


def is_refusal(status: int) -> bool:
    """Whether the channel will answer the same again, so that a retry is pointless."""
    return 400 <= status < 500 and status not in _RETRY_STATUSES


def wishes_human(event: Event, wording: Wording) -> bool:
    """Whether a message is nothing but the wish for a person."""
    if event.payload is not None:
        return event.payload.split("{")[0] == "/request_human"
    return wording.is_just(event.text or "", "human_wishes")


def message_body(
    conversation: Conversation, event: Event, history: History, service: dict[str, Any], wording: Wording
) -> dict[str, Any]:
    """The body of POST /webhooks/desk/messages; for files without words, words in brackets stand in their place."""
    customer = None
    if conversation.customer_id is not None:
        customer = {"customer_id": conversation.customer_id, "verified_by": "signed"}
    body: dict[str, Any] = {
        "conversation_id": conversation.id,
        "session": conversation.session,
        "message_id": event.message_id,
        "at": iso(event.at),
        "text": event.text or spoken(None, event.attachments, wording),
        "payload": event.payload,
        "service": service,
        "context": {
            "customer": customer,
            "page": conversation.page,
            "locale": conversation.locale,
            "channel": "widget",
            "device": conversation.device,
            "contacts_last_30_days": history.contacts_last_30_days,
            "previous_agent_id": history.previous_agent_id,
            "previous_contacts": history.previous_contacts,
        },
    }
    if event.attachments:
        body["attachments"] = event.attachments
    return body


def previous_contact(handoff: Handoff, wording: Wording) -> dict[str, Any]:
    """An earlier handoff in the summary's form of a contact."""
    contact: dict[str, Any] = {
        "conversation_id": handoff.conversation_id,
        "at": iso(handoff.queued_at),
        "topic": handoff.headline,
        "outcome": handoff.outcome_note or wording.name("outcomes", handoff.outcome or handoff.state),
        "promise_kept": None,
    }
    if handoff.agent_name:
        contact["agent"] = handoff.agent_name
    return contact


def handback_messages(events: list[Event], wording: Wording) -> list[dict[str, str]]:
    """What customer and agent said to each other, for the bot to know."""
    return [
        {"sender": event.sender, "text": spoken(event.text, event.attachments, wording), "at": iso(event.at)}
        for event in events
        if event.type == "message" and event.sender in {"customer", "agent"}
    ]
