"""What one customer message brings along: who, when, from which page, understood how."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from typing import Any

from rasa_sdk import Tracker

from actions.clauses import own_words
from actions.words import parse_time

FALLBACK_INTENT = "nlu_fallback"


@dataclass(frozen=True)
class Turn:
    """One customer message and what is known with it. `customer_id` comes from the signed identity only."""

    now: datetime
    message_id: str
    text: str
    intent: str
    intents: tuple[str, ...] = ()
    sure: float = 1.0  # how sure the understanding is of the intent, 0 to 1
    family: str = "neutral"
    intensity: int = 0
    entities: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    customer_id: str | None = None
    page_order_id: str | None = None
    page_product_id: str | None = None
    is_first_answer: bool = False
    requested_slot: str | None = None
    slots: Mapping[str, Any] = field(default_factory=dict)
    whole: str = ""  # all of the message, when `text` is only the part about this wish
    whole_entities: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    said: tuple[str, ...] = ()  # the bot's bubbles in this conversation, oldest first
    said_now: tuple[str, ...] = ()  # those of them that answer this message
    files: tuple[Mapping[str, Any], ...] = ()  # attachments of the conversation as the desk sent them, oldest first
    wordless: bool = False  # this message is nothing but files
    brings_files: bool = False  # this message came with files

    @property
    def verified_orders(self) -> list[str]:
        """Orders shown to be this customer's during the conversation."""
        return list(self.slots.get("verified_orders") or [])

    @property
    def focus_order_id(self) -> str | None:
        """The order last answered about."""
        return _mapping(self.slots.get("order_in_focus")).get("order_id")

    @property
    def focus_topic(self) -> str | None:
        """What that order was answered about."""
        return _mapping(self.slots.get("order_in_focus")).get("topic")

    @property
    def focus_page_order_id(self) -> str | None:
        """The order on the page when the order in focus was answered about."""
        return _mapping(self.slots.get("order_in_focus")).get("page_order_id")


def wish_of(turn: Turn) -> dict[str, Any]:
    """What a message said beside the wish itself: kept while the order is looked for, so that nobody repeats it."""
    entities = {name: list(values) for name, values in turn.entities.items()}
    return {"topic": turn.intent, "text": turn.text, "entities": entities}


def further_wish_of(turn: Turn, topic: str) -> dict[str, Any]:
    """What the message said of a wish beside the first one (actions/pending.py)."""
    entities = {name: list(values) for name, values in turn.whole_entities.items()}
    return {"topic": topic, "text": turn.whole or turn.text, "entities": entities, "beside": list(turn.intents)}


def with_wish(turn: Turn, topic: str) -> Turn:
    """The turn with the words and entities of the message that began this wish, when that was an earlier one."""
    wish = _mapping(turn.slots.get("wish"))
    if wish.get("topic") != topic or turn.intent == topic:
        return turn
    named = {name: tuple(values) for name, values in _mapping(wish.get("entities")).items()}
    # 不是这单，咖啡机那单 goes on with the wish, whatever intent its few words look like.
    intent = topic if wish.get("corrected") else turn.intent
    words = f"{wish.get('text', '')} {turn.text}".strip()
    return replace(turn, text=words, intent=intent, entities={**named, **turn.entities})


def read_turn(tracker: Tracker) -> Turn:
    """The latest message of a tracker; without the desk's metadata (rasa shell) a visitor, now."""
    message = tracker.latest_message or {}
    metadata = _mapping(message.get("metadata"))
    context = _mapping(metadata.get("context"))
    page = _mapping(context.get("page"))
    emotion = _mapping(message.get("emotion"))
    intent = str(_mapping(message.get("intent")).get("name") or "")
    intents, sure = _intents(message, intent), _mapping(message.get("intent")).get("confidence")
    message_id = str(metadata.get("message_id") or "")
    asked = _mapping(tracker.slots.get("asked"))
    words = str(metadata.get("text") or message.get("text") or "")
    entities = _entities(message)
    if message_id and asked.get("message_id") == message_id:
        # A further wish, of this message or an earlier one, has its turn now (actions/pending.py).
        intent = str(asked.get("intent"))
        intents = (intent,)
        whole = str(asked.get("text", words))
        entities = {name: tuple(values) for name, values in _mapping(asked.get("entities", entities)).items()}
        words = own_words(whole, intent, [str(name) for name in asked.get("beside", intents)])
    else:
        whole, words = words, own_words(words, intent, intents)
    return Turn(
        now=_time(metadata.get("at")),
        message_id=message_id,
        text=words,
        whole=whole,
        intent=intent,
        intents=intents,
        sure=float(sure) if isinstance(sure, (int, float)) else 1.0,
        family=str(emotion.get("family") or "neutral"),
        intensity=int(emotion.get("intensity") or 0),
        entities=_named_in(words, whole, entities),
        whole_entities=entities,
        customer_id=_mapping(context.get("customer")).get("customer_id") or None,
        page_order_id=page.get("order_id") or None,
        page_product_id=page.get("product_id") or None,
        is_first_answer=_nothing_said_before(tracker),
        requested_slot=tracker.slots.get("requested_slot"),
        slots=dict(tracker.slots),
        said=tuple(_bubbles(tracker.events)),
        said_now=tuple(_bubbles(_since_last_message(tracker.events))),
        files=tuple(_files(tracker.events)),
        wordless=metadata.get("wordless") is True,
        brings_files=bool(metadata.get("attachments")),
    )


