"""playbook/repeat_contact.yml as typed values, read once and checked at start."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from desk.kernel.settings import SettingsError

if TYPE_CHECKING:
    from pathlib import Path

Whole = Annotated[int, Meta(ge=1, le=1_000)]


class Reasons(Struct, frozen=True, forbid_unknown_fields=True):
    """Sentences for the queue; {days}, {count}, {tail}, {topic} are filled in."""

    order: str
    topic: str
    broken: str


class PromiseWords(Struct, frozen=True, forbid_unknown_fields=True):
    """Words of promises that the desk can see kept, and of those it cannot."""

    answered_here: list[str]
    elsewhere: list[str]


class Topic(Struct, frozen=True, forbid_unknown_fields=True):
    """Intents that are about the same kind of thing, and its Chinese name."""

    title: str
    intents: list[str]


class RepeatRules(Struct, frozen=True, forbid_unknown_fields=True):
    """When a contact is a repeated one, and what follows from it."""

    rule_version: str
    enabled: bool
    score: Annotated[float, Meta(ge=0, le=100)]
    window_days: Whole
    count_days: Whole
    max_contacts: Annotated[int, Meta(ge=1, le=20)]
    raise_steps: Annotated[int, Meta(ge=0, le=3)]
    at_most: Literal["low", "normal", "high", "urgent"]
    confirm_seconds: Annotated[int, Meta(ge=1, le=3_600)]
    reasons: Reasons
    promises: PromiseWords
    topics: dict[str, Topic]

    def topics_of(self, intents: set[str]) -> frozenset[str]:
        """The topics that these intents belong to."""
        return frozenset(name for name, topic in self.topics.items() if intents & set(topic.intents))

    def titles(self, topics: frozenset[str]) -> str:
        """The Chinese names in the order of the file."""
        return "、".join(topic.title for name, topic in self.topics.items() if name in topics)


@cache
def load(folder: Path) -> RepeatRules:
    """The rules in `folder`; SettingsError names what is wrong."""
    path = folder / "repeat_contact.yml"
    try:
        rules = msgspec.yaml.decode(path.read_bytes(), type=RepeatRules)
        rules.reasons.order.format(days=1, count=1, tail="", topic="")
        rules.reasons.topic.format(days=1, count=1, tail="", topic="")
    except FileNotFoundError as error:
        raise SettingsError(f"{path} is missing.") from error
    except (msgspec.MsgspecError, KeyError, IndexError, ValueError) as error:
        raise SettingsError(f"{path} cannot be used: {error}") from error
    return rules
