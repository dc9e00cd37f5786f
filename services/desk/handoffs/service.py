"""Whether people are there now and when they will be: for the customer, the widget and the bot."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from desk.clocks import business_hours
from desk.clocks.words import opening_words
from desk.handoffs import queue_store
from desk.kernel.clock import iso

if TYPE_CHECKING:
    import sqlalchemy as sa

    from desk.clocks.calendar import Calendar
    from desk.kernel.context import Scene
    from desk.kernel.wording import Wording


class Service(Struct, frozen=True):
    """`open` is what the calendar says, `on_duty` whether somebody is online, which counts whatever it says.

    `next_open_at` and its words are None while the calendar is open, and when it never opens again.
    """

    open: bool
    on_duty: bool
    next_open_at: datetime | None
    next_open_words: str | None


def service_now(connection: sa.Connection, scene: Scene, group: str | None = None) -> Service:
    """The service of the shop, or as a skill group's own hours have it."""
    calendar = business_hours.load(scene.settings.playbook_dir).of(group)
    opening, words = _next_opening(calendar, scene.now, scene.wording)
    return Service(calendar.is_open(scene.now), queue_store.anybody_on_duty(connection), opening, words)


def _next_opening(calendar: Calendar, now: datetime, wording: Wording) -> tuple[datetime, str] | tuple[None, None]:
    """Nothing while it is open, and when it never opens again."""
    opening = None if calendar.is_open(now) else calendar.next_open(now)
    return (None, None) if opening is None else (opening, opening_words(opening, now, calendar.zone, wording))


def service_view(service: Service, scene: Scene) -> dict[str, Any]:
    """The contract's answer of GET /api/v1/service-hours."""
    if service.on_duty:
        words = scene.wording.text("service.on_duty")
    elif service.open:
        words = scene.wording.text("service.away")
    elif service.next_open_words is None:
        words = scene.wording.text("service.closed_for_long")
    else:
        words = scene.wording.text("service.closed", next=service.next_open_words)
    return {
        "open": service.open,
        "on_duty": service.on_duty,
        "next_open_at": opening_view(service),
        "words": words,
    }


def opening_view(service: Service) -> str | None:
    """The next opening in UTC, or None."""
    return None if service.next_open_at is None else iso(service.next_open_at)


def service_for_bot(connection: sa.Connection, scene: Scene) -> dict[str, Any]:
    """What is true at this moment, as contracts/bot_channel.md gives it to the bot."""
    minute = scene.now.replace(second=0, microsecond=0)
    return {
        "on_duty": queue_store.anybody_on_duty(connection),
        **_hours_for_bot(scene.settings.playbook_dir, minute, scene.wording),
        "queue_length": queue_store.length(connection),
    }


@lru_cache(maxsize=4)
def _hours_for_bot(playbook: Path, minute: datetime, wording: Wording) -> dict[str, Any]:
    """Every message asks, and within a minute, which is what periods are counted in, it is the same for all."""
    hours = business_hours.load(playbook)

    def view(calendar: Calendar) -> dict[str, Any]:
        _, words = _next_opening(calendar, minute, wording)
        return {"open": calendar.is_open(minute), "next_open_words": words}

    groups = {name: view(calendar) for name, calendar in hours.groups.items()}
    return {**view(hours.of()), "groups": groups}