def _files(events: list[dict[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for event in events:
        if event.get("event") == "user":
            metadata = _mapping(event.get("metadata")) or _mapping(_mapping(event.get("parse_data")).get("metadata"))
            yield from (item for item in metadata.get("attachments") or () if isinstance(item, dict))


def fallbacks_in_a_row(events: list[dict[str, Any]]) -> int:
    """How many of the newest customer messages in a row were not understood."""
    count = 0
    for event in reversed(events):
        if event.get("event") != "user":
            continue
        parse = _mapping(event.get("parse_data"))
        if _mapping(parse.get("intent")).get("name") != FALLBACK_INTENT:
            break
        count += 1
    return count


def phone_ending_in(text: str, *, asked: bool) -> str | None:
    """The four digits that prove an order: after 尾号 or 后四位, a whole mobile number, or bare when asked for."""
    digits = _ORDER_TAIL.sub("", text.translate(_FULL_WIDTH))
    named = re.search(r"(?:尾号|尾数|后四位|后4位|末四位)\D{0,4}(\d{4})(?!\d)", digits)
    if named:
        return named[1]
    mobile = re.search(r"(?<!\d)1[3-9]\d{9}(?!\d)", re.sub(r"[\s-]", "", digits))
    if mobile:
        return mobile[0][-4:]
    bare = re.search(r"(?<!\d)(\d{4})(?!\d)", digits) if asked else None
    return bare[1] if bare else None


def order_tail_in(text: str, *, asked: bool) -> str | None:
    """The last four digits of an order number: after 订单尾号, or bare when an order was asked for."""
    digits = text.translate(_FULL_WIDTH)
    named = _ORDER_TAIL.search(digits) or (re.search(r"(?<!\d)(\d{4})(?!\d)", digits) if asked else None)
    return named[1] if named else None


def order_number_in(value: object) -> str | None:
    """A well-formed order number (14 digits beginning 20YYMMDD), else None."""
    digits = re.sub(r"\D", "", str(value).translate(_FULL_WIDTH))
    return digits if re.fullmatch(r"20\d{2}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])\d{6}", digits) else None


def long_number_in(text: str) -> str | None:
    """A run of 10 or more digits (spaces allowed) that a customer may have meant as an order number."""
    run = re.search(r"\d[\d\s-]{8,}\d", text.translate(_FULL_WIDTH))
    return re.sub(r"\D", "", run[0]) if run else None


_ORDER_TAIL = re.compile(r"(?:订单|单号)号?的?(?:尾号|尾数|后四位|末四位)\D{0,4}(\d{4})(?!\d)")
_FULL_WIDTH = str.maketrans("０１２３４５６７８９", "0123456789")


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _time(value: object) -> datetime:
    if isinstance(value, str):
        return parse_time(value)
    return datetime.now(timezone.utc)


def _intents(message: dict[str, Any], intent: str) -> tuple[str, ...]:
    names = [str(item["name"]) for item in message.get("intents") or [] if _mapping(item).get("name")]
    return tuple(names) if names else ((intent,) if intent else ())


def _entities(message: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for item in message.get("entities") or []:
        found.setdefault(str(item.get("entity")), []).append(str(item.get("value")))
    return {name: tuple(values) for name, values in found.items()}


def _named_in(words: str, whole: str, entities: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Without the entities that stand in another part of the message only."""
    if words == whole:
        return dict(entities)
    kept = {name: tuple(v for v in values if v in words or v not in whole) for name, values in entities.items()}
    return {name: values for name, values in kept.items() if values}


def _bubbles(events: list[dict[str, Any]]) -> list[str]:
    return [str(event["text"]) for event in events if event.get("event") == "bot" and event.get("text")]


def _since_last_message(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    places = [place for place, event in enumerate(events) if event.get("event") == "user"]
    return events[places[-1] :] if places else events


def _nothing_said_before(tracker: Tracker) -> bool:
    return not any(event.get("event") == "bot" and event.get("text") for event in tracker.events)
