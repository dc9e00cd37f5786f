"""Business time: calendars, the file a supervisor writes, and how the next opening is said."""

from __future__ import annotations

import copy
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml
from desk.clocks import business_hours
from desk.clocks.business_hours import BusinessHours, parse
from desk.clocks.calendar import Calendar, Period
from desk.clocks.words import opening_words
from desk.kernel import settings as desk_settings
from desk.kernel import wording
from desk.kernel.settings import SettingsError
from hypothesis import given, settings
from hypothesis import strategies as st

ZONE = ZoneInfo("Asia/Shanghai")
PLAYBOOK = desk_settings.load({}, require_secrets=False).playbook_dir
SHIPPED = business_hours.load(PLAYBOOK)
WORDING = wording.load(PLAYBOOK)
OFFICE = ["09:00-12:00", "13:30-18:00"]
WEEKLY: dict[str, list[str]] = dict.fromkeys(business_hours.WEEKDAYS[:5], OFFICE) | {"saturday": [], "sunday": []}
FILE: dict[str, Any] = {
    "time_zone": "Asia/Shanghai",
    "weekly": WEEKLY,
    "on_holidays": [],
    "on_workdays": OFFICE,
    "special_days": {date(2026, 11, 11): ["08:00-02:00"], date(2026, 12, 31): []},
    "years": {
        2026: {"holidays": {"国庆节": "10-01~10-07"}, "workdays": {"国庆节": ["09-20", "10-10"]}},
        2027: None,
    },
    "groups": {"complaints": {"weekly": WEEKLY | {"sunday": ["22:00-02:00"]}}},
}
HOURS = parse(FILE)
OFFICE_HOURS = HOURS.shop


def at(text: str) -> datetime:
    """A wall-clock moment in Shanghai."""
    return datetime.fromisoformat(text).replace(tzinfo=ZONE).astimezone(UTC)


def changed(path: str, value: object) -> dict[str, Any]:
    """The file with one value replaced, added, or (with None) taken out."""
    tree: dict[Any, Any] = copy.deepcopy(FILE)
    *way, last = path.split("/")
    node = tree
    for key in way:
        node = node[int(key) if key.isdigit() else key]
    if value is None:
        del node[last]
    else:
        node[last] = value
    return tree


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        ("2026-11-23 08:59:59", False),  # a Monday
        ("2026-11-23 09:00", True),
        ("2026-11-23 11:59:59", True),
        ("2026-11-23 12:00", False),
        ("2026-11-23 13:30", True),
        ("2026-11-23 18:00", False),
        ("2026-11-22 10:00", False),  # a Sunday
        ("2026-10-05 10:00", False),  # a Monday, but a public holiday
        ("2026-10-10 10:00", True),  # a Saturday worked instead
        ("2026-09-20 10:00", True),  # a Sunday worked instead
        ("2026-11-11 23:59", True),
        ("2026-11-12 01:59:59", True),  # the special day reaches across midnight
        ("2026-11-12 02:00", False),
        ("2026-12-31 10:00", False),  # a special day without service
    ],
)
def test_when_there_is_service(moment: str, is_open: bool) -> None:
    assert OFFICE_HOURS.is_open(at(moment)) is is_open


@pytest.mark.parametrize(
    ("moment", "opening", "closing"),
    [
        ("2026-11-23 10:00", "2026-11-23 10:00", "2026-11-23 12:00"),
        ("2026-11-23 12:30", "2026-11-23 13:30", "2026-11-23 12:30"),
        ("2026-11-20 18:00", "2026-11-23 09:00", "2026-11-20 18:00"),  # Friday evening
        ("2026-09-30 20:00", "2026-10-08 09:00", "2026-09-30 20:00"),  # the whole of 国庆节
        ("2026-10-09 20:00", "2026-10-10 09:00", "2026-10-09 20:00"),  # a Saturday is the next day of work
        ("2026-11-11 20:00", "2026-11-11 20:00", "2026-11-12 02:00"),
    ],
)
def test_the_next_opening_and_closing(moment: str, opening: str, closing: str) -> None:
    assert OFFICE_HOURS.next_open(at(moment)) == at(opening)
    assert OFFICE_HOURS.next_close(at(moment)) == at(closing)


