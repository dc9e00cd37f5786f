"""The numbers of the claim rules, sections `after_sales`, `returns` and `shipping` of the playbook's policies."""

from __future__ import annotations

from dataclasses import dataclass

from shop.kernel.playbook import PolicyFacts


@dataclass(frozen=True, slots=True)
class ClaimPolicy:
    """What is settled at once: goods worth up to the limit, reported soon after signing; when goods are sent again."""

    fast_lane_limit_fen: int = 10_000
    report_hours: int = 48
    quality_days: int = 15
    dispatch_hours: int = 48
    answer_hours: int = 24


def load_claim_policy(facts: PolicyFacts) -> ClaimPolicy:
    """The policy as the playbook has it; SettingsError when a number makes no sense."""
    default = ClaimPolicy()
    return ClaimPolicy(
        fast_lane_limit_fen=facts.number("after_sales", "fast_lane_limit_fen", default.fast_lane_limit_fen),
        report_hours=facts.number("after_sales", "report_hours", default.report_hours),
        quality_days=facts.number("returns", "quality_days", default.quality_days),
        dispatch_hours=facts.number("shipping", "dispatch_hours", default.dispatch_hours),
        answer_hours=facts.number("after_sales", "claim_answer_hours", default.answer_hours),
    )
