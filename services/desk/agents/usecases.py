"""What agents do about themselves: log in, say whether they are there."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

from msgspec import Struct

from desk.agents import accounts_store, passwords, store
from desk.agents.rules import Agent, as_actor, attempts_left
from desk.audit.rules import NOBODY, Subject
from desk.audit.store import record
from desk.kernel.errors import TooManyError, UnauthorizedError
from desk.kernel.security import SESSION_TOKEN, new_token, token_hash

if TYPE_CHECKING:
    from datetime import datetime

    import sqlalchemy as sa

    from desk.kernel.context import Context

_KNOWN_ADDRESS_DAYS = 30


class Login(Struct, frozen=True):
    """A fresh session."""

    token: str
    agent: Agent
    expires_at: datetime


async def log_in(ctx: Context, username: str, password: str, address: str, device: str | None = None) -> Login:
    """A new session; UnauthorizedError `login_failed`, TooManyError `too_many_attempts`.

    The attempt is counted before the password is checked, so that many at once cannot slip through.
    """
    username, now = username.strip().lower()[:64], ctx.clock.now()
    who = await ctx.db.write(lambda connection: _count_login(connection, ctx, username, address, now))
    agent = await ctx.db.read(lambda connection: store.by_username(connection, username))
    stored = agent.password_hash if agent is not None else None
    password = password[: passwords.MAX_ACCEPTED_CHARACTERS]
    fits = await asyncio.to_thread(passwords.fits, stored, password)
    if agent is None or stored is None or not fits or agent.disabled:
        # A name nobody has is not written down: people type their password there by mistake.
        about = Subject("agent", None if agent is None else agent.id)
        await ctx.db.write(lambda c: record(c, "login_failed", NOBODY, about, now, address=address))
        raise UnauthorizedError("login_failed")
    fresh = await asyncio.to_thread(passwords.hash_of, password) if passwords.is_outdated(stored) else None
    token = new_token(SESSION_TOKEN)
    expires_at = now + timedelta(hours=ctx.settings.session_hours)

    def open_session(connection: sa.Connection) -> None:
        if fresh is not None:
            store.renew_hash(connection, agent.id, stored, fresh)
        store.forget_attempts(connection, who)
        _return_attempt(connection, f"address:{address}")
        where = {"address": address[:64], "device": None if device is None else device[:256]}
        store.open_session(connection, token_hash(token), agent.id, now, expires_at, **where)
        record(connection, "logged_in", as_actor(agent), Subject("agent", agent.id), now, address=address)

    await ctx.db.write(open_session)
    return Login(token, agent, expires_at)


def _count_login(connection: sa.Connection, ctx: Context, username: str, address: str, now: datetime) -> str:
    """Count one attempt of the username and of the address; the key under which the username was counted.

    Somebody at an address from which the account was used lately has a counter of their own there: strangers who
    try out passwords elsewhere cannot lock the owner out.
    """
    settings, since = ctx.settings, now - timedelta(days=_KNOWN_ADDRESS_DAYS)
    known = accounts_store.signed_in_from(connection, username, address, since)
    who = f"user:{username}@{address}"[:160] if known else f"user:{username}"
    for key, limit in ((who, settings.login_attempts), (f"address:{address}", settings.login_attempts_address)):
        count_attempt(connection, key, limit, settings.login_window_seconds, now)
    return who


def count_attempt(connection: sa.Connection, key: str, limit: int, window_seconds: float, now: datetime) -> None:
    """One more try under `key`; TooManyError `too_many_attempts`. What is refused does not make the window longer."""
    count, started = store.attempts(connection, key) or (0, now)
    if not attempts_left(count, limit, started, now, window_seconds):
        passed = (now - started).total_seconds()
        raise TooManyError("too_many_attempts", retry_after_seconds=window_seconds - passed)
    if (now - started).total_seconds() >= window_seconds:
        count, started = 0, now
    store.put_attempts(connection, key, count + 1, started)


def _return_attempt(connection: sa.Connection, key: str) -> None:
    known = store.attempts(connection, key)
    if known is not None:
        store.put_attempts(connection, key, max(0, known[0] - 1), known[1])
