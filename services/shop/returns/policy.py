"""The numbers of the return rules, read from playbook/policies.yml, which the bot reads too."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

from shop.kernel.errors import SettingsError
from shop.kernel.playbook import read_policy_facts

Payer = Literal["customer", "shop"]


@dataclass(frozen=True, slots=True)
class ReturnPolicy:
    """Days count from the day after the delivery; the last one is included to its end."""

    no_reason_days: int = 7
    quality_days: int = 15
    no_reason_freight_payer: Payer = "customer"
    quality_freight_payer: Payer = "shop"


def load_return_policy(playbook_dir: Path) -> ReturnPolicy:
    """The policy in `policies.yml`, key `returns`; missing file or keys mean the defaults.

    Raises SettingsError when the file cannot be read as YAML or a value makes no sense.
    """
    return _policy(read_policy_facts(playbook_dir).section("returns"))


def _policy(section: dict[str, Any]) -> ReturnPolicy:
    default = ReturnPolicy()
    return ReturnPolicy(
        no_reason_days=_days(section, "no_reason_days", default.no_reason_days),
        quality_days=_days(section, "quality_days", default.quality_days),
        no_reason_freight_payer=_payer(section, "no_reason_freight_payer", default.no_reason_freight_payer),
        quality_freight_payer=_payer(section, "quality_freight_payer", default.quality_freight_payer),
    )


def _days(section: dict[str, Any], key: str, default: int) -> int:
    value = section.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 3650:
        raise SettingsError(f"policies.yml: returns.{key} is {value!r}, but must be a number of days.")
    return value


def _payer(section: dict[str, Any], key: str, default: Payer) -> Payer:
    value = section.get(key, default)
    if value not in ("customer", "shop"):
        raise SettingsError(f"policies.yml: returns.{key} is {value!r}, but must be customer or shop.")
    return cast("Payer", value)
