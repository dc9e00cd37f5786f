"""Product search as a rule: how well a customer's words fit a product's words."""

from __future__ import annotations

MINIMUM_SCORE = 0.5


def score(query: str, title: str, other_words: str) -> float:
    """0..2: contained words count most, in the title more than elsewhere; else the share of common letter pairs.

    Below MINIMUM_SCORE a product does not fit.
    """
    words = query.lower().split()
    title, everything = title.lower(), f"{title} {other_words}".lower()
    if not words:
        return 1.0
    if all(word in title for word in words):
        return 2.0
    if all(word in everything for word in words):
        return 1.5
    pairs = {word[i : i + 2] for word in words for i in range(len(word) - 1)}
    return sum(pair in everything for pair in pairs) / len(pairs) if pairs else 0.0
