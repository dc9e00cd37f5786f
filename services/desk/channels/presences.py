"""Agents' presence hangs on their consoles' sockets: those of this desk process, and what a lost one leaves behind.

A desk process says in the database which agents have a console at it, and holds a lock (kernel.holds) for as long as
it lives. Every desk looks every few seconds whether one of the others is gone, and ends its agents' presence after the
usual grace time, as if their sockets had closed. On SQLite there is one process: what it finds at its start is its own
past.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

import structlog
from sqlalchemy.exc import SQLAlchemyError

from desk.agents import connections
from desk.kernel.ids import desk_id

if TYPE_CHECKING:
    from desk.kernel.context import Context

log = structlog.get_logger("desk.presences")

_LOOK_SECONDS = 3.0


class Presences:
    """Counts each agent's sockets here, so that only the last one to go starts the grace time."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._id = desk_id(ctx.clock.now())
        self._sockets: Counter[str] = Counter()

    async def start(self) -> None:
        """Consoles of lost desks have their grace time to come back; those at other desks are left alone."""
        await self._ctx.holds.take(_lock_of(self._id))
        await self._forget_lost()
        await self._ctx.db.write(partial(connections.begin, until=self._after_grace()))
        self._ctx.spawn(self._look(), "presences")

    async def came(self, agent_id: str) -> bool:
        """One more socket; True when it is the only one here."""
        self._sockets[agent_id] += 1
        first = self._sockets[agent_id] == 1
        await self._write_came(agent_id)
        return first

    def went(self, agent_id: str) -> None:
        """One socket less; with the last one the grace time begins."""
        self._sockets[agent_id] -= 1
        if self._sockets[agent_id] <= 0:
            del self._sockets[agent_id]
            self._ctx.spawn(self._write_went(agent_id), "agent-left")

    async def _write_came(self, agent_id: str) -> None:
        now = self._ctx.clock.now()
        until = now + timedelta(seconds=self._ctx.settings.presence_api_seconds)
        await self._ctx.db.write(lambda c: connections.came(c, self._id, agent_id, until, now))

    async def _write_went(self, agent_id: str) -> None:
        await self._ctx.db.write(lambda c: connections.went(c, self._id, agent_id, self._after_grace()))

    def _after_grace(self) -> datetime:
        return self._ctx.clock.now() + timedelta(seconds=self._ctx.settings.presence_grace_seconds)

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            with contextlib.suppress(SQLAlchemyError):  # the database is away: the next time
                await self._tell_again()
                await self._forget_lost()

    async def _tell_again(self) -> None:
        """Lock and rows are as they should be, also after the database was away and another desk thought us lost."""
        await self._ctx.holds.take(_lock_of(self._id))  # whoever has it may take it again
        told = await self._ctx.db.read(lambda c: connections.at_desk(c, self._id))
        for agent_id in self._sockets.keys() - told:
            await self._write_came(agent_id)
        for agent_id in told - self._sockets.keys():
            await self._write_went(agent_id)

    async def _forget_lost(self) -> None:
        for other in await self._ctx.db.read(lambda c: connections.other_desks(c, self._id)):
            if not await self._ctx.holds.take(_lock_of(other)):
                continue
            try:
                count = await self._ctx.db.write(partial(connections.forget, desk_id=other, until=self._after_grace()))
                log.info("a desk is lost", desk=other, consoles=count)
            finally:
                await self._ctx.holds.release(_lock_of(other))


def _lock_of(desk: str) -> str:
    return f"desk {desk}"
