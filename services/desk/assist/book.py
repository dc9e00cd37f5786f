"""playbook/canned_responses.yml, reply_topics.yml and wording_rules.yml as typed values, read and checked once."""

from __future__ import annotations

import re
import string
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import msgspec
from msgspec import Struct

from desk.kernel.settings import SettingsError

if TYPE_CHECKING:
    from pathlib import Path

T = TypeVar("T")
_TIME = "{time}"  # in a rule's `unless`: the place of the file's expression for a named time


class Response(Struct, frozen=True, forbid_unknown_fields=True):
    """One canned response, shared with the bot's summaries."""

    id: str
    title: str
    groups: list[str]
    emotions: list[str]
    text: str


class Topic(Struct, frozen=True, forbid_unknown_fields=True):
    """Canned responses about one kind of matter, and the intents that raise it."""

    title: str
    intents: list[str]
    responses: list[str]
    reason_from_logistics: bool = False
    small_talk: bool = False


class Step(Struct, frozen=True, forbid_unknown_fields=True):
    """What a suggested step that has one of `words` becomes in the reply."""

    words: list[str]
    text: str


class WordingRule(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One rule of wording_rules.yml, with the expression for a time filled in."""

    id: str
    kind: str
    pattern: str
    applies_to: list[Literal["bot", "agent"]]
    level: Literal["warn", "block"]
    why: str
    better: str
    allowed: list[str] = []
    unless: str = ""
    scope: Literal["sentence", "text"] = "sentence"
    emotions: list[str] = []


class Book(Struct, frozen=True):
    """Everything an agent is offered while writing; `topic_of` by response id, in the order of the file."""

    responses: list[Response]
    topics: dict[str, Topic]
    topic_of: dict[str, str]
    steps: list[Step]
    gaps: dict[str, str]
    address: str
    rules_version: int
    rules: list[WordingRule]


class _Responses(Struct, frozen=True, forbid_unknown_fields=True):
    responses: list[Response]


class _Topics(Struct, frozen=True, forbid_unknown_fields=True):
    version: int
    address: str
    gaps: dict[str, str]
    topics: dict[str, Topic]
    steps: list[Step]


class _Rules(Struct, frozen=True, forbid_unknown_fields=True):
    version: int
    time: str
    rules: list[WordingRule]


@cache
def load(folder: Path) -> Book:
    """The three files in `folder`; SettingsError says in one sentence what is wrong."""
    responses = _read(folder / "canned_responses.yml", _Responses).responses
    book = _read(folder / "reply_topics.yml", _Topics)
    rules = _read(folder / "wording_rules.yml", _Rules)
    topic_of = {one: name for name, topic in book.topics.items() for one in topic.responses}
    known = {response.id for response in responses}
    listed = [one for topic in book.topics.values() for one in topic.responses]
    if sorted(listed) != sorted(known):
        odd = sorted({one for one in listed if listed.count(one) > 1} | known.symmetric_difference(listed))
        raise SettingsError(
            f"{folder / 'reply_topics.yml'}: each response has exactly one topic, see {', '.join(odd)}."
        )
    for text in [*(response.text for response in responses), *(step.text for step in book.steps)]:
        _check_placeholders(folder, text, book.gaps)
    return Book(
        responses=responses,
        topics=book.topics,
        topic_of=topic_of,
        steps=book.steps,
        gaps=book.gaps,
        address=book.address,
        rules_version=rules.version,
        rules=[_completed(folder, rule, rules.time) for rule in rules.rules],
    )


def _read(path: Path, shape: type[T]) -> T:
    try:
        return msgspec.yaml.decode(path.read_bytes(), type=shape)
    except FileNotFoundError as error:
        raise SettingsError(f"{path} is missing.") from error
    except msgspec.MsgspecError as error:
        raise SettingsError(f"{path} cannot be used: {error}") from error


def _check_placeholders(folder: Path, text: str, gaps: dict[str, str]) -> None:
    try:
        names = {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}
    except ValueError as error:
        raise SettingsError(f"{folder}: {text!r} has a brace that is no placeholder.") from error
    if not names <= gaps.keys():
        raise SettingsError(f"{folder}: {text!r} has a placeholder that reply_topics.yml does not name.")


def _completed(folder: Path, rule: WordingRule, time: str) -> WordingRule:
    complete = msgspec.structs.replace(rule, unless=rule.unless.replace(_TIME, f"(?:{time})"))
    try:
        re.compile(complete.pattern)
        re.compile(complete.unless)
    except re.error as error:
        raise SettingsError(f"{folder / 'wording_rules.yml'}: {rule.id} cannot be read: {error}") from error
    return complete


def rule_view(rule: WordingRule) -> dict[str, Any]:
    """The contract's WordingRule: what a console needs to find a place and say what is better."""
    view: dict[str, Any] = msgspec.to_builtins(rule)
    del view["applies_to"]
    return view
