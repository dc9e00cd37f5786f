"""Conversations of an agent who cannot go on: every one back to the front of the queue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desk.agents import store as agent_store
from desk.conversations import store as conversation_store
from desk.conversations.usecases import existing, say
from desk.handoffs import store
from desk.kernel.errors import ConflictError

if TYPE_CHECKING:
    import sqlalchemy as sa

    from desk.handoffs.rules import Handoff
    from desk.kernel.context import Scene


def give_back_all(connection: sa.Connection, agent_id: str, scene: Scene) -> None:
    """Every active handoff of the agent waits for a colleague now, before all others of its priority."""
    for handoff in store.active_of_agent(connection, agent_id):
        _give_back(connection, handoff, agent_id, scene)


def _give_back(connection: sa.Connection, handoff: Handoff, agent_id: str, scene: Scene) -> None:
    conversation = existing(connection, handoff.conversation_id)
    left = store.change_state(
        connection, handoff, state="queued", agent_id=None, agent_name=None, claimed_at=None, front=1
    ) and conversation_store.change_owner(
        connection,
        conversation,
        scene.now,
        state="queued",
        owner_kind="queue",
        owner_agent_id=None,
        owner_agent_name=None,
    )
    if not left:
        raise ConflictError("owner_changed")
    agent_store.drop_load(connection, agent_id)
    store.add_step(connection, handoff.id, "returned", scene.now, agent_id=agent_id)
    text = scene.wording.text("system.agent_left", name=handoff.agent_name)
    say(connection, conversation.id, "agent_left", text, scene)
