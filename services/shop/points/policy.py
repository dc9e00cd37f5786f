"""The numbers of points, section `points` of the playbook's policies."""

from __future__ import annotations

from dataclasses import dataclass

from shop.kernel.playbook import PolicyFacts


@dataclass(frozen=True, slots=True)
class PointsPolicy:
    """Points for a yuan, how long they live, when they come, and how long a review of a claim takes."""

    earn_per_yuan: int = 1
    valid_months: int = 12
    credit_hours_after_completion: int = 24
    claim_answer_hours: int = 48


def load_points_policy(facts: PolicyFacts) -> PointsPolicy:
    """The policy as the playbook has it; SettingsError when a number makes no sense."""
    default = PointsPolicy()
    return PointsPolicy(
        earn_per_yuan=facts.number("points", "earn_per_yuan", default.earn_per_yuan),
        valid_months=facts.number("points", "valid_months", default.valid_months),
        credit_hours_after_completion=facts.number(
            "points", "credit_hours_after_completion", default.credit_hours_after_completion
        ),
        claim_answer_hours=facts.number("points", "claim_answer_hours", default.claim_answer_hours),
    )