@pytest.mark.parametrize(
    ("start", "end", "hours"),
    [
        ("2026-11-23 09:00", "2026-11-23 18:00", 7.5),
        ("2026-11-23 12:00", "2026-11-23 13:30", 0),
        ("2026-11-20 17:00", "2026-11-23 10:00", 2),  # over a weekend
        ("2026-09-30 17:00", "2026-10-08 10:00", 2),  # over the holidays
        ("2026-11-11 23:00", "2026-11-12 10:00", 4),
        ("2026-11-23 10:00", "2026-11-23 09:00", -1),
    ],
)
def test_time_between_counts_open_hours_only(start: str, end: str, hours: float) -> None:
    assert OFFICE_HOURS.business_seconds_between(at(start), at(end)) == hours * 3600


def test_a_deadline_jumps_over_what_is_closed() -> None:
    assert OFFICE_HOURS.add_business_seconds(at("2026-11-20 17:30"), 3600) == at("2026-11-23 09:30")
    assert OFFICE_HOURS.add_business_seconds(at("2026-11-22 03:00"), 1) == at("2026-11-23 09:00:01")
    assert OFFICE_HOURS.add_business_seconds(at("2026-11-22 03:00"), 0) == at("2026-11-22 03:00")
    with pytest.raises(ValueError, match="forward"):
        OFFICE_HOURS.add_business_seconds(at("2026-11-22 03:00"), -1)


def test_always_open_and_never_open() -> None:
    whole_day = (Period(0, 1440),)
    always, never = Calendar(zone=ZONE, weekly=(whole_day,) * 7), Calendar(zone=ZONE, weekly=((),) * 7)
    now = at("2026-11-22 23:59:59")
    assert (always.is_open(now), always.next_open(now), always.next_close(now)) == (True, now, None)
    assert always.add_business_seconds(now, 86_400 * 1000) == now + timedelta(days=1000)
    assert (never.is_open(now), never.next_open(now), never.next_close(now)) == (False, None, now)
    assert never.add_business_seconds(now, 1) is None


# Properties: any calendar of several periods a day, some across midnight, with holidays and working weekends.

MINUTES = st.lists(st.integers(0, 1440 + 8 * 60), min_size=0, max_size=6, unique=True).map(sorted)
PERIODS = MINUTES.map(
    lambda edges: tuple(Period(a, b) for a, b in zip(edges[::2], edges[1::2], strict=False) if a < 1440)
)
DAYS = st.dates(date(2026, 11, 1), date(2026, 11, 30))
CALENDARS = st.builds(
    Calendar,
    zone=st.just(ZONE),
    weekly=st.tuples(*[PERIODS] * 7),
    holidays=st.frozensets(DAYS, max_size=8),
    workdays=st.frozensets(DAYS, max_size=4),
    holiday=st.none() | PERIODS,
    workday=st.none() | PERIODS,
    special=st.dictionaries(DAYS, PERIODS, max_size=4),
)
MOMENTS = st.integers(0, 29 * 86_400).map(
    lambda seconds: datetime(2026, 11, 1, tzinfo=UTC) + timedelta(seconds=seconds)
)
SECONDS = st.integers(0, 5 * 86_400)


@settings(deadline=None)
@given(CALENDARS, MOMENTS, SECONDS)
def test_what_is_added_lies_between(calendar: Calendar, start: datetime, seconds: int) -> None:
    end = calendar.add_business_seconds(start, seconds)
    if end is None:
        assert calendar.next_open(start + timedelta(days=60)) is None  # no weekday has service
        return
    assert calendar.business_seconds_between(start, end) == seconds
    if seconds:  # and it is the first such moment
        assert calendar.business_seconds_between(start, end - timedelta(seconds=0.5)) < seconds


