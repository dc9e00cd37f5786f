"""Moments of the demo data, told relative to the hour of seeding."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta

from shop.kernel.clock import SHOP_ZONE, shop_day

_HOURS = re.compile(r"([+-]\d+)h")
_DAY_AND_TIME = re.compile(r"([+-]\d+)d (\d\d):(\d\d)")


def moment(text: str, base: datetime, shift_days: int = 0) -> datetime:
    """`-6h`: six hours before `base`; `-3d 15:20`: 15:20 in the shop's zone three days before base's day.

    `shift_days` moves the latter; a moment in hours cannot be moved (ValueError), it belongs to today.
    """
    if hours := _HOURS.fullmatch(text):
        if shift_days:
            raise ValueError(f"{text} is tied to today and cannot be moved by {shift_days} days")
        return base + timedelta(hours=int(hours[1]))
    day_and_time = _DAY_AND_TIME.fullmatch(text)
    if day_and_time is None:
        raise ValueError(f"{text!r} is not a moment like -6h or -3d 15:20")
    day = shop_day(base) + timedelta(days=int(day_and_time[1]) + shift_days)
    clock = time(int(day_and_time[2]), int(day_and_time[3]))
    return datetime.combine(day, clock, SHOP_ZONE).astimezone(UTC)
