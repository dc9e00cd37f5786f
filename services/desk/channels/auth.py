"""Who is calling: the customer of one conversation, by its token."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desk.conversations import store
from desk.conversations.notes import CustomerSeen
from desk.kernel.errors import UnauthorizedError
from desk.kernel.security import CONVERSATION_TOKEN, same, token_hash

if TYPE_CHECKING:
    from desk.conversations.rules import Conversation
    from desk.kernel.context import Context

_NO_HASH = "0" * 64


async def customer_conversation(ctx: Context, conversation_id: str, token: str | None) -> Conversation:
    """The conversation this token opens; UnauthorizedError for every other one, known or not."""
    conversation = await ctx.db.read(lambda connection: store.get(connection, conversation_id))
    stored = conversation.token_hash if conversation is not None else _NO_HASH
    fits = same(token_hash(token or ""), stored)
    if conversation is None or not token or not token.startswith(CONVERSATION_TOKEN) or not fits:
        raise UnauthorizedError("unauthorized")
    ctx.bus.publish(CustomerSeen(conversation_id))
    return conversation
