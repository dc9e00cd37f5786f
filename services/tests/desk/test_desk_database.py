"""Database and stores on both kinds of database: group commit, savepoints, compare-and-set, migrations."""

from __future__ import annotations

import asyncio
import threading
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from desk.agents import store as agent_store
from desk.agents.account_rules import NewAccount
from desk.agents.accounts import create_account
from desk.agents.rules import Agent
from desk.conversations import store, usecases
from desk.conversations.notes import EventStored
from desk.conversations.rules import Conversation
from desk.handoffs import store as handoff_store
from desk.handoffs import usecases as handoffs
from desk.kernel import policy, settings, wording
from desk.kernel.bus import Note
from desk.kernel.context import Scene
from desk.kernel.database import Database, metadata
from desk.kernel.engine import create_engine, migrate
from desk.kernel.errors import ConflictError
from desk.kernel.locks import leave_batch
from summaries import summary_for

pytestmark = pytest.mark.anyio
SETTINGS = settings.load({}, require_secrets=False)
WORDING = wording.load(SETTINGS.playbook_dir)
POLICY = policy.load(SETTINGS.playbook_dir)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A fresh, migrated database."""
    if request.param == "sqlite":
        fresh = f"sqlite:///{tmp_path / 'desk.db'}"
    else:
        fresh = request.getfixturevalue("fresh_postgres").render_as_string(hide_password=False)
    migrate(fresh)
    return fresh


@pytest.fixture
def notes() -> list[Note]:
    """What was published."""
    return []


@pytest.fixture
async def db(url: str, notes: list[Note]) -> object:
    """A running database."""
    database = Database(url, notes.append)
    database.start()
    yield database
    await database.stop()


def scene() -> Scene:
    return Scene(datetime.now(UTC), SETTINGS, WORDING)


def open_one(connection: sa.Connection) -> str:
    conversation_id = f"c_{uuid.uuid4().hex}"
    opening = usecases.Opening(
        conversation_id=conversation_id,
        token_hash="0" * 64,
        customer_id="C1",
        customer_name="王*",
        page={"title": "订单详情"},
        device=None,
        locale="zh-CN",
        greeting="您好",
        buttons=[{"title": "找人工", "payload": "/request_human"}],
    )
    usecases.open_conversation(connection, opening, scene())
    return conversation_id


def queue_one(connection: sa.Connection) -> str:
    conversation_id = open_one(connection)
    conversation = existing(connection, conversation_id)
    handoff_id = f"h_{uuid.uuid4().hex}"
    summary = summary_for({"message_id": handoff_id[2:], "conversation_id": conversation_id})
    handoffs.queue(connection, conversation, handoffs.Escalation(handoff_id, summary, None), scene())
    return handoff_id


def new_agent(connection: sa.Connection, capacity: int) -> Agent:
    username = f"a{uuid.uuid4().hex[:10]}"
    create_account(connection, NewAccount(username, "小周", "agent", ["orders"], capacity), datetime.now(UTC))
    agent = agent_store.by_username(connection, username)
    assert agent is not None
    agent_store.set_presence(connection, agent.id, "online", datetime.now(UTC))
    return agent


def existing(connection: sa.Connection, conversation_id: str) -> Conversation:
    found = store.get(connection, conversation_id)
    assert found is not None
    return found


class SlowToCommit:
    """A driver's connection on a disk that takes its time."""

    def __init__(self, driver: Any) -> None:
        self._driver = driver

    def execute(self, text: str, *parameters: Any) -> Any:
        if text == "COMMIT":
            time.sleep(0.2)
        return self._driver.execute(text, *parameters)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._driver, name)


def message(number: int) -> usecases.Incoming:
    return usecases.Incoming(f"k{number}", f"第 {number} 条")


def test_the_migrations_make_exactly_the_tables_of_the_code(url: str) -> None:
    engine = create_engine(url, writer=True)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()
    migrate(url)  # a second time changes nothing


async def test_one_failing_job_rolls_back_alone_and_announces_nothing(db: Database, notes: list[Note]) -> None:
    conversation_id = await db.write(open_one)
    notes.clear()

    def bad(connection: sa.Connection) -> None:
        usecases.accept_from_customer(connection, conversation_id, message(99), scene())
        raise ConflictError("owner_changed")

    def good(number: int) -> object:
        return db.write(lambda c: usecases.accept_from_customer(c, conversation_id, message(number), scene()))

    done = await asyncio.gather(good(1), db.write(bad), good(2), db.write(bad), good(3), return_exceptions=True)
    assert [isinstance(result, ConflictError) for result in done] == [False, True, False, True, False]
    events = await db.read(lambda c: store.events_after(c, conversation_id, 1))
    assert [(event.seq, event.text) for event in events] == [(2, "第 1 条"), (3, "第 2 条"), (4, "第 3 条")]
    assert [note.event.seq for note in notes if isinstance(note, EventStored)] == [2, 3, 4]


