"""HTTP of handoffs: the queue, offers, claims, what ends them, presence, and the customer's panel."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

from litestar import Router, get, post, put
from litestar.params import Parameter
from msgspec import Struct

from desk.agents import store as agent_store
from desk.agents.auth import require_agent
from desk.agents.rules import colleague, leads
from desk.customers.rules import mask_customer, mask_order
from desk.customers.shop import ShopClient
from desk.handoffs import duty, offers, recall, store, supervision, transfers, usecases, waiting
from desk.handoffs.ownership import checked_note
from desk.handoffs.rules import full_view, row_view
from desk.handoffs.viewing import customer_seen
from desk.kernel.errors import InvalidError, NotFoundError
from desk.kernel.web import PART, Ctx, DeskRequest, client_address

if TYPE_CHECKING:
    import sqlalchemy as sa

    from desk.agents.rules import Presence

_PRESENCES: dict[str, Presence] = {"online": "online", "busy": "busy", "break": "break", "offline": "offline"}
_STATES = {"queued", "active", "resolved", "cancelled", "handed_back"}


class ResolveBody(Struct):
    """How it ended: `outcome` as solved, unsolved, follow_up or own words."""

    outcome: str
    note: str | None = None


class HandbackBody(Struct):
    """What the bot should know: a note and what was settled."""

    note: str | None = None
    settled: list[str] | None = None


class TransferBody(Struct):
    """To a group or one colleague, with a note."""

    note: str
    group: str | None = None
    agent_id: str | None = None


class DeclineBody(Struct):
    """Why not, in the agent's own words."""

    reason: str | None = None


class PresenceBody(Struct):
    """online, busy, break or offline; `force` to go offline although conversations are open."""

    state: str
    force: bool = False


@get("/agents")
async def list_agents(ctx: Ctx, request: DeskRequest) -> dict[str, Any]:
    """200 {agents: [{agent_id, username, display_name, role, groups, capacity, presence, load}]}."""
    await require_agent(ctx, request)
    found = await ctx.db.read(agent_store.everybody)
    return {"agents": [colleague(agent) for agent in found if not agent.disabled]}


@get("/handoffs")
async def list_handoffs(
    ctx: Ctx, request: DeskRequest, wanted: Annotated[str, Parameter(query="state")] = "queued"
) -> dict[str, Any]:
    """200 {handoffs: [HandoffRow]}; queued ones in the order of the queue."""
    agent = await require_agent(ctx, request)
    if wanted not in _STATES:
        raise InvalidError("invalid_request")
    found = await ctx.db.read(lambda connection: store.in_state(connection, wanted))
    mine = leads(agent) or wanted == "queued"
    return {"handoffs": [row_view(handoff) for handoff in found if mine or handoff.agent_id == agent.id]}


@get("/handoffs/{handoff_id:str}")
async def get_handoff(ctx: Ctx, request: DeskRequest, handoff_id: str) -> dict[str, Any]:
    """200 HandoffRow + summary + since_queued + history + changes_since_last; 404 handoff_not_found."""
    agent, scene = await require_agent(ctx, request), ctx.scene()

    def read(connection: sa.Connection) -> dict[str, Any]:
        handoff = store.get(connection, handoff_id)
        if handoff is None or not (handoff.state == "queued" or handoff.agent_id == agent.id or leads(agent)):
            raise NotFoundError("handoff_not_found")
        more: dict[str, Any] = {"since_queued": waiting.since_queued(connection, handoff, scene.wording)}
        if handoff.state != "queued":
            more["contact"] = handoff.contact  # whole for whoever may call; while it waits, masked as in the queue
        return full_view(handoff) | more | recall.story(connection, handoff, scene)

    return await ctx.db.read(read)


@post("/handoffs/{handoff_id:str}/decline", status_code=200)
async def decline(ctx: Ctx, request: DeskRequest, handoff_id: str, data: DeclineBody) -> dict[str, Any]:
    """200 HandoffRow; 409 not_offered. The next best agent is asked."""
    agent, scene = await require_agent(ctx, request), ctx.scene()
    reason = checked_note(data.reason or "")
    handoff = await ctx.db.write(lambda c: offers.decline(c, handoff_id, agent, scene, reason=reason))
    ctx.metrics.handoffs.labels("declined").inc()
    return row_view(handoff)


@post("/handoffs/{handoff_id:str}/confirm-history", status_code=200)
async def confirm_history(ctx: Ctx, request: DeskRequest, handoff_id: str) -> dict[str, Any]:
    """200 {history}; 409 not_owner, no_history. The agent knows the story: its clock stops."""
    agent, scene = await require_agent(ctx, request), ctx.scene()
    return {"history": await ctx.db.write(lambda c: recall.confirm(c, handoff_id, agent, scene))}


@post("/handoffs/{handoff_id:str}/claim", status_code=200)
async def claim(ctx: Ctx, request: DeskRequest, handoff_id: str) -> dict[str, Any]:
    """200 HandoffRow, also how an offer is accepted; 404 handoff_not_found.

    409 already_claimed, capacity_full, not_online, not_offered.
    """
    agent, scene = await require_agent(ctx, request), ctx.scene()
    handoff = await ctx.db.write(lambda c: usecases.claim(c, handoff_id, agent, scene))
    ctx.metrics.handoffs.labels("claimed").inc()
    return row_view(handoff)


