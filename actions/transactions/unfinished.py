"""A transaction that a person takes over: what the customer wanted and has already said."""

from __future__ import annotations

from typing import Any

from actions.answer import finding
from actions.context import Turn
from actions.pending import waiting_topics
from actions.texts import has_text, shown, text
from actions.transactions.case import Progress


def unfinished(turn: Turn) -> dict[str, Any] | None:
    """The finding for the escalation summary, None when no transaction was under way."""
    progress = Progress.read(turn.slots.get("transaction"))
    waiting = [text(f"intents.{topic}") for topic in waiting_topics(turn.slots) if has_text(f"intents.{topic}")]
    left = [text("transactions.common.waiting", wishes=shown(waiting))] if waiting else []
    if progress is None:
        return finding(turn, "unfinished", left[0]) if left else None
    words = text("transactions.common.unfinished", wish=text(f"intents.{progress.topic}"))
    # What a guided check brought is told by the summary's own section on the fault.
    said = [f"{_label(name)}：{value}" for name, value in progress.said.items() if not name.startswith("check_")]
    return finding(turn, "unfinished", "；".join([words, *said, *left]))


def _label(name: str) -> str:
    path = f"transactions.common.labels.{name}"
    return text(path if has_text(path) else "transactions.common.labels.other")
