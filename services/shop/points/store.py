"""Reads points, credits them and books those that have lapsed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import yaml
from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.context import Shop
from shop.kernel.clock import end_of_shop_day, shop_day
from shop.points.documents import Points, PointsEntry, PointsLot
from shop.points.rules import months_later
from shop.tables import PointsHistoryRow, PointsLotRow

_WORDS: dict[str, str] = yaml.safe_load(Path(__file__).with_name("words.yml").read_text(encoding="utf-8"))


def balance_of(session: Session, customer_id: str, now: datetime) -> int:
    """The points a customer can spend now."""
    return sum(lot.remaining for lot in _unspent(session, customer_id, now))


def book_lapsed(session: Session, now: datetime) -> int:
    """Empty the lots past their date and write it into the history; how many there were."""
    lapsed = session.scalars(
        select(PointsLotRow).where(PointsLotRow.remaining > 0, PointsLotRow.expires_at <= now)
    ).all()
    for lot in lapsed:
        entry = PointsHistoryRow(
            customer_id=lot.customer_id, at=lot.expires_at, delta=-lot.remaining, text=lapse_text()
        )
        session.add(entry)
        lot.remaining = 0
    return len(lapsed)


@dataclass(frozen=True, slots=True)
class PointsCredit:
    """Points for a customer, where they come from, and what the history says."""

    customer_id: str
    points: int
    source: str
    text: str


def credit_points(shop: Shop, session: Session, credit: PointsCredit, now: datetime) -> None:
    """Put points into the account: a lot of its own, living as long as the policy says, and a line of history."""
    lot = PointsLotRow(
        lot_id=shop.new_id("L", now),
        customer_id=credit.customer_id,
        earned=credit.points,
        remaining=credit.points,
        earned_at=now,
        expires_at=end_of_shop_day(months_later(shop_day(now), shop.points_policy.valid_months)),
        source=credit.source,
    )
    entry = PointsHistoryRow(customer_id=credit.customer_id, at=now, delta=credit.points, text=credit.text)
    session.add_all([lot, entry])
    session.flush()


def order_source(order_id: str) -> str:
    """The source of the points an order earned."""
    return f"order:{order_id}"


def credit_text(order_id: str) -> str:
    """What the history says when the points of an order are credited on a claim."""
    return _WORDS["credit"].format(order_id=order_id)


def return_text(order_id: str) -> str:
    """What the history says when points spent on an order come back."""
    return _WORDS["return"].format(order_id=order_id)


def lapse_text() -> str:
    """What the history says when points lapse."""
    return _WORDS["lapse"]


def read_points(session: Session, customer_id: str, now: datetime) -> Points:
    """Balance, lots and history of a customer known to exist."""
    lots = _unspent(session, customer_id, now)
    history = session.scalars(
        select(PointsHistoryRow)
        .where(PointsHistoryRow.customer_id == customer_id)
        .order_by(PointsHistoryRow.at.desc(), PointsHistoryRow.entry_id.desc())
    )
    return Points(
        balance=sum(lot.remaining for lot in lots),
        lots=[PointsLot(r.lot_id, r.remaining, r.earned_at, r.expires_at, r.source) for r in lots],
        history=[PointsEntry(r.at, r.delta, r.text) for r in history],
    )


def _unspent(session: Session, customer_id: str, now: datetime) -> Sequence[PointsLotRow]:
    return session.scalars(
        select(PointsLotRow)
        .where(PointsLotRow.customer_id == customer_id, PointsLotRow.remaining > 0, PointsLotRow.expires_at > now)
        .order_by(PointsLotRow.expires_at, PointsLotRow.lot_id)
    ).all()
