"""The number of coupon grants, section `promotions` of the playbook's policies."""

from __future__ import annotations

from dataclasses import dataclass

from shop.kernel.playbook import PolicyFacts


@dataclass(frozen=True, slots=True)
class CouponGrantPolicy:
    """A coupon lives until the end of its last day; the day after it was given is the first."""

    valid_days: int = 30


def load_coupon_grant_policy(facts: PolicyFacts) -> CouponGrantPolicy:
    """The policy as the playbook has it; SettingsError when the number makes no sense."""
    return CouponGrantPolicy(valid_days=facts.number("promotions", "grant_days", CouponGrantPolicy().valid_days))
