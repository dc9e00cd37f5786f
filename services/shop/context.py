"""What the handlers work with, made once at start-up."""

from __future__ import annotations

from dataclasses import dataclass

from shop.kernel.clock import Clock
from shop.kernel.db import Database
from shop.kernel.ids import NewId
from shop.returns.policy import ReturnPolicy


@dataclass(frozen=True, slots=True)
class Shop:
    """Database, clock, ids and the rules' numbers; handlers receive it as the argument `shop`."""

    database: Database
    clock: Clock
    new_id: NewId
    return_policy: ReturnPolicy
    identity_secret: str
