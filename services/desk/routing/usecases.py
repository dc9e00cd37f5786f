"""What routing does, each in one write job: ask the best agents, take offers back in time, clear up after the lost."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from msgspec import Struct, json

from desk.agents import store as agent_store
from desk.handoffs import duty, offer_store, offers, queue_store, transfers, waiting
from desk.handoffs import store as handoff_store
from desk.kernel.locks import locks_rows
from desk.routing import store
from desk.routing.rules import Candidate, Choice, any_room, choose

if TYPE_CHECKING:
    import sqlalchemy as sa

    from desk.kernel.context import Scene

_PAGE = 200
_AT_ONCE_SHARED = 8  # offers of a pass while other processes wait for its agents


class Routed(Struct, frozen=True):
    """What one pass did: offers made, and offers that ran out; `unfinished`: another one should follow soon."""

    made: int
    expired: int
    unfinished: bool = False


def route(connection: sa.Connection, scene: Scene) -> Routed:
    """One pass over the whole queue: offers that ran out end, then each waiting customer is offered, in order.

    One process at a time: passes at once would do no harm, every offer is a compare-and-set with the agent's row
    held, but they would wait for each other's rows and pass over customers whose agent another one has just asked.
    Handoffs come in the order of the queue, which is not the lock order, so a pass never waits for a handoff or an
    agent: where somebody else holds one it ends, and the next pass begins anew. It makes a few offers only, because
    others wait for what it holds.
    """
    if not store.only_one(connection):
        return Routed(0, 0, unfinished=True)
    most = _AT_ONCE_SHARED if locks_rows(connection) else sys.maxsize
    over = offer_store.expired(connection, scene.now)
    expired = sum(offers.expire(connection, handoff_id, scene) for handoff_id in over[:most])
    for agent_id in store.offers_of_absent(connection):
        agent = agent_store.get_unless_busy(connection, agent_id)
        if agent is not None and (agent.disabled or agent.presence != "online"):
            offers.withdraw_free(connection, agent, scene)
    made, complete = _offer_all(connection, most, scene) if scene.policy.mode == "auto" else (0, True)
    return Routed(made, expired, unfinished=not complete or len(over) > most)


def _offer_all(connection: sa.Connection, most: int, scene: Scene) -> tuple[int, bool]:
    """(offers made, whether the whole queue was looked at): what somebody else holds or has changed ends the pass."""
    candidates, made, skipped = store.candidates(connection), 0, 0
    by_id = {one.id: one for one in candidates}
    while any_room(candidates):
        page = store.waiting(connection, skipped, _PAGE)
        for one in page:
            choice = choose(one, candidates, scene.now, scene.policy)
            if choice is None:
                skipped += 1
                continue
            best = by_id[choice.agent_id]
            if made >= most or not _ask(connection, one.id, best, choice, scene):
                return made, False
            made += 1
            best.offered += one.weight if one.weight < best.capacity else best.capacity
        if len(page) < _PAGE:
            break
    return made, True


def _ask(connection: sa.Connection, handoff_id: str, best: Candidate, choice: Choice, scene: Scene) -> bool:
    handoff = handoff_store.get_unless_busy(connection, handoff_id)
    if handoff is None or handoff.state != "queued" or handoff.offered_agent_id is not None:
        return False
    if locks_rows(connection) and not _is_as_read(connection, best):
        return False
    evidence = {"rule_version": scene.policy.rule_version, "reasons": choice.reasons}
    return offers.make(connection, handoff, choice.agent_id, json.encode(evidence).decode(), scene)


def _is_as_read(connection: sa.Connection, best: Candidate) -> bool:
    """Hold the agent; False when somebody else does, or when they have more or less room than this pass believed.

    With more room somebody earlier in the queue might have been offered to them.
    """
    agent = agent_store.get_unless_busy(connection, best.id)
    if agent is None:
        return False
    return (agent.load, offer_store.weight_out(connection, agent.id, agent.capacity)) == (best.load, best.offered)


def clear_up(connection: sa.Connection, scene: Scene) -> None:
    """Who is lost goes offline, their customers go back to the queue, places nobody came back to end.

    The whole of what the router does in one job a conversation.
    """
    duty.lapse(connection, scene)
    for conversation_id in queue_store.owned_by_nobody_there(connection):
        transfers.return_to_queue(connection, conversation_id, scene)
    for conversation_id in waiting.away_too_long(connection, scene):
        waiting.end_place(connection, conversation_id, scene)
