"""From one agent on to others: transferred with a note, or returned because the agent was lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from desk.agents import store as agent_store
from desk.conversations import store as conversation_store
from desk.conversations.usecases import existing, say
from desk.handoffs import machine, offers, store
from desk.handoffs.ownership import NOBODY, checked_note, hold_for, leave_agent, owned
from desk.handoffs.usecases import say_queued
from desk.kernel.clock import iso
from desk.kernel.errors import ConflictError, InvalidError

if TYPE_CHECKING:
    import sqlalchemy as sa

    from desk.agents.rules import Agent
    from desk.conversations.rules import Conversation
    from desk.handoffs.rules import Handoff
    from desk.kernel.context import Scene


def transfer(
    connection: sa.Connection,
    conversation_id: str,
    agent: Agent,
    scene: Scene,
    *,
    group: str | None,
    target_agent_id: str | None,
    note: str,
) -> Handoff:
    """To the queue's front, for a group, or offered to one colleague, who accepts or declines; with a note.

    ConflictError `not_owner`, `agent_not_online`; InvalidError `group_unknown`, `agent_unknown`,
    `transfer_target_missing`, `transfer_to_oneself`.
    """
    target = _checked_target(connection, scene, group, target_agent_id)
    conversation, handoff = owned(connection, conversation_id, agent, with_agent=target_agent_id)
    if target is not None and target.id == handoff.agent_id:
        raise InvalidError("transfer_to_oneself")
    if target is not None and target.presence != "online":
        raise ConflictError("agent_not_online")
    sender = str(handoff.agent_id)
    moved = _to_the_front(
        connection,
        conversation,
        handoff,
        scene,
        reason="reasons.transferred",
        skill_group=group or handoff.skill_group,
        target_agent_id=target_agent_id,
        from_agent_id=sender,
        passed={**handoff.passed, sender: iso(scene.now)},
        note=checked_note(note),
    )
    store.add_step(connection, handoff.id, "transferred", scene.now, agent_id=agent.id, note=checked_note(note))
    name = handoff.agent_name or agent.display_name
    say(connection, conversation_id, "agent_left", scene.wording.text("system.agent_left", name=name), scene)
    if target is None:
        say_queued(connection, moved, scene, "system.transferred")
    else:
        offers.make(connection, moved, target.id, "target", scene)
        text = scene.wording.text("system.transferred_to_agent", name=target.display_name)
        say(connection, conversation_id, "handoff_queued", text, scene)
    return store.get(connection, handoff.id) or moved


def return_to_queue(
    connection: sa.Connection, conversation_id: str, scene: Scene, *, because: Literal["lost", "went"] = "lost"
) -> bool:
    """The agent is offline: the customer goes to the queue's front, and back to this agent if they return in time.

    `because` their connection was lost, or they went by their own or an administrator's decision.
    False when the conversation has no agent any more, or the agent is there again.
    """
    conversation = existing(connection, conversation_id)
    hold_for(connection, conversation)
    handoff = store.open_of(connection, conversation_id)
    if handoff is None or handoff.state != "active" or handoff.agent_id is None:
        return False
    agent = agent_store.get(connection, handoff.agent_id)
    if agent is not None and agent.presence != "offline":
        return False
    machine.move("return", machine.situation_of(handoff))
    name = handoff.agent_name or ""
    moved = _to_the_front(
        connection,
        conversation,
        handoff,
        scene,
        reason=f"reasons.agent_{because}",
        preferred_agent_id=handoff.agent_id,
        target_agent_id=None,
        from_agent_id=None,
    )
    store.add_step(connection, handoff.id, "returned", scene.now, agent_id=handoff.agent_id)
    say(connection, conversation.id, "agent_left", scene.wording.text(f"system.agent_{because}", name=name), scene)
    say_queued(connection, moved, scene, "system.returned")
    return True


def _to_the_front(
    connection: sa.Connection,
    conversation: Conversation,
    handoff: Handoff,
    scene: Scene,
    *,
    reason: str,
    **values: Any,
) -> Handoff:
    """Out of the agent's hands, in front of everybody, with the waiting time it already has."""
    machine.move("transfer", machine.situation_of(handoff))
    text = scene.wording.text(reason)
    reasons = [known for known in handoff.priority_reasons if known != text]
    leave_agent(
        connection,
        handoff,
        scene,
        state="queued",
        agent_id=None,
        agent_name=None,
        claimed_at=None,
        weight_taken=0,
        front=1,
        entered_at=scene.now,
        told_on_duty=True,
        priority_reasons=[*reasons, text],
        **values,
    )
    changed = conversation_store.change_owner(
        connection,
        conversation,
        scene.now,
        state="queued",
        owner_kind="queue",
        customer_seen_at=scene.now,
        **NOBODY,
    )
    moved = store.get(connection, handoff.id)
    if not changed or moved is None:
        raise ConflictError("not_owner")
    return moved


def _checked_target(
    connection: sa.Connection, scene: Scene, group: str | None, target_agent_id: str | None
) -> Agent | None:
    if group is not None and group not in scene.wording.words("groups"):
        raise InvalidError("group_unknown")
    target = None if target_agent_id is None else agent_store.get(connection, target_agent_id)
    if target_agent_id is not None and (target is None or target.disabled):
        raise InvalidError("agent_unknown")
    if group is None and target is None:
        raise InvalidError("transfer_target_missing")
    return target
