"""Rows of the demo customers, their points and coupons."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from shop.customers.tiers import tier_of
from shop.kernel.clock import end_of_shop_day, shop_day
from shop.points.rules import Lot, lapse, spend
from shop.points.store import lapse_text
from shop.tables import Base, CouponRow, CustomerRow, PointsHistoryRow, PointsLotRow

POINTS_LIFE = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class PointsEvent:
    """Points earned (> 0, from `source`) or spent (< 0) at a moment."""

    at: datetime
    delta: int
    text: str
    source: str


def customer_rows(tables: Mapping[str, Any], base: datetime) -> list[Base]:
    """The customers of customers.yml."""
    return [
        CustomerRow(
            customer_id=customer_id,
            name=entry["name"],
            honorific=entry["honorific"],
            phone=entry["phone"],
            tier=tier_of(entry["growth"]),
            profile=entry["profile"],
            registered_at=base - timedelta(days=entry["registered"], hours=3),
            risk_tags=entry.get("risk", []),
            growth_value=entry["growth"],
        )
        for customer_id, entry in tables["customers"].items()
    ]


def told_points(tables: Mapping[str, Any], customer_id: str, base: datetime) -> list[PointsEvent]:
    """The points events customers.yml tells of a customer."""
    return [
        PointsEvent(base - timedelta(days=-days), delta, text, text)
        for days, delta, text in tables["points"].get(customer_id, [])
    ]


def points_rows(customer_id: str, events: Iterable[PointsEvent], base: datetime) -> list[Base]:
    """Lots and history that follow from earning, spending and lapsing, by the shop's own rules."""
    lots: list[Lot] = []
    history: list[tuple[datetime, int, str]] = []
    for number, event in enumerate(sorted(events, key=lambda event: event.at), start=1):
        lots = _lapse_until(lots, event.at, history)
        history.append((event.at, event.delta, event.text))
        if event.delta < 0:
            lots = spend(lots, -event.delta, event.at)
            continue
        expires_at = end_of_shop_day(shop_day(event.at + POINTS_LIFE))
        lot_id = f"L{customer_id[1:]}{number:03d}"
        lots.append(Lot(lot_id, event.delta, event.delta, event.at, expires_at, event.source))
    lots = _lapse_until(lots, base, history)
    rows: list[Base] = [_lot_row(customer_id, lot) for lot in lots]
    rows += [
        PointsHistoryRow(customer_id=customer_id, at=at, delta=delta, text=text)
        for at, delta, text in sorted(history, key=lambda entry: entry[0])
    ]
    return rows


def _lapse_until(lots: list[Lot], now: datetime, history: list[tuple[datetime, int, str]]) -> list[Lot]:
    left, lapsed = lapse(lots, now)
    history.extend((at, -points, lapse_text()) for at, points in lapsed)
    return left


def _lot_row(customer_id: str, lot: Lot) -> PointsLotRow:
    return PointsLotRow(
        lot_id=lot.lot_id,
        customer_id=customer_id,
        earned=lot.earned,
        remaining=lot.remaining,
        earned_at=lot.earned_at,
        expires_at=lot.expires_at,
        source=lot.source,
    )


def coupon_rows(tables: Mapping[str, Any], order_ids: Mapping[str, str], base: datetime) -> list[Base]:
    """The coupons of customers.yml; `order_ids` maps the last six digits to the order id."""
    return [
        CouponRow(
            coupon_id=coupon_id,
            customer_id=customer_id,
            title=title,
            threshold_fen=threshold_fen,
            discount_fen=discount_fen,
            scope=scope,
            valid_from=base + timedelta(days=from_day),
            expires_at=end_of_shop_day(shop_day(base + timedelta(days=until_day))),
            used_order_id=order_ids[used_by] if used_by else None,
        )
        for coupon_id, customer_id, title, threshold_fen, discount_fen, scope, from_day, until_day, used_by in tables[
            "coupons"
        ]
    ]
