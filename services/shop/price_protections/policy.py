"""The numbers of price protection, section `price_protection` of the playbook's policies."""

from __future__ import annotations

from dataclasses import dataclass

from shop.kernel.playbook import PolicyFacts


@dataclass(frozen=True, slots=True)
class PriceProtectionPolicy:
    """Days count from the day after the order was placed; the last one is included to its end."""

    days: int = 7


def load_price_protection_policy(facts: PolicyFacts) -> PriceProtectionPolicy:
    """The policy as the playbook has it; SettingsError when a number makes no sense."""
    return PriceProtectionPolicy(days=facts.number("price_protection", "days", PriceProtectionPolicy().days))
