"""Emotion of one message: the visible words, and the floor under what the model says. Pure functions."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

FAMILIES = ("angry", "anxious", "disappointed", "neutral", "pleased")
NEUTRAL = "neutral"
MAX_INTENSITY = 3
_GAP_AFTER_NEGATION = 1  # 没那么生气 is still a complaint; only 没生气, 不太急 and the like are taken back


@dataclass(frozen=True)
class Emotion:
    """`intensity` 0..3, always 0 for neutral; `words` are the customer's words that speak for the family."""

    family: str
    intensity: int
    confidence: float
    words: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        return {
            "family": self.family,
            "intensity": self.intensity,
            "confidence": self.confidence,
            "words": list(self.words),
        }


@dataclass(frozen=True)
class Group:
    """One group of emotion_words.yml."""

    name: str
    family: str
    floor: int
    words: re.Pattern[str]
    unless: tuple[str, ...]
    only_with_feeling: bool


@dataclass(frozen=True)
class Lexicon:
    """All groups in file order, and the negations."""

    groups: tuple[Group, ...]
    negation: re.Pattern[str]


@dataclass(frozen=True)
class Hit:
    """Words of one group found in a message."""

    group: Group
    words: tuple[str, ...]


@dataclass(frozen=True)
class Line:
    """One labelled training line."""

    text: str
    family: str
    intensity: int


def load_lexicon(path: Path) -> Lexicon:
    """Read emotion_words.yml; ValueError names what is wrong in it."""
    raw: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    groups = []
    for name, group in raw["groups"].items():
        if group["family"] not in FAMILIES or not 0 <= group["floor"] <= MAX_INTENSITY:
            raise ValueError(f"{path.name}: group {name} has family {group['family']!r}, floor {group['floor']!r}")
        groups.append(
            Group(
                name,
                group["family"],
                group["floor"],
                _any_of(group["words"]),
                tuple(group.get("unless", [])),
                bool(group.get("only_with_feeling", False)),
            )
        )
    return Lexicon(tuple(groups), re.compile(f"(?:{_any_of(raw['negations']).pattern}).{{0,{_GAP_AFTER_NEGATION}}}$"))


def _any_of(words: Sequence[Any]) -> re.Pattern[str]:
    return re.compile("|".join(re.escape(str(w)) for w in sorted(map(str, words), key=len, reverse=True)))


def find_words(text: str, lexicon: Lexicon) -> list[Hit]:
    """The groups whose words the plain-form text contains, negated and everyday ones left out."""
    hits = []
    for group in lexicon.groups:
        masked = text
        for everyday in group.unless:
            masked = masked.replace(everyday, "\x00" * len(everyday))
        words = [
            m.group()
            for m in group.words.finditer(masked)
            if not lexicon.negation.search(masked[max(0, m.start() - 4) : m.start()])
        ]
        if words:
            hits.append(Hit(group, tuple(dict.fromkeys(words))))
    return hits


def judge(text: str, family: str, intensity: int, confidence: float, lexicon: Lexicon) -> Emotion:
    """Model's view plus floors: a threat or an insult is anger 3 whatever the model thinks.

    A pleased customer may swear (卧槽太好用了), so an insult never overrides a clearly pleased reading.
    """
    hits = find_words(text, lexicon)
    floors = [hit for hit in hits if hit.group.floor and _applies(hit.group, family, confidence)]
    if floors:
        strongest = max(floors, key=lambda hit: (hit.group.floor, hit.group.family == "angry"))
        if strongest.group.family == "angry" or family == NEUTRAL:
            family, confidence = strongest.group.family, max(confidence, 0.9)
        intensity = max(intensity, strongest.group.floor)
    intensity = 0 if family == NEUTRAL else max(1, min(MAX_INTENSITY, intensity))
    words = tuple(dict.fromkeys(w for hit in hits if hit.group.family == family or hit in floors for w in hit.words))
    return Emotion(family, intensity, confidence, () if family == NEUTRAL else words)


def _applies(group: Group, family: str, confidence: float) -> bool:
    if group.only_with_feeling and family in (NEUTRAL, "pleased"):
        return False
    return not (family == "pleased" and confidence >= 0.6)


def read_lines(folder: Path) -> list[Line]:
    """Labelled lines of all *.tsv below a folder: text, emotion, intensity. ValueError names a bad line."""
    lines: list[Line] = []
    for path in sorted(folder.glob("*.tsv")):
        with path.open(encoding="utf-8", newline="") as file:
            for number, row in enumerate(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE), start=1):
                if number > 1 and row:
                    lines.append(_line(path, number, row))
    if not lines:
        raise ValueError(f"no labelled emotion lines in {folder}")
    return lines


def _line(path: Path, number: int, row: list[str]) -> Line:
    if len(row) != 3 or row[1] not in FAMILIES or row[2] not in {"0", "1", "2", "3"}:
        raise ValueError(f"{path.name}:{number}: expected text, one of {', '.join(FAMILIES)}, 0..3; got {row}")
    if (row[1] == NEUTRAL) != (row[2] == "0"):
        raise ValueError(f"{path.name}:{number}: neutral is 0 and everything else is not")
    return Line(row[0], row[1], int(row[2]))
