"""What the channel answers when the action server failed in the middle of a turn: nobody is left without an answer."""

from __future__ import annotations

from typing import Any

from addons.escalation.events import HANDOFF_ACTION, read_conversation
from addons.escalation.playbook import load
from addons.escalation.rules import evaluate, forced, requested
from addons.escalation.wording import first_words, pick
from addons.summary.builder import build_summary
from addons.summary.material import Identifiers

Json = dict[str, Any]


def rescued_handoff(events: list[Json], message_id: str, model: str | None = None) -> tuple[list[str], Json]:
    """(the bot's first words, the summary) from the stored events alone; the shop is not asked."""
    before = events_before_handoff(events, message_id)
    rules = load()
    conversation = read_conversation(before)
    decision = (
        evaluate(conversation, rules)
        or requested(conversation, rules)
        or forced(conversation, rules, "bot_unavailable")
    )
    summary = build_summary(before, decision, identifiers(conversation.metadata, message_id, model))
    return [first_words(conversation, decision, rules)], summary


def apology(message_id: str) -> Json:
    """One reply with the way to a person, for a turn in which the bot had nothing to say."""
    words = load().first_words
    title, payload = words.no_answer_button
    text = pick(list(words.no_answer), message_id, None)
    return {"text": text, "buttons": [{"title": title, "payload": payload}], "card": None}


def identifiers(metadata: Json, message_id: str, model: str | None = None) -> Identifiers:
    """The ids of the handoff that a message caused; without the desk's metadata (rasa shell) it is still complete."""
    conversation_id, at = metadata.get("conversation_id"), metadata.get("at")
    return Identifiers(
        conversation_id=conversation_id if isinstance(conversation_id, str) else "local",
        handoff_id=f"h_{message_id}",
        now=at if isinstance(at, str) else "1970-01-01T00:00:00Z",
        model=model,
    )


def events_before_handoff(events: list[Json], message_id: str) -> list[Json]:
    """The events as they were when the handoff of that message was decided."""
    seen = False
    for index, event in enumerate(events):
        metadata = event.get("metadata")
        seen = seen or (
            event.get("event") == "user" and isinstance(metadata, dict) and metadata.get("message_id") == message_id
        )
        if seen and event.get("event") == "action" and event.get("name") == HANDOFF_ACTION:
            return events[:index]
    return events
