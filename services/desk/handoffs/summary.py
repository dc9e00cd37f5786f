"""Escalation summaries: check one against the contract, or build the minimal one when the bot cannot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jsonschema
from msgspec import json

from desk.attachments.rules import spoken
from desk.handoffs.rules import shorten
from desk.kernel.clock import iso

if TYPE_CHECKING:
    from pathlib import Path

    from desk.conversations.rules import Conversation, Event
    from desk.kernel.context import Scene
    from desk.kernel.wording import Wording

PRODUCER = "baton-desk"
PRODUCER_VERSION = "1.0"
_MAX_FAULT_CHARACTERS = 300
_LAST_MESSAGES = 6
# Without the bot nobody measured the mood: neutral, an empty course, and listening first.
_UNMEASURED = {"family": "neutral", "intensity": 0, "course": [], "first_action": "listen"}


class SummaryCheck:
    """Validates against contracts/escalation_summary.schema.json; the schema is compiled once."""

    def __init__(self, contracts_dir: Path) -> None:
        schema = json.decode((contracts_dir / "escalation_summary.schema.json").read_bytes())
        jsonschema.Draft7Validator.check_schema(schema)
        self._validator = jsonschema.Draft7Validator(schema)

    def fault(self, summary: dict[str, Any], handoff_id: str, conversation_id: str) -> str | None:
        """None when the summary is good; else where it is wrong (the path and rule, never the value)."""
        error = jsonschema.exceptions.best_match(self._validator.iter_errors(summary))
        if error is not None:
            path = "/".join(str(part) for part in error.absolute_path) or "(root)"
            return f"{path}: violates {error.validator}"[:_MAX_FAULT_CHARACTERS]
        if summary["handoff_id"] != handoff_id:
            return "handoff_id: is not h_ + the message that caused it"
        if summary["conversation_id"] != conversation_id:
            return "conversation_id: names another conversation"
        return None


def bot_unavailable(
    conversation: Conversation,
    message: Event,
    recent: list[Event],
    scene: Scene,
    *,
    handoff_id: str,
) -> dict[str, Any]:
    """The minimal valid summary for a conversation the bot could not answer. Nothing in it is guessed."""
    wording = scene.wording
    name = conversation.customer_name or wording.text("summary.visitor")
    said = spoken(message.text, message.attachments, wording)
    headline = shorten(wording.text("summary.unavailable_headline", name=name, text=said))
    summary: dict[str, Any] = {
        "schema_version": "1.0",
        "handoff_id": handoff_id,
        "conversation_id": conversation.id,
        "created_at": iso(scene.now),
        "channel": _channel(conversation),
        "triggers": [
            {
                "code": "bot_unavailable",
                "rule_version": PRODUCER_VERSION,
                "score": 1.0,
                "evidence": [message.message_id],
                "words": [],
            }
        ],
        "priority": "normal",
        "priority_reasons": [wording.text("summary.unavailable_reason")],
        "route": {"skill_group": scene.settings.default_skill_group, "level": 1, "tags": []},
        "customer": _customer(conversation),
        "headline": headline,
        "one_sentence": wording.text("summary.unavailable_sentence", name=name, text=said),
        "issues": [_issue(message, wording)],
        "desired_outcome": "unknown",
        "emotion": _UNMEASURED,
        "facts": [],
        "attempts": [
            {
                "what": wording.text("summary.unavailable_attempt"),
                "result": wording.text("summary.unavailable_result"),
                "helped": False,
                "message_id": message.message_id,
            }
        ],
        "promises": [],
        "missing": [wording.text("summary.unavailable_missing")],
        "suggested": {"steps": [wording.text("summary.unavailable_step")], "canned_responses": []},
        "compliance": [],
        "deadlines": [],
        "previous_contacts": [],
        "transcript_ref": f"/api/v1/conversations/{conversation.id}/events",
        "last_messages": [_last(event, wording) for event in recent[-_LAST_MESSAGES:]],
        "producer": {"engine": PRODUCER, "version": PRODUCER_VERSION},
    }
    return summary


def _channel(conversation: Conversation) -> dict[str, str]:
    page, device = conversation.page or {}, conversation.device or {}
    known = {
        "page_url": page.get("url"),
        "page_title": page.get("title"),
        "system": device.get("system"),
        "browser": device.get("browser"),
    }
    return {
        "kind": "widget",
        "locale": conversation.locale,
        **{k: v for k, v in known.items() if isinstance(v, str)},
    }


def _customer(conversation: Conversation) -> dict[str, Any]:
    if conversation.customer_id is None:
        return {"verified": False}
    customer: dict[str, Any] = {
        "customer_id": conversation.customer_id,
        "verified": True,
        "verified_by": "signed",
    }
    if conversation.customer_name:
        customer["display_name"] = conversation.customer_name
    return customer


def _issue(message: Event, wording: Wording) -> dict[str, str]:
    return {
        "intent": "unknown",
        "title": wording.text("summary.unavailable_issue"),
        "state": "open",
        "paraphrase": spoken(message.text, message.attachments, wording),
        "message_id": message.message_id,
    }


def _last(event: Event, wording: Wording) -> dict[str, str]:
    return {
        "sender": event.sender,
        "text": spoken(event.text, event.attachments, wording),
        "message_id": event.message_id,
        "at": iso(event.at),
    }
