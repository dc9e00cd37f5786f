"""Agents' presence and what hangs on it: offers, and conversations that must not wait for somebody who is gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desk.agents import store as agent_store
from desk.handoffs import offers, store
from desk.handoffs.transfers import return_lost
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
    mine = store.active_of_agent(connection, agent_id) if presence == "offline" else []
    if mine and not force:
        raise ConflictError("conversations_open")
    changed = agent_store.set_presence(
        connection, agent_id, presence, None if presence == "offline" else until, scene.now
    )
    agent = agent_store.get(connection, agent_id)
    if agent is not None and presence != "online":
        offers.withdraw_all(connection, agent, scene)
    for handoff in mine:
        return_lost(connection, handoff.conversation_id, scene)
    return changed


def lapse(connection: sa.Connection, scene: Scene) -> list[str]:
    """Everybody who gave no sign of life for long enough goes offline, with what was offered to them; their ids."""
    gone = agent_store.lapse_presences(connection, scene.now)
    for agent_id in gone:
        agent = agent_store.get(connection, agent_id)
        if agent is not None:
            offers.withdraw_all(connection, agent, scene)
    return gone
