"""What the API says about a customer."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

Tier = Literal["normal", "silver", "gold", "vip"]


class Customer(msgspec.Struct):
    """A customer; `next_tier` and `growth_to_next_tier` are null at the top level."""

    customer_id: str
    name: str
    honorific: str
    phone: str
    tier: Tier
    profile: Literal["young", "business", "elderly"] | None
    registered_at: datetime
    risk_tags: list[str]
    points_balance: int
    growth_value: int
    next_tier: Tier | None
    growth_to_next_tier: int | None
