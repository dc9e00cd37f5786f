"""What the rules look at: a conversation as plain, immutable values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

NEGATIVE = frozenset({"angry", "anxious", "disappointed"})


@dataclass(frozen=True)
class MessageView:
    """One customer message and what the bot did about it.

    `emotion` is (family, intensity 0..3), or None when the model did not say. `fields` are the slots that were set
    after this message and before the next. `emotion_words` are those of the customer's words that speak for `emotion`.
    """

    message_id: str
    text: str
    intents: tuple[str, ...] = ()
    emotion: tuple[str, int] | None = None
    at: str | None = None
    entities: tuple[tuple[str, str], ...] = ()
    is_payload: bool = False
    form: str | None = None  # the form that waited for this message
    actions: tuple[str, ...] = ()
    bot_texts: tuple[str, ...] = ()
    fields: dict[str, Any] = field(default_factory=dict)
    emotion_words: tuple[str, ...] = ()
    attachments: tuple[dict[str, Any], ...] = ()  # files as the desk sent them

    @property
    def in_form(self) -> bool:
        """Whether a form waited for this message."""
        return self.form is not None

    @property
    def negative(self) -> int:
        """Intensity of a feeling against us, 0 when there is none."""
        if self.emotion is None or self.emotion[0] not in NEGATIVE:
            return 0
        return self.emotion[1]

    @property
    def anger(self) -> int:
        return self.emotion[1] if self.emotion and self.emotion[0] == "angry" else 0


@dataclass(frozen=True)
class Conversation:
    """All messages so far; those before `window_start` were already settled by a person.

    `context` is what the desk sent with the newest message, `findings` what the actions wrote down, `slots` the
    newest value of every slot, `handed_off` whether the newest message already led to a handoff.
    """

    messages: tuple[MessageView, ...] = ()
    window_start: int = 0
    context: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    findings: tuple[dict[str, Any], ...] = ()
    slots: dict[str, Any] = field(default_factory=dict)
    handoffs: int = 0
    handed_off: bool = False

    @property
    def window(self) -> tuple[MessageView, ...]:
        return self.messages[self.window_start :]


@dataclass(frozen=True)
class FiredTrigger:
    code: str
    rule_version: str
    score: float
    evidence: tuple[str, ...]
    words: tuple[str, ...]


@dataclass(frozen=True)
class Decision:
    """Why a person takes over; the first trigger is the primary one."""

    triggers: tuple[FiredTrigger, ...]
    priority: str
    priority_reasons: tuple[str, ...]
    skill_group: str
    level: int
    tags: tuple[str, ...]

    @property
    def primary(self) -> FiredTrigger:
        return self.triggers[0]
