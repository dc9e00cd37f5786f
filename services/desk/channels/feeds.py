"""All open feeds of this process: when notes of other processes may have been missed, each is brought up to date."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

import structlog
from sqlalchemy.exc import SQLAlchemyError

from desk.conversations import store
from desk.kernel.bus import Missed

if TYPE_CHECKING:
    from collections.abc import Callable

    from desk.channels.feed import Feed
    from desk.kernel.context import Context

log = structlog.get_logger("desk.feeds")

_AT_ONCE = 500


class Feeds:
    """Compares how far each feed is with the database, hundreds in one query; only who is behind reads more."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._open: set[Feed] = set()
        self._wake = asyncio.Event()
        self._unsubscribe: Callable[[], None] | None = None

    def start(self) -> None:
        """Follow the bus."""
        self._unsubscribe = self._ctx.bus.on(Missed, lambda _note: self._wake.set())
        self._ctx.spawn(self._run(), "feeds")

    async def stop(self) -> None:
        """Stop following; the context cancels the task."""
        if self._unsubscribe is not None:
            self._unsubscribe()

    def add(self, feed: Feed) -> None:
        """It is open from now on."""
        self._open.add(feed)

    def remove(self, feed: Feed) -> None:
        """It is closed."""
        self._open.discard(feed)

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                await self._catch_up()
            except SQLAlchemyError:  # the next time, one second later while Redis is away
                log.exception("feeds not caught up")
                self._wake.set()
                await asyncio.sleep(1)

    async def _catch_up(self) -> None:
        feeds = list(self._open)
        for start in range(0, len(feeds), _AT_ONCE):
            some = feeds[start : start + _AT_ONCE]
            ids = sorted({feed.conversation_id for feed in some})
            marks = await self._ctx.db.read(partial(store.marks, conversation_ids=ids))
            for feed in some:
                if feed.conversation_id in marks:
                    feed.catch_up(marks[feed.conversation_id])
