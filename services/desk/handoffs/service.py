"""Whether people are there now and when they will be: for the customer, the widget and the bot."""

from __future__ import annotations

from datetime import datetime
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
    return _at(calendar, scene, on_duty=queue_store.anybody_on_duty(connection))


def _at(calendar: Calendar, scene: Scene, *, on_duty: bool) -> Service:
    if calendar.is_open(scene.now):
        return Service(True, on_duty, None, None)
    opening = calendar.next_open(scene.now)
    words = None if opening is None else opening_words(opening, scene.now, calendar.zone, scene.wording)
    return Service(False, on_duty, opening, words)


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
    hours, on_duty = business_hours.load(scene.settings.playbook_dir), queue_store.anybody_on_duty(connection)
    return {
        "on_duty": on_duty,
        **_hours_for_bot(_at(hours.of(), scene, on_duty=on_duty)),
        "groups": {
            name: _hours_for_bot(_at(calendar, scene, on_duty=on_duty)) for name, calendar in hours.groups.items()
        },
        "queue_length": queue_store.length(connection),
    }


def _hours_for_bot(service: Service) -> dict[str, Any]:
    return {"open": service.open, "next_open_words": service.next_open_words}
