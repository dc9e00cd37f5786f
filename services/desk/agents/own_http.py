"""HTTP of one's own account: password and sessions."""

from __future__ import annotations

from typing import Any

from litestar import Response, Router, delete, get, put
from msgspec import Struct

from desk.agents import accounts_store, own_account
from desk.agents.account_rules import session_view
from desk.agents.auth import require_agent, session_token
from desk.kernel.security import token_hash
from desk.kernel.web import Ctx, DeskRequest


class PasswordBody(Struct):
    """The password that counts now, and the next one: 10 to 128 characters, not the username, not a common one."""

    old_password: str
    new_password: str


@put("/password", status_code=204)
async def change_password(ctx: Ctx, request: DeskRequest, data: PasswordBody) -> Response[None]:
    """204; all other sessions end.

    422 password_wrong, password_same, password_too_short, password_too_long, password_is_username, password_common;
    429 too_many_attempts.
    """
    agent, token = await require_agent(ctx, request, before_password_change=True), session_token(request)
    await own_account.change_password(ctx, agent, token, data.old_password, data.new_password)
    return Response(None, status_code=204)


@get("/sessions")
async def list_sessions(ctx: Ctx, request: DeskRequest) -> dict[str, Any]:
    """200 {sessions: [{session_id, created_at, expires_at, address, device, current}]}, newest first."""
    agent, current, now = await require_agent(ctx, request), token_hash(session_token(request)), ctx.clock.now()
    found = await ctx.db.read(lambda c: accounts_store.open_sessions(c, agent.id, now))
    return {"sessions": [session_view(session, current) for session in found]}


@delete("/sessions/{session_id:str}", status_code=204)
async def end_session(ctx: Ctx, request: DeskRequest, session_id: str) -> Response[None]:
    """204; that session ends and its sockets close; 404 session_unknown."""
    await own_account.end_session(ctx, await require_agent(ctx, request), session_id)
    return Response(None, status_code=204)


@delete("/sessions", status_code=204)
async def end_other_sessions(ctx: Ctx, request: DeskRequest) -> Response[None]:
    """204; all sessions end but the one that asks."""
    await own_account.end_other_sessions(ctx, await require_agent(ctx, request), session_token(request))
    return Response(None, status_code=204)


router = Router(
    "/api/v1/agents/me",
    route_handlers=[change_password, list_sessions, end_session, end_other_sessions],
    tags=["agents"],
)
