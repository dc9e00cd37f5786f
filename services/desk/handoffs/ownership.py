"""Giving a conversation to an agent and taking it away: handoff, load and owner change together or not at all.

Every change of owner is a compare-and-set on the conversation's fence; the load of the agent changes in the same
transaction, so two agents never have one conversation and nobody is above capacity. What an operation will change
is held at its beginning (`hold_for`), in the lock order of kernel.locks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from desk.agents import store as agent_store
from desk.agents.rules import leads
from desk.conversations import store as conversation_store
from desk.conversations.rules import check_characters
from desk.conversations.usecases import existing
from desk.handoffs import offers, ranking, store
from desk.kernel.errors import ConflictError, InvalidError

if TYPE_CHECKING:
    import sqlalchemy as sa

    from desk.agents.rules import Agent
    from desk.conversations.rules import Conversation
    from desk.handoffs.rules import Handoff
    from desk.kernel.context import Scene

MAX_NOTE_CHARACTERS = 2_000
NOBODY: dict[str, Any] = {"owner_agent_id": None, "owner_agent_name": None}


def hold_for(
    connection: sa.Connection,
    conversation: Conversation,
    *,
    giving_to: str | None = None,
    with_agent: str | None = None,
) -> None:
    """With the conversation's row held: also its agent, its open handoff, and what concerns who comes next.

    `giving_to` is the agent who will own it, whose other offers may have to go; `with_agent` one more agent.
    """
    agents = {one for one in (conversation.owner_agent_id, giving_to, with_agent) if one is not None}
    agent_store.hold(connection, agents)
    store.hold_open(connection, [conversation.id], [] if giving_to is None else [giving_to])


def owned(
    connection: sa.Connection, conversation_id: str, agent: Agent, *, with_agent: str | None = None
) -> tuple[Conversation, Handoff]:
    """The conversation and its handoff, held, if `agent` owns it or is a supervisor and somebody owns it.

    `with_agent` is another agent whose row will be needed.
    """
    conversation = existing(connection, conversation_id)
    hold_for(connection, conversation, with_agent=with_agent)
    handoff = store.open_of(connection, conversation_id)
    allowed = conversation.owner_agent_id == agent.id or leads(agent)
    if conversation.owner_kind != "agent" or not allowed or handoff is None:
        raise ConflictError("not_owner")
    return conversation, handoff


def give_to(
    connection: sa.Connection, conversation: Conversation, handoff: Handoff, agent: Agent, scene: Scene
) -> None:
    """Make `agent` the owner of what waits or is somebody else's: load, handoff and conversation in one.

    ConflictError `not_online`, `capacity_full`, or `already_claimed` when somebody was faster.
    """
    fresh = agent_store.get(connection, agent.id)
    if fresh is None or fresh.disabled or fresh.presence != "online":
        raise ConflictError("not_online")
    weight = ranking.weight_for(handoff.weight, fresh.capacity)
    taken = store.change_state(
        connection,
        handoff,
        state="active",
        agent_id=agent.id,
        agent_name=agent.display_name,
        claimed_at=scene.now,
        front=0,
        weight_taken=weight,
    )
    if not taken:
        raise ConflictError("already_claimed")
    if handoff.agent_id is not None:
        agent_store.drop_load(connection, handoff.agent_id, handoff.weight_taken, scene.now)
    if not agent_store.take_load(connection, agent.id, weight, scene.now):
        raise ConflictError("capacity_full")
    changed = conversation_store.change_owner(
        connection,
        conversation,
        scene.now,
        state="active",
        owner_kind="agent",
        owner_agent_id=agent.id,
        owner_agent_name=agent.display_name,
    )
    if not changed:
        raise ConflictError("already_claimed")
    offers.trim(connection, agent.id, scene)


def leave_agent(connection: sa.Connection, handoff: Handoff, scene: Scene, **values: Any) -> None:
    """The handoff leaves its agent, whose load drops in the same transaction by what it had taken."""
    if not store.change_state(connection, handoff, **values):
        raise ConflictError("not_owner")
    if handoff.agent_id is not None:
        agent_store.drop_load(connection, handoff.agent_id, handoff.weight_taken, scene.now)


def checked_note(text: str) -> str:
    """An agent's words, trimmed; InvalidError `note_too_long` or `message_invalid_characters`."""
    if len(text) > MAX_NOTE_CHARACTERS:
        raise InvalidError("note_too_long", limit=MAX_NOTE_CHARACTERS)
    check_characters(text)
    return text.strip()


def back_to_bot(connection: sa.Connection, conversation: Conversation, scene: Scene) -> None:
    """What was said to others is not the bot's to answer; its cursor is at the end. ConflictError `owner_changed`."""
    changed = conversation_store.change_owner(
        connection,
        conversation,
        scene.now,
        state="bot",
        owner_kind="bot",
        bot_cursor=conversation.last_seq,
        **NOBODY,
    )
    if not changed:
        raise ConflictError("owner_changed")
