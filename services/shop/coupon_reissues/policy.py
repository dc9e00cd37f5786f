"""The numbers of coupon reissues, section `promotions` of the playbook's policies."""

from __future__ import annotations

from dataclasses import dataclass

from shop.kernel.playbook import PolicyFacts


@dataclass(frozen=True, slots=True)
class CouponReissuePolicy:
    """A new coupon lives until the end of its last day; the day after issuing is the first."""

    valid_days: int = 7
    answer_hours: int = 24


def load_coupon_reissue_policy(facts: PolicyFacts) -> CouponReissuePolicy:
    """The policy as the playbook has it; SettingsError when a number makes no sense."""
    default = CouponReissuePolicy()
    return CouponReissuePolicy(
        valid_days=facts.number("promotions", "reissue_days", default.valid_days),
        answer_hours=facts.number("promotions", "reissue_answer_hours", default.answer_hours),
    )
