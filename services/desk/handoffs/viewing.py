"""Seeing what the shop knows about a conversation's customer: who may, whether masked, and that it is written down."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desk.agents.rules import as_actor
from desk.audit.rules import Subject
from desk.audit.usecases import viewed
from desk.handoffs.access import panel_rights

if TYPE_CHECKING:
    from desk.agents.rules import Agent
    from desk.conversations.rules import Conversation
    from desk.kernel.context import Context


async def customer_seen(ctx: Context, conversation_id: str, agent: Agent, address: str) -> tuple[Conversation, bool]:
    """The conversation and whether its customer's data must be masked; in the audit trail before anything is shown.

    NotFoundError `conversation_not_found` for who may not see it.
    """
    conversation, masked = await ctx.db.read(lambda connection: panel_rights(connection, conversation_id, agent))
    if conversation.customer_id is not None:
        subject, details = Subject("customer", conversation.customer_id), {"conversation": conversation.id}
        await viewed(
            ctx, "customer_viewed", as_actor(agent), subject, address=address, details={**details, "masked": masked}
        )
    return conversation, masked
