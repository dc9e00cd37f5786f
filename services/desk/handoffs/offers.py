"""What happens to offers: made, declined, expired, withdrawn. Each is (part of) one write job."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from desk.agents import store as agent_store
from desk.handoffs import machine, offer_store, store
from desk.handoffs.notes import TransferLetGo
from desk.handoffs.ranking import weight_for
from desk.kernel.clock import iso
from desk.kernel.errors import ConflictError, NotFoundError
from desk.kernel.transactions import announce

if TYPE_CHECKING:
    import sqlalchemy as sa

    from desk.agents.rules import Agent
    from desk.handoffs.machine import Transition
    from desk.handoffs.rules import Handoff
    from desk.kernel.context import Scene

_REASONS: dict[Transition, str] = {"decline": "declined", "expire": "expired", "withdraw": "withdrawn"}


def make(connection: sa.Connection, handoff: Handoff, agent_id: str, evidence: str, scene: Scene) -> bool:
    """Offer a queued handoff to an agent; False when they are not online or have no room for it any more.

    The agent's row is held, so that what is out to them and what they have never exceeds their capacity.
    """
    machine.move("offer", machine.situation_of(handoff))
    agent = agent_store.get(connection, agent_id, lock=True)
    if agent is None or agent.disabled or agent.presence != "online":
        return False
    out = offer_store.weight_out(connection, agent_id, agent.capacity)
    if agent.load + out + weight_for(handoff.weight, agent.capacity) > agent.capacity:
        return False
    expires_at = scene.now + timedelta(seconds=scene.policy.offer_seconds)
    if not offer_store.make(connection, handoff, agent_id, expires_at):
        return False
    store.add_step(connection, handoff.id, "offered", scene.now, agent_id=agent_id, note=evidence)
    return True


def decline(connection: sa.Connection, handoff_id: str, agent: Agent, scene: Scene, *, reason: str) -> Handoff:
    """The agent does not take it; the next best is asked. ConflictError `not_offered`."""
    agent_store.hold(connection, [agent.id])
    handoff = store.get(connection, handoff_id, lock=True)
    if handoff is None:
        raise NotFoundError("handoff_not_found")
    if handoff.offered_agent_id != agent.id:
        raise ConflictError("not_offered")
    agent_store.set_missed_offers(connection, agent.id, 0)
    _end(connection, handoff, agent, "decline", scene, note=reason)
    return store.get(connection, handoff_id) or handoff


def expire(connection: sa.Connection, handoff_id: str, scene: Scene) -> bool:
    """Nobody answered in time; whoever was shown too many in a row goes to a break. False when it was answered.

    Part of routing, which waits for nobody: what somebody else holds just now is left to the next pass.
    """
    handoff = store.get_unless_busy(connection, handoff_id)
    if handoff is None or machine.situation_of(handoff) != "offered" or handoff.offered_agent_id is None:
        return False
    if handoff.offer_expires_at is None or handoff.offer_expires_at > scene.now:
        return False
    agent = agent_store.get_unless_busy(connection, handoff.offered_agent_id)
    if agent is None:
        return False
    _end(connection, handoff, agent, "expire", scene)
    if handoff.offer_shown:
        missed = agent.missed_offers + 1
        agent_store.set_missed_offers(connection, agent.id, missed)
        if missed >= scene.policy.missed_offers_to_break and agent.presence == "online":
            agent_store.take_a_break(connection, agent.id)
            withdraw_free(connection, agent, scene)
    return True


def withdraw_all(connection: sa.Connection, agent: Agent, scene: Scene) -> None:
    """The agent, whose row is held, takes no customers now: nothing stays offered to them."""
    store.hold_open(connection, [], [agent.id])
    for handoff in offer_store.of_agent(connection, agent.id):
        _end(connection, handoff, agent, "withdraw", scene)


def withdraw_free(connection: sa.Connection, agent: Agent, scene: Scene) -> None:
    """As withdraw_all, within routing: what somebody else holds just now is left to the next pass."""
    for offered in offer_store.of_agent(connection, agent.id):
        handoff = store.get_unless_busy(connection, offered.id)
        if handoff is not None and handoff.offered_agent_id == agent.id:
            _end(connection, handoff, agent, "withdraw", scene)


def trim(connection: sa.Connection, agent_id: str, scene: Scene) -> None:
    """The agent took something else: offers they have no room for any more are withdrawn, the newest first."""
    agent = agent_store.get(connection, agent_id)
    if agent is None:
        return
    room = agent.capacity - agent.load
    for handoff in offer_store.of_agent(connection, agent_id):
        weight = weight_for(handoff.weight, agent.capacity)
        if weight <= room:
            room -= weight
        else:
            _end(connection, handoff, agent, "withdraw", scene)


def _end(
    connection: sa.Connection, handoff: Handoff, agent: Agent, transition: Transition, scene: Scene, *, note: str = ""
) -> None:
    """The offer is over. A transfer meant for this agent is now for everybody, and who sent it is told."""
    machine.move(transition, machine.situation_of(handoff))
    meant = handoff.target_agent_id == agent.id
    passed = handoff.passed if transition == "withdraw" else {**handoff.passed, agent.id: iso(scene.now)}
    target = None if meant else handoff.target_agent_id
    if not offer_store.end(connection, handoff, agent.id, passed=passed, target_agent_id=target):
        return
    reason = _REASONS[transition]
    store.add_step(connection, handoff.id, reason, scene.now, agent_id=agent.id, note=note or None)
    if meant and handoff.from_agent_id is not None:
        announce(
            connection,
            TransferLetGo(
                handoff.from_agent_id,
                handoff.id,
                handoff.conversation_id,
                agent.id,
                agent.display_name,
                reason,
                note or None,
            ),
        )
