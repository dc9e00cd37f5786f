"""playbook/business_hours.yml: read, checked, and made into one calendar for the shop and one a skill group."""

from __future__ import annotations

import itertools
import re
from datetime import date, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from msgspec import Struct

from desk.clocks.calendar import Calendar, Period
from desk.kernel.settings import SettingsError

if TYPE_CHECKING:
    from pathlib import Path

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
WARN_DAYS = 60  # the government announces the next year in November
_FILE = "business_hours.yml"
_DAY_MINUTES = 24 * 60
_PERIOD = re.compile(r"(\d{1,2}):(\d{2})-(\d{1,2}):(\d{2})")
_RANGE = re.compile(r"(\d{2})-(\d{2})(?:~(\d{2})-(\d{2}))?")
_KEYS = {"time_zone", "weekly", "on_holidays", "on_workdays", "special_days", "years", "groups"}
_GROUP_KEYS = {"weekly", "on_holidays", "on_workdays", "special_days"}

Periods = tuple[Period, ...]


class HoursError(ValueError):
    """The file cannot be used as it is; the message names the key."""


class BusinessHours(Struct, frozen=True):
    """The calendars; `years` are those with a table of public holidays."""

    shop: Calendar
    groups: dict[str, Calendar]
    years: frozenset[int]

    def of(self, group: str | None = None) -> Calendar:
        """The calendar of a skill group, the shop's own when it has none."""
        return self.shop if group is None else self.groups.get(group, self.shop)

    def missing_years(self, now: datetime) -> list[int]:
        """Years whose table of holidays is due: this one, and one that begins within 60 days."""
        today = now.astimezone(self.shop.zone).date()
        due = {today.year, (today + timedelta(days=WARN_DAYS)).year}
        return sorted(due - self.years)


@cache
def load(folder: Path) -> BusinessHours:
    """The playbook's calendars; SettingsError names the file and the key of the first mistake."""
    path = folder / _FILE
    try:
        tree = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise SettingsError(f"{path} is missing.") from error
    except yaml.YAMLError as error:
        raise SettingsError(f"{path} is not valid YAML: {error}") from error
    try:
        return parse(tree)
    except HoursError as error:
        raise SettingsError(f"{path}: {error}") from error


def parse(tree: object) -> BusinessHours:
    """The calendars in the parsed file; HoursError with the key and what is wrong with it."""
    root = _table(tree, "the file")
    _only(root, _KEYS, "")
    years = _table(root.get("years"), "years")
    shop = Calendar(
        zone=_zone(root.get("time_zone")),
        weekly=_weekly(root.get("weekly"), "weekly"),
        holidays=frozenset(_days(years, "holidays")),
        workdays=frozenset(_days(years, "workdays")),
        holiday=_instead(root.get("on_holidays"), "on_holidays"),
        workday=_instead(root.get("on_workdays"), "on_workdays"),
        special=_special(root.get("special_days"), "special_days"),
    )
    both = shop.holidays & shop.workdays
    if both:
        raise HoursError(f"years: {min(both)} is a holiday and a working day at once")
    groups = _table(root.get("groups") or {}, "groups")
    return BusinessHours(
        shop,
        {str(name): _group(shop, _table(table, f"groups.{name}"), f"groups.{name}") for name, table in groups.items()},
        frozenset(year for year, table in years.items() if table),
    )


def _group(shop: Calendar, table: dict[Any, Any], key: str) -> Calendar:
    """The shop's calendar with what the group does differently."""
    _only(table, _GROUP_KEYS, f"{key}.")
    return Calendar(
        zone=shop.zone,
        weekly=_weekly(table["weekly"], f"{key}.weekly") if "weekly" in table else shop.weekly,
        holidays=shop.holidays,
        workdays=shop.workdays,
        holiday=_instead(table["on_holidays"], f"{key}.on_holidays") if "on_holidays" in table else shop.holiday,
        workday=_instead(table["on_workdays"], f"{key}.on_workdays") if "on_workdays" in table else shop.workday,
        special={**shop.special, **_special(table.get("special_days"), f"{key}.special_days")},
    )


