"""Rules of agents without I/O: shapes, presence, what a login attempt may do."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, Literal

from msgspec import Struct

from desk.audit.rules import Actor

Presence = Literal["online", "busy", "break", "offline"]
Role = Literal["agent", "supervisor", "administrator"]

ROLES: tuple[Role, ...] = ("agent", "supervisor", "administrator")
SKILL_GROUPS = ("orders", "logistics", "after_sales", "technical", "complaints")
MAX_CAPACITY = 100
MAX_DISPLAY_NAME_CHARACTERS = 32
MAX_TAGS = 20
_TAG = re.compile(r"[\w-]{1,20}")
_USERNAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,31}")


class Agent(Struct, frozen=True, kw_only=True):
    """One row of `agents`.

    `load` is what their conversations weigh now; `lapsed_from` the presence a lost socket took from them;
    `idle_since` when they last took or ended a conversation or came online; `missed_offers` those in a row.
    `tags` are customers they are good with (vip, risk, ...); with `must_change_password` nothing else is allowed first.
    """

    id: str
    username: str
    display_name: str
    role: Role
    groups: list[str]
    capacity: int
    load: int
    presence: Presence
    presence_until: datetime | None
    lapsed_from: Presence | None
    password_hash: str
    disabled: bool
    created_at: datetime
    tags: list[str] = []
    idle_since: datetime | None = None
    missed_offers: int = 0
    must_change_password: bool = False


def profile(agent: Agent) -> dict[str, Any]:
    """The agent as they see themselves."""
    return {
        "agent_id": agent.id,
        "username": agent.username,
        "display_name": agent.display_name,
        "role": agent.role,
        "groups": agent.groups,
        "capacity": agent.capacity,
        "tags": agent.tags,
        "must_change_password": agent.must_change_password,
    }


def colleague(agent: Agent) -> dict[str, Any]:
    """The agent as colleagues see them."""
    seen = profile(agent)
    del seen["must_change_password"]
    return {**seen, "presence": agent.presence, "load": agent.load}


def as_actor(agent: Agent) -> Actor:
    """The agent in the audit trail."""
    return Actor("agent", agent.id, agent.display_name)


def leads(agent: Agent) -> bool:
    """Whether the agent sees and may take over what others do: supervisors and administrators."""
    return agent.role in {"supervisor", "administrator"}


def tag_fits(tag: str) -> bool:
    """1 to 20 letters (of any script), digits, dashes or underscores."""
    return _TAG.fullmatch(tag) is not None


def username_fits(username: str) -> bool:
    """2 to 32 lower-case letters, digits, dots, dashes or underscores."""
    return _USERNAME.fullmatch(username) is not None


def attempts_left(failures: int, limit: int, window_started: datetime, now: datetime, window_seconds: float) -> bool:
    """Whether another login may be tried: fewer than `limit` in the window, or the window is over."""
    return failures < limit or (now - window_started).total_seconds() >= window_seconds
