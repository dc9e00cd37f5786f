"""HTTP mirror of the customer's socket, and the conversations as agents see them."""

from __future__ import annotations

import asyncio
import contextlib
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

from litestar import Response, Router, get, post, put
from litestar.params import Parameter
from msgspec import Meta, Struct

from desk.agents.auth import require_agent
from desk.agents.rules import leads
from desk.channels import inbox
from desk.channels.auth import customer_conversation, reader
from desk.channels.inbox import AttachmentIds
from desk.channels.snapshot import limits_view, snapshot
from desk.channels.throttle import Throttle
from desk.conversations import read_marks, store, usecases
from desk.conversations.notes import EventStored
from desk.conversations.rules import (
    Conversation,
    Device,
    Event,
    Page,
    event_view,
    page_fields,
    read_place,
    write_place,
)
from desk.customers.shop import ShopClient
from desk.customers.usecases import greeting, identify
from desk.handoffs import store as handoff_store
from desk.handoffs import usecases as handoffs
from desk.handoffs.history_store import of_conversations
from desk.handoffs.rules import row_view
from desk.kernel import ids
from desk.kernel.bus import Missed
from desk.kernel.clock import iso
from desk.kernel.context import Context
from desk.kernel.errors import ForbiddenError, NotFoundError
from desk.kernel.security import CONVERSATION_TOKEN, SESSION_TOKEN, new_token, token_hash
from desk.kernel.web import PART, Ctx, DeskRequest, bearer
from desk.ratings.usecases import rate

if TYPE_CHECKING:
    import sqlalchemy as sa

    from desk.handoffs.rules import Handoff


MAX_WAIT_SECONDS = 30.0
_PAGE = 500
_MAX_SEQ = 2**53


class OpenBody(Struct):
    """What a client knows when it opens a conversation; `identity` is the shop's signed token."""

    identity: str | None = None
    page: Page | None = None
    locale: Annotated[str, Meta(max_length=32)] = "zh-CN"
    device: Device | None = None
    visitor: Annotated[str, Meta(max_length=128)] | None = None


class MessageBody(Struct):
    """A message: text, or the payload of a button that was offered, or ids of uploads."""

    client_id: str
    text: str | None = None
    payload: str | None = None
    page: Page | None = None
    attachments: AttachmentIds = []


class ReadMarkBody(Struct):
    """The last event that was read."""

    seq: inbox.Seq


class RatingBody(Struct):
    """1 to 5 stars, why, and a comment."""

    score: int
    reasons: list[str] | None = None
    comment: str | None = None


@post("/conversations", status_code=201)
async def open_conversation(
    ctx: Ctx,
    shop: Annotated[ShopClient, PART],
    throttle: Annotated[Throttle, PART],
    request: DeskRequest,
    data: OpenBody,
) -> dict[str, Any]:
    """201 {conversation_id, token, seq, events}; 401 identity_invalid; 429 too_many_conversations."""
    throttle.check_opening(request)
    visitor = await identify(ctx, shop, data.identity)
    token, scene = new_token(CONVERSATION_TOKEN), ctx.scene()
    page = page_fields(data.page)
    opening = usecases.Opening(
        conversation_id=ids.conversation_id(scene.now),
        token_hash=token_hash(token),
        customer_id=visitor.customer_id,
        customer_name=visitor.masked_name,
        page=page,
        device=None if data.device is None else {"system": data.device.system, "browser": data.device.browser},
        locale=data.locale,
        greeting=greeting(ctx, visitor, page),
        buttons=ctx.wording.buttons("greeting.buttons"),
    )
    first = await ctx.db.write(
        lambda connection: usecases.open_conversation(connection, opening, scene), appends_to=opening.conversation_id
    )
    return {
        "conversation_id": opening.conversation_id,
        "token": token,
        "seq": first.seq,
        "events": [event_view(first, for_agent=False)],
    }


