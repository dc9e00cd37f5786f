"""What happens to handoffs: queued, claimed, resolved, handed back, cancelled. Each is one write job.

Ownership itself changes in ownership.py only; which moves there are says machine.py.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from msgspec import Struct, structs

from desk.conversations import store as conversation_store
from desk.conversations.usecases import existing, say
from desk.handoffs import machine, offline, queue_store, ranking, store
from desk.handoffs.ownership import NOBODY, back_to_bot, checked_note, give_to, hold_for, leave_agent, owned
from desk.handoffs.places import place_of
from desk.handoffs.recall import with_history
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
from desk.kernel.errors import ConflictError, InvalidError
from desk.kernel.locks import leave_batch

if TYPE_CHECKING:
    import sqlalchemy as sa

    from desk.agents.rules import Agent
    from desk.conversations.rules import Conversation
    from desk.kernel.context import Scene


class Escalation(Struct, frozen=True):
    """A wish for a person: its summary, and what is wrong with it, if something is."""

    handoff_id: str
    summary: dict[str, Any]
    fault: str | None


def queue(connection: sa.Connection, conversation: Conversation, escalation: Escalation, scene: Scene) -> Handoff:
    """From the bot into the queue, with the handoff_queued line; the caller has checked the summary.

    A summary with a `fault` still queues, as high priority: a person is never lost because a document was wrong.
    A case that waits already while its customer goes on with the bot gives its place to the new one.
    Raises ConflictError `owner_changed` when the bot no longer owns the conversation.
    """
    complete = with_history(connection, conversation, escalation.summary, escalation.fault, scene)
    escalation = structs.replace(escalation, summary=complete)
    case = offline.supersede(connection, conversation, scene)
    machine.move("queue", machine.situation_of(store.open_of(connection, conversation.id)))
    handoff = new_handoff(connection, conversation, escalation, scene, instead_of=case)
    if not conversation_store.change_owner(
        connection,
        conversation,
        scene.now,
        state="queued",
        owner_kind="queue",
        customer_seen_at=scene.now,
        **NOBODY,
    ):
        raise ConflictError("owner_changed")
    store.create(connection, handoff)
    say_queued(connection, handoff, scene, "system.handoff_queued")
    store.add_step(connection, handoff.id, "queued", scene.now)
    return handoff


def new_handoff(
    connection: sa.Connection,
    conversation: Conversation,
    escalation: Escalation,
    scene: Scene,
    *,
    instead_of: Handoff | None = None,
) -> Handoff:
    """The queued handoff of an escalation, with its place in the queue, weight, tags and reasons; not stored yet.

    `instead_of` is the case that it follows: it keeps its waiting time, its front place and its contact.
    """
    summary, fault, policy = escalation.summary, escalation.fault, scene.policy
    queued_at = scene.now if instead_of is None else instead_of.queued_at
    name = customer_name_of(summary, conversation.customer_name or scene.wording.text("summary.visitor"))
    priority = "high" if fault is not None else str(summary["priority"])
    headline = str(summary.get("headline") or "") if fault is None else ""
    reasons = ranking.reasons_of(summary)
    if fault is not None:
        reasons.append(scene.wording.text("reasons.summary_invalid"))
    return Handoff(
        id=escalation.handoff_id,
        conversation_id=conversation.id,
        session=conversation.session,
        state="queued",
        priority=priority,
        priority_rank=priority_rank(priority),
        front=0 if instead_of is None else instead_of.front,
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
        queued_at=queued_at,
        claimed_at=None,
        ended_at=None,
        outcome=None,
        outcome_note=None,
        due_at=ranking.due_at(queued_at, priority_rank(priority), policy.ageing_step_seconds),
        entered_at=scene.now,
        priority_reasons=reasons,
        tags=ranking.tags_of(summary, policy),
        weight=ranking.weight_of(summary, priority, policy),
        preferred_agent_id=queue_store.last_agent_of(
            connection, conversation, scene.now - timedelta(days=policy.same_agent_days)
        ),
        contact=None if instead_of is None else instead_of.contact,
    )


def say_queued(connection: sa.Connection, handoff: Handoff, scene: Scene, key: str) -> None:
    """Tell the customer where they stand, in words that fit who is there."""
    if offline.say_queued(connection, handoff, scene):
        return
    place = place_of(connection, handoff.conversation_id, scene.settings)
    ahead = 0 if place is None else place.position - 1
    if ahead == 0 and key == "system.handoff_queued":
        key = "system.handoff_queued_first"
    text = scene.wording.text(
        key,
        ahead=ahead,
        minutes=wait_minutes(place.expected_wait_seconds if place else 60),
        group=scene.wording.name("groups", handoff.skill_group),
    )
    say(connection, handoff.conversation_id, "handoff_queued", text, scene)


def claim(connection: sa.Connection, handoff_id: str, agent: Agent, scene: Scene) -> Handoff:
    """Give a queued handoff to `agent`, which also accepts an offer.

    ConflictError `already_claimed`, `not_online`, `capacity_full`, or `not_offered` where the policy lets nobody but
    the one who is asked take it. Claiming what is already mine answers the same again. A customer who meanwhile goes
    on with the bot is taken over from it.
    """
    known = store.existing(connection, handoff_id)
    conversation = existing(connection, known.conversation_id)
    hold_for(connection, conversation, giving_to=agent.id)
    handoff = store.get(connection, handoff_id) or known
    if handoff.state == "active" and handoff.agent_id == agent.id:
        return handoff
    machine.move("claim", machine.situation_of(handoff))
    only_offered = scene.policy.mode == "auto" and not scene.policy.others_may_claim
    if only_offered and handoff.offered_agent_id != agent.id:
        raise ConflictError("not_offered")
    give_to(connection, conversation, handoff, agent, scene)
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
    return store.existing(connection, handoff_id)


def cancel(
    connection: sa.Connection,
    conversation_id: str,
    scene: Scene,
    *,
    outcome: str | None = None,
    line: str = "system.handoff_cancelled",
    note: str = "bot.cancelled_note",
) -> None:
    """The customer leaves the queue, back to the bot or staying with it; `line` tells them, `note` the bot.

    ConflictError `not_queued`.
    """
    conversation = existing(connection, conversation_id)
    handoff = store.open_of(connection, conversation_id, lock=True)
    if handoff is None:
        raise ConflictError("not_queued")
    machine.move("cancel", machine.situation_of(handoff))
    if not store.change_state(connection, handoff, state="cancelled", ended_at=scene.now, outcome=outcome):
        raise ConflictError("not_queued")
    if conversation.owner_kind == "queue":
        back_to_bot(connection, conversation, scene)
    store.add_step(connection, handoff.id, "cancelled", scene.now, note=outcome)
    store.add_handback(connection, handoff, scene.wording.text(note), [], scene.now)
    say(connection, conversation_id, "handoff_cancelled", scene.wording.text(line), scene)


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
    conversation, handoff = owned(connection, conversation_id, agent)
    machine.move("hand_back", machine.situation_of(handoff))
    leave_agent(connection, handoff, scene, state="handed_back", ended_at=scene.now, outcome_note=checked_note(note))
    back_to_bot(connection, conversation, scene)
    store.add_step(connection, handoff.id, "handed_back", scene.now, agent_id=agent.id, note=checked_note(note))
    store.add_handback(connection, handoff, checked_note(note), [checked_note(line) for line in settled], scene.now)
    name = handoff.agent_name or agent.display_name
    say(connection, conversation_id, "handed_back", scene.wording.text("system.handed_back", name=name), scene)
    return store.existing(connection, handoff.id)


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
    outcome = checked_note(outcome)
    if not 0 < len(outcome) <= 200:
        raise InvalidError("outcome_invalid")
    conversation, handoff = owned(connection, conversation_id, agent)
    machine.move("resolve", machine.situation_of(handoff))
    leave_agent(
        connection,
        handoff,
        scene,
        state="resolved",
        ended_at=scene.now,
        outcome=outcome,
        outcome_note=checked_note(note or ""),
    )
    changed = conversation_store.change_owner(
        connection,
        conversation,
        scene.now,
        state="closed",
        owner_kind="none",
        rating_session=conversation.session,
        **NOBODY,
    )
    if not changed:
        raise ConflictError("not_owner")
    store.add_step(connection, handoff.id, "resolved", scene.now, agent_id=agent.id, note=checked_note(note or ""))
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
    return store.existing(connection, handoff.id)


def note_emotion(connection: sa.Connection, conversation_id: str, understanding: dict[str, Any]) -> None:
    """Keep the queue's rows at the customer's mood now."""
    handoff = store.open_of(connection, conversation_id)
    if handoff is None or not isinstance(understanding.get("emotion"), dict):
        return
    emotion = emotion_of(understanding)
    measured = {name: value for name, value in handoff.emotion.items() if name != "adjusted"}
    if emotion != measured:
        leave_batch(connection)
        store.set_emotion(connection, handoff, emotion)
