"""What the policies grant in this very case, by the dates of the order and its parcel. No I/O."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

from addons.summary import case
from addons.summary.material import Json, Material
from addons.summary.playbook import Limits

SHANGHAI = timezone(timedelta(hours=8))
RETURNS = frozenset({"request_return", "request_exchange", "ask_return_policy"})
FAULTY = frozenset({"report_damaged_item", "report_wrong_item", "report_quality_issue"})


def entitlements(material: Material) -> list[str]:
    """Sentences for the agent, nothing for what no date proves."""
    wordings, limits = material.book.entitlements, material.book.limits
    found = [*_goods(material, limits), *_parcel(material, limits)]
    return [wordings[name].format(**values) for name, values in found]


def _goods(material: Material, limits: Limits) -> Iterator[tuple[str, Json]]:
    order, intents = case.order(material) or {}, {issue.intent for issue in material.issues}
    delivered, now = _moment(order.get("delivered_at")), _moment(material.ids.now)
    if delivered is None or now is None or not intents & (RETURNS | FAULTY):
        return
    day = (now.date() - delivered.date()).days
    values: Json = {
        "day": max(0, day),
        "no_reason_days": limits.no_reason_days,
        "quality_days": limits.quality_days,
        "limit": limits.fast_lane_limit_fen // 100,
    }
    reported_in_time = now - delivered <= timedelta(hours=limits.report_hours)
    if day > limits.quality_days:
        yield "expired", values
    elif intents & FAULTY:
        cheap = order.get("amount_fen", limits.fast_lane_limit_fen + 1) <= limits.fast_lane_limit_fen
        yield ("fast_lane" if cheap and reported_in_time else "quality"), values
    else:
        yield ("no_reason" if day <= limits.no_reason_days else "quality_only"), values


def _parcel(material: Material, limits: Limits) -> Iterator[tuple[str, Json]]:
    still = (case.logistics(material) or {}).get("days_without_movement", 0)
    if still >= limits.stuck_days:
        yield "stuck", {"days": still, "trace_hours": limits.trace_hours}


def _moment(at: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(at).replace("Z", "+00:00")).astimezone(SHANGHAI) if at else None
    except (ValueError, OverflowError):
        return None