@get("/conversations/{conversation_id:str}")
async def get_conversation(ctx: Ctx, request: DeskRequest, conversation_id: str) -> dict[str, Any]:
    """200 {conversation_id, state, seq, session, queue, agent, created_at, limits}; agents also handoff, page, device.

    404 conversation_not_found.
    """
    conversation, agent = await reader(ctx, request, conversation_id)

    def read(connection: sa.Connection) -> dict[str, Any]:
        answer = {
            "conversation_id": conversation.id,
            "seq": conversation.last_seq,
            "session": conversation.session,
            "created_at": iso(conversation.created_at),
            **snapshot(connection, conversation, ctx.scene()),
            "limits": limits_view(ctx.scene()),
        }
        if agent is not None:
            answer |= _for_agents(conversation, handoff_store.latest_of(connection, conversation.id))
        return answer

    return await ctx.db.read(read)


def _for_agents(conversation: Conversation, handoff: Handoff | None) -> dict[str, Any]:
    return {
        "handoff": None if handoff is None else row_view(handoff),
        "customer_name": conversation.customer_name if handoff is None else handoff.customer_name,
        "customer_id": conversation.customer_id,
        "page": conversation.page,
        "device": conversation.device,
        "locale": conversation.locale,
    }


@get("/conversations")
async def list_conversations(
    ctx: Ctx,
    request: DeskRequest,
    owner: str = "me",
    limit: Annotated[int, Parameter(ge=1, le=_PAGE)] = _PAGE,
    before: str = "",
) -> dict[str, Any]:
    """200 {conversations: [{conversation_id, state, seq, updated_at, handoff, …}], next}; `owner=all` for supervisors.

    `next` is null for one's own, which are never cut; for all it goes back as `before`. 403 forbidden.
    422 invalid_request.
    """
    agent = await require_agent(ctx, request)
    if owner != "me" and not leads(agent):
        raise ForbiddenError("forbidden")
    place = read_place(before) if before else None

    def read(connection: sa.Connection) -> dict[str, Any]:
        mine = owner == "me"
        found = store.owned_by(connection, agent.id) if mine else store.open_conversations(connection, limit + 1, place)
        page = found if mine else found[:limit]
        cases = of_conversations(connection, [conversation.id for conversation in page])
        return {
            "conversations": [_row(conversation, cases.get(conversation.id, [])) for conversation in page],
            "next": write_place(page[-1]) if len(found) > len(page) else None,
        }

    return await ctx.db.read(read)


def _row(conversation: Conversation, cases: list[Handoff]) -> dict[str, Any]:
    return {
        "conversation_id": conversation.id,
        "state": conversation.state,
        "seq": conversation.last_seq,
        "updated_at": iso(conversation.updated_at),
        **_for_agents(conversation, cases[0] if cases else None),
    }


@get("/conversations/{conversation_id:str}/events")
async def get_events(
    ctx: Ctx,
    request: DeskRequest,
    conversation_id: str,
    *,
    after: Annotated[int, Parameter(ge=0, le=_MAX_SEQ)] = 0,
    wait: Annotated[float, Parameter(ge=0)] = 0.0,
    limit: Annotated[int, Parameter(ge=1, le=_PAGE)] = _PAGE,
) -> dict[str, Any]:
    """200 {events, state, queue, agent}: at once when there is something after `after`, else after up to 30 s.

    At most `limit` events.

    404 conversation_not_found.
    """
    _, agent = await reader(ctx, request, conversation_id)
    changed = asyncio.Event()
    listeners = [
        ctx.bus.on(EventStored, lambda _note: changed.set(), conversation_id),
        ctx.bus.on(Missed, lambda _note: changed.set()),
    ]
    loop = asyncio.get_running_loop()
    until = loop.time() + min(wait, MAX_WAIT_SECONDS)
    try:
        events, state = await ctx.db.read(lambda c: _events_and_state(c, ctx, conversation_id, after, limit))
        while not events and (left := until - loop.time()) > 0:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(changed.wait(), left)
            changed.clear()
            events, state = await ctx.db.read(lambda c: _events_and_state(c, ctx, conversation_id, after, limit))
    finally:
        for stop in listeners:
            stop()
    return {"events": [event_view(event, for_agent=agent is not None) for event in events], **state}


