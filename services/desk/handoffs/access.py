"""Which conversations an agent may see."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desk.agents.rules import leads
from desk.conversations import store as conversation_store
from desk.handoffs import offline, store
from desk.kernel.errors import NotFoundError

if TYPE_CHECKING:
    import sqlalchemy as sa

    from desk.agents.rules import Agent
    from desk.conversations.rules import Conversation


def visible(connection: sa.Connection, conversation_id: str, agent: Agent) -> Conversation:
    """A conversation the agent may read; supervisors see all.

    That is theirs, waiting in the queue, once theirs, or an earlier one of a customer they have now.

    NotFoundError otherwise, so that ids of others' conversations cannot be probed.
    """
    conversation = conversation_store.get(connection, conversation_id)
    if conversation is None:
        raise NotFoundError("conversation_not_found")
    allowed = (
        leads(agent)
        or conversation.owner_agent_id == agent.id
        or _waits(connection, conversation)
        or store.handled_by(connection, conversation_id, agent.id)
        or conversation_store.serves(connection, agent.id, conversation.customer_id)
    )
    if not allowed:
        raise NotFoundError("conversation_not_found")
    return conversation


def panel_rights(connection: sa.Connection, conversation_id: str, agent: Agent) -> tuple[Conversation, bool]:
    """The conversation whose customer's data the agent may see now, and whether it must be masked.

    Owners see all, everybody sees a waiting customer's masked, supervisors always see; NotFoundError otherwise.
    """
    conversation = visible(connection, conversation_id, agent)
    if conversation.owner_agent_id == agent.id:
        return conversation, False
    if _waits(connection, conversation):
        return conversation, True
    if leads(agent):
        return conversation, False
    raise NotFoundError("conversation_not_found")


def _waits(connection: sa.Connection, conversation: Conversation) -> bool:
    """In the queue, or with the bot while the handoff stays in it."""
    return conversation.owner_kind == "queue" or offline.is_kept(connection, conversation)
