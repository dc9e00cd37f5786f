"""Spans of calendar days: months, weeks, and the choice of the one that a customer means."""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Iterable

Span = tuple[dt.date, dt.date]

# Days of the parts of a month that customers name; the end is counted from the month's last day.
_PARTS = {"初": (1, 5), "上旬": (1, 10), "中旬": (11, 20), "中": (11, 20), "下旬": (21, 31)}
_DAYS_AT_THE_END = 5


def spanning(first: dt.date, days: int) -> Span:
    return first, first + dt.timedelta(days=days - 1)


def day(year: int, month: int, number: int) -> Span | None:
    """One day, or None when the month has no such day."""
    if not (1 <= month <= 12 and 1 <= number <= calendar.monthrange(year, month)[1]):
        return None
    return spanning(dt.date(year, month, number), 1)


def shifted(year: int, month: int, months: int) -> tuple[int, int]:
    """Year and month so many months later."""
    count = year * 12 + month - 1 + months
    return count // 12, count % 12 + 1


def months_later(start: dt.date, months: int) -> dt.date:
    """The same day of another month, or that month's last day."""
    year, month = shifted(start.year, start.month, months)
    return dt.date(year, month, min(start.day, calendar.monthrange(year, month)[1]))


def month_span(year: int, month: int, part: str = "") -> Span:
    """A whole month, or its beginning, middle or end."""
    last = calendar.monthrange(year, month)[1]
    if part in ("底", "末"):
        return dt.date(year, month, last - _DAYS_AT_THE_END + 1), dt.date(year, month, last)
    first_day, last_day = _PARTS.get(part, (1, last))
    return dt.date(year, month, first_day), dt.date(year, month, min(last_day, last))


def week_span(today: dt.date, weeks: int) -> Span:
    """Monday to Sunday, so many weeks from the week of `today`."""
    return spanning(today - dt.timedelta(days=today.weekday()) + dt.timedelta(weeks=weeks), 7)


def latest(candidates: Iterable[Span | None], today: dt.date) -> Span | None:
    """The last span that has begun."""
    return max((span for span in candidates if span and span[0] <= today), default=None)


def next_one(candidates: Iterable[Span | None], today: dt.date) -> Span | None:
    """The first span that is not over."""
    return min((span for span in candidates if span and span[1] >= today), default=None)
