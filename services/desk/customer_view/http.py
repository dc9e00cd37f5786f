"""HTTP of the customer view: each part is asked for when it is opened, so that one that fails leaves the others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from litestar import Router, get

from desk.agents.auth import require_agent
from desk.customer_view import rules
from desk.customers.shop import ShopClient, ShopRefusedError
from desk.handoffs import history_store
from desk.handoffs.viewing import customer_seen
from desk.kernel.errors import NotFoundError
from desk.kernel.web import PART, Ctx, DeskRequest, client_address

if TYPE_CHECKING:
    import sqlalchemy as sa

Shop = Annotated[ShopClient, PART]


@get("/conversations/{conversation_id:str}/customer/orders/{order_id:str}")
async def get_order_course(
    ctx: Ctx, shop: Shop, request: DeskRequest, conversation_id: str, order_id: str
) -> dict[str, Any]:
    """200 {order, parcels, events}, events newest first; masked like the customer.

    404 conversation_not_found, order_not_found, also for somebody else's order; 503 shop_unavailable.
    """
    agent = await require_agent(ctx, request)
    conversation, masked = await customer_seen(ctx, conversation_id, agent, client_address(request))
    try:
        order = await shop.order(order_id)
        if conversation.customer_id is None or order.get("customer_id") != conversation.customer_id:
            raise NotFoundError("order_not_found")
        documents = await shop.order_documents(order_id)
    except ShopRefusedError as refused:
        raise NotFoundError("order_not_found") from refused
    return rules.order_course(order, documents, masked=masked)


@get("/conversations/{conversation_id:str}/customer/tickets")
async def list_customer_tickets(ctx: Ctx, shop: Shop, request: DeskRequest, conversation_id: str) -> dict[str, Any]:
    """200 {tickets: [{ticket_id, topic, state, sentence, requested_at, answer_by}]}, newest first.

    404 conversation_not_found; 503 shop_unavailable.
    """
    agent = await require_agent(ctx, request)
    conversation, masked = await customer_seen(ctx, conversation_id, agent, client_address(request))
    tickets = [] if conversation.customer_id is None else await shop.tickets(conversation.customer_id)
    return {"tickets": [rules.ticket_view(ticket, masked=masked) for ticket in tickets]}


@get("/conversations/{conversation_id:str}/contacts")
async def list_contacts(ctx: Ctx, request: DeskRequest, conversation_id: str) -> dict[str, Any]:
    """200 {contacts: [{handoff_id, conversation_id, at, ended_at, headline, skill_group, agent, state, outcome}]}.

    The customer's ended handoffs, newest first, at most 20; of a visitor those of this conversation. From the desk's
    own records, so also while the shop is down. 404 conversation_not_found.
    """
    agent, scene = await require_agent(ctx, request), ctx.scene()
    conversation, _ = await customer_seen(ctx, conversation_id, agent, client_address(request))

    def read(connection: sa.Connection) -> list[dict[str, Any]]:
        ended = history_store.ended_handoffs(connection, conversation.customer_id, conversation_id, None, scene.now)
        return [
            rules.contact_view(one, one.outcome_note or scene.wording.name("outcomes", one.outcome or one.state))
            for one in ended
        ]

    return {"contacts": await ctx.db.read(read)}


router = Router(
    "/api/v1",
    route_handlers=[get_order_course, list_customer_tickets, list_contacts],
    tags=["customer view"],
)
