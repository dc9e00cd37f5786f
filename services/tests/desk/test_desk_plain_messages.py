"""Messages written many at a time are stored, answered and announced as each alone would be; both kinds of database."""

from __future__ import annotations

import asyncio
import threading
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal, get_args

import pytest
import sqlalchemy as sa
from desk.channels import inbox
from desk.conversations import plain, usecases
from desk.conversations.notes import EventStored
from desk.conversations.tables import conversations, events
from desk.conversations.usecases import Accepted, Incoming
from desk.kernel import settings, wording
from desk.kernel.bus import Note
from desk.kernel.context import Context, Scene
from desk.kernel.engine import migrate
from desk.kernel.errors import DeskError

pytestmark = pytest.mark.anyio

# The writer is busy and finds all of them, or they come in one pass of the loop, or each after the answer before.
Way = Literal["waiting for the writer", "in one breath", "one by one"]
PAGE = {"url": None, "title": "订单详情", "order_id": "E1", "product_id": None}
OTHER_PAGE = {**PAGE, "title": "物流详情"}
OWNERS: dict[str, dict[str, Any]] = {
    "agent": {"state": "active", "owner_kind": "agent", "owner_agent_id": "a_1", "owner_agent_name": "小周"},
    "other": {"state": "active", "owner_kind": "agent", "owner_agent_id": "a_2", "owner_agent_name": "小陈"},
    "bot": {},
    "closed": {"state": "closed", "owner_kind": "none"},
}
# Whose conversation, who writes (None: the customer), what.
SCRIPT: list[tuple[str, str | None, Incoming]] = [
    ("agent", None, Incoming("c1", "在吗？", page=PAGE)),
    ("agent", "a_1", Incoming("a1", "您好，我在。👋")),
    ("other", None, Incoming("c1", "另一个对话，同一个编号")),
    ("agent", None, Incoming("c2", '引号 " 和 \\ 还有 {"text": null}')),
    ("agent", None, Incoming("c1", "在吗？", page=PAGE)),  # sent again in the same batch
    ("bot", None, Incoming("c1", "机器人在吗")),
    ("agent", None, Incoming("c3", "   ")),
    ("agent", None, Incoming("", "没有编号")),
    ("agent", None, Incoming("c4", "长" * 2001)),
    ("agent", "a_2", Incoming("x1", "不是我的对话")),
    ("agent", None, Incoming("a1", "拿了客服的编号")),
    ("closed", None, Incoming("c1", "我又来了")),
    ("nobody", None, Incoming("c1", "没有这个对话")),
    ("agent", None, Incoming("c5", "换页了", page=OTHER_PAGE)),
    ("agent", None, Incoming("c6", "第一行\n第二行\t完")),
    ("agent", None, Incoming("known", "以前就收到过")),
    ("agent", None, Incoming("c7", "按钮", payload="/没有给过")),
    ("agent", "a_1", Incoming("a2", "马上给您查。")),
]


@pytest.fixture(params=["sqlite", "postgresql"])
async def ctx(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Context]:
    """The desk's parts on a fresh database; what is published is kept in `ctx.published`."""
    url = f"sqlite:///{tmp_path / 'desk.db'}"
    if request.param == "postgresql":
        url = request.getfixturevalue("fresh_postgres").render_as_string(hide_password=False)
    migrate(url)
    values = settings.load({"BATON_DESK_DATABASE_URL": url}, require_secrets=False)
    made = Context.build(values, wording.load(values.playbook_dir))
    made.db.start()
    yield made
    await made.db.stop()


def open_all(connection: sa.Connection) -> dict[str, str]:
    """A conversation of each owner, with a message that is known; owner -> id."""
    scene = Scene(datetime.now(UTC), SimpleNamespace(), SimpleNamespace())  # type: ignore[arg-type]
    ids = {"nobody": "c_nobody"}
    for owner, columns in OWNERS.items():
        ids[owner] = f"c_{uuid.uuid4().hex}"
        opening = usecases.Opening(
            conversation_id=ids[owner],
            token_hash="0" * 64,
            customer_id="C1",
            customer_name="王*",
            page=PAGE,
            device=None,
            locale="zh-CN",
            greeting="您好",
            buttons=[],
        )
        usecases.open_conversation(connection, opening, scene)
        usecases.accept_from_customer(connection, ids[owner], Incoming("known", "以前"), scene)
        if columns:
            connection.execute(conversations.update().where(conversations.c.id == ids[owner]).values(**columns))
    return ids


