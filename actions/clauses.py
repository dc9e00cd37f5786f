"""Which part of a message with several wishes belongs to which wish: 手机我想取消 还有投影仪开个发票."""

from __future__ import annotations

import re
from collections.abc import Sequence

from actions.texts import has_text, text

_BREAK = re.compile(
    r"[，,。；;！!？?\n\s]+|(?=另外|还有(?!货|没|库存|吗|几|多少|啥|什么|别的)|顺便|顺带|再帮我|再就是|以及|同时)"
)


def own_words(words: str, intent: str, intents: Sequence[str]) -> str:
    """The clauses that speak of this wish; all words when they cannot be told apart.

    A clause without a word of any wish belongs to the one before it (保温杯想退 买错颜色了).
    """
    if len(intents) < 2 or not has_text(f"wish_words.{intent}"):
        return words
    clauses = [clause for clause in _BREAK.split(words) if clause]
    speaking = [_spoken_of(clause, intents) for clause in clauses]
    before: set[str] = next((found for found in speaking if found), set())
    own: list[str] = []
    for clause, found in zip(clauses, speaking, strict=True):
        before = found or before
        if intent in before:
            own.append(clause)
    return "，".join(own) if own and len(own) < len(clauses) else words


def _spoken_of(clause: str, intents: Sequence[str]) -> set[str]:
    paths = {name: f"wish_words.{name}" for name in intents if has_text(f"wish_words.{name}")}
    return {name for name, path in paths.items() if re.search(text(path), clause)}
