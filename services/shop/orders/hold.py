"""Keeps what delays a dispatch when an order is cancelled, and puts it back when the cancellation is taken back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from shop.tables import OrderRow


def hold_facts(order: OrderRow) -> dict[str, Any] | None:
    """The hold as JSON, times as ISO text; None when nothing delays the dispatch."""
    if order.hold_code is None or order.hold_since is None or order.hold_expected_ship_at is None:
        return None
    return {
        "code": order.hold_code,
        "since": order.hold_since.isoformat(),
        "expected_ship_at": order.hold_expected_ship_at.isoformat(),
        "detail": order.hold_detail,
    }


def clear_hold(order: OrderRow) -> None:
    """Nothing delays the dispatch any more."""
    order.hold_code = order.hold_since = order.hold_expected_ship_at = order.hold_detail = None


def restore_hold(order: OrderRow, facts: Mapping[str, Any] | None) -> None:
    """Put back what `hold_facts` kept."""
    if facts is None:
        return
    order.hold_code, order.hold_detail = facts["code"], facts["detail"]
    order.hold_since = datetime.fromisoformat(facts["since"])
    order.hold_expected_ship_at = datetime.fromisoformat(facts["expected_ship_at"])
