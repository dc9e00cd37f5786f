"""Rules of accounts without I/O: shapes, what their values may be, what a change changes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from msgspec import UNSET, Struct, UnsetType

from desk.agents.rules import (
    MAX_CAPACITY,
    MAX_DISPLAY_NAME_CHARACTERS,
    MAX_TAGS,
    ROLES,
    SKILL_GROUPS,
    Agent,
    Role,
    profile,
    tag_fits,
    username_fits,
)
from desk.kernel.clock import iso
from desk.kernel.errors import InvalidError

_SESSION_ID_CHARACTERS = 20
# Everything but letters of names: control characters would garble lists and logs.
_FORBIDDEN = {"\x00", "\n", "\r", "\t"}


class NewAccount(Struct, frozen=True):
    """What an account is made of."""

    username: str
    display_name: str
    role: Role
    groups: list[str]
    capacity: int
    tags: list[str] = []


class AccountChange(Struct, frozen=True, kw_only=True):
    """What is to be changed; what is left out stays."""

    display_name: str | UnsetType = UNSET
    role: str | UnsetType = UNSET
    groups: list[str] | UnsetType = UNSET
    capacity: int | UnsetType = UNSET
    tags: list[str] | UnsetType = UNSET


class Actor(Struct, frozen=True):
    """Who does it; without an id, somebody at the command line."""

    agent_id: str | None
    name: str


class AccountEvent(Struct, frozen=True, kw_only=True):
    """One row of `account_events`; `details` of a change: {field: [before, after]}."""

    id: str
    at: datetime
    kind: str
    actor_id: str | None
    actor_name: str
    agent_id: str
    details: dict[str, Any]


class Session(Struct, frozen=True):
    """One login that still counts."""

    token_hash: str
    created_at: datetime
    expires_at: datetime
    address: str | None
    device: str | None

    @property
    def id(self) -> str:
        """Names the session without opening it."""
        return self.token_hash[:_SESSION_ID_CHARACTERS]


COMMAND_LINE = Actor(None, "command line")


def check_account(account: NewAccount) -> None:
    """InvalidError `account_invalid` when a value does not fit."""
    name = account.display_name
    fits = (
        username_fits(account.username)
        and 0 < len(name.strip()) <= MAX_DISPLAY_NAME_CHARACTERS
        and not _FORBIDDEN & set(name)
        and account.role in ROLES
        and set(account.groups) <= set(SKILL_GROUPS)
        and 0 < account.capacity <= MAX_CAPACITY
        and len(account.tags) <= MAX_TAGS
        and all(tag_fits(tag) for tag in account.tags)
    )
    if not fits:
        raise InvalidError("account_invalid")


def changed_values(agent: Agent, change: AccountChange) -> dict[str, Any]:
    """{column: new value} of what really differs; InvalidError `account_invalid`."""
    wanted = {name: value for name in change.__struct_fields__ if (value := getattr(change, name)) is not UNSET}
    after: dict[str, Any] = {name: getattr(agent, name) for name in change.__struct_fields__} | wanted
    check_account(NewAccount(username=agent.username, **after))
    after["display_name"] = after["display_name"].strip()
    after["groups"], after["tags"] = unique(after["groups"]), unique(after["tags"])
    return {name: after[name] for name in wanted if after[name] != getattr(agent, name)}


def unique(words: list[str]) -> list[str]:
    """Each word once, in the order given."""
    return list(dict.fromkeys(words))


def account_view(agent: Agent) -> dict[str, Any]:
    """The contract's Account: what an administrator sees."""
    return {
        **profile(agent),
        "presence": agent.presence,
        "load": agent.load,
        "disabled": agent.disabled,
        "created_at": iso(agent.created_at),
    }


def session_view(session: Session, current: str | None = None) -> dict[str, Any]:
    """The contract's Session; `current` is the hash of the token that asks."""
    return {
        "session_id": session.id,
        "created_at": iso(session.created_at),
        "expires_at": iso(session.expires_at),
        "address": session.address,
        "device": session.device,
        "current": session.token_hash == current,
    }


def event_view(event: AccountEvent) -> dict[str, Any]:
    """The contract's AccountEvent."""
    return {
        "at": iso(event.at),
        "event": event.kind,
        "by": {"agent_id": event.actor_id, "name": event.actor_name},
        "details": event.details,
    }
