"""Rules of assist without I/O: filling placeholders, pinyin initials, which responses fit now."""

from __future__ import annotations

import string
from datetime import datetime
from typing import TYPE_CHECKING, Any

from msgspec import Struct

if TYPE_CHECKING:
    from desk.assist.book import Book, Response

_BEST = 3
# The first character of GB 2312 whose pinyin begins with the letter; its common characters are in the order of pinyin.
_FIRST_OF_INITIAL = (
    (0xB0A1, "a"), (0xB0C5, "b"), (0xB2C1, "c"), (0xB4EE, "d"), (0xB6EA, "e"), (0xB7A2, "f"), (0xB8C1, "g"),
    (0xB9FE, "h"), (0xBBF7, "j"), (0xBFA6, "k"), (0xC0AC, "l"), (0xC2E8, "m"), (0xC4C3, "n"), (0xC5B6, "o"),
    (0xC5BE, "p"), (0xC6DA, "q"), (0xC8BB, "r"), (0xC8F6, "s"), (0xCBFA, "t"), (0xCDDA, "w"), (0xCEF4, "x"),
    (0xD1B9, "y"), (0xD4D1, "z"),
)  # fmt: skip
_LAST_COMMON = 0xD7F9


class Situation(Struct, frozen=True, kw_only=True):
    """What is known of a conversation when its agent writes; `promised` is the time told to the customer, in words."""

    promised: str
    address: str | None
    agent_name: str
    group: str | None
    emotion: str
    intents: frozenset[str]  # of the customer's latest messages
    issues: frozenset[str]  # of the summary
    summary: dict[str, Any]


def initials(text: str) -> str:
    """`退款进度` -> `tkjd`: the first letter of each character's usual reading; Latin letters and digits stay."""
    return "".join(_initial(character) for character in text.lower())


def _initial(character: str) -> str:
    if character.isascii():
        return character if character.isalnum() else ""
    encoded = character.encode("gb2312", errors="ignore")
    code = int.from_bytes(encoded, "big") if len(encoded) == 2 else 0
    if not _FIRST_OF_INITIAL[0][0] <= code <= _LAST_COMMON:
        return ""
    return next(letter for first, letter in reversed(_FIRST_OF_INITIAL) if code >= first)


def values_of(situation: Situation, book: Book, *, reason: bool = False) -> dict[str, str]:
    """Placeholders that the conversation itself answers. An amount is never filled: whoever promises money types it."""
    summary = situation.summary
    order, logistics = _table(summary.get("order")), _table(summary.get("logistics"))
    items = order.get("items")
    first = _table(items[0]) if isinstance(items, list) and items else {}
    days = logistics.get("days_late") or order.get("days_late")
    found = {
        "name": situation.address or book.address,
        "agent": situation.agent_name,
        "order_tail": str(order.get("order_id") or "")[-4:],
        "item": str(first.get("title") or ""),
        "days_late": str(days or ""),
        "time": situation.promised,
        "reason": str(logistics.get("anomaly_reason") or "") if reason else "",
    }
    return {name: value for name, value in found.items() if value}


def promised_at(summary: dict[str, Any], now: datetime) -> datetime | None:
    """The nearest time that was promised to the customer and has not passed; None when there is none."""
    promises = summary.get("promises")
    due = [_moment(_table(one).get("due_at")) for one in promises] if isinstance(promises, list) else []
    return min((moment for moment in due if moment is not None and moment > now), default=None)


def filled(text: str, values: dict[str, str], gaps: dict[str, str]) -> tuple[str, list[str]]:
    """The text with its placeholders filled, and the gaps 【…】 left for the agent, in the order of the text."""
    parts: list[str] = []
    left: list[str] = []
    for literal, name, _, _ in string.Formatter().parse(text):
        parts.append(literal)
        if name is None:
            continue
        if name in values:
            parts.append(values[name])
        else:
            gap = f"【{gaps[name]}】"
            parts.append(gap)
            left.append(gap)
    return "".join(parts), list(dict.fromkeys(left))


def best(book: Book, situation: Situation) -> list[str]:
    """The ids of the three responses that fit best: by what the customer just said, the group, the feeling.

    While the customer only makes small talk, the summary's issues say what it is about.
    Those for fewer feelings are more to the point and come first among equals; what the bot suggested counts too.
    """
    talk = {intent for topic in book.topics.values() if topic.small_talk for intent in topic.intents}
    about = (situation.intents - talk) or situation.issues or situation.intents
    suggested = _table(situation.summary.get("suggested")).get("canned_responses")
    named = set(suggested) if isinstance(suggested, list) else set()
    scored = [
        (
            -_score(book, response, situation.group, about, response.id in named),
            len(response.emotions),
            place,
            response.id,
        )
        for place, response in enumerate(book.responses)
        if situation.emotion in response.emotions
    ]
    return [identity for score, _, _, identity in sorted(scored) if score < 0][:_BEST]


def _score(book: Book, response: Response, group: str | None, about: frozenset[str], named: bool) -> int:
    topic = book.topics[book.topic_of[response.id]]
    return 4 * bool(about & set(topic.intents)) + 2 * (group in response.groups) + 2 * named


def reply_for(step: str, book: Book) -> str | None:
    """The sentence that a suggested step becomes; None for a step that is only for the agent."""
    return next((one.text for one in book.steps if any(word in step for word in one.words)), None)


def _moment(value: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(value).replace("Z", "+00:00"))
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


def _table(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
