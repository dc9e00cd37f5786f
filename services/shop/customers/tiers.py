"""Member levels: the growth value at which each one begins."""

from __future__ import annotations

TIER_STARTS = (("normal", 0), ("silver", 2_000), ("gold", 6_000), ("vip", 20_000))


def tier_of(growth_value: int) -> str:
    """The level a growth value (0 or more) reaches."""
    return [name for name, start in TIER_STARTS if growth_value >= start][-1]


def next_tier(growth_value: int) -> tuple[str, int] | None:
    """The next level and the growth still missing to it; None at the top."""
    for name, start in TIER_STARTS:
        if growth_value < start:
            return name, start - growth_value
    return None
