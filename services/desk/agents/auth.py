"""Who is calling, for agents: bearer or cookie.

With the cookie, pages of other origins are refused whatever they ask, and changing calls also need X-Baton-Console.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from desk.agents import store
from desk.kernel.errors import ForbiddenError, UnauthorizedError
from desk.kernel.security import SESSION_TOKEN, token_hash
from desk.kernel.web import Connection, bearer

if TYPE_CHECKING:
    from desk.agents.rules import Agent
    from desk.kernel.context import Context
    from desk.kernel.web import DeskRequest

COOKIE = "baton_console"
CONSOLE_HEADER = "x-baton-console"
_SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}


def session_token(request: DeskRequest) -> str:
    """The request's session token; UnauthorizedError, or ForbiddenError for a cookie without the console's header."""
    token = bearer(request)
    if token is not None:
        return token
    token = request.cookies.get(COOKIE)
    if not token:
        raise UnauthorizedError("unauthorized")
    if request.method not in _SAFE_METHODS and request.headers.get(CONSOLE_HEADER) != "1":
        raise ForbiddenError("console_header_required")
    return token


async def agent_of_token(ctx: Context, token: str | None, *, before_password_change: bool = False) -> Agent:
    """The agent of a session token; UnauthorizedError when it is unknown, expired or revoked.

    ForbiddenError `password_change_required` for somebody who must choose a password first, unless the call is one
    of the few that are allowed before.
    """
    if not token or not token.startswith(SESSION_TOKEN):
        raise UnauthorizedError("unauthorized")
    now = ctx.clock.now()
    agent = await ctx.db.look(lambda connection: store.by_session(connection, token_hash(token), now))
    if agent is None:
        raise UnauthorizedError("unauthorized")
    if agent.must_change_password and not before_password_change:
        raise ForbiddenError("password_change_required")
    return agent


async def require_agent(ctx: Context, request: DeskRequest, *, before_password_change: bool = False) -> Agent:
    """The agent who is calling; a call is also a sign of life for their presence."""
    if bearer(request) is None:
        check_origin(ctx, request, browsers_only=True)  # the cookie is nothing another site's page could lean on
    agent = await agent_of_token(ctx, session_token(request), before_password_change=before_password_change)
    await keep_presence(ctx, agent, ctx.settings.presence_api_seconds)
    return agent


async def require_administrator(ctx: Context, request: DeskRequest) -> Agent:
    """The administrator who is calling; ForbiddenError for every other agent."""
    agent = await require_agent(ctx, request)
    if agent.role != "administrator":
        raise ForbiddenError("forbidden")
    return agent


async def keep_presence(ctx: Context, agent: Agent, seconds: float) -> None:
    """Let the presence hold for `seconds` more; written only when less than half of that is left."""
    now = ctx.clock.now()
    if agent.presence == "offline" or agent.presence_until is None:
        return
    if (agent.presence_until - now).total_seconds() < seconds / 2:
        until = now + timedelta(seconds=seconds)
        await ctx.db.write(lambda connection: store.renew_presence(connection, agent.id, until))


def check_origin(ctx: Context, connection: Connection, *, browsers_only: bool = False) -> None:
    """A socket opened by cookie must come from the desk's own pages; ForbiddenError `origin_forbidden`.

    With `browsers_only` a caller without an origin, which is no web page, is let through.
    """
    origin = connection.headers.get("origin", "")
    own = connection.headers.get("host", "")
    if not origin and browsers_only:
        return
    if not origin or (urlsplit(origin).netloc != own and origin not in ctx.settings.console_origins):
        raise ForbiddenError("origin_forbidden")
