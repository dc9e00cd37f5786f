"""Rules of the search without I/O: how a query is read, which field answers it, how a hit is shown.

Every word of the query must be somewhere in the conversation: in a message, a private note, the customer's name or id,
an order's number, the ending of a phone number, the headline of a handoff. Nothing is ranked; the conversation in which
something happened last comes first.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, Literal

from msgspec import Struct, structs

from desk.conversations.rules import Conversation, Event, Place, read_place, write_place
from desk.customers.rules import mask_name
from desk.handoffs.rules import Handoff
from desk.kernel.clock import iso
from desk.kernel.errors import InvalidError
from desk.kernel.masking import mask_text
from desk.private_notes.rules import PrivateNote

Field = Literal["message", "name", "customer", "conversation", "order", "phone", "headline", "note"]

PAGE_SIZE = 20
SHOWN_HITS = 3
MAX_WORDS = 5
MAX_QUERY_CHARACTERS = 100
STATES = ("bot", "queued", "active", "wrap_up", "closed")
_BEFORE_HIT, _SNIPPET = 24, 96  # characters
_BY_NAME = "name~"
_SHORTEST_ORDER = 4
_PHONE_ENDING, _SHORTEST_PHONE = 4, 7
_FULL_NAME = re.compile(r"[\u4e00-\u9fff]{2,4}")
_ORDER = re.compile(r"(?=.*[0-9])[0-9A-Za-z\-]+")


class Query(Struct, frozen=True, kw_only=True):
    """What is looked for; `since` and `until` bound the conversation's life, `until` not included."""

    words: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    state: str | None = None
    group: str | None = None
    before: Place | None = None
    masked_name: str | None = None  # asked for instead of the words


class Found(Struct, frozen=True, kw_only=True):
    """One conversation that answers, with its handoffs (the newest first) and its best matching messages."""

    conversation: Conversation
    handoffs: list[Handoff]
    hits: list[Event]
    hit_count: int
    notes: list[PrivateNote] = []


def read_words(text: str) -> tuple[str, ...]:
    """The words of a query, each once; InvalidError `search_invalid` for too many or too long ones."""
    words = tuple(dict.fromkeys(text.split()))
    if len(text) > MAX_QUERY_CHARACTERS or len(words) > MAX_WORDS or not all(word.isprintable() for word in words):
        raise InvalidError("search_invalid", words=MAX_WORDS, limit=MAX_QUERY_CHARACTERS)
    return words


def as_masked_name(query: Query) -> Query | None:
    """The query for somebody of this full name, which the desk keeps only as 王*; None when it cannot be a name."""
    if len(query.words) != 1 or not _FULL_NAME.fullmatch(query.words[0]):
        return None
    return structs.replace(query, words=(), masked_name=mask_name(query.words[0]))


def is_order(word: str) -> bool:
    """Whether it may be a part of an order's number."""
    return len(word) >= _SHORTEST_ORDER and word.isascii() and _ORDER.fullmatch(word) is not None


def is_phone_ending(word: str) -> bool:
    """Four digits; with more or fewer a masked number could be guessed digit by digit."""
    return len(word) == _PHONE_ENDING and word.isascii() and word.isdigit()


def is_phone(word: str) -> bool:
    """A whole number, as whoever knows it types it."""
    return len(word) >= _SHORTEST_PHONE and word.isascii() and word.isdigit()


def read_cursor(text: str) -> tuple[Place | None, bool]:
    """(where the page before ended, whether a full name was looked for); InvalidError `invalid_request`."""
    by_name = text.startswith(_BY_NAME)
    place = text.removeprefix(_BY_NAME)
    return (read_place(place) if place else None), by_name


def write_cursor(last: Conversation, query: Query) -> str:
    """The cursor behind `last`."""
    return (_BY_NAME if query.masked_name is not None else "") + write_place(last)


def matched(found: Found, query: Query) -> list[Field]:
    """Which fields answer the query, `message` first."""
    fields: list[Field] = ["message"] if found.hits else []
    fields += ["note"] if found.notes else []
    if query.masked_name is not None:
        return [*fields, "name"]
    for field, values in _fields(found).items():
        if any(_answers(field, value, word) for word in query.words for value in values):
            fields.append(field)
    return fields


