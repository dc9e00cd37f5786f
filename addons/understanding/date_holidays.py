"""First and last day of a festival in a year, from tables/holidays.yml."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from addons.understanding.date_calendar import Span, spanning

TABLE = Path(__file__).parent / "tables" / "holidays.yml"


@lru_cache(maxsize=1)
def _table() -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(TABLE.read_text(encoding="utf-8"))
    return content


def festival(name: str, year: int) -> Span | None:
    """The days of a festival, or None for a name or a year that the table does not know."""
    table = _table()
    name = table["aliases"].get(name, name)
    first = _first_day(table, name, year)
    return spanning(first, table["days"].get(name, 1)) if first else None


def _first_day(table: dict[str, Any], name: str, year: int) -> dt.date | None:
    if name in table["beside"]:
        neighbour, distance = table["beside"][name]
        first = _first_day(table, neighbour, year)
        return first + dt.timedelta(days=distance) if first else None
    if name in table["by_weekday"]:
        month, week_day, nth = table["by_weekday"][name]
        first = dt.date(year, month, 1)
        return first + dt.timedelta(days=(week_day - first.weekday()) % 7 + 7 * (nth - 1))
    day = table["fixed"].get(name) or table["yearly"].get(year, {}).get(name)
    return dt.date.fromisoformat(f"{year}-{day}") if day else None
