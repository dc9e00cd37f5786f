"""HTTP of agents: log in and out, who am I."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from litestar import Response, Router, get, post
from litestar.datastructures import Cookie
from msgspec import Struct

from desk.agents import store, usecases
from desk.agents.auth import COOKIE, check_origin, require_agent, session_token
from desk.agents.rules import as_actor, profile
from desk.audit.rules import Subject
from desk.audit.store import record
from desk.kernel.security import token_hash
from desk.kernel.web import Ctx, DeskRequest, client_address

if TYPE_CHECKING:
    import sqlalchemy as sa


class LoginBody(Struct):
    """What the login form sends."""

    username: str
    password: str


@post("/login", status_code=200)
async def log_in(ctx: Ctx, request: DeskRequest, data: LoginBody) -> Response[dict[str, Any]]:
    """200 {token, agent} and the cookie; 401 login_failed; 403 origin_forbidden; 429 too_many_attempts.

    With `agent.must_change_password` every other call is 403 password_change_required until PUT /agents/me/password.
    """
    check_origin(ctx, request, browsers_only=True)  # no other site logs a visitor's browser in
    login = await usecases.log_in(
        ctx, data.username, data.password, client_address(request), request.headers.get("user-agent")
    )
    cookie = Cookie(
        key=COOKIE,
        value=login.token,
        httponly=True,
        samesite="strict",
        secure=ctx.settings.cookie_secure or request.url.scheme == "https",
        path="/",
        max_age=int(ctx.settings.session_hours * 3600),
    )
    return Response({"token": login.token, "agent": profile(login.agent)}, cookies=[cookie])


@post("/logout", status_code=204)
async def log_out(ctx: Ctx, request: DeskRequest) -> Response[None]:
    """204; the session ends, its sockets close, the cookie goes."""
    agent, token = await require_agent(ctx, request, before_password_change=True), session_token(request)
    now = ctx.clock.now()

    def end(connection: sa.Connection) -> None:
        store.revoke_sessions(connection, agent.id, now, token_hash(token))
        record(connection, "logged_out", as_actor(agent), Subject("agent", agent.id), now)

    await ctx.db.write(end)
    response: Response[None] = Response(None, status_code=204)
    response.delete_cookie(COOKIE, path="/")
    return response


@get("/me")
async def who_am_i(ctx: Ctx, request: DeskRequest) -> dict[str, Any]:
    """200 {agent, presence}, with the fields of `agent` at the top level too."""
    agent = await require_agent(ctx, request, before_password_change=True)
    return {**profile(agent), "agent": profile(agent), "presence": agent.presence}


router = Router("/api/v1/agents", route_handlers=[log_in, log_out, who_am_i], tags=["agents"])
