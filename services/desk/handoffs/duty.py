"""Agents' presence and what hangs on it: offers, and conversations that must not wait for somebody who is gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desk.agents import store as agent_store
from desk.agents.accounts import GiveBack
from desk.conversations import store as conversation_store
from desk.handoffs import offers, store
from desk.handoffs.transfers import return_to_queue
from desk.kernel.errors import ConflictError
from desk.kernel.locks import locks_rows

if TYPE_CHECKING:
    from datetime import datetime

    import sqlalchemy as sa

    from desk.agents.rules import Presence
    from desk.kernel.context import Scene


def set_presence(
    connection: sa.Connection,
    agent_id: str,
    presence: Presence,
    until: datetime,
    scene: Scene,
    *,
    force: bool = False,
) -> bool:
    """What the agent says about themselves; True when that changed. Who is not online is offered nothing.

    Going offline with open conversations is ConflictError `conversations_open`; with `force` they go back to the
    queue's front.
    """
    if presence == "offline":
        hold_all(connection, agent_id)
        if not force and store.active_of_agent(connection, agent_id):
            raise ConflictError("conversations_open")
    changed = agent_store.set_presence(
        connection, agent_id, presence, None if presence == "offline" else until, scene.now
    )
    if presence == "offline":
        give_back_all(connection, agent_id, scene)
    elif presence != "online":
        _withdraw_offers(connection, agent_id, scene)
    return changed


def hold_all(connection: sa.Connection, agent_id: str) -> None:
    """Lock an agent's conversations and then the agent, before anything of theirs changes."""
    mine = store.active_of_agent(connection, agent_id) if locks_rows(connection) else []
    conversation_store.hold(connection, [handoff.conversation_id for handoff in mine])
    agent_store.hold(connection, [agent_id])


def give_back_all(connection: sa.Connection, agent_id: str, scene: Scene) -> int:
    """Nothing stays with an agent who has gone offline: neither offers nor conversations; how many of the latter."""
    mine = store.active_of_agent(connection, agent_id)
    store.hold_open(connection, [handoff.conversation_id for handoff in mine], [agent_id])
    _withdraw_offers(connection, agent_id, scene)
    return sum(return_to_queue(connection, one.conversation_id, scene, because="went") for one in mine)


GIVE_BACK = GiveBack(hold_all, give_back_all)


def lapse(connection: sa.Connection, scene: Scene) -> list[str]:
    """Everybody who gave no sign of life for long enough goes offline, with what was offered to them; their ids."""
    gone = agent_store.lapse_presences(connection, scene.now)
    store.hold_open(connection, [], gone)
    for agent_id in gone:
        _withdraw_offers(connection, agent_id, scene)
    return gone


def _withdraw_offers(connection: sa.Connection, agent_id: str, scene: Scene) -> None:
    agent = agent_store.get(connection, agent_id)
    if agent is not None:
        offers.withdraw_all(connection, agent, scene)