def _weekly(value: object, key: str) -> tuple[Periods, ...]:
    table = _table(value, key)
    _only(table, set(WEEKDAYS), f"{key}.")
    missing = [day for day in WEEKDAYS if day not in table]
    if missing:
        raise HoursError(f"{key}.{missing[0]} is missing; write [] for a day without service")
    return tuple(_periods(table[day], f"{key}.{day}") for day in WEEKDAYS)


def _instead(value: object, key: str) -> Periods | None:
    """Periods of holidays or working days; the words `as_usual` mean the weekday's."""
    return None if value in (None, "as_usual") else _periods(value, key)


def _special(value: object, key: str) -> dict[date, Periods]:
    found = {}
    for day, periods in _table(value or {}, key).items():
        if not isinstance(day, date):
            raise HoursError(f"{key}.{day} is no date; write it like 2026-11-11")
        found[day] = _periods(periods, f"{key}.{day}")
    return found


def _periods(value: object, key: str) -> Periods:
    if not isinstance(value, list):
        raise HoursError(f"{key} must be a list of periods like [08:00-12:00, 13:00-22:00], not {value!r}")
    periods = sorted(_period(one, f"{key}[{number}]") for number, one in enumerate(value, start=1))
    for earlier, later in itertools.pairwise(periods):
        if later.start_minute < earlier.end_minute:
            raise HoursError(f"{key}: two periods overlap")
    return tuple(periods)


def _period(value: object, key: str) -> Period:
    """`22:00-02:00` ends on the next day; `00:00-24:00` is the whole day."""
    match = _PERIOD.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise HoursError(f"{key} is {value!r}, which is no period like 08:00-24:00")
    start_hour, start_minute, end_hour, end_minute = (int(part) for part in match.groups())
    start, end = start_hour * 60 + start_minute, end_hour * 60 + end_minute
    if max(start_minute, end_minute) > 59 or start >= _DAY_MINUTES or end > _DAY_MINUTES:
        raise HoursError(f"{key} is {value!r}, which names a time that does not exist")
    if start == end:
        raise HoursError(f"{key} is {value!r}, which begins when it ends; the whole day is 00:00-24:00")
    return Period(start, end if end > start else end + _DAY_MINUTES)


def _days(years: dict[Any, Any], kind: str) -> list[date]:
    """All days of a kind in all years; a day is written 10-10, several 10-01~10-07."""
    days: list[date] = []
    for year, value in years.items():
        key = f"years.{year}"
        if not isinstance(year, int) or not 2000 <= year <= 2100:
            raise HoursError(f"{key} is no year")
        table = _table(value or {}, key)
        _only(table, {"holidays", "workdays"}, f"{key}.")
        for name, text in _table(table.get(kind) or {}, f"{key}.{kind}").items():
            for part in text if isinstance(text, list) else [text]:
                days += _days_of(year, part, f"{key}.{kind}.{name}")
    return days


def _days_of(year: int, text: object, key: str) -> list[date]:
    match = _RANGE.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise HoursError(f"{key} is {text!r}; write 10-10 or 10-01~10-07")
    month, day, last_month, last_day = match.groups()
    try:
        first = date(year, int(month), int(day))
        last = first if last_month is None else date(year, int(last_month), int(last_day))
    except ValueError as error:
        raise HoursError(f"{key} is {text!r}, which names a day that does not exist") from error
    if last < first:
        raise HoursError(f"{key} is {text!r}, which ends before it begins")
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def _zone(value: object) -> ZoneInfo:
    try:
        return ZoneInfo(value if isinstance(value, str) else "")
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise HoursError(f"time_zone is {value!r}, which is no time zone like Asia/Shanghai") from error


def _table(value: object, key: str) -> dict[Any, Any]:
    if not isinstance(value, dict):
        raise HoursError(f"{key} must be a table of keys and values, not {value!r}")
    return value


def _only(table: dict[Any, Any], known: set[str], where: str) -> None:
    for key in table:
        if key not in known:
            raise HoursError(f"{where}{key} is unknown; known here: {', '.join(sorted(known))}")
