"""Times, money and names in the words a person uses; all times shown are Asia/Shanghai."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from actions.texts import text, word_list

SHANGHAI = ZoneInfo("Asia/Shanghai")


def parse_time(value: str) -> datetime:
    """ISO 8601 with a zone to aware UTC; raises ValueError."""
    moment = datetime.fromisoformat(value.replace("Z", "+00:00"))
    if moment.tzinfo is None:
        raise ValueError(f"time without zone: {value}")
    return moment.astimezone(timezone.utc)


def stamp(moment: datetime) -> str:
    """Aware time to the form of the contracts, 2026-11-22T02:00:00Z."""
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def days_between(start: datetime, end: datetime) -> int:
    """Calendar days in Shanghai from `start` to `end`; negative when `end` is earlier."""
    return (end.astimezone(SHANGHAI).date() - start.astimezone(SHANGHAI).date()).days


def day(moment: datetime, now: datetime) -> str:
    """今天, 昨天, 11月20日, or with the year when it is another one."""
    near = word_list("words.near_days")
    distance = days_between(now, moment)
    if -2 <= distance <= 2:
        return near[distance + 2]
    local = moment.astimezone(SHANGHAI)
    if local.year == now.astimezone(SHANGHAI).year:
        return text("words.month_day", month=local.month, day=local.day)
    return text("words.year_month_day", year=local.year, month=local.month, day=local.day)


def day_time(moment: datetime, now: datetime) -> str:
    """昨天 18:20."""
    return f"{day(moment, now)} {moment.astimezone(SHANGHAI):%H:%M}"


def deadline(moment: datetime, now: datetime) -> str:
    """Like day_time, but the end of a day is named by the day alone: 11月25日."""
    local = moment.astimezone(SHANGHAI)
    end_of_day = local.hour == 23 and local.minute == 59
    midnight = local.hour == 0 and local.minute == 0 and local.second == 0
    if midnight:
        return day(moment - timedelta(seconds=1), now)
    return day(moment, now) if end_of_day else day_time(moment, now)


def money(fen: int) -> str:
    """39900 -> ¥399, 1250 -> ¥12.50."""
    yuan, rest = divmod(abs(fen), 100)
    sign = "-" if fen < 0 else ""
    return f"{sign}¥{yuan}" if rest == 0 else f"{sign}¥{yuan}.{rest:02d}"


def tail(order_id: str) -> str:
    """The last four digits, as customers and couriers name an order."""
    return order_id[-4:]


def surname(name: str) -> str:
    """李晓雯 -> 李, 欧阳静 -> 欧阳."""
    doubles = word_list("words.double_surnames")
    return name[:2] if len(name) > 2 and name[:2] in doubles else name[:1]


def addressed(name: str, honorific: str | None) -> str:
    """李女士; a name that is not Chinese is used as it is."""
    if not re.match(r"^[\u4e00-\u9fff]", name):
        return name
    return surname(name) + (honorific or "")
