"""playbook/wall.yml: by when which clock should have been answered, and from when on the wall warns."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import Meta, Struct

from desk.kernel.settings import SettingsError

if TYPE_CHECKING:
    from pathlib import Path

Seconds = Annotated[int, Meta(ge=0)]


class WallPolicy(Struct, frozen=True, forbid_unknown_fields=True):
    """Durations in seconds; `soon_seconds` by clock."""

    rule_version: str
    first_response_seconds: Seconds
    reply_seconds: Seconds
    soon_seconds: dict[str, Seconds]
    satisfied_from: Annotated[int, Meta(ge=1, le=5)]


@cache
def load(folder: Path) -> WallPolicy:
    """The file in `folder`; SettingsError names what is wrong."""
    path = folder / "wall.yml"
    try:
        policy = msgspec.yaml.decode(path.read_bytes(), type=WallPolicy)
    except FileNotFoundError as error:
        raise SettingsError(f"{path} is missing.") from error
    except msgspec.MsgspecError as error:
        raise SettingsError(f"{path} cannot be used: {error}") from error
    if set(policy.soon_seconds) != {"first_response", "reply", "solution"}:
        raise SettingsError(f"{path}: soon_seconds needs first_response, reply and solution.")
    return policy
