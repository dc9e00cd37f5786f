"""What happens to handoffs: queued, claimed, transferred, resolved, handed back, cancelled. Each is one write job.

Every change of owner is a compare-and-set on the conversation's fence; the load of the agent changes in the same
transaction, so two agents never have one conversation and nobody is above capacity.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from desk.agents import store as agent_store
from desk.agents.rules import Agent, leads
from desk.conversations import store as conversation_store
from desk.conversations.rules import check_characters
from desk.conversations.usecases import existing, say
from desk.handoffs import store
from desk.handoffs.places import place_of
from desk.handoffs.rules import (
    Handoff,
    customer_name_of,
    emotion_of,
    primary_trigger,
    priority_rank,
    shorten,
    skill_group_of,
    wait_minutes,
)
from desk.kernel.errors import ConflictError, InvalidError, NotFoundError

if TYPE_CHECKING:
    import sqlalchemy as sa

    from desk.conversations.rules import Conversation
    from desk.kernel.context import Scene

MAX_NOTE_CHARACTERS = 2_000
_NOBODY: dict[str, Any] = {"owner_agent_id": None, "owner_agent_name": None}


class Escalation(Struct, frozen=True):
    """A wish for a person: its summary, and what is wrong with it, if something is."""

    handoff_id: str
    summary: dict[str, Any]
    fault: str | None


def queue(connection: sa.Connection, conversation: Conversation, escalation: Escalation, scene: Scene) -> Handoff:
    """From the bot into the queue, with the handoff_queued line; the caller has checked the summary.

    A summary with a `fault` still queues, as high priority: a person is never lost because a document was wrong.
    Raises ConflictError `owner_changed` when the bot no longer owns the conversation.
    """
    summary, fault = escalation.summary, escalation.fault
    if not conversation_store.change_owner(
        connection, conversation, scene.now, state="queued", owner_kind="queue", **_NOBODY
    ):
        raise ConflictError("owner_changed")
    name = customer_name_of(summary, conversation.customer_name or scene.wording.text("summary.visitor"))
    priority = "high" if fault is not None else str(summary["priority"])
    headline = str(summary.get("headline") or "") if fault is None else ""
    handoff = Handoff(
        id=escalation.handoff_id,
        conversation_id=conversation.id,
        session=conversation.session,
        state="queued",
        priority=priority,
        priority_rank=priority_rank(priority),
        front=0,
        headline=shorten(headline or scene.wording.text("summary.invalid_headline", name=name)),
        skill_group=skill_group_of(summary, scene.settings.default_skill_group),
        emotion=emotion_of(summary),
        customer_id=conversation.customer_id,
        customer_name=name,
        trigger=primary_trigger(summary),
        summary=summary,
        summary_valid=fault is None,
        summary_fault=fault,
        target_agent_id=None,
        note=None,
        agent_id=None,
        agent_name=None,
        queued_seq=conversation.last_seq,
        queued_at=scene.now,
        claimed_at=None,
        ended_at=None,
        outcome=None,
        outcome_note=None,
    )
    store.create(connection, handoff)
    store.add_step(connection, handoff.id, "queued", scene.now)
    _say_queued(connection, handoff, scene, "system.handoff_queued")
    return handoff


def _say_queued(connection: sa.Connection, handoff: Handoff, scene: Scene, key: str) -> None:
    """Tell the customer where they stand, in words that fit who is there."""
    place = place_of(connection, handoff.conversation_id, scene.settings)
    ahead = 0 if place is None else place.position - 1
    if store.staffing(connection).online_agents == 0:
        key = "system.handoff_queued_nobody"
    elif ahead == 0 and key == "system.handoff_queued":
        key = "system.handoff_queued_first"
    text = scene.wording.text(
        key,
        ahead=ahead,
        minutes=wait_minutes(place.expected_wait_seconds if place else 60),
        group=scene.wording.name("groups", handoff.skill_group),
        hours=scene.wording.text("service_hours"),
    )
    say(connection, handoff.conversation_id, "handoff_queued", text, scene)


def claim(connection: sa.Connection, handoff_id: str, agent: Agent, scene: Scene) -> Handoff:
    """Give a queued handoff to `agent`. ConflictError `already_claimed`, `not_online` or `capacity_full`.

    Claiming what is already mine answers the same again.
    """
    handoff = _existing(connection, handoff_id)
    if handoff.state == "active" and handoff.agent_id == agent.id:
        return handoff
    taken = handoff.state == "queued" and store.change_state(
        connection,
        handoff,
        state="active",
        agent_id=agent.id,
        agent_name=agent.display_name,
        claimed_at=scene.now,
        front=0,
    )
    if not taken:
        raise ConflictError("already_claimed")
    if not agent_store.take_load(connection, agent.id):
        fresh = agent_store.get(connection, agent.id)
        raise ConflictError("capacity_full" if fresh is not None and fresh.presence == "online" else "not_online")
    conversation = existing(connection, handoff.conversation_id)
    changed = conversation.owner_kind == "queue" and conversation_store.change_owner(
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
    store.add_step(connection, handoff.id, "claimed", scene.now, agent_id=agent.id)
    text = scene.wording.text("system.agent_joined", name=agent.display_name)
    say(
        connection,
        conversation.id,
        "agent_joined",
        text,
        scene,
        agent_id=agent.id,
        agent_name=agent.display_name,
    )
    return _existing(connection, handoff_id)


def cancel(connection: sa.Connection, conversation_id: str, scene: Scene) -> None:
    """The customer leaves the queue, back to the bot. ConflictError `not_queued`."""
    conversation = existing(connection, conversation_id)
    handoff = store.open_of(connection, conversation_id)
    if conversation.owner_kind != "queue" or handoff is None:
        raise ConflictError("not_queued")
    if not store.change_state(connection, handoff, state="cancelled", ended_at=scene.now):
        raise ConflictError("not_queued")
    _back_to_bot(connection, conversation, scene)
    store.add_step(connection, handoff.id, "cancelled", scene.now)
    store.add_handback(connection, handoff, scene.wording.text("bot.cancelled_note"), [], scene.now)
    say(connection, conversation_id, "handoff_cancelled", scene.wording.text("system.handoff_cancelled"), scene)


def hand_back(
    connection: sa.Connection,
    conversation_id: str,
    agent: Agent,
    scene: Scene,
    *,
    note: str,
    settled: list[str],
) -> Handoff:
    """From the agent to the bot, which is told what was done. ConflictError `not_owner`."""
    conversation, handoff = _mine(connection, conversation_id, agent)
    _leave(connection, handoff, conversation, state="handed_back", ended_at=scene.now, outcome_note=_note(note))
    _back_to_bot(connection, conversation, scene)
    store.add_step(connection, handoff.id, "handed_back", scene.now, agent_id=agent.id, note=_note(note))
    store.add_handback(connection, handoff, _note(note), [_note(line) for line in settled], scene.now)
    name = handoff.agent_name or agent.display_name
    say(connection, conversation_id, "handed_back", scene.wording.text("system.handed_back", name=name), scene)
    return _existing(connection, handoff.id)


def resolve(
    connection: sa.Connection,
    conversation_id: str,
    agent: Agent,
    scene: Scene,
    *,
    outcome: str,
    note: str | None,
) -> Handoff:
    """Close the conversation and ask for a rating. ConflictError `not_owner`."""
    outcome = _note(outcome)
    if not 0 < len(outcome) <= 200:
        raise InvalidError("outcome_invalid")
    conversation, handoff = _mine(connection, conversation_id, agent)
    _leave(
        connection,
        handoff,
        conversation,
        state="resolved",
        ended_at=scene.now,
        outcome=outcome,
        outcome_note=_note(note or ""),
    )
    changed = conversation_store.change_owner(
        connection,
        conversation,
        scene.now,
        state="closed",
        owner_kind="none",
        rating_session=conversation.session,
        **_NOBODY,
    )
    if not changed:
        raise ConflictError("not_owner")
    store.add_step(connection, handoff.id, "resolved", scene.now, agent_id=agent.id, note=_note(note or ""))
    name = handoff.agent_name or agent.display_name
    say(
        connection,
        conversation_id,
        "conversation_resolved",
        scene.wording.text("system.conversation_resolved", name=name),
        scene,
    )
    say(
        connection,
        conversation_id,
        "rating_requested",
        scene.wording.text("system.rating_requested", name=name),
        scene,
    )
    return _existing(connection, handoff.id)


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
    """To the front of the queue, for a group or one colleague, with a note. ConflictError `not_owner`."""
    if group is not None and group not in scene.wording.words("groups"):
        raise InvalidError("group_unknown")
    target = None if target_agent_id is None else agent_store.get(connection, target_agent_id)
    if target_agent_id is not None and (target is None or target.disabled):
        raise InvalidError("agent_unknown")
    if group is None and target is None:
        raise InvalidError("transfer_target_missing")
    conversation, handoff = _mine(connection, conversation_id, agent)
    _leave(
        connection,
        handoff,
        conversation,
        state="queued",
        agent_id=None,
        agent_name=None,
        claimed_at=None,
        front=1,
        skill_group=group or handoff.skill_group,
        target_agent_id=target_agent_id,
        note=_note(note),
    )
    if not conversation_store.change_owner(
        connection, conversation, scene.now, state="queued", owner_kind="queue", **_NOBODY
    ):
        raise ConflictError("not_owner")
    store.add_step(connection, handoff.id, "transferred", scene.now, agent_id=agent.id, note=_note(note))
    name = handoff.agent_name or agent.display_name
    say(connection, conversation_id, "agent_left", scene.wording.text("system.agent_left", name=name), scene)
    moved = _existing(connection, handoff.id)
    _say_queued(connection, moved, scene, "system.transferred")
    return moved


def note_emotion(connection: sa.Connection, conversation_id: str, understanding: dict[str, Any]) -> None:
    """Keep the queue's rows at the customer's mood now."""
    handoff = store.open_of(connection, conversation_id)
    if handoff is None or not isinstance(understanding.get("emotion"), dict):
        return
    emotion = emotion_of(understanding)
    if emotion != handoff.emotion:
        store.set_emotion(connection, handoff, emotion)


def _existing(connection: sa.Connection, handoff_id: str) -> Handoff:
    handoff = store.get(connection, handoff_id)
    if handoff is None:
        raise NotFoundError("handoff_not_found")
    return handoff


def _mine(connection: sa.Connection, conversation_id: str, agent: Agent) -> tuple[Conversation, Handoff]:
    """The conversation and its handoff, if `agent` owns it or is a supervisor and somebody owns it."""
    conversation = existing(connection, conversation_id)
    handoff = store.open_of(connection, conversation_id)
    allowed = conversation.owner_agent_id == agent.id or leads(agent)
    if conversation.owner_kind != "agent" or not allowed or handoff is None:
        raise ConflictError("not_owner")
    return conversation, handoff


def _leave(connection: sa.Connection, handoff: Handoff, conversation: Conversation, **values: Any) -> None:
    """The handoff leaves its agent, whose load drops in the same transaction."""
    if not store.change_state(connection, handoff, **values):
        raise ConflictError("not_owner")
    if conversation.owner_agent_id is not None:
        agent_store.drop_load(connection, conversation.owner_agent_id)


def _back_to_bot(connection: sa.Connection, conversation: Conversation, scene: Scene) -> None:
    """What was said to the queue or the agent is not the bot's to answer, so its cursor moves to the end."""
    changed = conversation_store.change_owner(
        connection,
        conversation,
        scene.now,
        state="bot",
        owner_kind="bot",
        bot_cursor=conversation.last_seq,
        **_NOBODY,
    )
    if not changed:
        raise ConflictError("owner_changed")


def _note(text: str) -> str:
    """An agent's words, trimmed; InvalidError `note_too_long` or `message_invalid_characters`."""
    if len(text) > MAX_NOTE_CHARACTERS:
        raise InvalidError("note_too_long", limit=MAX_NOTE_CHARACTERS)
    check_characters(text)
    return text.strip()
