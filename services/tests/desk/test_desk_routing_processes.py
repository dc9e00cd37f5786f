"""Several desk processes route and claim at the same time on one PostgreSQL: nobody is offered or owned twice."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from desk.agents import store as agent_store
from desk.agents.store import agents
from desk.handoffs import usecases
from desk.handoffs.ranking import weight_for
from desk.handoffs.tables import handoffs
from desk.kernel.context import Scene
from desk.kernel.database import Database
from desk.kernel.engine import migrate
from desk.kernel.errors import ConflictError
from desk.routing import usecases as routing
from test_desk_database import POLICY, SETTINGS, WORDING, new_agent, queue_one

pytestmark = pytest.mark.anyio
_PROCESSES, _AGENTS, _HANDOFFS = 3, 6, 24


def scene() -> Scene:
    """When everybody has waited long enough to be served by any group."""
    return Scene(datetime.now(UTC) + timedelta(seconds=POLICY.overflow_seconds), SETTINGS, WORDING, POLICY)


async def test_routers_and_claims_of_several_processes(fresh_postgres: sa.URL) -> None:
    url = fresh_postgres.render_as_string(hide_password=False)
    migrate(url)
    desks = [Database(url, lambda _note: None) for _ in range(_PROCESSES)]
    for desk in desks:
        desk.start()
    people = [await desks[0].write(lambda c: new_agent(c, 3)) for _ in range(_AGENTS)]
    later = datetime.now(UTC) + timedelta(hours=1)
    for agent in people:
        await desks[0].write(lambda c, agent=agent: agent_store.set_presence(c, agent.id, "online", later))
    waiting = [await desks[0].write(queue_one) for _ in range(_HANDOFFS)]

    async def claim(number: int, handoff_id: str) -> str | None:
        agent, desk = people[number % _AGENTS], desks[number % _PROCESSES]
        try:
            return (await desk.write(lambda c: usecases.claim(c, handoff_id, agent, scene()))).agent_id
        except ConflictError as refused:
            assert refused.code in {"already_claimed", "capacity_full"}
            return None

    async def route(desk: Database) -> routing.Routed:
        return await desk.write(lambda c: routing.route(c, scene()))

    passes = [route(desk) for desk in desks for _ in range(8)]
    claims = [claim(number, handoff_id) for handoff_id in waiting for number in range(4)]
    await asyncio.gather(*passes, *claims)
    while (await route(desks[0])).unfinished:  # a pass makes a few offers only while other processes wait
        pass
    rows, found = await desks[0].read(
        lambda c: (c.execute(sa.select(handoffs)).all(), c.execute(sa.select(agents)).all())
    )
    for desk in desks:
        await desk.stop()
    owned = Counter(row.agent_id for row in rows if row.state == "active")
    out = Counter[str]()
    for row in rows:
        if row.state == "queued" and row.offered_agent_id is not None:
            out[row.offered_agent_id] += weight_for(row.weight, 3)
    assert len(rows) == _HANDOFFS
    for agent in found:
        assert agent.load == owned[agent.id]
        assert agent.load + out[agent.id] <= agent.capacity
    assert sum(owned.values()) + sum(out.values()) == 3 * _AGENTS