def _events_and_state(
    connection: sa.Connection, ctx: Context, conversation_id: str, after: int, limit: int
) -> tuple[list[Event], dict[str, Any]]:
    events = store.events_after(connection, conversation_id, after, limit)
    conversation = store.get(connection, conversation_id)
    if conversation is None:
        raise NotFoundError("conversation_not_found")
    return events, snapshot(connection, conversation, ctx.scene())


@post("/conversations/{conversation_id:str}/messages", status_code=200)
async def post_message(
    ctx: Ctx, throttle: Annotated[Throttle, PART], request: DeskRequest, conversation_id: str, data: MessageBody
) -> dict[str, Any]:
    """200 {client_id, message_id, seq} after the commit; the same client_id again gives the same answer.

    404 conversation_not_found; 409 client_id_taken, not_owner; 422 message_empty, message_too_long,
    message_invalid_characters, payload_not_offered, client_id_invalid, attachments_too_many, attachment_unknown;
    409 attachment_used; 429 too_many_messages.
    """
    token = bearer(request)
    if token is not None and not token.startswith(SESSION_TOKEN):
        await customer_conversation(ctx, conversation_id, token)
        throttle.check(conversation_id)
        accepted = await inbox.from_customer(
            ctx,
            conversation_id,
            usecases.Incoming(data.client_id, data.text, data.payload, page_fields(data.page), data.attachments),
        )
    else:
        agent = await require_agent(ctx, request)
        incoming = usecases.Incoming(data.client_id, data.text, attachments=data.attachments)
        accepted = await inbox.from_agent(ctx, conversation_id, agent, incoming)
    event = accepted.event
    return {"client_id": event.client_id, "message_id": event.message_id, "seq": event.seq}


@post("/conversations/{conversation_id:str}/handoff-cancellation", status_code=204)
async def cancel_handoff(ctx: Ctx, request: DeskRequest, conversation_id: str) -> Response[None]:
    """204; 409 not_queued."""
    await customer_conversation(ctx, conversation_id, bearer(request))
    scene = ctx.scene()
    await ctx.db.write(lambda connection: handoffs.cancel(connection, conversation_id, scene))
    return Response(None, status_code=204)


@put("/conversations/{conversation_id:str}/read-mark", status_code=204)
async def put_read_mark(ctx: Ctx, request: DeskRequest, conversation_id: str, data: ReadMarkBody) -> Response[None]:
    """204, also when that much was read already; agents 409 not_owner."""
    token = bearer(request)
    if token is not None and not token.startswith(SESSION_TOKEN):
        await customer_conversation(ctx, conversation_id, token)
        job = partial(read_marks.move, conversation_id=conversation_id, side="customer", seq=data.seq)
        await ctx.db.write(job, appends_to=conversation_id)
    else:
        agent = await require_agent(ctx, request)
        await inbox.read_by_agent(ctx, conversation_id, agent.id, data.seq)
    return Response(None, status_code=204)


@post("/conversations/{conversation_id:str}/rating", status_code=204)
async def post_rating(ctx: Ctx, request: DeskRequest, conversation_id: str, data: RatingBody) -> Response[None]:
    """204; 409 not_rateable; 422 rating_invalid."""
    await customer_conversation(ctx, conversation_id, bearer(request))
    scene, reasons, comment = ctx.scene(), data.reasons or [], data.comment or ""
    await ctx.db.write(lambda c: rate(c, conversation_id, scene, score=data.score, reasons=reasons, comment=comment))
    return Response(None, status_code=204)


router = Router(
    "/api/v1",
    route_handlers=[
        open_conversation,
        list_conversations,
        get_conversation,
        get_events,
        post_message,
        cancel_handoff,
        put_read_mark,
        post_rating,
    ],
    tags=["conversations"],
)
