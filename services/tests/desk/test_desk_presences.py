"""An agent is on duty while a console of theirs is open at some desk: desks that die or start change nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from conftest import Valkey
from desk.agents.store import agents, connections
from doubles import BotDouble
from running import AgentClient, RunningDesk, wait_until
from test_desk_fanout import Two, end, start_two

pytestmark = pytest.mark.anyio
GRACE_SECONDS = 2.0


@pytest.fixture
def two(tmp_path: Path, own_bot: BotDouble, fresh_postgres: sa.URL, valkey: Valkey) -> Iterator[Two]:
    """Joined by Valkey; who is gone has two seconds to come back."""
    grace = {"BATON_PRESENCE_GRACE_SECONDS": str(GRACE_SECONDS)}
    desks = start_two(tmp_path, own_bot, fresh_postgres, BATON_REDIS_URL=valkey.url, **grace)
    yield desks
    end(desks)


def at(desk: RunningDesk, agent: AgentClient) -> AgentClient:
    """The same agent, calling another desk."""
    return replace(agent, desk=desk)


def row(desk: RunningDesk, agent: AgentClient) -> sa.Row[tuple[str, datetime | None]]:
    """(presence, until when it holds)."""
    with desk.database() as connection:
        query = sa.select(agents.c.presence, agents.c.presence_until).where(agents.c.id == agent.agent["agent_id"])
        return connection.execute(query).one()


def holds_long(desk: RunningDesk, agent: AgentClient) -> bool:
    """Online, and not about to end."""
    presence, until = row(desk, agent)
    return presence == "online" and until is not None and until > datetime.now(UTC) + timedelta(minutes=5)


def is_gone(desk: RunningDesk, agent: AgentClient) -> bool:
    return row(desk, agent).presence == "offline"


async def test_a_desk_dies_and_only_its_agents_go(two: Two) -> None:
    lost, moved, elsewhere = (two.a.new_agent().online() for _ in range(3))
    conversation = two.active(lost)
    async with two.a.console(lost), two.a.console(moved), two.b.console(at(two.b, moved)), two.b.console(elsewhere):
        two.a.kill()
        wait_until(lambda: is_gone(two.b, lost), 20)
        assert at(two.b, lost).get("/agents/me").json()["presence"] == "offline"
        assert two.at(two.b, conversation).wait_state("queued", 20)["state"] == "queued"
        assert holds_long(two.b, moved)
        assert holds_long(two.b, elsewhere)
        async with two.b.console(at(two.b, lost)) as back:  # the console found the other desk, only later
            assert back.welcome["presence"] == "online"
            assert holds_long(two.b, lost)


async def test_a_desk_starts_and_nobody_who_is_connected_elsewhere_is_touched(two: Two) -> None:
    connected, alone = (two.a.new_agent().online() for _ in range(2))
    async with two.a.console(connected):
        until = row(two.a, connected).presence_until
        two.b.kill()
        two.b.start()
        assert row(two.a, connected) == ("online", until)
        wait_until(lambda: is_gone(two.a, alone), 20)  # who only calls has the grace time to call again
        assert row(two.a, connected) == ("online", until)


async def test_of_windows_at_two_desks_the_last_one_counts(two: Two) -> None:
    agent = two.a.new_agent().online()
    async with two.b.console(at(two.b, agent)):
        async with two.a.console(agent):
            pass
        wait_until(lambda: windows(two.a, agent) == 1)
        assert holds_long(two.a, agent)
    wait_until(lambda: is_gone(two.a, agent), 20)


async def test_a_desk_that_was_thought_lost_says_again_who_is_there(two: Two) -> None:
    agent = two.a.new_agent().online()
    async with two.a.console(agent):
        with two.a.database() as connection:  # as when the database was away and the other desk came back first
            connection.execute(connections.delete())
            connection.execute(agents.update().values(presence_until=datetime.now(UTC)))
        wait_until(lambda: windows(two.a, agent) == 1 and holds_long(two.a, agent), 20)


def windows(desk: RunningDesk, agent: AgentClient) -> int:
    """At how many desks the agent has a console open."""
    with desk.database() as connection:
        query = sa.select(sa.func.count()).where(connections.c.agent_id == agent.agent["agent_id"])
        return int(connection.execute(query).scalar_one())
