"""Finds the words that fired a rule, in the customer's own spelling."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from opencc import OpenCC


@lru_cache(maxsize=1)
def _converter() -> OpenCC:
    return OpenCC("t2s")


@lru_cache(maxsize=2048)  # every rule looks at the same few messages again
def fold(text: str) -> tuple[str, tuple[int, ...]]:
    """The text without spaces, half-width, lower case and in simplified characters, and where each character was."""
    characters, places = [], []
    for place, character in enumerate(text):
        if character.isspace() or unicodedata.category(character) == "Cf":
            continue
        folded = unicodedata.normalize("NFKC", character).lower()
        # One for one, or a hit could not be shown in the original.
        characters.append(folded if len(folded) == 1 else character)
        places.append(place)
    joined = "".join(characters)
    simplified = _converter().convert(joined)
    return (simplified if len(simplified) == len(joined) else joined), tuple(places)


def find_words(text: str, patterns: Iterable[re.Pattern[str]]) -> tuple[str, ...]:
    """What the patterns match, as the customer wrote it, each once."""
    folded, places = fold(text)
    found = []
    for pattern in patterns:
        for match in pattern.finditer(folded):
            if match.end() > match.start():
                found.append(text[places[match.start()] : places[match.end() - 1] + 1])
    return tuple(dict.fromkeys(found))


def similarity(one: str, other: str) -> float:
    """Share of character pairs that two texts have in common, 0..1."""
    first, second = _pairs(one), _pairs(other)
    return len(first & second) / len(first | second) if first | second else 0.0


def _pairs(text: str) -> set[str]:
    folded = re.sub(r"[^\w]", "", fold(text)[0])
    return {folded[index : index + 2] for index in range(len(folded) - 1)} or ({folded} if folded else set())