@settings(deadline=None)
@given(CALENDARS, MOMENTS, MOMENTS, MOMENTS)
def test_time_only_grows_and_adds_up(calendar: Calendar, a: datetime, b: datetime, c: datetime) -> None:
    first, middle, last = sorted((a, b, c))
    whole = calendar.business_seconds_between(first, last)
    parts = calendar.business_seconds_between(first, middle) + calendar.business_seconds_between(middle, last)
    assert whole == pytest.approx(parts, abs=1e-3)
    assert 0 <= calendar.business_seconds_between(first, middle) <= whole <= (last - first).total_seconds()
    assert calendar.business_seconds_between(last, first) == -whole


@settings(deadline=None)
@given(CALENDARS, MOMENTS)
def test_openings_and_closings_are_where_it_changes(calendar: Calendar, moment: datetime) -> None:
    opening, closing, tick = calendar.next_open(moment), calendar.next_close(moment), timedelta(seconds=1)
    if calendar.is_open(moment):
        assert opening == moment
        assert closing is None or (closing > moment and not calendar.is_open(closing))
        assert closing is None or calendar.is_open(closing - timedelta(microseconds=1))
        return
    assert closing == moment
    if opening is not None:
        assert opening > moment
        assert calendar.is_open(opening)
        assert not calendar.is_open(opening - timedelta(microseconds=1))
        assert calendar.business_seconds_between(moment, opening) == 0
        assert calendar.business_seconds_between(moment, opening + tick) == pytest.approx(1)


@settings(deadline=None)
@given(CALENDARS, MOMENTS)
def test_the_zone_decides_not_how_the_moment_is_written(calendar: Calendar, moment: datetime) -> None:
    there = moment.astimezone(ZONE)
    assert calendar.is_open(there) == calendar.is_open(moment)
    assert calendar.next_open(there) == calendar.next_open(moment)


# The file.


def test_the_shipped_file_is_every_day_from_eight_to_midnight() -> None:
    for day in range(1, 31):
        assert not SHIPPED.shop.is_open(at(f"2026-11-{day:02} 07:59"))
        assert SHIPPED.shop.is_open(at(f"2026-11-{day:02} 08:00"))
        assert SHIPPED.shop.is_open(at(f"2026-11-{day:02} 23:59:59"))
    assert SHIPPED.shop.is_open(at("2026-11-12 01:30"))  # 双十一
    assert not SHIPPED.shop.is_open(at("2026-11-13 01:30"))
    assert SHIPPED.of("orders") is SHIPPED.shop
    assert not SHIPPED.of("technical").is_open(at("2026-11-22 10:00"))


def test_the_shipped_holidays_are_those_of_the_government() -> None:
    technical = SHIPPED.of("technical")
    holidays = {day for day in (date(2026, 1, 1) + timedelta(days=n) for n in range(365)) if day in technical.holidays}
    assert len(holidays) == 3 + 9 + 3 + 5 + 3 + 3 + 7
    workdays = ["01-04", "02-14", "02-28", "05-09", "09-20", "10-10"]
    assert sorted(technical.workdays) == [date.fromisoformat(f"2026-{day}") for day in workdays]
    assert all(day.weekday() >= 5 for day in technical.workdays)
    assert technical.is_open(at("2026-02-14 10:00"))
    assert not technical.is_open(at("2026-02-18 10:00"))


def test_the_bot_names_the_same_hours() -> None:
    policies = yaml.safe_load((PLAYBOOK / "policies.yml").read_text(encoding="utf-8"))
    assert policies["service"]["human_hours"] == "每天 08:00-24:00"
    assert set(SHIPPED.shop.weekly) == {(Period(8 * 60, 24 * 60),)}


@pytest.mark.parametrize(
    ("now", "missing"),
    [
        ("2026-11-01 12:00", []),
        ("2026-11-02 12:00", [2027]),  # 60 days before
        ("2026-11-22 12:00", [2027]),
        ("2027-03-01 12:00", [2027]),
        ("2027-12-01 12:00", [2027, 2028]),
    ],
)
def test_a_year_without_holidays_is_called_for_in_time(now: str, missing: list[int]) -> None:
    assert HOURS.missing_years(at(now)) == missing


