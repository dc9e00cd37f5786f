"""Business time without I/O: when a calendar is open, and how much open time lies between two moments."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterator

# How far ahead an opening or a closing is looked for: a calendar that is always open never closes.
_HORIZON_DAYS = 400

Span = tuple[datetime, datetime]  # open from the first moment until just before the second


class Period(Struct, frozen=True, order=True):
    """Minutes counted from the midnight with which the day begins; above 1,440 it is the next day already."""

    start_minute: int
    end_minute: int


class Calendar(Struct, frozen=True, kw_only=True):
    """When there is service. The nearest rule counts: special day, then holiday, then working day, then weekday.

    `weekly` has seven entries from Monday. `holiday` and `workday` are the periods of public holidays and of the
    weekend days worked instead of them (调休); None: like the weekday.
    """

    zone: ZoneInfo
    weekly: tuple[tuple[Period, ...], ...]
    holidays: frozenset[date] = frozenset()
    workdays: frozenset[date] = frozenset()
    holiday: tuple[Period, ...] | None = None
    workday: tuple[Period, ...] | None = None
    special: dict[date, tuple[Period, ...]] = {}

    def periods_of(self, day: date) -> tuple[Period, ...]:
        """The periods that begin on this day."""
        if day in self.special:
            return self.special[day]
        if day in self.holidays and self.holiday is not None:
            return self.holiday
        if day in self.workdays and self.workday is not None:
            return self.workday
        return self.weekly[day.weekday()]

    def is_open(self, at: datetime) -> bool:
        """Whether there is service at this moment."""
        return any(first <= at < last for first, last in self._single_spans(at, at))

    def next_open(self, at: datetime) -> datetime | None:
        """The first open moment from `at` on, `at` itself when it is one; None when there is none for a year."""
        span = self._span_not_over(at)
        return None if span is None else max(at, span[0])

    def next_close(self, at: datetime) -> datetime | None:
        """The first closed moment from `at` on, `at` itself when it is one; None when there is none for a year."""
        span = self._span_not_over(at)
        if span is None or span[0] > at:
            return at
        return span[1] if span[1] < at + timedelta(days=_HORIZON_DAYS) else None

    def business_seconds_between(self, start: datetime, end: datetime) -> float:
        """Open seconds from `start` to `end`; negative when `end` comes first."""
        if end < start:
            return -self.business_seconds_between(end, start)
        open_time = timedelta()
        for first, last in self._spans(start, end):
            open_time += max(timedelta(), min(last, end) - max(first, start))
        return open_time.total_seconds()

    def add_business_seconds(self, start: datetime, seconds: float) -> datetime | None:
        """The first moment with so many open seconds behind `start`; None when there is no service for a year."""
        left, moment = timedelta(seconds=seconds), start
        if left < timedelta():
            raise ValueError("business time only runs forward")
        while left:
            span = self._span_not_over(moment)
            if span is None:
                return None
            begin = max(moment, span[0])
            step = min(left, span[1] - begin)
            left, moment = left - step, begin + step
        return moment

    def _span_not_over(self, at: datetime) -> Span | None:
        """The open span around `at`, else the next one."""
        until = at + timedelta(days=_HORIZON_DAYS)
        return next((span for span in self._spans(at, until) if span[1] > at), None)

    def _spans(self, start: datetime, end: datetime) -> Iterator[Span]:
        """Open spans in order that may touch `start` … `end`; those that meet or overlap are one."""
        current: Span | None = None
        for first, last in self._single_spans(start, end):
            if current is None:
                current = (first, last)
            elif first <= current[1]:
                current = (current[0], max(current[1], last))
            else:
                yield current
                current = (first, last)
        if current is not None:
            yield current

    def _single_spans(self, start: datetime, end: datetime) -> Iterator[Span]:
        day = start.astimezone(self.zone).date() - timedelta(days=1)  # its last period may reach into today
        last_day = end.astimezone(self.zone).date()
        while day <= last_day:
            midnight = datetime.combine(day, time(), self.zone).astimezone(UTC)
            for period in self.periods_of(day):
                yield (
                    midnight + timedelta(minutes=period.start_minute),
                    midnight + timedelta(minutes=period.end_minute),
                )
            day += timedelta(days=1)
