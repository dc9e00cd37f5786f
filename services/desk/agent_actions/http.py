"""HTTP of agent actions: what would happen, having it done, and the record for supervisors."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from litestar import Response, Router, get, post
from litestar.params import Parameter
from msgspec import Struct

from desk.agent_actions import authority, rules, store, usecases
from desk.agent_actions.authority import ActionName
from desk.agents.auth import require_agent
from desk.agents.rules import leads
from desk.clocks import business_hours
from desk.customers.shop import ShopClient
from desk.handoffs.access import visible
from desk.kernel.context import Context
from desk.kernel.errors import ForbiddenError, InvalidError
from desk.kernel.web import PART, Ctx, DeskRequest

MAX_DAYS = 92
_MAX_SHOWN = 500
_MAX_IN_CSV = 20_000
_MAX_OF_CONVERSATION = 100
Shop = Annotated[ShopClient, PART]
QueryText = Annotated[str | None, Parameter(max_length=64)]


class ActionBody(Struct):
    """What shall be done; see desk.agent_actions.rules.Wanted."""

    action: ActionName
    reason: str
    order_id: str | None = None
    line_ids: list[str] | None = None
    quality_issue: bool = False
    kind: Literal["damaged", "wrong", "missing", "quality"] = "damaged"
    coupon_id: str | None = None
    amount_fen: int | None = None

    def wanted(self) -> rules.Wanted:
        """As the use cases take it."""
        return rules.Wanted(
            action=self.action,
            reason=self.reason,
            order_id=self.order_id,
            line_ids=self.line_ids,
            quality_issue=self.quality_issue,
            kind=self.kind,
            coupon_id=self.coupon_id,
            amount_fen=self.amount_fen,
        )


class RequestBody(ActionBody, kw_only=True):
    """The same with the id its console gave it."""

    client_id: str


@get("/conversations/{conversation_id:str}/agent-actions")
async def list_actions(ctx: Ctx, request: DeskRequest, conversation_id: str) -> dict[str, Any]:
    """200 {allowed: [{action, limit_fen, by_tier}], actions: [AgentAction]}, newest first.

    `allowed` is what the caller's role may have done. 404 conversation_not_found.
    """
    agent = await require_agent(ctx, request)
    wish = store.Wish(conversation_id=conversation_id)

    def read(connection: Any) -> list[rules.AgentAction]:
        visible(connection, conversation_id, agent)
        return store.found(connection, wish, _MAX_OF_CONVERSATION)

    limits = authority.load(ctx.settings.playbook_dir).agent_authority.roles[agent.role]
    return {
        "allowed": [
            {"action": name, "limit_fen": limit if isinstance(limit, int) else None, "by_tier": limit == "by_tier"}
            for name, limit in limits.items()
        ],
        "actions": [rules.action_view(action) for action in await ctx.db.read(read)],
    }


@post("/conversations/{conversation_id:str}/agent-actions/preview", status_code=200)
async def preview_action(
    ctx: Ctx, shop: Shop, request: DeskRequest, conversation_id: str, data: ActionBody
) -> dict[str, Any]:
    """200 {action, order_id, amount_fen, limit_fen, left_fen, lines?, deadline?, freight_payer?, coupon?, tier?}.

    Nothing is written. 403 action_not_allowed, over_authority; 404 conversation_not_found, order_not_found,
    coupon_not_found; 409 not_owner, customer_unknown, shop_refused; 422 action_invalid; 503 shop_unavailable.
    """
    agent = await require_agent(ctx, request)
    return await usecases.preview(ctx, shop, agent, conversation_id, data.wanted())


@post("/conversations/{conversation_id:str}/agent-actions", status_code=200)
async def carry_out_action(
    ctx: Ctx, shop: Shop, request: DeskRequest, conversation_id: str, data: RequestBody
) -> dict[str, Any]:
    """200 AgentAction; the same client_id again gives the same document.

    403 action_not_allowed, over_authority; 404 conversation_not_found, order_not_found, coupon_not_found;
    409 not_owner, customer_unknown, client_id_taken, shop_refused; 422 action_invalid, client_id_invalid;
    503 shop_unavailable: whether it was done is not known, the same request again finds out.
    """
    agent = await require_agent(ctx, request)
    done = await usecases.carry_out(ctx, shop, agent, conversation_id, client_id=data.client_id, wanted=data.wanted())
    return rules.action_view(done)


@get("/agent-actions")
async def list_records(
    ctx: Ctx,
    request: DeskRequest,
    *,
    first: Annotated[str, Parameter(query="from")] = "",
    last: Annotated[str, Parameter(query="to")] = "",
    agent: QueryText = None,
    action: QueryText = None,
    conversation: QueryText = None,
    customer: QueryText = None,
    wanted_state: Annotated[str | None, Parameter(query="state")] = None,
) -> dict[str, Any]:
    """200 {actions: [AgentAction], more}: the record, newest first, at most 500; all queries may be left out.

    `from` and `to` are days of the shop, both included, at most 92 apart. 403 forbidden; 422 range_invalid.
    """
    await _require_lead(ctx, request)
    wish = _wish(
        ctx,
        first=first,
        last=last,
        agent=agent,
        action=action,
        conversation=conversation,
        customer=customer,
        state=wanted_state,
    )
    found = await ctx.db.read(lambda connection: store.found(connection, wish, _MAX_SHOWN + 1))
    return {"actions": [rules.action_view(one) for one in found[:_MAX_SHOWN]], "more": len(found) > _MAX_SHOWN}


@get("/agent-actions/csv")
async def list_records_as_csv(
    ctx: Ctx,
    request: DeskRequest,
    *,
    first: Annotated[str, Parameter(query="from")] = "",
    last: Annotated[str, Parameter(query="to")] = "",
    agent: QueryText = None,
    action: QueryText = None,
    conversation: QueryText = None,
    customer: QueryText = None,
    wanted_state: Annotated[str | None, Parameter(query="state")] = None,
) -> Response[str]:
    """200, the same as a table for spreadsheets, at most 20,000 rows. 403 forbidden; 422 range_invalid."""
    await _require_lead(ctx, request)
    wish = _wish(
        ctx,
        first=first,
        last=last,
        agent=agent,
        action=action,
        conversation=conversation,
        customer=customer,
        state=wanted_state,
    )
    found = await ctx.db.read(lambda connection: store.found(connection, wish, _MAX_IN_CSV))
    text = rules.csv_of(ctx.wording.entries("agent_actions.csv_head"), [rules.csv_row(one) for one in found])
    headers = {"Content-Disposition": 'attachment; filename="agent-actions.csv"'}
    return Response(text, media_type="text/csv; charset=utf-8", headers=headers)


async def _require_lead(ctx: Context, request: DeskRequest) -> None:
    if not leads(await require_agent(ctx, request)):
        raise ForbiddenError("forbidden")


def _wish(
    ctx: Context,
    *,
    first: str,
    last: str,
    agent: str | None,
    action: str | None,
    conversation: str | None,
    customer: str | None,
    state: str | None,
) -> store.Wish:
    zone = business_hours.load(ctx.settings.playbook_dir).shop.zone
    try:
        since = _midnight(first, zone) if first else None
        until = _midnight(last, zone) + timedelta(days=1) if last else None
    except (ValueError, OverflowError) as error:  # the year 9999 has no day after its last
        raise InvalidError("range_invalid", days=MAX_DAYS) from error
    if since and until and not timedelta() < until - since <= timedelta(days=MAX_DAYS):
        raise InvalidError("range_invalid", days=MAX_DAYS)
    return store.Wish(
        since=since,
        until=until,
        agent_id=agent,
        action=action,
        conversation_id=conversation,
        customer_id=customer,
        state=state,
    )


def _midnight(day: str, zone: ZoneInfo) -> datetime:
    return datetime.combine(date.fromisoformat(day), time(), zone)


router = Router(
    "/api/v1",
    route_handlers=[list_actions, preview_action, carry_out_action, list_records, list_records_as_csv],
    tags=["agent actions"],
)
