"""What supervisors do in others' conversations: take them over, join them, leave them again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desk.agents.rules import as_actor, leads
from desk.audit.rules import Subject
from desk.audit.store import record
from desk.conversations import guests
from desk.conversations.usecases import existing, say
from desk.handoffs import machine, store
from desk.handoffs.ownership import give_to, hold_for
from desk.handoffs.usecases import Escalation, new_handoff
from desk.kernel import ids
from desk.kernel.errors import ConflictError, ForbiddenError

if TYPE_CHECKING:
    import sqlalchemy as sa

    from desk.agents.rules import Agent
    from desk.conversations.rules import Conversation
    from desk.handoffs.rules import Handoff
    from desk.kernel.context import Scene

TAKEOVER = "takeover"  # the trigger of a handoff that no bot and no customer asked for


def take_over(connection: sa.Connection, conversation_id: str, agent: Agent, scene: Scene) -> Handoff:
    """From an agent, the queue or the bot to this supervisor; what is already theirs stays so.

    From the bot there is no summary: the handoff has an empty one and the trigger `takeover`; nothing is made up.
    ForbiddenError; ConflictError `conversation_closed`, `not_online`, `capacity_full`.
    """
    _must_lead(agent)
    conversation = existing(connection, conversation_id)
    if conversation.owner_kind == "none":
        raise ConflictError("conversation_closed")
    hold_for(connection, conversation, giving_to=agent.id)
    handoff = store.open_of(connection, conversation_id)
    if handoff is not None and handoff.agent_id == agent.id:
        return handoff
    machine.move("take_over", machine.situation_of(handoff))
    if handoff is None:
        handoff = _without_summary(connection, conversation, scene)
    _write_down(connection, "conversation_taken_over", agent, conversation, scene)
    give_to(connection, conversation, handoff, agent, scene)
    store.add_step(connection, handoff.id, "taken_over", scene.now, agent_id=agent.id)
    text = scene.wording.text("system.taken_over", name=agent.display_name)
    _say_as(connection, conversation_id, agent, scene, kind="agent_joined", text=text)
    return store.get(connection, handoff.id) or handoff


def join(connection: sa.Connection, conversation_id: str, agent: Agent, scene: Scene) -> None:
    """The supervisor may write in an agent's conversation until its owner changes. ConflictError `not_active`."""
    _must_lead(agent)
    conversation = existing(connection, conversation_id)
    if conversation.owner_kind != "agent" or conversation.owner_agent_id == agent.id:
        raise ConflictError("not_active")
    if guests.name_of(connection, conversation, agent.id) is not None:
        return
    guests.add(connection, conversation, agent.id, agent.display_name, scene.now)
    _write_down(connection, "conversation_joined", agent, conversation, scene)
    text = scene.wording.text("system.supervisor_joined", name=agent.display_name)
    _say_as(connection, conversation_id, agent, scene, kind="supervisor_joined", text=text)


def leave(connection: sa.Connection, conversation_id: str, agent: Agent, scene: Scene) -> None:
    """The supervisor writes no more; nothing happens when they had not joined."""
    _must_lead(agent)
    conversation = existing(connection, conversation_id)
    if guests.name_of(connection, conversation, agent.id) is None:
        return
    guests.remove(connection, conversation_id, agent.id)
    text = scene.wording.text("system.supervisor_left", name=agent.display_name)
    _say_as(connection, conversation_id, agent, scene, kind="supervisor_left", text=text)


def _write_down(connection: sa.Connection, event: str, agent: Agent, conversation: Conversation, scene: Scene) -> None:
    subject = Subject("conversation", conversation.id)
    details = {"owner_kind": conversation.owner_kind, "owner": conversation.owner_agent_id}
    record(connection, event, as_actor(agent), subject, scene.now, details=details)


def _must_lead(agent: Agent) -> None:
    if not leads(agent):
        raise ForbiddenError("forbidden")


def _without_summary(connection: sa.Connection, conversation: Conversation, scene: Scene) -> Handoff:
    handoff_id = ids.handoff_id(ids.message_id(scene.now))
    escalation = Escalation(handoff_id, {"triggers": [{"code": TAKEOVER}]}, "taken over: the bot wrote none")
    handoff = new_handoff(connection, conversation, escalation, scene)
    store.create(connection, handoff)
    store.add_step(connection, handoff.id, "queued", scene.now)
    return handoff


def _say_as(
    connection: sa.Connection, conversation_id: str, agent: Agent, scene: Scene, *, kind: str, text: str
) -> None:
    say(
        connection,
        conversation_id,
        kind,
        text,
        scene,
        agent_id=agent.id,
        agent_name=agent.display_name,
    )
