"""How points come and go: spending takes what lapses soonest, what is left of a lot lapses at its expiry."""

from __future__ import annotations

import calendar
from dataclasses import dataclass, replace
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class Lot:
    """Points earned together; `remaining` of `earned` are unspent."""

    lot_id: str
    earned: int
    remaining: int
    earned_at: datetime
    expires_at: datetime
    source: str


def spend(lots: list[Lot], points: int, at: datetime) -> list[Lot]:
    """The lots after spending `points` at a moment, soonest expiry first; ValueError when they do not suffice."""
    left = points
    after: dict[str, Lot] = {lot.lot_id: lot for lot in lots}
    for lot in sorted(lots, key=lambda lot: lot.expires_at):
        if lot.earned_at > at or lot.expires_at <= at:
            continue
        taken = min(lot.remaining, left)
        after[lot.lot_id] = replace(lot, remaining=lot.remaining - taken)
        left -= taken
    if left:
        raise ValueError(f"{points} points cannot be spent: {left} are missing")
    return list(after.values())


def lapse(lots: list[Lot], now: datetime) -> tuple[list[Lot], list[tuple[datetime, int]]]:
    """The lots with the expired ones emptied, and what lapsed when."""
    lapsed = [(lot.expires_at, lot.remaining) for lot in lots if lot.expires_at <= now and lot.remaining]
    return [replace(lot, remaining=0) if lot.expires_at <= now else lot for lot in lots], lapsed


def months_later(day: date, months: int) -> date:
    """The same day of a later month, or that month's last day when it has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
