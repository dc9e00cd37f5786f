"""Routing policy: what a supervisor decided in playbook/routing.yml; durations in seconds."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
import yaml
from msgspec import Meta, Struct

from desk.kernel.settings import SettingsError

if TYPE_CHECKING:
    from pathlib import Path

_FILE = "routing.yml"
Seconds = Annotated[float, Meta(ge=0)]
Weight = Annotated[int, Meta(ge=1, le=100)]


class TagRule(Struct, frozen=True, forbid_unknown_fields=True):
    """When a handoff carries a tag: by the customer's tier, a trigger, or any risk tag of the summary."""

    tiers: list[str] = []
    triggers: list[str] = []
    any_risk_tag: bool = False


class Weights(Struct, frozen=True, forbid_unknown_fields=True):
    """How much of an agent's capacity a conversation takes, by trigger, then by priority."""

    triggers: dict[str, Weight] = {}
    priorities: dict[str, Weight] = {}


class Leaving(Struct, frozen=True, forbid_unknown_fields=True):
    """Regular expressions of clauses with which a waiting customer leaves the queue."""

    certain: list[str] = []
    unsure: list[str] = []
    filler: list[str] = []


class RoutingPolicy(Struct, frozen=True, forbid_unknown_fields=True):
    """One value for each line of routing.yml; the defaults hold where a line is left out."""

    rule_version: str = "default"
    mode: Literal["pull", "auto"] = "auto"
    others_may_claim: bool = True
    ageing_step_seconds: Seconds = 300
    offer_seconds: Annotated[float, Meta(gt=0)] = 20
    offer_pause_seconds: Seconds = 120
    missed_offers_to_break: Annotated[int, Meta(ge=1)] = 3
    overflow_seconds: Seconds = 60
    same_agent_days: Seconds = 7
    weights: Weights = Weights()
    default_weight: Weight = 1
    tags: dict[str, TagRule] = {}
    place_kept_seconds: Seconds = 1800
    leaving: Leaving = Leaving()


def load(folder: Path) -> RoutingPolicy:
    """Read routing.yml; SettingsError with one sentence when it is missing or says something unknown."""
    path = folder / _FILE
    try:
        policy = msgspec.convert(yaml.safe_load(path.read_text(encoding="utf-8")), RoutingPolicy)
        for pattern in (*policy.leaving.certain, *policy.leaving.unsure, *policy.leaving.filler):
            re.compile(pattern)
    except FileNotFoundError as error:
        raise SettingsError(f"{path} is missing.") from error
    except yaml.YAMLError as error:
        raise SettingsError(f"{path} is not valid YAML: {error}") from error
    except msgspec.ValidationError as error:
        raise SettingsError(f"{path}: {error}.") from error
    except re.error as error:
        raise SettingsError(f"{path} has a pattern that cannot be read: {error}") from error
    return policy
