"""Who is calling: the customer of one conversation, by its token, or an agent who may read it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desk.agents.auth import require_agent
from desk.conversations import store
from desk.conversations.notes import CustomerSeen
from desk.handoffs.access import visible
from desk.kernel.errors import UnauthorizedError
from desk.kernel.security import CONVERSATION_TOKEN, SESSION_TOKEN, same, token_hash
from desk.kernel.web import bearer

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
        return await customer_conversation(ctx, conversation_id, token), None
    agent = await require_agent(ctx, request)
    return await ctx.db.read(lambda connection: visible(connection, conversation_id, agent)), agent


async def customer_conversation(ctx: Context, conversation_id: str, token: str | None) -> Conversation:
    """The conversation this token opens; UnauthorizedError for every other one, known or not."""
    conversation = await ctx.db.read(lambda connection: store.get(connection, conversation_id))
    stored = conversation.token_hash if conversation is not None else _NO_HASH
    fits = same(token_hash(token or ""), stored)
    if conversation is None or not token or not token.startswith(CONVERSATION_TOKEN) or not fits:
        raise UnauthorizedError("unauthorized")
    ctx.bus.publish(CustomerSeen(conversation_id))
    return conversation
