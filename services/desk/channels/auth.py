"""Who is calling: the customer, by a conversation's token or (to read) a signed identity, or an agent who may read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desk.agents.auth import require_agent
from desk.agents.rules import as_actor
from desk.audit.rules import Subject
from desk.audit.usecases import viewed
from desk.conversations import store
from desk.conversations.notes import CustomerSeen
from desk.customers.rules import IDENTITY_TOKEN, verify_identity
from desk.handoffs.access import visible
from desk.kernel.errors import UnauthorizedError
from desk.kernel.security import CONVERSATION_TOKEN, SESSION_TOKEN, same, token_hash
from desk.kernel.web import bearer, client_address

if TYPE_CHECKING:
    from desk.agents.rules import Agent
    from desk.conversations.rules import Conversation
    from desk.kernel.context import Context
    from desk.kernel.web import DeskRequest

_NO_HASH = "0" * 64


async def reader(ctx: Context, request: DeskRequest, conversation_id: str) -> tuple[Conversation, Agent | None]:
    """The conversation and, when an agent is calling, who; customers see their own only."""
    token = bearer(request)
    if token is not None and not token.startswith(SESSION_TOKEN):
        return await customer_reader(ctx, conversation_id, token), None
    agent = await require_agent(ctx, request)
    conversation = await ctx.db.look(lambda connection: visible(connection, conversation_id, agent))
    await note_seen(ctx, conversation, agent, client_address(request))
    return conversation, agent


async def note_seen(ctx: Context, conversation: Conversation, agent: Agent, address: str) -> None:
    """An agent reads what is not theirs to work on: that is written down before they see it."""
    if conversation.owner_agent_id != agent.id:
        subject = Subject("conversation", conversation.id)
        await viewed(ctx, "conversation_viewed", as_actor(agent), subject, address=address)


async def customer_conversation(ctx: Context, conversation_id: str, token: str | None) -> Conversation:
    """The conversation this token opens; UnauthorizedError for every other one, known or not."""
    conversation = await ctx.db.look(lambda connection: store.get(connection, conversation_id))
    stored = conversation.token_hash if conversation is not None else _NO_HASH
    fits = same(token_hash(token or ""), stored)
    if conversation is None or not token or not token.startswith(CONVERSATION_TOKEN) or not fits:
        raise UnauthorizedError("unauthorized")
    ctx.bus.publish(CustomerSeen(conversation_id))
    return conversation


async def customer_reader(ctx: Context, conversation_id: str, token: str | None) -> Conversation:
    """The conversation its token opens, or that a signed identity's own customer had; else UnauthorizedError.

    An identity only reads. Somebody looking at an earlier conversation is not waiting in it.
    """
    if token is None or not token.startswith(IDENTITY_TOKEN):
        return await customer_conversation(ctx, conversation_id, token)
    customer_id = signed_customer(ctx, token)
    conversation = await ctx.db.look(lambda connection: store.get(connection, conversation_id))
    if conversation is None or conversation.customer_id != customer_id:
        raise UnauthorizedError("unauthorized")
    return conversation


def signed_customer(ctx: Context, token: str | None) -> str:
    """The customer a signed identity names; UnauthorizedError for every other bearer."""
    if token is None or not token.startswith(IDENTITY_TOKEN):
        raise UnauthorizedError("unauthorized")
    return verify_identity(token, ctx.settings.identity_keys, ctx.clock.now().timestamp()).customer_id