async def send_all(ctx: Context, ids: dict[str, str], way: Way) -> list[str]:
    """The whole script; what each message was answered."""
    answers: dict[int, str] = {}
    left, gate = asyncio.Semaphore(0), threading.Event()
    held = asyncio.ensure_future(hold_writer(ctx, gate) if way == "waiting for the writer" else asyncio.sleep(0))
    await asyncio.sleep(0.05)
    for place, (owner, agent, incoming) in enumerate(SCRIPT):

        def told(accepted: Accepted | None, error: Exception | None, place: int = place) -> None:
            answers[place] = error.code if isinstance(error, DeskError) else str(error)
            if accepted is not None:
                answers[place] = f"seq {accepted.event.seq}, again {accepted.duplicate}"
            left.release()

        if agent is None:
            inbox.take_from_customer(ctx, ids[owner], incoming, told)
        else:
            inbox.take_from_agent(ctx, ids[owner], SimpleNamespace(id=agent), incoming, told)  # type: ignore[arg-type]
        if way == "one by one":
            await asyncio.wait_for(left.acquire(), 10)
    gate.set()
    await held
    while len(answers) < len(SCRIPT):
        await asyncio.wait_for(left.acquire(), 10)
    return [answers[place] for place in range(len(SCRIPT))]


async def hold_writer(ctx: Context, gate: threading.Event) -> None:
    """Keep the thread busy that writes appends."""
    on_sqlite = ctx.settings.database_url.startswith("sqlite")  # there an append is the loop's own
    await ctx.db.write(lambda _connection: gate.wait(10), appends_to=None if on_sqlite else "c_")


async def stored(ctx: Context, ids: dict[str, str]) -> dict[str, Any]:
    """All rows of these conversations, without what is different each time."""
    different = {"id", "conversation_id", "message_id", "at", "created_at", "updated_at"}

    def read(connection: sa.Connection) -> dict[str, Any]:
        found = {}
        for owner, conversation_id in ids.items():
            rows = [
                *connection.execute(conversations.select().where(conversations.c.id == conversation_id)).mappings(),
                *connection.execute(
                    events.select().where(events.c.conversation_id == conversation_id).order_by(events.c.seq)
                ).mappings(),
            ]
            found[owner] = [{name: row[name] for name in row if name not in different} for row in rows]
        return found

    return await ctx.db.read(read)


def told(notes: list[Note], ids: dict[str, str]) -> dict[str, list[Any]]:
    """What was published of each conversation, in order."""
    return {
        owner: [
            (note.owner_kind, note.event.seq, note.event.sender, note.event.text, note.event.agent_name)
            for note in notes
            if isinstance(note, EventStored) and note.key == conversation_id
        ]
        for owner, conversation_id in ids.items()
    }


@pytest.mark.parametrize("way", get_args(Way))
async def test_as_rows_and_as_jobs(ctx: Context, monkeypatch: pytest.MonkeyPatch, way: Way) -> None:
    notes: list[Note] = []
    ctx.bus.on(EventStored, notes.append)
    rows_of, jobs_of = [await ctx.db.write(open_all) for _ in range(2)]
    answers = await send_all(ctx, rows_of, way)
    monkeypatch.setattr(plain, "row_of", lambda *_arguments: None)
    assert answers == await send_all(ctx, jobs_of, way)
    rows = await stored(ctx, rows_of)
    assert rows == await stored(ctx, jobs_of)
    assert told(notes, rows_of) == told(notes, jobs_of)
    assert [row["seq"] for row in rows["agent"][1:]] == list(range(1, len(rows["agent"])))
    assert answers[:4] == ["seq 3, again False", "seq 4, again False", "seq 3, again False", "seq 5, again False"]
    assert answers[4] == "seq 3, again True"


@pytest.mark.parametrize("way", get_args(Way))
async def test_times_are_stored_as_ever(ctx: Context, way: Way) -> None:
    ids = await ctx.db.write(open_all)
    before = datetime.now(UTC)
    await send_all(ctx, ids, way)

    def read(connection: sa.Connection) -> list[datetime]:
        mine = conversations.c.id == ids["agent"]
        moved = connection.execute(sa.select(conversations.c.updated_at).where(mine)).scalars()
        said = connection.execute(sa.select(events.c.at).where(events.c.conversation_id == ids["agent"])).scalars()
        return [*moved, *sorted(said)[2:]]

    assert all(before <= moment <= datetime.now(UTC) for moment in await ctx.db.read(read))


def each_alone(connection: sa.Connection, messages: list[plain.Plain]) -> list[Any]:
    return [plain.write_alone(connection, message) for message in messages]


async def test_what_is_plain_needs_no_job_of_its_own(ctx: Context) -> None:
    scene, ids = ctx.scene(), {}
    for write in (plain.write_together, each_alone):
        ids = await ctx.db.write(open_all)
        messages = [plain.Plain(ids[owner], incoming, scene, agent) for owner, agent, incoming in SCRIPT]
        written = await ctx.db.write(lambda connection, m=messages, w=write: w(connection, m))
        kept = [place for place, one in enumerate(written) if one is not None]
        assert kept == [0, 1, 2, 3, 14, 16, 17]  # the button: `row_of` keeps it out
    assert plain.row_of(ids["agent"], SCRIPT[16][2], scene) is None