@post("/conversations/{conversation_id:str}/resolve", status_code=200)
async def resolve(ctx: Ctx, request: DeskRequest, conversation_id: str, data: ResolveBody) -> dict[str, Any]:
    """200 {state, handoff}; 409 not_owner; 422 outcome_invalid, note_too_long. The customer is asked for a rating."""
    agent, scene = await require_agent(ctx, request), ctx.scene()
    handoff = await ctx.db.write(
        lambda c: usecases.resolve(c, conversation_id, agent, scene, outcome=data.outcome, note=data.note)
    )
    ctx.metrics.handoffs.labels("resolved").inc()
    return {"state": "closed", "handoff": row_view(handoff)}


@post("/conversations/{conversation_id:str}/handback", status_code=200)
async def hand_back(ctx: Ctx, request: DeskRequest, conversation_id: str, data: HandbackBody) -> dict[str, Any]:
    """200 {state, handoff}; 409 not_owner. The bot is told what was done."""
    agent, scene = await require_agent(ctx, request), ctx.scene()
    handoff = await ctx.db.write(
        lambda c: usecases.hand_back(c, conversation_id, agent, scene, note=data.note or "", settled=data.settled or [])
    )
    ctx.metrics.handoffs.labels("handed_back").inc()
    return {"state": "bot", "handoff": row_view(handoff)}


@post("/conversations/{conversation_id:str}/transfer", status_code=200)
async def transfer(ctx: Ctx, request: DeskRequest, conversation_id: str, data: TransferBody) -> dict[str, Any]:
    """200 {state, handoff}; 409 not_owner, agent_not_online; 422 group_unknown, agent_unknown, transfer_…."""
    agent, scene = await require_agent(ctx, request), ctx.scene()
    handoff = await ctx.db.write(
        lambda c: transfers.transfer(
            c, conversation_id, agent, scene, group=data.group, target_agent_id=data.agent_id, note=data.note
        )
    )
    ctx.metrics.handoffs.labels("transferred").inc()
    return {"state": "queued", "handoff": row_view(handoff)}


@post("/conversations/{conversation_id:str}/takeover", status_code=200)
async def take_over(ctx: Ctx, request: DeskRequest, conversation_id: str) -> dict[str, Any]:
    """200 {state, handoff}; 403 forbidden; 409 not_online, capacity_full, conversation_closed. Supervisors only."""
    agent, scene = await require_agent(ctx, request), ctx.scene()
    handoff = await ctx.db.write(lambda c: supervision.take_over(c, conversation_id, agent, scene))
    ctx.metrics.handoffs.labels("taken_over").inc()
    return {"state": "active", "handoff": row_view(handoff)}


@post("/conversations/{conversation_id:str}/join", status_code=200)
async def join(ctx: Ctx, request: DeskRequest, conversation_id: str) -> dict[str, bool]:
    """200 {joined: true}; 403 forbidden; 409 not_active. The supervisor may now write there."""
    agent, scene = await require_agent(ctx, request), ctx.scene()
    await ctx.db.write(lambda c: supervision.join(c, conversation_id, agent, scene))
    return {"joined": True}


@post("/conversations/{conversation_id:str}/leave", status_code=200)
async def leave(ctx: Ctx, request: DeskRequest, conversation_id: str) -> dict[str, bool]:
    """200 {joined: false}; 403 forbidden."""
    agent, scene = await require_agent(ctx, request), ctx.scene()
    await ctx.db.write(lambda c: supervision.leave(c, conversation_id, agent, scene))
    return {"joined": False}


@put("/agents/me/presence")
async def set_presence(ctx: Ctx, request: DeskRequest, data: PresenceBody) -> dict[str, str]:
    """200 {state}; 409 conversations_open; 422 presence_invalid."""
    agent, scene = await require_agent(ctx, request), ctx.scene()
    presence = _PRESENCES.get(data.state)
    if presence is None:
        raise InvalidError("presence_invalid")
    until = scene.now + timedelta(seconds=ctx.settings.presence_api_seconds)
    await ctx.db.write(lambda c: duty.set_presence(c, agent.id, presence, until, scene, force=data.force))
    return {"state": presence}


@get("/conversations/{conversation_id:str}/customer")
async def customer_panel(
    ctx: Ctx, shop: Annotated[ShopClient, PART], request: DeskRequest, conversation_id: str
) -> dict[str, Any]:
    """200 {customer, orders, points, coupons}; all null for a visitor nobody vouched for; 503 shop_unavailable."""
    agent = await require_agent(ctx, request)
    conversation, masked = await customer_seen(ctx, conversation_id, agent, client_address(request))
    if conversation.customer_id is None:
        return {"customer": None, "orders": [], "points": None, "coupons": []}
    panel = await shop.overview(conversation.customer_id)
    if masked:
        panel["customer"] = mask_customer(panel["customer"])
        panel["orders"] = [mask_order(order) for order in panel["orders"]]
    return panel


router = Router(
    "/api/v1",
    route_handlers=[
        list_agents,
        list_handoffs,
        get_handoff,
        decline,
        confirm_history,
        claim,
        resolve,
        hand_back,
        transfer,
        take_over,
        join,
        leave,
        set_presence,
        customer_panel,
    ],
    tags=["handoffs"],
)
