"""The same answer to the same question: in other words, with the time of the first and what can be done now."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta
from itertools import takewhile
from typing import Any

from actions.answer import Answer, Json, Reply, human
from actions.context import Turn
from actions.texts import text
from actions.words import SHANGHAI, parse_time

# After a longer while the whole answer is told again: the customer has come back to it.
STILL_FRESH = timedelta(minutes=30)
# Two answers count as the same when only the clause of empathy in front of them differs.
MAX_LEAD = 40


def afresh(turn: Turn, answer: Answer, findings: Sequence[Json] | None) -> Answer:
    """The answer as it is, or a short one that says nothing has changed since then."""
    entry = answer.finding
    if entry is None or len(answer.replies) == 0:
        return answer
    if any(_said_above(item, entry, turn) for item in findings or []):
        return Answer((Reply(text("repeated.above"), buttons=answer.replies[-1].buttons),), entry)
    earlier = [item for item in findings or [] if _same(item, entry, turn)]
    if not earlier:
        return answer
    at = parse_time(str(earlier[0]["at"])).astimezone(SHANGHAI)
    last = answer.replies[-1]
    often = len(earlier) > 1
    words = _words(entry, f"{at:%H:%M}", often=often)
    has_person = any(item.payload == "/request_human" for item in last.buttons)
    buttons = last.buttons if has_person or not often else (human(), *last.buttons)
    if words in turn.said[-2:]:
        words = text("repeated.once_more")
    return Answer((Reply(words, buttons=buttons),), entry)


def _words(entry: Json, at: str, *, often: bool) -> str:
    if "order_id" not in entry:
        kind = "rule" if entry["what"] == text("findings.policy") else "account"
        return text(f"repeated.{kind}_often" if often else f"repeated.{kind}", at=at)
    promised = [str(item["text"]).rstrip("。") for item in entry["promises"]][-1:]
    known = text("repeated.promised", promise=promised[0]) if promised else ""
    order_tail = str(entry["order_id"])[-4:]
    return text("repeated.order_often" if often else "repeated.order", at=at, tail=order_tail, known=known)


def _same(earlier: Json, entry: Json, turn: Turn) -> bool:
    """Nothing changed: the same facts and the same words after the clause of empathy, in an earlier message."""
    if earlier["message_id"] == turn.message_id or earlier["what"] != entry["what"]:
        return False
    if earlier.get("order_id") != entry.get("order_id") or _facts(earlier) != _facts(entry):
        return False
    if turn.now - parse_time(str(earlier["at"])) > STILL_FRESH:
        return False
    return _same_words(str(earlier["result"]), str(entry["result"]))


def _said_above(earlier: Json, entry: Json, turn: Turn) -> bool:
    """Another wish of the same message has just been given this very answer."""
    here = earlier["message_id"] == turn.message_id and earlier.get("order_id") == entry.get("order_id")
    return here and _same_words(str(earlier["result"]), str(entry["result"]))


def _same_words(one: str, other: str) -> bool:
    if one == other:
        return True
    pairs = zip(reversed(one), reversed(other), strict=False)
    common = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
    leads = (one[: len(one) - common], other[: len(other) - common])
    return common > 0 and all(len(lead) <= MAX_LEAD and re.search(r"(^|[。！，：])$", lead) for lead in leads)


def _facts(entry: Json) -> list[tuple[Any, Any]]:
    return [(item["name"], item["value"]) for item in entry["facts"]]
