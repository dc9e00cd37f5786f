"""What agents do about themselves: log in and out, say whether they are there; and what accounts need."""

from __future__ import annotations

import asyncio
import secrets
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from msgspec import Struct

from desk.agents import store
from desk.agents.rules import SKILL_GROUPS, Agent, attempts_left, username_fits
from desk.kernel import ids
from desk.kernel.errors import InvalidError, TooManyError, UnauthorizedError
from desk.kernel.security import SESSION_TOKEN, new_token, token_hash

if TYPE_CHECKING:
    from datetime import datetime

    import sqlalchemy as sa

    from desk.agents.rules import Role
    from desk.kernel.context import Context

_HASHER = PasswordHasher()
_PASSWORD_BYTES = 12
_MAX_CAPACITY = 100
_MAX_PASSWORD_CHARACTERS = 256


class NewAccount(Struct, frozen=True):
    """What an account is made of."""

    username: str
    display_name: str
    role: Role
    groups: list[str]
    capacity: int


class Login(Struct, frozen=True):
    """A fresh session."""

    token: str
    agent: Agent
    expires_at: datetime


async def log_in(ctx: Context, username: str, password: str, address: str) -> Login:
    """A new session; UnauthorizedError `login_failed`, TooManyError `too_many_attempts`.

    The attempt is counted before the password is checked, so that many at once cannot slip through.
    """
    username, now = username.strip().lower()[:64], ctx.clock.now()
    await ctx.db.write(lambda connection: _count_attempt(connection, ctx, username, address, now))
    agent = await ctx.db.read(lambda connection: store.by_username(connection, username))
    stored = agent.password_hash if agent is not None else None
    fits = await asyncio.to_thread(password_fits, stored, password[:_MAX_PASSWORD_CHARACTERS])
    if agent is None or not fits or agent.disabled:
        raise UnauthorizedError("login_failed")
    token = new_token(SESSION_TOKEN)
    expires_at = now + timedelta(hours=ctx.settings.session_hours)

    def open_session(connection: sa.Connection) -> None:
        store.forget_attempts(connection, f"user:{username}")
        _return_attempt(connection, f"address:{address}")
        store.open_session(connection, token_hash(token), agent.id, now, expires_at)

    await ctx.db.write(open_session)
    return Login(token, agent, expires_at)


def _count_attempt(connection: sa.Connection, ctx: Context, username: str, address: str, now: datetime) -> None:
    limits = {
        f"user:{username}": ctx.settings.login_attempts,
        f"address:{address}": ctx.settings.login_attempts_address,
    }
    for key, limit in limits.items():
        count, started = store.attempts(connection, key) or (0, now)
        if not attempts_left(count, limit, started, now, ctx.settings.login_window_seconds):
            raise TooManyError("too_many_attempts")
        if (now - started).total_seconds() >= ctx.settings.login_window_seconds:
            count, started = 0, now
        store.put_attempts(connection, key, count + 1, started)


def _return_attempt(connection: sa.Connection, key: str) -> None:
    known = store.attempts(connection, key)
    if known is not None:
        store.put_attempts(connection, key, max(0, known[0] - 1), known[1])


@cache
def _nobody() -> str:
    """Verified when the username is unknown, so that the answer takes as long as for a known one."""
    return _HASHER.hash(secrets.token_urlsafe(16))


def password_fits(stored: str | None, password: str) -> bool:
    """Whether the password belongs to the hash; as slow without a hash as with one."""
    try:
        return _HASHER.verify(stored or _nobody(), password) and stored is not None
    except (VerificationError, InvalidHashError):
        return False


def create_account(connection: sa.Connection, account: NewAccount, now: datetime) -> str:
    """A new account; returns its generated password. InvalidError when a value does not fit or the name is taken."""
    unknown = [group for group in account.groups if group not in SKILL_GROUPS]
    fits = username_fits(account.username) and account.display_name.strip() and 0 < account.capacity <= _MAX_CAPACITY
    if not fits or unknown:
        raise InvalidError("account_invalid")
    if store.by_username(connection, account.username) is not None:
        raise InvalidError("username_taken")
    password = secrets.token_urlsafe(_PASSWORD_BYTES)
    store.create(
        connection,
        Agent(
            id=ids.agent_id(now),
            username=account.username,
            display_name=account.display_name.strip(),
            role=account.role,
            groups=account.groups,
            capacity=account.capacity,
            load=0,
            presence="offline",
            presence_until=None,
            lapsed_from=None,
            password_hash=_HASHER.hash(password),
            disabled=False,
            created_at=now,
        ),
    )
    return password


def new_password(connection: sa.Connection, agent: Agent, now: datetime) -> str:
    """A new generated password; every login of the account ends."""
    password = secrets.token_urlsafe(_PASSWORD_BYTES)
    store.update(connection, agent.id, password_hash=_HASHER.hash(password))
    store.revoke_sessions(connection, agent.id, now)
    store.forget_attempts(connection, f"user:{agent.username}")
    return password


def disable(connection: sa.Connection, agent: Agent, now: datetime) -> None:
    """Nobody can use the account any more; what it owns goes back to the queue."""
    store.update(connection, agent.id, disabled=True, presence="offline", presence_until=None)
    store.revoke_sessions(connection, agent.id, now)
