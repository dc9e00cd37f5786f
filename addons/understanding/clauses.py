"""A message with several wishes: where it is cut, which intents count, in which order they are handled."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import jieba
import yaml

TABLE = Path(__file__).parent / "tables" / "clauses.yml"

_STRONG = re.compile(r"[。!?;\n]+|[①-⑩]|(?<!\d)[1-9][、.)](?!\d)|\.{2,}|~+|(?<!\d),|,(?!\d)")
_WEAK = re.compile(r"\s+|、")
_CONTENT = re.compile(r"[\u4e00-\u9fffA-Za-z0-9]")
_NUMBER_ONLY = re.compile(r"[\dA-Za-z\s:：\-]*")
_MIN_LENGTH = 2
_SURE_OF_WHOLE = 0.4  # from here on the main wish of the message is known and goes before the others
_SURE_OF_CLAUSE = 0.85  # except those that were said earlier just as clearly
_BREATH_MIN, _BREATH_MAX = 10, 60  # shorter is one wish; longer has marks or takes too long to search
_HALF_MIN = 3
_NEVER_BEGIN = frozenset("的了吗呢吧啊呀嘛得地着过们")  # 请问退货 | 的运费谁出 is one wish
_BREATH_LENGTH = 3  # a part between mere spaces must be at least this long to stand alone


@dataclass(frozen=True)
class Table:
    """Contents of clauses.yml."""

    connectors: re.Pattern[str]
    first: tuple[str, ...]
    formal_words: re.Pattern[str]
    late: tuple[str, ...]
    talk: tuple[str, ...]
    alone: tuple[str, ...]
    only_alone: tuple[str, ...]


@lru_cache(maxsize=1)
def table() -> Table:
    raw: dict[str, Any] = yaml.safe_load(TABLE.read_text(encoding="utf-8"))
    exceptions: dict[str, list[str]] = raw["not_after"]
    parts = []
    for word in sorted(raw["connectors"], key=len, reverse=True):
        after = "|".join(re.escape(w) for w in exceptions.get(word, []))
        parts.append(re.escape(word) + (f"(?!{after})" if after else ""))
    formal = "|".join(re.escape(w) for w in raw["formal_complaint_words"])
    return Table(
        re.compile(f"(?:{'|'.join(parts)})"),
        tuple(raw["first"]),
        re.compile(formal),
        tuple(raw["late"]),
        tuple(raw["talk"]),
        tuple(raw["alone"]),
        tuple(raw["only_alone"]),
    )


def split_clauses(text: str) -> list[str]:
    """Parts of a plain-form text that may each be a wish, in order; one part when there is nothing to cut."""
    cut = table().connectors.sub(lambda m: "\n" + m.group(), text)
    parts: list[str] = []
    for sentence in _STRONG.split(cut):
        parts += _split_at_breaths(sentence.strip())
    kept = [part for part in parts if len(_CONTENT.findall(part)) >= _MIN_LENGTH and not _NUMBER_ONLY.fullmatch(part)]
    return kept or [text]


def _split_at_breaths(sentence: str) -> list[str]:
    """Customers breathe with spaces; a short piece stays with its neighbour."""
    pieces: list[str] = []
    for piece in (p for p in _WEAK.split(sentence) if p):
        if pieces and (len(piece) < _BREATH_LENGTH or len(pieces[-1]) < _BREATH_LENGTH):
            pieces[-1] += " " + piece
        else:
            pieces.append(piece)
    return pieces


Judge = Callable[[str], tuple[str, float]]


def split_breath(clause: str, judge: Judge, min_confidence: float) -> list[str]:
    """The clause cut where two different wishes were said in one breath without any mark; itself when there are none.

    `judge` gives a text's likeliest intent and its probability; it must be cheap, for it is asked at every place.
    """
    if not _BREATH_MIN <= len(clause) <= _BREATH_MAX:
        return [clause]
    best: tuple[float, int] = (0.0, 0)
    for _, place, _ in jieba.tokenize(clause):  # never inside a word: 人工智能 is no wish for a person
        if not _HALF_MIN <= place <= len(clause) - _HALF_MIN or clause[place] in _NEVER_BEGIN:
            continue
        (first, sure), (second, also_sure) = judge(clause[:place]), judge(clause[place:])
        if first == second or min(sure, also_sure) < min_confidence or not _concrete(first, second):
            continue
        best = max(best, (sure * also_sure, place))
    if not best[1]:
        return [clause]
    halves = clause[: best[1]], clause[best[1] :]
    return [part for half in halves for part in split_breath(half, judge, min_confidence)]


def _concrete(*intents: str) -> bool:
    rules = table()
    return not any(intent in rules.talk or intent in rules.alone for intent in intents)


@dataclass(frozen=True)
class Reading:
    """What the classifier says about one text: best intent and how sure."""

    text: str
    intent: str
    confidence: float


def merge(whole: Reading, parts: Sequence[Reading], min_confidence: float) -> list[tuple[str, float]]:
    """All intents of a message, (name, confidence), in handling order; at least one.

    `whole` is the reading of the entire message, `parts` of its clauses (may be empty). A clause adds its intent
    only from `min_confidence` on, so that one wish told in three breaths stays one wish.
    """
    rules = table()
    sure = [part for part in parts if part.confidence >= min_confidence and part.intent not in rules.alone]
    if whole.intent in rules.alone:
        # Politeness around a question that is not ours does not make it ours.
        sure = [part for part in sure if part.intent not in rules.talk]
    found: dict[str, float] = {}
    for reading in sure:
        found[reading.intent] = max(found.get(reading.intent, 0.0), reading.confidence)
    if whole.intent in found:
        found[whole.intent] = max(found[whole.intent], whole.confidence)
    elif not _covered(whole, sure):
        # The whole message sees more than its parts, so it is said first.
        found = {whole.intent: whole.confidence, **found}
    if len(found) > 1:
        found = {name: p for name, p in found.items() if name not in rules.alone} or found
        # 你好, 谢谢 and the like around a wish need no handling of their own.
        found = {name: p for name, p in found.items() if name not in rules.only_alone} or found
    raised = list(found)
    if whole.intent in found and whole.confidence >= _SURE_OF_WHOLE:
        before = [name for name in raised[: raised.index(whole.intent)] if found[name] >= _SURE_OF_CLAUSE]
        raised = [*before, whole.intent, *(name for name in raised if name not in {*before, whole.intent})]
    formal = bool(rules.formal_words.search(whole.text))
    return [(name, found[name]) for name in sorted(raised, key=lambda name: _rank(name, formal))]


def _covered(whole: Reading, sure: Sequence[Reading]) -> bool:
    """Whether confident clauses already say two different things, so that the blend adds nothing."""
    concrete = {part.intent for part in sure if part.intent not in table().talk}
    return len(concrete) >= 2 and whole.confidence < 0.5


def _rank(intent: str, formal_complaint: bool) -> int:
    rules = table()
    if intent in rules.first:
        return rules.first.index(intent)
    if intent == "complain" and formal_complaint:
        return 10
    if intent in rules.late:
        return 30 + rules.late.index(intent)
    if intent in rules.talk:
        return 50 + rules.talk.index(intent)
    return 20
