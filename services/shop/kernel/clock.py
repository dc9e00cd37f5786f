"""Time: always aware and in UTC; the shop's calendar day is the one in Asia/Shanghai."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

SHOP_ZONE = ZoneInfo("Asia/Shanghai")

Clock = Callable[[], datetime]


def system_clock() -> datetime:
    """The present moment in UTC, whole seconds: no document of the shop needs more."""
    return datetime.now(UTC).replace(microsecond=0)


def shop_day(moment: datetime) -> date:
    """The calendar day of an aware moment in the shop's zone."""
    return moment.astimezone(SHOP_ZONE).date()


def end_of_shop_day(day: date) -> datetime:
    """The last second of a calendar day in the shop's zone, in UTC."""
    midnight = datetime.combine(day + timedelta(days=1), time(), SHOP_ZONE)
    return midnight.astimezone(UTC) - timedelta(seconds=1)


def start_of_hour(moment: datetime) -> datetime:
    """The moment truncated to the hour, in UTC."""
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
