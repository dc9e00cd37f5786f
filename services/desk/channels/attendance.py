"""Writes down every few seconds which waiting customers still have their page open."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

import structlog
from sqlalchemy.exc import SQLAlchemyError

from desk.conversations import store
from desk.conversations.notes import CustomerSeen

if TYPE_CHECKING:
    from collections.abc import Callable

    from desk.kernel.context import Context

log = structlog.get_logger("desk.attendance")

_FLUSH_SECONDS = 20.0


class Attendance:
    """Collects CustomerSeen notes; one statement a flush, and only conversations in the queue are written."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._seen: set[str] = set()
        self._unsubscribe: Callable[[], None] | None = None

    async def start(self) -> None:
        """Everybody who waited before this start is counted as there now, then only who shows up."""
        now = self._ctx.clock.now()
        await self._ctx.db.write(lambda connection: store.customers_seen(connection, None, now))
        self._unsubscribe = self._ctx.bus.on(CustomerSeen, self._on_seen)
        self._ctx.spawn(self._flush(), "attendance")

    async def stop(self) -> None:
        """Stop collecting."""
        if self._unsubscribe is not None:
            self._unsubscribe()

    def _on_seen(self, note: CustomerSeen) -> None:
        self._seen.add(note.conversation_id)

    async def _flush(self) -> None:
        while True:
            await asyncio.sleep(min(_FLUSH_SECONDS, self._ctx.policy.place_kept_seconds / 4))
            seen, self._seen = sorted(self._seen), set()
            if not seen:
                continue
            try:
                await self._ctx.db.write(partial(store.customers_seen, ids=seen, at=self._ctx.clock.now()))
            except SQLAlchemyError:  # they are seen again with their next ping
                log.exception("attendance not written")
