"""What agents do about their own account: another password, which logins are open, ending them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from desk.agents import accounts, accounts_store, passwords, store
from desk.agents.account_rules import Actor
from desk.agents.usecases import count_attempt
from desk.kernel.errors import InvalidError
from desk.kernel.security import token_hash

if TYPE_CHECKING:
    from datetime import datetime

    import sqlalchemy as sa

    from desk.agents.rules import Agent
    from desk.kernel.context import Context


async def change_password(ctx: Context, agent: Agent, token: str, old: str, new: str) -> None:
    """Set a password of one's own; every other login ends.

    InvalidError `password_wrong`, `password_same` and those of passwords.check_chosen; TooManyError
    `too_many_attempts`: whoever finds an open console cannot try out passwords there.
    """
    now, settings = ctx.clock.now(), ctx.settings
    passwords.check_chosen(new, agent.username)
    key = f"password:{agent.id}"
    await ctx.db.write(
        lambda c: count_attempt(c, key, settings.login_attempts, settings.login_window_seconds, now),
    )
    if not await asyncio.to_thread(passwords.fits, agent.password_hash, old[: passwords.MAX_ACCEPTED_CHARACTERS]):
        raise InvalidError("password_wrong")
    if old == new:
        raise InvalidError("password_same")
    fresh = await asyncio.to_thread(passwords.hash_of, new)

    def write(connection: sa.Connection) -> None:
        store.forget_attempts(connection, key)
        store.update(connection, agent.id, password_hash=fresh, must_change_password=False)
        _end_others(connection, agent.id, token, now)
        accounts.note(connection, agent.id, "password_changed", Actor(agent.id, agent.display_name), now)

    await ctx.db.write(write)


async def end_session(ctx: Context, agent: Agent, session_id: str) -> None:
    """End one of one's own logins. NotFoundError `session_unknown`."""
    now = ctx.clock.now()

    await ctx.db.write(
        lambda c: accounts.end_session(c, agent.id, session_id, Actor(agent.id, agent.display_name), now),
    )


async def end_other_sessions(ctx: Context, agent: Agent, token: str) -> None:
    """End all of one's own logins but the one that asks."""
    now = ctx.clock.now()

    def write(connection: sa.Connection) -> None:
        _end_others(connection, agent.id, token, now)
        accounts.note(connection, agent.id, "sessions_revoked", Actor(agent.id, agent.display_name), now)

    await ctx.db.write(write)


def _end_others(connection: sa.Connection, agent_id: str, token: str, now: datetime) -> None:
    mine = token_hash(token)
    for session in accounts_store.open_sessions(connection, agent_id, now):
        if session.token_hash != mine:
            store.revoke_sessions(connection, agent_id, now, session.token_hash)
