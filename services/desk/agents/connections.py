"""Which desk process holds a console of which agent: their presence ends with the last one, wherever that was."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from desk.agents import store
from desk.agents.store import agents, connections

if TYPE_CHECKING:
    from datetime import datetime

_CONNECTED = sa.select(connections.c.agent_id).where(connections.c.agent_id == agents.c.id).exists()


def begin(connection: sa.Connection, until: datetime) -> None:
    """A desk starts: who is connected nowhere has until then to show up again."""
    store.shorten_presences(connection, ~_CONNECTED, until)


def came(connection: sa.Connection, desk_id: str, agent_id: str, until: datetime, now: datetime) -> None:
    """The agent has a console at this desk; a presence that only lapsed with a lost one comes back. Again is fine."""
    agent = store.get(connection, agent_id, lock=True)
    if agent is None:
        return
    here = {"desk_id": desk_id, "agent_id": agent_id}
    if agent_id not in at_desk(connection, desk_id, agent_id):
        connection.execute(connections.insert().values(here))
    if agent.presence == "offline" and agent.lapsed_from is not None:
        store.set_presence(connection, agent_id, agent.lapsed_from, until, now)
    else:
        store.renew_presence(connection, agent_id, until)


def went(connection: sa.Connection, desk_id: str, agent_id: str, until: datetime) -> None:
    """The agent has no console at this desk any more; if there is none elsewhere, the presence ends at `until`."""
    store.hold(connection, [agent_id])
    connection.execute(connections.delete().where(_at(desk_id), connections.c.agent_id == agent_id))
    if not connection.execute(sa.select(sa.exists().where(connections.c.agent_id == agent_id))).scalar_one():
        store.shorten_presence(connection, agent_id, until)


def at_desk(connection: sa.Connection, desk_id: str, agent_id: str | None = None) -> set[str]:
    """The agents, or this one, that have a console at this desk."""
    query = sa.select(connections.c.agent_id).where(_at(desk_id))
    if agent_id is not None:
        query = query.where(connections.c.agent_id == agent_id)
    return set(connection.execute(query).scalars())


def other_desks(connection: sa.Connection, desk_id: str) -> list[str]:
    """Every other desk that says it holds consoles, whether it lives or not."""
    query = sa.select(connections.c.desk_id).where(connections.c.desk_id != desk_id).distinct()
    return sorted(connection.execute(query).scalars())


def forget(connection: sa.Connection, desk_id: str, until: datetime) -> int:
    """That desk is lost: who has no console elsewhere has until then to show up again; how many it had."""
    lost = at_desk(connection, desk_id)
    store.hold(connection, lost)
    connection.execute(connections.delete().where(_at(desk_id)))
    store.shorten_presences(connection, sa.and_(agents.c.id.in_(lost), ~_CONNECTED), until)
    return len(lost)


def _at(desk_id: str) -> sa.ColumnElement[bool]:
    return connections.c.desk_id == desk_id
