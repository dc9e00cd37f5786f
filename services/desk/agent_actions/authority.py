"""Who may have what done up to which amount: two sections of playbook/escalation_summary.yml."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from desk.agents.rules import ROLES
from desk.kernel.settings import SettingsError

if TYPE_CHECKING:
    from pathlib import Path

ActionName = Literal["return", "exchange", "reship", "coupon_reissue", "coupon"]
ACTIONS: tuple[ActionName, ...] = ("return", "exchange", "reship", "coupon_reissue", "coupon")
Fen = Annotated[int, Meta(ge=0)]
Limit = Fen | Literal["no_limit", "by_tier"]


class Rules(Struct, frozen=True, forbid_unknown_fields=True):
    """Limits by role and action; what is not named is not allowed. `count_days` is how long given coupons count."""

    count_days: Annotated[int, Meta(ge=1)]
    roles: dict[str, dict[ActionName, Limit]]


class Authority(Struct, frozen=True):
    """The two sections; all others of the file are the bot's."""

    agent_authority: Rules
    authority_ceiling_fen: dict[str, Fen]

    def may(self, role: str, action: ActionName) -> bool:
        """Whether the role may have this done at all."""
        return action in self.agent_authority.roles[role]

    def limit_fen(self, role: str, action: ActionName, tier: str | None) -> int | None:
        """The highest amount in fen, None for no limit; an unknown tier has the lowest ceiling."""
        limit = self.agent_authority.roles[role].get(action, 0)
        if limit == "no_limit":
            return None
        if limit == "by_tier":
            ceilings = self.authority_ceiling_fen
            return ceilings.get(tier or "", min(ceilings.values()))
        return limit


@cache
def load(folder: Path) -> Authority:
    """The sections of the file in `folder`; SettingsError names what is wrong."""
    path = folder / "escalation_summary.yml"
    try:
        found = msgspec.yaml.decode(path.read_bytes(), type=Authority)
    except FileNotFoundError as error:
        raise SettingsError(f"{path} is missing.") from error
    except msgspec.MsgspecError as error:
        raise SettingsError(f"{path} cannot be used: {error}") from error
    if set(found.agent_authority.roles) != set(ROLES):
        raise SettingsError(f"{path}: agent_authority.roles needs {', '.join(ROLES)}.")
    if not found.authority_ceiling_fen:
        raise SettingsError(f"{path}: authority_ceiling_fen is empty.")
    return found