def test_a_group_says_only_what_is_different() -> None:
    complaints = HOURS.of("complaints")
    assert complaints.is_open(at("2026-11-23 01:00"))  # Sunday's period, across midnight
    assert complaints.is_open(at("2026-10-10 10:00"))
    assert not complaints.is_open(at("2026-10-04 23:00"))  # a Sunday in the holidays
    assert complaints.is_open(at("2026-11-12 01:00"))
    assert not HOURS.shop.is_open(at("2026-11-23 01:00"))


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("time_zone", "Peking", "time_zone is 'Peking'"),
        ("weekly/monday", "08:00-12:00", r"weekly\.monday must be a list"),
        ("weekly/monday", ["8-12"], r"weekly\.monday\[1\] is '8-12'"),
        ("weekly/monday", ["08:00-12:00", "13:00-25:00"], r"weekly\.monday\[2\].*does not exist"),
        ("weekly/monday", ["08:00-08:00"], r"weekly\.monday\[1\].*00:00-24:00"),
        ("weekly/monday", ["08:00-12:00", "11:00-13:00"], r"weekly\.monday: two periods overlap"),
        ("weekly/monday", None, r"weekly\.monday is missing"),
        ("weekly/funday", [], r"weekly\.funday is unknown"),
        ("on_holidays", "closed", "on_holidays must be a list"),
        ("special_days", {"11-11": []}, r"special_days\.11-11 is no date"),
        ("years/2026/holidays", {"国庆节": "10-32"}, r"years\.2026\.holidays\.国庆节.*does not exist"),
        ("years/2026/holidays", {"国庆节": "10-07~10-01"}, r"years\.2026\.holidays\.国庆节.*ends before"),
        ("years/2026/holidays", {"国庆节": 1001}, r"years\.2026\.holidays\.国庆节 is 1001"),
        ("years/2026/workdays", {"国庆节": "10-02"}, "2026-10-02 is a holiday and a working day"),
        ("years", {"next": {}}, r"years\.next is no year"),
        ("groups/complaints", {"time_zone": "UTC"}, r"groups\.complaints\.time_zone is unknown"),
        ("groups/complaints/weekly", {}, r"groups\.complaints\.weekly\.monday is missing"),
        ("hours", [], "hours is unknown"),
    ],
)
def test_a_mistake_is_named_by_its_key(path: str, value: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse(changed(path, value))


def test_a_file_that_cannot_be_used_stops_the_desk_with_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"business_hours\.yml is missing"):
        business_hours.load(tmp_path / "nothing")
    for name, content in (("yaml", "a: ["), ("list", "[]"), ("empty", "")):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "business_hours.yml").write_text(content, encoding="utf-8")
        with pytest.raises(SettingsError, match=r"business_hours\.yml"):
            business_hours.load(folder)


# The words.


@pytest.mark.parametrize(
    ("now", "opening", "words"),
    [
        ("2026-11-22 00:30", "2026-11-22 08:00", "今天 08:00"),
        ("2026-11-22 23:59", "2026-11-23 08:00", "明天 08:00"),
        ("2026-11-20 20:00", "2026-11-23 09:00", "周一 09:00"),
        ("2026-11-23 10:00", "2026-11-29 13:30", "周日 13:30"),
        ("2026-11-23 10:00", "2026-11-30 09:00", "11 月 30 日 09:00"),  # 周一 would mean today
        ("2026-09-30 20:00", "2026-10-08 08:00", "10 月 8 日 08:00"),
        ("2026-12-31 22:00", "2027-01-01 08:00", "明天 08:00"),
    ],
)
def test_the_next_opening_in_words(now: str, opening: str, words: str) -> None:
    assert opening_words(at(opening), at(now), ZONE, WORDING) == words


def test_the_hours_are_a_value_that_is_read_once() -> None:
    assert isinstance(SHIPPED, BusinessHours)
    assert business_hours.load(PLAYBOOK) is SHIPPED
