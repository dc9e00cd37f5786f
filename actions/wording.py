"""Wording rules: what a sentence to a customer must not say, read from playbook/wording_rules.yml."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from actions.texts import book

BOT, AGENT = "bot", "agent"
# The place in `unless` where the file's expression for a time goes.
TIME = "{time}"
_SENTENCE = re.compile(r"[^。！？!?；;\n]+[。！？!?；;]*")


@dataclass(frozen=True)
class Rule:
    """One rule; `why` and `better` are what an agent reads."""

    id: str
    kind: str
    pattern: re.Pattern[str]
    why: str
    better: str
    applies_to: tuple[str, ...]
    level: str = "warn"
    allowed: tuple[str, ...] = ()
    unless: re.Pattern[str] | None = None
    scope: str = "sentence"
    emotions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Violation:
    """A place in a text, [start, end), that breaks a rule."""

    rule: Rule
    found: str
    start: int
    end: int


def violations(text: str, rules: Sequence[Rule], emotion: str = "") -> list[Violation]:
    """Every place that breaks a rule, in the order of the text; `emotion` is what the customer feels."""
    heard = [rule for rule in rules if not rule.emotions or emotion in rule.emotions]
    broken = [
        Violation(rule, match[0], sentence.start() + match.start(), sentence.start() + match.end())
        for sentence in _SENTENCE.finditer(text)
        for rule in heard
        for match in _matches(rule, sentence[0], text)
    ]
    return sorted(broken, key=lambda violation: violation.start)


def rules_for(speaker: str) -> list[Rule]:
    """The rules of the playbook for BOT or AGENT."""
    return [rule for rule in all_rules() if speaker in rule.applies_to]


@cache
def all_rules() -> tuple[Rule, ...]:
    """Every rule of playbook/wording_rules.yml."""
    content = book("wording_rules")
    return tuple(read_rule(entry, str(content["time"])) for entry in content["rules"])


def read_rule(entry: Mapping[str, Any], time: str) -> Rule:
    """One entry of the file; `time` is its expression for a named time."""
    unless = entry.get("unless")
    return Rule(
        id=entry["id"],
        kind=entry["kind"],
        pattern=re.compile(entry["pattern"]),
        why=entry["why"],
        better=entry["better"],
        applies_to=tuple(entry["applies_to"]),
        level=entry["level"],
        allowed=tuple(entry.get("allowed", ())),
        unless=re.compile(unless.replace(TIME, f"(?:{time})")) if unless else None,
        scope=entry.get("scope", "sentence"),
        emotions=tuple(entry.get("emotions", ())),
    )


def _matches(rule: Rule, sentence: str, text: str) -> Iterator[re.Match[str]]:
    excused = rule.unless is not None and rule.unless.search(text if rule.scope == "text" else sentence)
    for match in rule.pattern.finditer(sentence):
        if not excused and not _is_allowed(rule, sentence, match):
            yield match


def _is_allowed(rule: Rule, sentence: str, match: re.Match[str]) -> bool:
    """Whether the match stands inside one of the allowed expressions."""
    return any(
        place.start() <= match.start() and match.end() <= place.end()
        for words in rule.allowed
        for place in re.finditer(re.escape(words), sentence)
    )
