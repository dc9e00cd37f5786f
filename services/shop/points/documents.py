"""What the API says about points."""

from __future__ import annotations

from datetime import datetime

import msgspec


class PointsLot(msgspec.Struct):
    """Points not yet spent, with the moment they lapse."""

    lot_id: str
    points: int
    earned_at: datetime
    expires_at: datetime
    source: str


class PointsEntry(msgspec.Struct):
    """One change of the balance."""

    at: datetime
    delta: int
    text: str


class Points(msgspec.Struct):
    """Balance, unspent lots (soonest expiry first) and history (newest first)."""

    balance: int
    lots: list[PointsLot]
    history: list[PointsEntry]
