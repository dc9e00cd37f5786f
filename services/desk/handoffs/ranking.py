"""What a handoff is worth when it is queued: when it is due, what it weighs, its tags and reasons; pure."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime

    from desk.handoffs.rules import Handoff
    from desk.kernel.policy import RoutingPolicy

_MAX_REASON_CHARACTERS = 200


def due_at(queued_at: datetime, rank: int, step_seconds: float) -> datetime:
    """The moment by which the queue is ordered: each rank of priority is worth `step_seconds` of waiting.

    It never changes while somebody waits, so two customers keep their order whatever the clock says, and whoever
    came `step_seconds` earlier goes before the next higher priority: nobody starves.
    """
    return queued_at + timedelta(seconds=rank * step_seconds)


def trigger_codes(summary: dict[str, Any]) -> list[str]:
    """The codes of the summary's triggers, the primary first."""
    found = [trigger.get("code") for trigger in _list(summary.get("triggers")) if isinstance(trigger, dict)]
    return [code for code in found if isinstance(code, str)]


def reasons_of(summary: dict[str, Any]) -> list[str]:
    """Why the priority is what it is, in the summary's words."""
    found = [reason for reason in _list(summary.get("priority_reasons")) if isinstance(reason, str)]
    return [reason[:_MAX_REASON_CHARACTERS] for reason in found]


def tags_of(summary: dict[str, Any], policy: RoutingPolicy) -> list[str]:
    """The policy's tags that this summary earns, by tier, trigger or risk tag, sorted."""
    customer = summary.get("customer")
    tier, risk_tags = None, []
    if isinstance(customer, dict):
        tier, risk_tags = customer.get("tier"), _list(customer.get("risk_tags"))
    codes = set(trigger_codes(summary))
    return sorted(
        tag
        for tag, rule in policy.tags.items()
        if tier in rule.tiers or codes & set(rule.triggers) or (rule.any_risk_tag and risk_tags)
    )


def weight_of(summary: dict[str, Any], priority: str, policy: RoutingPolicy) -> int:
    """How much of an agent's capacity it asks for: by its heaviest trigger, else by priority, else the default."""
    by_trigger = [policy.weights.triggers[code] for code in trigger_codes(summary) if code in policy.weights.triggers]
    return max(by_trigger) if by_trigger else policy.weights.priorities.get(priority, policy.default_weight)


def weight_for(weight: int, capacity: int) -> int:
    """What it really takes from an agent: never more than all they have."""
    return max(1, min(weight, capacity))


def may_expire(handoff: Handoff) -> bool:
    """Whether the place of a customer who closed the page may end: never an offline case, nor one with a contact."""
    return handoff.state == "queued" and handoff.kind == "live" and handoff.contact is None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
