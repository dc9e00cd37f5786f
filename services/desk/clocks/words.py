"""How the next opening is said to a customer: 今天 08:00, 明天 08:00, 周一 08:00, 10 月 8 日 08:00."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from desk.kernel.wording import Wording

_NAMED_DAYS = 6  # from the seventh day on the weekday's name would mean today's


def opening_words(opening: datetime, now: datetime, zone: ZoneInfo, wording: Wording) -> str:
    """The moment `opening` as heard at `now`, both told by the clocks of `zone`."""
    there, here = opening.astimezone(zone), now.astimezone(zone)
    days = (there.date() - here.date()).days
    if days == 0:
        key = "opening.today"
    elif days == 1:
        key = "opening.tomorrow"
    elif 1 < days <= _NAMED_DAYS:
        key = "opening.weekday"
    else:
        key = "opening.date"
    return wording.text(
        key,
        time=f"{there:%H:%M}",
        weekday=wording.entries("opening.weekdays")[there.weekday()],
        month=there.month,
        day=there.day,
    )
