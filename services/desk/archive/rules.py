"""Rules of the archive without I/O: a transcript as plain text, an earlier conversation in one line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct

from desk.kernel.clock import iso

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from desk.conversations.rules import Event, State
    from desk.kernel.wording import Wording

Json = dict[str, Any]
Outcome = Literal["open", "bot", "solved", "follow_up", "unsolved", "ended"]

TOPIC_CHARACTERS = 60
_TOLD = {"solved", "follow_up", "unsolved"}  # what an agent writes in words of their own is for colleagues
# Direction marks could make one person's line look like another's.
_MARKS = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)])
_INDENT = "    "


class Entry(Struct, frozen=True, kw_only=True):
    """An earlier conversation; `outcome` is its last ended handoff's, None when nobody was handed over."""

    conversation_id: str
    state: State
    created_at: datetime
    updated_at: datetime
    outcome: str | None
    topics: str
    first_words: str


def outcome_of(entry: Entry) -> Outcome:
    """How it went, as the customer may know it."""
    if entry.state in {"queued", "active"}:
        return "open"
    if entry.outcome is None:
        return "bot"
    return entry.outcome if entry.outcome in _TOLD else "ended"  # type: ignore[return-value]


def entry_view(entry: Entry, wording: Wording) -> Json:
    """{conversation_id, state, created_at, updated_at, topic, first_words, outcome, outcome_text}."""
    outcome = outcome_of(entry)
    return {
        "conversation_id": entry.conversation_id,
        "state": entry.state,
        "created_at": iso(entry.created_at),
        "updated_at": iso(entry.updated_at),
        "topic": entry.topics,
        "first_words": shortened(entry.first_words),
        "outcome": outcome,
        "outcome_text": wording.name("archive.outcomes", outcome),
    }


def shortened(words: str) -> str:
    """At most 60 characters in one line."""
    line = " ".join(words.split())
    return line if len(line) <= TOPIC_CHARACTERS else line[: TOPIC_CHARACTERS - 1] + "…"


def transcript(events: Iterable[Event], conversation_id: str, now: datetime, zone: ZoneInfo, wording: Wording) -> str:
    """The conversation as its customer saw it, times by the shop's clock, lines ending in CRLF.

    Further lines of a message are indented, so that nobody can write a line that looks like another person's.
    """
    lines = [wording.text("archive.title", id=conversation_id, at=f"{_day(now, zone, wording)} {_clock(now, zone)}")]
    day = ""
    for event in events:
        said = _said(event, wording)
        if not said:
            continue
        today = _day(event.at, zone, wording)
        if today != day:
            lines += ["", wording.text("archive.day", day=today)]
            day = today
        lines.append(f"[{_clock(event.at, zone)}] {wording.text('archive.line', who=_who(event, wording), text=said)}")
    return "\r\n".join(line.replace("\n", "\r\n") for line in lines) + "\r\n"


def file_name(now: datetime, zone: ZoneInfo, wording: Wording) -> str:
    """聊天记录-20261122.txt: nothing in it comes from what people typed."""
    return wording.text("archive.file_name", date=f"{now.astimezone(zone):%Y%m%d}")


def _said(event: Event, wording: Wording) -> str:
    parts = [event.text or "", _card(event.card, wording), *_files(event, wording)]
    words = "\n".join(part for part in parts if part).translate(_MARKS)
    return ("\n" + _INDENT).join(words.splitlines())


def _who(event: Event, wording: Wording) -> str:
    name = (event.agent_name or "").translate(_MARKS)
    if event.sender == "agent" and name:
        return wording.text("archive.agent", name=name)
    return wording.name("archive.senders", event.sender)


def _files(event: Event, wording: Wording) -> list[str]:
    files = event.attachments or []
    return [f"{wording.name('attachments', str(one.get('kind')))} {one.get('name', '')}".strip() for one in files]


def _card(card: Json | None, wording: Wording) -> str:
    """What a card says, by the sentences of `archive.cards`; its own text when there is none for it."""
    if not card:
        return ""
    kind = str(card.get("type"))
    values: Json = {name: "" if value is None else value for name, value in card.items()}
    values["count"] = len(card.get("orders") or card.get("lots") or card.get("coupons") or [])
    values["amount"] = f"¥{int(card.get('amount_fen') or 0) / 100:,.2f}"
    latest: Any = next(iter(card.get("events") or []), {})
    values["latest"] = str(latest.get("text", "")) if isinstance(latest, dict) else ""
    template = wording.name("archive.cards", kind)
    if template == kind:
        return str(card.get("text") or "")
    return template.format_map(_Blank(values))


class _Blank(dict[str, Any]):
    """A card of a later version may lack a field."""

    def __missing__(self, key: str) -> str:
        return ""


def _day(moment: datetime, zone: ZoneInfo, wording: Wording) -> str:
    there = moment.astimezone(zone)
    weekday = wording.entries("opening.weekdays")[there.weekday()]
    return wording.text("archive.date", year=there.year, month=there.month, day=there.day, weekday=weekday)


def _clock(moment: datetime, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%H:%M}"
