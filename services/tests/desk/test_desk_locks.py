"""Several desk processes write to one PostgreSQL: batches stay batches, and nobody waits for anybody in a circle."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from desk.agents import connections
from desk.agents.rules import Agent
from desk.conversations import store, usecases
from desk.handoffs import duty, hearing, offers, transfers
from desk.handoffs import store as handoff_store
from desk.handoffs import usecases as handoffs
from desk.kernel.bus import Note
from desk.kernel.context import Scene
from desk.kernel.database import Database
from desk.kernel.engine import migrate
from desk.kernel.errors import DeskError
from desk.routing import usecases as routing
from test_desk_database import POLICY, SETTINGS, WORDING, message, new_agent, open_one, queue_one

pytestmark = pytest.mark.anyio
LATER = timedelta(hours=1)


def scene() -> Scene:
    """When everybody has waited long enough to be served by any group."""
    return Scene(datetime.now(UTC) + timedelta(seconds=POLICY.overflow_seconds), SETTINGS, WORDING, POLICY)


@pytest.fixture
def notes() -> list[Note]:
    """What the first of the two published."""
    return []


@pytest.fixture
async def desks(fresh_postgres: sa.URL, notes: list[Note]) -> AsyncIterator[tuple[Database, Database]]:
    """What two desk processes are to each other."""
    url = fresh_postgres.render_as_string(hide_password=False)
    migrate(url)
    both = Database(url, notes.append), Database(url, lambda _note: None)
    for desk in both:
        desk.start()
    yield both
    for desk in both:
        await desk.stop()


async def said(desk: Database, conversation_id: str, number: int) -> int:
    """A customer's message as the inbox commits it; its place."""

    def job(connection: sa.Connection) -> int:
        accepted = usecases.accept_from_customer(connection, conversation_id, message(number), scene())
        hearing.hear(connection, accepted.event, scene())
        return accepted.event.seq

    return await desk.write(job, appends_to=conversation_id)


async def test_batches_of_two_processes_over_the_same_conversations(desks: tuple[Database, Database]) -> None:
    one, two = desks
    ids = [await one.write(open_one) for _ in range(20)]
    before = one.batches, two.batches
    # Each process takes them in another order: unsorted batches would wait for each other's rows.
    forwards = [said(one, i, n) for n in range(10) for i in ids]
    backwards = [said(two, i, 100 + n) for n in range(10) for i in reversed(ids)]
    await asyncio.gather(*forwards, *backwards)
    assert (one.retried, two.retried) == (0, 0)
    assert one.batches - before[0] + two.batches - before[1] < 200  # of 400 messages
    for conversation_id in ids:
        events = await one.read(lambda c, i=conversation_id: store.events_after(c, i, 1))
        assert [event.seq for event in events] == list(range(2, 22))
        mine = [event.client_id for event in events if event.client_id in {f"k{n}" for n in range(10)}]
        assert mine == [f"k{n}" for n in range(10)]


async def test_a_message_that_means_more_leaves_its_batch(desks: tuple[Database, Database], notes: list[Note]) -> None:
    desk, _ = desks
    handoff_id = await desk.write(queue_one)
    waiting = (await desk.read(lambda c: handoff_store.existing(c, handoff_id))).conversation_id
    others = [await desk.write(open_one) for _ in range(5)]
    leaving = usecases.Incoming("leave", "算了，不用人工了")

    def leave(connection: sa.Connection) -> None:
        accepted = usecases.accept_from_customer(connection, waiting, leaving, scene())
        hearing.hear(connection, accepted.event, scene())

    await asyncio.gather(
        *(said(desk, i, 1) for i in others), desk.write(leave, appends_to=waiting), *(said(desk, i, 2) for i in others)
    )
    handoff = await desk.read(lambda c: handoff_store.existing(c, handoff_id))
    assert handoff.state == "cancelled"
    announced = [note.event.client_id for note in notes if hasattr(note, "event")]
    assert announced.count("leave") == 1  # what was rolled back with the batch was not told


async def test_presence_claims_offers_and_transfers_never_wait_in_a_circle(desks: tuple[Database, Database]) -> None:
    """Going offline used to lock the agent and then the conversations, a claim the other way round."""
    one, two = desks
    people: list[Agent] = [await one.write(lambda c: new_agent(c, 3)) for _ in range(5)]
    until = datetime.now(UTC) + LATER
    waiting = [await one.write(queue_one) for _ in range(24)]
    conversations = [(await one.read(lambda c, h=h: handoff_store.existing(c, h))).conversation_id for h in waiting]

    async def tried(desk: Database, job: Callable[[sa.Connection], Any]) -> None:
        with contextlib.suppress(DeskError):  # somebody was faster: part of the game
            await desk.write(job)

    def works(desk: Database, turn: int) -> list[Any]:
        place = f"d_{id(desk)}"
        calls: list[Any] = []
        for number, agent in enumerate(people):
            handoff, conversation = waiting[(number * 5 + turn) % 24], conversations[(number * 7 + turn) % 24]
            colleague = people[(number + 1 + turn) % 5].id
            jobs: list[Callable[[sa.Connection], Any]] = [
                lambda c, a=agent: duty.set_presence(c, a.id, "online", until, scene()),
                lambda c: routing.route(c, scene()),
                lambda c, a=agent, h=handoff: handoffs.claim(c, h, a, scene()),
                lambda c, a=agent, h=handoff: offers.decline(c, h, a, scene(), reason=""),
                lambda c, a=agent, i=conversation, to=colleague: transfers.transfer(
                    c, i, a, scene(), group=None, target_agent_id=to, note=""
                ),
                lambda c, a=agent: duty.set_presence(c, a.id, "offline", until, scene(), force=True),
                lambda c: duty.lapse(c, scene()),
                lambda c: store.customers_seen(c, None, scene().now),
                lambda c: connections.begin(c, until),
                lambda c, a=agent: connections.came(c, place, a.id, until, scene().now),
                lambda c, a=agent: connections.went(c, place, a.id, until),
                lambda c: connections.forget(c, place, until),
            ]
            calls += [tried(desk, job) for job in jobs]
        return [*calls, *(said(desk, i, 1000 * turn + id(desk) % 997) for i in conversations)]

    for turn in range(4):
        await asyncio.gather(*works(one, turn), *works(two, turn + 2))
    assert (one.retried, two.retried) == (0, 0)
