"""The router: after every change of queue or agents, and by the clock, it lets routing look at the database.

It keeps nothing in memory, so a start is like any other pass, and several desk processes may each run one: the one
that made a change looks at once, the others by the clock, in case it died in between.
"""

from __future__ import annotations

import asyncio
import contextlib
from functools import partial
from typing import TYPE_CHECKING

import structlog
from sqlalchemy.exc import SQLAlchemyError

from desk.agents.store import AgentChanged
from desk.handoffs import duty, queue_store, transfers, waiting
from desk.handoffs.notes import OfferChanged, QueueChanged
from desk.kernel.errors import DeskError
from desk.routing import store, usecases

if TYPE_CHECKING:
    from collections.abc import Callable

    from desk.kernel.bus import Note
    from desk.kernel.context import Context, Scene

log = structlog.get_logger("desk.routing")

_SETTLE_SECONDS = 0.005  # several changes at once are one pass
_TICK_SECONDS = 1.0  # offers run out and customers overflow without anything changing
_AGAIN_SECONDS = 0.05
_CLEAR_UP_SECONDS = 15.0


class Router:
    """Runs routing.usecases.route when there may be work, and clear_up every few seconds."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._wake = asyncio.Event()
        self._unsubscribe: list[Callable[[], None]] = []

    async def start(self) -> None:
        """Follow the bus and the clock."""
        self._unsubscribe = [
            self._ctx.bus.on(kind, self._on_note, own=True) for kind in (QueueChanged, AgentChanged, OfferChanged)
        ]
        self._wake.set()
        self._ctx.spawn(self._follow(), "router")
        self._ctx.spawn(self._clear_up(), "clear-up")

    async def stop(self) -> None:
        """Stop following."""
        for unsubscribe in self._unsubscribe:
            unsubscribe()

    def _on_note(self, _note: Note) -> None:
        self._wake.set()

    async def _follow(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), _TICK_SECONDS)
                await asyncio.sleep(_SETTLE_SECONDS)
            self._wake.clear()
            try:
                await self._pass()
            except SQLAlchemyError:  # the next pass starts from the database again
                log.exception("routing failed")

    async def _pass(self) -> None:
        scene = self._ctx.scene()
        auto = scene.policy.mode == "auto"
        if await self._ctx.db.read(lambda c: store.has_work(c, scene.now, auto=auto)):
            done = await self._ctx.db.write(lambda c: usecases.route(c, scene))
            self._ctx.metrics.handoffs.labels("offered").inc(done.made)
            self._ctx.metrics.handoffs.labels("offer_expired").inc(done.expired)
            if done.unfinished:  # or another process' pass may have begun before the change that woke this one
                asyncio.get_running_loop().call_later(_AGAIN_SECONDS, self._wake.set)

    async def _clear_up(self) -> None:
        settings, policy = self._ctx.settings, self._ctx.policy
        pause_seconds = min(_CLEAR_UP_SECONDS, settings.presence_grace_seconds / 3, policy.place_kept_seconds / 4)
        while True:
            try:
                await self._clear_up_once(self._ctx.scene())
            except SQLAlchemyError:
                log.exception("clearing up failed")
            await asyncio.sleep(max(0.2, pause_seconds))

    async def _clear_up_once(self, scene: Scene) -> None:
        """As usecases.clear_up, in one job a conversation: one that fails does not hold up the others."""
        await self._ctx.db.write(lambda c: duty.lapse(c, scene))
        lost = await self._ctx.db.read(queue_store.owned_by_nobody_there)
        away = await self._ctx.db.read(lambda c: waiting.away_too_long(c, scene))
        for use_case, ids in ((transfers.return_to_queue, lost), (waiting.end_place, away)):
            for conversation_id in ids:
                try:
                    await self._ctx.db.write(partial(use_case, conversation_id=conversation_id, scene=scene))
                except DeskError:  # somebody was faster; the next round looks again
                    log.exception("not cleared up", conversation=conversation_id)