def _fields(found: Found) -> dict[Field, list[str]]:
    conversation, handoffs = found.conversation, found.handoffs
    summaries = [handoff.summary for handoff in handoffs]
    named = [conversation.customer_name, *(handoff.customer_name for handoff in handoffs)]
    orders = [_inside(conversation.page, "order_id"), *(_inside(one, "order", "order_id") for one in summaries)]
    phones = [*(one.contact for one in handoffs), *(_inside(one, "customer", "masked_phone") for one in summaries)]
    values: dict[Field, list[str | None]] = {
        "name": named,
        "customer": [conversation.customer_id],
        "conversation": [conversation.id],
        "order": orders,
        "phone": phones,
        "headline": [handoff.headline for handoff in handoffs],
    }
    return {field: [value for value in some if value] for field, some in values.items()}


def _inside(tree: object, *path: str) -> str | None:
    for name in path:
        tree = tree.get(name) if isinstance(tree, dict) else None
    return tree if isinstance(tree, str) else None


def _answers(field: Field, value: str, word: str) -> bool:
    if field in {"customer", "conversation"}:
        return value.lower() == word.lower()
    if field == "phone":
        return (is_phone_ending(word) and value.endswith(word)) or (is_phone(word) and value == word)
    if field == "order":
        return is_order(word) and word.lower() in value.lower()
    return word.lower() in value.lower()


def pieces(text: str, words: tuple[str, ...]) -> list[dict[str, Any]]:
    """A snippet of the text around its first hit, as [{text, hit?}] that joined give the snippet."""
    line = " ".join(text.split())
    spans = _spans(line, words)
    first = spans[0][0] if spans else 0
    start = max(0, first - _BEFORE_HIT)
    end = min(len(line), start + _SNIPPET)
    cut: list[dict[str, Any]] = [{"text": "…"}] if start else []
    at = start
    for from_, to in spans:
        if from_ >= end:
            break
        if from_ > at:
            cut.append({"text": line[at:from_]})
        cut.append({"text": line[from_ : min(to, end)], "hit": True})
        at = min(to, end)
    if at < end:
        cut.append({"text": line[at:end]})
    if end < len(line):
        cut.append({"text": "…"})
    return cut


def _spans(line: str, words: tuple[str, ...]) -> list[tuple[int, int]]:
    """Where the words are, in order, overlapping ones merged."""
    found = sorted(
        (match.start(), match.end()) for word in words for match in re.finditer(re.escape(word), line, re.IGNORECASE)
    )
    merged: list[tuple[int, int]] = []
    for start, end in found:
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def result_view(found: Found, query: Query, reader_id: str) -> dict[str, Any]:
    """The contract's SearchResult; whoever does not have the conversation sees its texts masked."""
    conversation = found.conversation
    shown = str if conversation.owner_agent_id == reader_id else mask_text
    handoff = found.handoffs[0] if found.handoffs else None
    return {
        "conversation_id": conversation.id,
        "state": conversation.state,
        "customer_name": handoff.customer_name if handoff else conversation.customer_name,
        "customer_id": conversation.customer_id,
        "created_at": iso(conversation.created_at),
        "updated_at": iso(conversation.updated_at),
        "agent": conversation.owner_agent_name or (handoff.agent_name if handoff else None),
        "headline": shown(handoff.headline) if handoff else None,
        "skill_group": handoff.skill_group if handoff else None,
        "matched": matched(found, query),
        "hit_count": found.hit_count,
        "hits": [_hit_view(event, shown(event.text or ""), query.words) for event in found.hits],
        "notes": [_note_view(note, shown(note.text), query.words) for note in found.notes],
    }


def _note_view(note: PrivateNote, text: str, words: tuple[str, ...]) -> dict[str, Any]:
    return {
        "note_id": note.id,
        "after_seq": note.after_seq,
        "agent": note.agent_name,
        "at": iso(note.at),
        "snippet": pieces(text, words),
    }


def _hit_view(event: Event, text: str, words: tuple[str, ...]) -> dict[str, Any]:
    return {
        "seq": event.seq,
        "message_id": event.message_id,
        "sender": event.sender,
        "at": iso(event.at),
        "snippet": pieces(text, words),
    }
