"""Agents' presence and what hangs on it: offers, and conversations that must not wait for somebody who is gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desk.agents import store as agent_store
from desk.handoffs import offers, store
from desk.handoffs.transfers import return_to_queue
from desk.kernel.errors import ConflictError

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
    if presence == "offline" and not force and store.active_of_agent(connection, agent_id):
        raise ConflictError("conversations_open")
    changed = agent_store.set_presence(
        connection, agent_id, presence, None if presence == "offline" else until, scene.now
    )
    if presence == "offline":
        give_back_all(connection, agent_id, scene)
    elif presence != "online":
        _withdraw_offers(connection, agent_id, scene)
    return changed


def give_back_all(connection: sa.Connection, agent_id: str, scene: Scene) -> int:
    """Nothing stays with an agent who has gone offline: neither offers nor conversations; how many of the latter."""
    _withdraw_offers(connection, agent_id, scene)
    mine = store.active_of_agent(connection, agent_id)
    return sum(return_to_queue(connection, one.conversation_id, scene, because="went") for one in mine)


def lapse(connection: sa.Connection, scene: Scene) -> list[str]:
    """Everybody who gave no sign of life for long enough goes offline, with what was offered to them; their ids."""
    gone = agent_store.lapse_presences(connection, scene.now)
    for agent_id in gone:
        _withdraw_offers(connection, agent_id, scene)
    return gone


def _withdraw_offers(connection: sa.Connection, agent_id: str, scene: Scene) -> None:
    agent = agent_store.get(connection, agent_id)
    if agent is not None:
        offers.withdraw_all(connection, agent, scene)
