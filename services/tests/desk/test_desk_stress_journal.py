"""The stress run's journal on both databases: it sees what the desk does, and what a faulty desk would do."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from desk.agents.rules import Agent
from desk.handoffs import offer_store, offers, store
from desk.handoffs import usecases as handoffs
from desk.kernel.context import Scene
from desk.kernel.engine import create_engine, migrate
from stress_bench import audit, journal
from test_desk_database import POLICY, SETTINGS, WORDING, new_agent, queue_one, url

__all__ = ["url"]
RULES = audit.Rules(POLICY.overflow_seconds, POLICY.offer_pause_seconds)


@pytest.fixture
def engine(url: str) -> Iterator[sa.Engine]:
    """A migrated database with the journal's triggers."""
    made = create_engine(url, writer=True)
    journal.install(made)
    yield made
    made.dispose()


def scene(seconds: float = 0.0) -> Scene:
    """When everybody has waited long enough to be served by any group."""
    now = datetime.now(UTC) + timedelta(seconds=POLICY.overflow_seconds + seconds)
    return Scene(now, SETTINGS, WORDING, POLICY)


def faults(engine: sa.Engine) -> set[str]:
    """The figures that are not zero."""
    history = journal.read(engine, POLICY.offer_seconds)
    found = audit.verdict(history, [], [], audit.Promised(), RULES)
    return {name for name, lines in found.items() if lines}


def test_what_the_desk_does_is_written_down_without_fault(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        agent, first, second = new_agent(connection, 1), queue_one(connection), queue_one(connection)
        for handoff_id in (first, second):
            handoff = store.get(connection, handoff_id)
            assert handoff is not None
            assert offers.make(connection, handoff, agent.id, "{}", scene()) is (handoff_id == first)
            if handoff_id == first:
                handoffs.claim(connection, first, agent, scene())
        handoffs.resolve(connection, handoff_conversation(connection, first), agent, scene(), outcome="solved", note="")
        handoffs.cancel(connection, handoff_conversation(connection, second), scene())
    history = journal.read(engine, POLICY.offer_seconds)
    assert [(one.load, one.weight) for one in history.loads] == [(1, 1), (0, 0)]
    assert [(one.handoff_id, one.room, one.earlier) for one in history.offers] == [(first, 1, [])]
    assert faults(engine) == set()


def test_an_offer_out_of_turn_is_seen(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        agent, first, second = new_agent(connection, 1), queue_one(connection), queue_one(connection)
    offer_to(engine, agent, second, scene())
    offer = journal.read(engine, POLICY.offer_seconds).offers[0]
    assert [one.handoff_id for one in offer.earlier] == [first]
    assert "order violations" in faults(engine)


def test_who_arrives_in_the_middle_of_another_desks_look_was_not_passed_over(fresh_postgres: sa.URL) -> None:
    """A desk looks at the queue while another one is still writing an arrival that will stand before all others."""
    url = fresh_postgres.render_as_string(hide_password=False)
    migrate(url)
    engine = create_engine(url, writer=True)
    journal.install(engine)
    several_desks = audit.Rules(0.0, POLICY.offer_pause_seconds, one_writer=False)
    with engine.connect() as arriving:
        with arriving.begin():
            first = queue_one(arriving)
            with engine.begin() as connection:
                one, two = new_agent(connection, 1), new_agent(connection, 1)
                second, third = queue_one(connection), queue_one(connection)
            before = Scene(datetime.now(UTC), SETTINGS, WORDING, POLICY)
        after = Scene(datetime.now(UTC), SETTINGS, WORDING, POLICY)
    offer_to(engine, one, second, before)
    offer_to(engine, two, third, after)
    history = journal.read(engine, POLICY.offer_seconds)
    assert [[earlier.handoff_id for earlier in offer.earlier] for offer in history.offers] == [[first], [first]]
    found = audit.order_violations(history.offers, history.accounts, several_desks)
    assert [line.split()[0] for line in found] == [third]
    engine.dispose()


def test_a_second_conversation_above_capacity_is_seen(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        agent, first, second = new_agent(connection, 1), queue_one(connection), queue_one(connection)
        handoffs.claim(connection, first, agent, scene())
        stolen = store.handoffs.update().where(store.handoffs.c.id == second)
        connection.execute(stolen.values(state="active", agent_id=agent.id, weight_taken=1))
        connection.execute(sa.text("UPDATE agents SET load = load + 1 WHERE id = :id"), {"id": agent.id})
    loads, odds = journal.sample(engine)
    assert [one.weight for one in loads] == [2]
    assert len(odds) == 1
    assert {"over capacity", "lost"} <= faults(engine)


def test_a_load_that_was_forgotten_is_seen(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        agent, first = new_agent(connection, 2), queue_one(connection)
        handoffs.claim(connection, first, agent, scene())
        connection.execute(sa.text("UPDATE agents SET load = 0 WHERE id = :id"), {"id": agent.id})
        assert offer_store.weight_out(connection, agent.id, 2) == 0
    assert "wrong loads" in faults(engine)


def offer_to(engine: sa.Engine, agent: Agent, handoff_id: str, look: Scene) -> None:
    """Offer it to the agent, as a look at that moment would."""
    with engine.begin() as connection:
        handoff = store.get(connection, handoff_id)
        assert handoff is not None
        assert offers.make(connection, handoff, agent.id, "{}", look)


def handoff_conversation(connection: sa.Connection, handoff_id: str) -> str:
    """Whose handoff it is."""
    handoff = store.get(connection, handoff_id)
    assert handoff is not None
    return handoff.conversation_id