async def test_what_is_published_is_committed(url: str) -> None:
    seen: list[bool] = []
    reader = create_engine(url)

    def look(note: Note) -> None:
        if isinstance(note, EventStored):
            with reader.connect() as connection:
                found = store.events_after(connection, note.event.conversation_id, note.event.seq - 1)
            seen.append(bool(found))

    database = Database(url, look)
    database.start()
    await asyncio.gather(*(database.write(open_one) for _ in range(20)))
    await database.stop()
    reader.dispose()
    assert seen == [True] * 20


async def test_commits_are_grouped(db: Database) -> None:
    conversation_id = await db.write(open_one)
    before = db.batches
    await asyncio.gather(
        *(
            db.write(
                lambda c, n=number: usecases.accept_from_customer(c, conversation_id, message(n), scene()),
                appends_to=conversation_id,
            )
            for number in range(200)
        )
    )
    assert db.batches - before < 100
    events = await db.read(lambda c: store.events_after(c, conversation_id, 0, 500))
    assert [event.seq for event in events] == list(range(1, 202))


@pytest.mark.parametrize("appends_to", [None, "c_1"], ids=["in the thread", "in the loop"])
async def test_a_commit_that_fails_promises_nothing_to_anybody(tmp_path: Path, appends_to: str | None) -> None:
    migrate(f"sqlite:///{tmp_path / 'desk.db'}")
    database = Database(f"sqlite:///{tmp_path / 'desk.db'}", lambda _note: None)
    database.start()

    def breaks_the_commit(connection: sa.Connection) -> str:
        connection.execute(sa.text("PRAGMA defer_foreign_keys=ON"))
        orphan = {"c": "c_none", "m": "m_1"}
        connection.execute(
            sa.text(
                "INSERT INTO events (conversation_id, seq, type, sender, message_id, session, at) "
                "VALUES (:c, 1, 'message', 'customer', :m, 1, '2026-11-23 00:00:00.000000')"
            ),
            orphan,
        )
        return "stored"

    told: list[tuple[object, bool]] = []
    gate = threading.Event()
    held = asyncio.ensure_future(asyncio.sleep(0) if appends_to else database.write(lambda _c: gate.wait(10)))
    await asyncio.sleep(0.05)
    for job in (lambda _connection: "stored", breaks_the_commit):
        database.submit(job, lambda result, error: told.append((result, error is None)), appends_to=appends_to)
    gate.set()
    await held
    await database.stop()
    await asyncio.sleep(0.05)
    assert told == [(None, False), (None, False)]


async def test_nothing_of_a_conversation_overtakes_what_had_to_leave_the_batch(db: Database) -> None:
    done: list[str] = []

    def slow(connection: sa.Connection) -> None:
        leave_batch(connection)
        time.sleep(0.2)
        done.append("first")

    first = [asyncio.ensure_future(db.write(job, appends_to=at)) for at, job in (("c_0", open_one), ("c_1", slow))]
    await asyncio.sleep(0.1)
    await db.write(lambda _connection: done.append("second"), appends_to="c_1")
    await db.write(lambda _connection: done.append("third"), appends_to="c_1")
    await asyncio.gather(*first)
    assert done == ["first", "second", "third"]


async def test_an_append_is_the_loops_own_where_it_waits_for_nobody(db: Database, url: str) -> None:
    conversation_id = await db.write(open_one)
    mine = threading.get_ident()
    done: list[tuple[str, bool]] = []

    def noting(name: str) -> Callable[[sa.Connection], None]:
        return lambda _connection: done.append((name, threading.get_ident() == mine))

    append = {"appends_to": conversation_id}
    await asyncio.gather(db.write(noting("one"), **append), db.write(noting("two"), **append))
    own = url.startswith("sqlite")
    assert done == [("one", own), ("two", own)]
    done.clear()
    # Behind what is not an append, and before it, in the order in which they were asked for.
    jobs = [db.write(noting("append"), **append), db.write(noting("other")), db.write(noting("behind"), **append)]
    await asyncio.gather(*jobs)
    assert sorted(done) == [("append", False), ("behind", False), ("other", False)]
    if own:
        assert [name for name, _ in done] == ["append", "other", "behind"]


async def test_the_loop_waits_neither_for_other_programs_nor_for_a_slow_disk(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'desk.db'}"
    migrate(url)
    database, mine = Database(url, lambda _note: None), threading.get_ident()
    database.start()
    await database.write(lambda _connection: None, appends_to="c_1")
    other = create_engine(url, writer=True)
    with other.begin() as connection:
        connection.execute(sa.text("SELECT 1"))
        kept_out = asyncio.ensure_future(database.write(lambda _c: threading.get_ident(), appends_to="c_1"))
        began = time.monotonic()
        await asyncio.sleep(0.2)
        assert time.monotonic() - began < 5
        assert not kept_out.done()
    assert await kept_out != mine

    def slow_commit(connection: sa.Connection) -> int:
        driver = connection.connection.dbapi_connection
        assert driver is not None
        connection.connection.dbapi_connection = SlowToCommit(driver)  # type: ignore[assignment]
        return threading.get_ident()

    assert await database.write(slow_commit, appends_to="c_1") == mine
    assert await database.write(lambda _c: threading.get_ident(), appends_to="c_1") != mine
    await database.stop()
    other.dispose()


