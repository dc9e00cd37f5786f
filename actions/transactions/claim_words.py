"""What a customer says about goods that are not as they should be: which fault, how it looks, what they want for it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from actions.texts import text

WRONG, MISSING = "wrong", "missing"
REMEDIES = ("part_refund", "reship", "exchange", "refund")
# A message this short names little beside the remedy: 退款吧, 还是换一个.
SHORT = 10
# How many characters of a message that says how it is are left when the words of the bare wish are taken away.
TELLING = {"damaged": 3, "wrong": 2, "missing": 2, "quality": 2}


def wrong_or_missing(words: str) -> str | None:
    """Which of the two the words name; None when neither or both."""
    found = [kind for kind in (WRONG, MISSING) if _has(f"kind.{kind}", words)]
    return found[0] if len(found) == 1 else None


def tells(words: str, kind: str, titles: Sequence[str]) -> bool:
    """Whether the words say how it is, more than that something is damaged, wrong, missing or bad."""
    if _has("look", words):
        return True
    rest = words
    for title in titles:
        rest = rest.replace(title, "")
    rest = re.sub(_pattern(f"bare.{WRONG if kind == MISSING else kind}"), "", rest)
    rest = re.sub(_pattern("bare.always"), "", rest)
    return len(re.findall(r"[\u4e00-\u9fffA-Za-z]", rest)) >= TELLING[kind]


def remedy_in(words: str, *, asked: bool) -> str | None:
    """The remedy the words wish for. Unasked, a mention of the past (上次换过) is no wish."""
    if not asked and (_has("past", words) or not (len(words) <= SHORT or _has("wish", words))):
        return None
    return next((remedy for remedy in REMEDIES if _has(f"remedy.{remedy}", words)), None)


def only_a_remedy(words: str) -> bool:
    """退款吧: says what to do, and nothing of how it is."""
    return len(words) <= SHORT and remedy_in(words, asked=True) is not None


def means_all(words: str) -> bool:
    """两个都碎了."""
    return _has("all", words)


def names_a_part(words: str) -> bool:
    """A present or an accessory is missing, not the goods themselves."""
    return _has("part", words)


def means_the_whole(words: str) -> bool:
    """空盒: nothing of it came."""
    return _has("whole", words)


def without_no(words: str) -> str:
    """不对，是盖子裂了 -> 盖子裂了."""
    return re.sub(_pattern("correction"), "", words)


def is_a_set(title: str) -> bool:
    """Goods of several pieces, of which one may be missing."""
    return _has("set", title)


def _has(name: str, words: str) -> bool:
    return re.search(_pattern(name), words) is not None


def _pattern(name: str) -> str:
    return text(f"transactions.claims.reads.{name}")
