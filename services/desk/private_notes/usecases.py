"""Writing and reading private notes; writing is one write job."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desk.conversations.rules import check_client_id, check_text
from desk.conversations.usecases import existing
from desk.handoffs import store as handoff_store
from desk.handoffs.access import visible
from desk.kernel import ids
from desk.kernel.errors import ConflictError, ForbiddenError
from desk.private_notes import store
from desk.private_notes.rules import PrivateNote, may_write

if TYPE_CHECKING:
    import sqlalchemy as sa

    from desk.agents.rules import Agent
    from desk.kernel.context import Scene


def write(
    connection: sa.Connection, conversation_id: str, agent: Agent, scene: Scene, *, client_id: str, text: str
) -> PrivateNote:
    """Store a note behind the newest event, once: the same `client_id` again gives the stored one.

    NotFoundError `conversation_not_found` for what the agent may not see; ForbiddenError for somebody of another
    group; ConflictError `client_id_taken`; InvalidError as for messages.
    """
    check_client_id(client_id)
    conversation = existing(connection, conversation_id)
    visible(connection, conversation_id, agent)
    known = store.by_client_id(connection, conversation_id, client_id)
    if known is not None:
        if known.agent_id != agent.id:
            raise ConflictError("client_id_taken")
        return known
    handoff = handoff_store.latest_of(connection, conversation_id)
    if not may_write(agent, conversation.owner_agent_id, None if handoff is None else handoff.skill_group):
        raise ForbiddenError("forbidden")
    note = PrivateNote(
        id=ids.message_id(scene.now),
        conversation_id=conversation_id,
        client_id=client_id,
        after_seq=conversation.last_seq,
        agent_id=agent.id,
        agent_name=agent.display_name,
        text=check_text(text).strip(),
        at=scene.now,
    )
    store.add(connection, note)
    return note


def read(connection: sa.Connection, conversation_id: str, agent: Agent) -> list[PrivateNote]:
    """The notes of a conversation the agent may see; NotFoundError `conversation_not_found`."""
    visible(connection, conversation_id, agent)
    return store.of_conversation(connection, conversation_id)