async def test_a_look_leaves_nothing_open_and_sees_what_others_wrote(db: Database, url: str) -> None:
    other = Database(url, lambda _note: None)
    other.start()
    for count in range(3):
        found = await db.look(
            lambda c: c.execute(sa.select(sa.func.count()).select_from(store.conversations)).scalar_one()
        )
        assert found == count
        await other.write(open_one)
    await other.stop()


async def test_a_caller_that_goes_away_does_not_take_its_write_back(db: Database) -> None:
    task = asyncio.create_task(db.write(open_one))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await db.write(open_one)
    assert (
        await db.read(lambda c: c.execute(sa.select(sa.func.count()).select_from(store.conversations)).scalar_one())
        == 2
    )


async def test_two_processes_share_one_sequence_and_one_client_id(url: str) -> None:
    """Two Database objects are what two desk processes are to each other."""
    one, two = Database(url, lambda _note: None), Database(url, lambda _note: None)
    one.start()
    two.start()
    conversation_id = await one.write(open_one)

    async def send(database: Database, number: int) -> int:
        def job(connection: sa.Connection) -> int:
            return usecases.accept_from_customer(connection, conversation_id, message(number), scene()).event.seq

        try:
            return await database.write(job)
        except sa.exc.IntegrityError:
            return await database.write(job)

    results = await asyncio.gather(*(send(database, n) for n in range(60) for database in (one, two)))
    assert results[0::2] == results[1::2]
    events = await one.read(lambda c: store.events_after(c, conversation_id, 0, 500))
    assert [event.seq for event in events] == list(range(1, 62))
    await one.stop()
    await two.stop()


async def test_claims_from_two_processes_never_double_and_never_exceed_capacity(url: str) -> None:
    databases = [Database(url, lambda _note: None) for _ in range(2)]
    for database in databases:
        database.start()
    ids = [await databases[0].write(queue_one) for _ in range(20)]
    agents = [await databases[0].write(lambda c: new_agent(c, 3)) for _ in range(5)]

    async def claim(database: Database, handoff_id: str, agent: Agent) -> str | None:
        try:
            await database.write(lambda c: handoffs.claim(c, handoff_id, agent, scene()))
        except ConflictError:
            return None
        return handoff_id

    calls = [claim(databases[(i + j) % 2], h, a) for i, h in enumerate(ids) for j, a in enumerate(agents)]
    won = [handoff_id for handoff_id in await asyncio.gather(*calls) if handoff_id]
    assert len(won) == len(set(won)) == 15  # five agents with room for three each
    rows = await databases[0].read(lambda c: handoff_store.in_state(c, "active"))
    assert sorted(row.id for row in rows) == sorted(won)
    for agent in agents:
        owned = await databases[0].read(
            lambda c, a=agent: (len(store.owned_by(c, a.id)), agent_store.get(c, a.id).load)
        )
        assert owned == (3, 3)
    for database in databases:
        await database.stop()


async def test_a_fence_of_yesterday_changes_nothing(db: Database) -> None:
    conversation_id = await db.write(open_one)
    old = await db.read(lambda c: existing(c, conversation_id))
    now = datetime.now(UTC)
    first = await db.write(lambda c: store.change_owner(c, old, now, state="closed", owner_kind="none"))
    second = await db.write(lambda c: store.change_owner(c, old, now, state="bot", owner_kind="bot"))
    cursor = await db.write(lambda c: store.advance_bot_cursor(c, old, 5))
    assert (first, second, cursor) == (True, False, False)
    assert (await db.read(lambda c: existing(c, conversation_id))).fence == 2


async def test_texts_times_and_json_come_back_as_they_went(db: Database) -> None:
    conversation_id = await db.write(open_one)
    text = "<b>‘引号’</b> \"'; 👨‍👩‍👧 \\ %s {x}"
    moment = datetime(2026, 11, 22, 2, 3, 4, 567_000, tzinfo=UTC)
    incoming = usecases.Incoming("k", text, None, {"title": "表情 👍"})
    at = Scene(moment, SETTINGS, WORDING)
    await db.write(lambda c: usecases.accept_from_customer(c, conversation_id, incoming, at))
    event = (await db.read(lambda c: store.events_after(c, conversation_id, 1)))[0]
    assert (event.text, event.at, event.buttons) == (text, moment, None)
    assert (await db.read(lambda c: existing(c, conversation_id))).page == {"title": "表情 👍"}


async def test_one_open_handoff_a_conversation_is_the_databases_own_rule(db: Database) -> None:
    handoff_id = await db.write(queue_one)
    table = handoff_store.handoffs

    def copy(connection: sa.Connection) -> None:
        row = dict(connection.execute(sa.select(table).where(table.c.id == handoff_id)).mappings().one())
        connection.execute(table.insert().values(**{**row, "id": "h_copy"}))

    with pytest.raises(sa.exc.IntegrityError):
        await db.write(copy)
