"""The service watch: people come on duty, are gone for a while, or do not come when they should: who waits is told."""

from __future__ import annotations

import asyncio
import contextlib
from functools import partial
from typing import TYPE_CHECKING

import structlog
from sqlalchemy.exc import SQLAlchemyError

from desk.agents.store import AgentChanged
from desk.handoffs import case_store, offline, queue_store

if TYPE_CHECKING:
    from collections.abc import Callable

    import sqlalchemy as sa

    from desk.kernel.context import Context, Scene

log = structlog.get_logger("desk.service")

_LONGEST_PAUSE_SECONDS = 15.0
_AT_ONCE = 50


class ServiceWatch:
    """Looks after every change of an agent and every few seconds; what was told is kept with the handoff."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._wake = asyncio.Event()
        self._nobody_since: float | None = None
        self._unsubscribe: Callable[[], None] | None = None

    async def start(self) -> None:
        """Follow the bus and the clock."""
        self._unsubscribe = self._ctx.bus.on(AgentChanged, lambda _note: self._wake.set())
        self._ctx.spawn(self._run(), "service-watch")

    async def stop(self) -> None:
        """Stop following; the context cancels the task."""
        if self._unsubscribe is not None:
            self._unsubscribe()

    async def _run(self) -> None:
        pause = min(_LONGEST_PAUSE_SECONDS, max(0.2, self._ctx.settings.away_notice_seconds / 3))
        while True:
            self._wake.clear()
            try:
                await self._look()
            except SQLAlchemyError:
                log.exception("who waits could not be told")  # the next look tells them
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), pause)

    async def _look(self) -> None:
        scene = self._ctx.scene()
        on_duty, changed, late = await self._ctx.db.read(partial(_situation, scene=scene))
        now = asyncio.get_running_loop().time()
        if on_duty:
            self._nobody_since = None
        elif self._nobody_since is None:
            self._nobody_since = now
        gone = self._nobody_since is not None and now - self._nobody_since >= self._ctx.settings.away_notice_seconds
        if changed and (on_duty or gone):
            await self._tell(partial(offline.tell, scene=scene, on_duty=on_duty, limit=_AT_ONCE))
        if late:
            await self._tell(partial(offline.tell_late, scene=scene, limit=_AT_ONCE))

    async def _tell(self, some: Callable[[sa.Connection], int]) -> None:
        while await self._ctx.db.write(some) == _AT_ONCE:
            pass


def _situation(connection: sa.Connection, scene: Scene) -> tuple[bool, bool, bool]:
    """(somebody is on duty, somebody was told otherwise, somebody was told of an opening that brought nobody)."""
    on_duty = queue_store.anybody_on_duty(connection)
    changed = bool(case_store.told_otherwise(connection, on_duty, 1))
    late = not on_duty and bool(case_store.opening_passed(connection, offline.latest_opening(scene), 1))
    return on_duty, changed, late
