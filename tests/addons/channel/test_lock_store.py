"""A conversation's lock among Rasa processes: one at a time, and free at once when its holder is gone."""

from __future__ import annotations

import asyncio

import pytest
import sqlalchemy as sa
from rasa.core.lock_store import LockError, LockStore
from rasa.utils.endpoints import EndpointConfig

from addons import lock_store
from addons.lock_store import ConversationLocks

POLL_SECONDS = 0.01


def one_process() -> ConversationLocks:
    """As endpoints.yml makes it; each has a connection of its own, as each process has."""
    made = LockStore.create(EndpointConfig(type="addons.lock_store.ConversationLocks"))
    assert isinstance(made, ConversationLocks)
    return made


async def hold(locks: ConversationLocks, name: str, seen: list[str], until: asyncio.Event | None = None) -> None:
    async with locks.lock("c1.1", wait_time_in_seconds=POLL_SECONDS):
        seen.append(f"{name} in")
        if until is not None:
            await until.wait()
        seen.append(f"{name} out")


@pytest.mark.usefixtures("shared_database")
def test_another_process_waits_until_it_is_free() -> None:
    async def story() -> None:
        first, second, seen, done = one_process(), one_process(), [], asyncio.Event()
        holding = asyncio.create_task(hold(first, "first", seen, done))
        while not seen:
            await asyncio.sleep(POLL_SECONDS)
        waiting = asyncio.create_task(hold(second, "second", seen))
        async with second.lock("c2.1", wait_time_in_seconds=POLL_SECONDS):
            seen.append("another conversation")
        await asyncio.sleep(10 * POLL_SECONDS)
        assert seen == ["first in", "another conversation"]
        done.set()
        await asyncio.gather(holding, waiting)
        assert seen[2:] == ["first out", "second in", "second out"]

    asyncio.run(story())


@pytest.mark.usefixtures("shared_database")
def test_within_a_process_it_is_one_at_a_time_too() -> None:
    async def story() -> None:
        locks, seen = one_process(), []
        await asyncio.gather(*(hold(locks, name, seen) for name in "abc"))
        assert [word.split()[1] for word in seen] == ["in", "out"] * 3

    asyncio.run(story())


def test_the_lock_of_a_lost_process_is_free_at_once(shared_database: str) -> None:
    async def story() -> None:
        first, second, seen, done = one_process(), one_process(), [], asyncio.Event()
        holding = asyncio.create_task(hold(first, "first", seen, done))
        while not seen:
            await asyncio.sleep(POLL_SECONDS)
        engine = sa.create_engine(shared_database)
        with engine.connect() as connection:  # what the server does when the connection of a killed process ends
            ended = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"
            connection.execute(sa.text(ended))
        await hold(second, "second", seen)
        assert seen == ["first in", "second in", "second out"]
        done.set()
        await holding
        await hold(first, "first", seen)  # over a connection that it opens anew
        assert seen[-2:] == ["first in", "first out"]

    asyncio.run(story())


@pytest.mark.usefixtures("shared_database")
def test_nobody_waits_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        first, second, seen, done = one_process(), one_process(), [], asyncio.Event()
        holding = asyncio.create_task(hold(first, "first", seen, done))
        while not seen:
            await asyncio.sleep(POLL_SECONDS)
        monkeypatch.setattr(lock_store, "PATIENCE_SECONDS", 0.05)
        with pytest.raises(LockError):
            await hold(second, "second", seen)
        done.set()
        await holding

    asyncio.run(story())


def test_without_the_setting_they_are_rasas_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BATON_TRACKER_DATABASE_URL", raising=False)
    seen: list[str] = []
    asyncio.run(hold(one_process(), "first", seen))
    assert seen == ["first in", "first out"]
