"""Everything the parts of a summary are made from, gathered once. No I/O."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from addons.escalation.issues import Issue, issues
from addons.escalation.mood import mood_at_handoff
from addons.escalation.playbook import Playbook
from addons.escalation.views import Conversation, Decision
from addons.summary.masking import mask
from addons.summary.playbook import SummaryBook

Json = dict[str, Any]


@dataclass(frozen=True)
class Identifiers:
    """Where the summary belongs: ids, the newest message's time (ISO 8601 UTC) and the model's name."""

    conversation_id: str
    handoff_id: str
    now: str
    model: str | None = None


@dataclass(frozen=True)
class Material:
    """`profile` and `fetched_order` are answers of the shop's API, None when it was not asked or did not answer."""

    conversation: Conversation
    decision: Decision
    ids: Identifiers
    rules: Playbook
    book: SummaryBook
    profile: Json | None = None
    fetched_order: Json | None = None
    issues: tuple[Issue, ...] = ()
    mood: tuple[str, int] = ("neutral", 0)
    names: tuple[str, ...] = field(default_factory=tuple)

    def shown(self, text: object, limit: int | None = None) -> str:
        """A text as agents may see it: masked, on one line, shortened to `limit` characters."""
        clean = " ".join(mask(str(text), self.names).split())
        return clean if limit is None or len(clean) <= limit else clean[: limit - 1] + "…"

    @property
    def codes(self) -> tuple[str, ...]:
        return tuple(trigger.code for trigger in self.decision.triggers)

    @property
    def is_technical(self) -> bool:
        return self.decision.skill_group == "technical"


def gather(
    conversation: Conversation,
    decision: Decision,
    ids: Identifiers,
    rules: Playbook,
    book: SummaryBook,
    *,
    profile: Json | None = None,
    order: Json | None = None,
) -> Material:
    """The material of one summary; a malformed profile or order is left out."""
    known = profile if isinstance(profile, dict) else None
    slot = conversation.slots.get("customer_profile")
    known = known or (slot if isinstance(slot, dict) else None)
    name = known.get("name") if known else None
    return Material(
        conversation=conversation,
        decision=decision,
        ids=ids,
        rules=rules,
        book=book,
        profile=known,
        fetched_order=order if isinstance(order, dict) else None,
        issues=issues(conversation, rules),
        mood=mood_at_handoff(conversation, decision),
        names=(name,) if isinstance(name, str) and len(name) >= 2 else (),
    )


def text_of(source: Json, *names: str) -> dict[str, str]:
    """Those of the named fields that are non-empty texts."""
    return {name: source[name] for name in names if isinstance(source.get(name), str) and source[name]}


def whole_of(source: Json, *names: str) -> dict[str, int]:
    """Those of the named fields that are whole numbers from 0."""
    return {
        name: source[name]
        for name in names
        if isinstance(source.get(name), int) and not isinstance(source[name], bool) and source[name] >= 0
    }


def dicts(value: object) -> list[Json]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, (list, tuple)) else []


Part = Callable[[Material], Any]
