"""HTTP of accounts: what administrators do to others' accounts."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, cast

from litestar import Response, Router, delete, get, patch, post
from msgspec import Struct

from desk.agents import accounts, accounts_store, passwords, store
from desk.agents.account_rules import (
    AccountChange,
    Actor,
    NewAccount,
    account_view,
    event_view,
    session_view,
)
from desk.agents.auth import require_administrator
from desk.agents.rules import Agent, Role
from desk.kernel.web import PART, Ctx, DeskRequest


class NewAccountBody(Struct):
    """A new account; `role` is agent, supervisor or administrator."""

    username: str
    display_name: str
    role: str = "agent"
    groups: list[str] = []
    capacity: int = 3
    tags: list[str] = []


class DisableBody(Struct):
    """With `force`, the account's open conversations go back to the queue."""

    force: bool = False


def _actor(agent: Agent) -> Actor:
    return Actor(agent.id, agent.display_name)


@get("")
async def list_accounts(ctx: Ctx, request: DeskRequest) -> dict[str, Any]:
    """200 {accounts: [Account]}, disabled ones too; 403 forbidden."""
    await require_administrator(ctx, request)
    found = await ctx.db.read(store.everybody)
    return {"accounts": [account_view(agent) for agent in found]}


@post("", status_code=201)
async def create_account(ctx: Ctx, request: DeskRequest, data: NewAccountBody) -> dict[str, Any]:
    """201 {account, password}: shown this once, to be changed at the first sign-in.

    403 forbidden; 422 account_invalid, username_taken.
    """
    actor = _actor(await require_administrator(ctx, request))
    role = cast("Role", data.role)
    account = NewAccount(data.username, data.display_name, role, data.groups, data.capacity, data.tags)
    secret, now = await asyncio.to_thread(passwords.generate), ctx.clock.now()
    agent = await ctx.db.write(lambda c: accounts.create(c, account, secret.hash, actor, now, must_change=True))
    return {"account": account_view(agent), "password": secret.password}


@get("/{agent_id:str}")
async def get_account(ctx: Ctx, request: DeskRequest, agent_id: str) -> dict[str, Any]:
    """200 Account; 403 forbidden; 404 account_unknown."""
    await require_administrator(ctx, request)
    return account_view(await ctx.db.read(lambda c: accounts.existing(c, agent_id)))


@patch("/{agent_id:str}")
async def change_account(ctx: Ctx, request: DeskRequest, agent_id: str, data: AccountChange) -> dict[str, Any]:
    """200 Account; what is left out stays; another role ends the account's sessions.

    403 forbidden; 404 account_unknown; 409 last_administrator; 422 account_invalid.
    """
    actor, now = _actor(await require_administrator(ctx, request)), ctx.clock.now()
    return account_view(await ctx.db.write(lambda c: accounts.change(c, agent_id, data, actor, now)))


@post("/{agent_id:str}/disable", status_code=200)
async def disable_account(
    ctx: Ctx,
    give_back: Annotated[Any, PART],
    request: DeskRequest,
    agent_id: str,
    data: DisableBody,
) -> dict[str, Any]:
    """200 Account; its sessions end; with `force` its conversations go back to the queue.

    403 forbidden; 404 account_unknown; 409 last_administrator, account_has_conversations.
    """
    actor, scene = _actor(await require_administrator(ctx, request)), ctx.scene()
    agent = await ctx.db.write(
        lambda c: accounts.disable(c, agent_id, actor, scene, give_back, force=data.force),
    )
    return account_view(agent)


@post("/{agent_id:str}/enable", status_code=200)
async def enable_account(ctx: Ctx, request: DeskRequest, agent_id: str) -> dict[str, Any]:
    """200 Account; 403 forbidden; 404 account_unknown."""
    actor, now = _actor(await require_administrator(ctx, request)), ctx.clock.now()
    return account_view(await ctx.db.write(lambda c: accounts.enable(c, agent_id, actor, now)))


@post("/{agent_id:str}/password-reset", status_code=200)
async def reset_password(ctx: Ctx, request: DeskRequest, agent_id: str) -> dict[str, Any]:
    """200 {account, password}: shown this once, to be changed at the next sign-in; all sessions end.

    403 forbidden; 404 account_unknown.
    """
    actor = _actor(await require_administrator(ctx, request))
    secret, now = await asyncio.to_thread(passwords.generate), ctx.clock.now()
    agent = await ctx.db.write(
        lambda c: accounts.reset_password(c, agent_id, secret.hash, actor, now, must_change=True)
    )
    return {"account": account_view(agent), "password": secret.password}


@get("/{agent_id:str}/sessions")
async def list_sessions(ctx: Ctx, request: DeskRequest, agent_id: str) -> dict[str, Any]:
    """200 {sessions: [Session]}; 403 forbidden; 404 account_unknown."""
    await require_administrator(ctx, request)
    await ctx.db.read(lambda c: accounts.existing(c, agent_id))
    now = ctx.clock.now()
    found = await ctx.db.read(lambda c: accounts_store.open_sessions(c, agent_id, now))
    return {"sessions": [session_view(session) for session in found]}


@delete("/{agent_id:str}/sessions", status_code=204)
async def end_sessions(ctx: Ctx, request: DeskRequest, agent_id: str) -> Response[None]:
    """204; every session of the account ends; 403 forbidden; 404 account_unknown."""
    actor, now = _actor(await require_administrator(ctx, request)), ctx.clock.now()
    await ctx.db.write(lambda c: accounts.end_sessions(c, agent_id, actor, now))
    return Response(None, status_code=204)


@get("/{agent_id:str}/events")
async def list_events(ctx: Ctx, request: DeskRequest, agent_id: str) -> dict[str, Any]:
    """200 {events: [AccountEvent]}, newest first, at most 200; 403 forbidden; 404 account_unknown."""
    await require_administrator(ctx, request)
    await ctx.db.read(lambda c: accounts.existing(c, agent_id))
    found = await ctx.db.read(lambda c: accounts_store.events_of(c, agent_id))
    return {"events": [event_view(event) for event in found]}


router = Router(
    "/api/v1/accounts",
    route_handlers=[
        list_accounts,
        create_account,
        get_account,
        change_account,
        disable_account,
        enable_account,
        reset_password,
        list_sessions,
        end_sessions,
        list_events,
    ],
    tags=["accounts"],
)
