"""Holds: what only one desk process at a time works on, such as a conversation's turns with the bot.

PostgreSQL's advisory locks of one connection that lives as long as the process: when the process dies, by `kill -9`
too, the connection ends and the server lets go at once; no lease has to run out. On SQLite there is one process.
"""

from __future__ import annotations

import asyncio
import hashlib
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import sqlalchemy as sa
import structlog

from desk.kernel.engine import create_engine, is_sqlite

if TYPE_CHECKING:
    from collections.abc import Callable

log = structlog.get_logger("desk.holds")


class Holds:
    """Takes and releases by key. Within one process a key may be taken again: it is released as often."""

    def __init__(self, database_url: str) -> None:
        self._engine = None if is_sqlite(database_url) else create_engine(database_url)
        self._connection: sa.Connection | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="desk-holds")

    async def take(self, key: str) -> bool:
        """Whether this process has it now; False while another one has it or the database does not answer."""
        return self._engine is None or await self._call(sa.func.pg_try_advisory_lock, key)

    async def release(self, key: str) -> None:
        """Let another process have it."""
        if self._engine is not None:
            await self._call(sa.func.pg_advisory_unlock, key)

    async def stop(self) -> None:
        """Release everything."""
        if self._engine is not None:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._close)
        self._thread.shutdown()

    async def _call(self, function: Callable[[int], sa.ColumnElement[bool]], key: str) -> bool:
        number = int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest(), signed=True)
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._execute, function(number))

    def _execute(self, call: sa.ColumnElement[bool]) -> bool:
        try:
            if self._connection is None and self._engine is not None:
                self._connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            return self._connection is not None and bool(self._connection.execute(sa.select(call)).scalar_one())
        except sa.exc.SQLAlchemyError as error:
            log.warning("holds are lost", error=str(error))  # whoever takes them now commits by compare-and-set
            self._drop()
            return False

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.invalidate()
            self._connection.close()
            self._connection = None

    def _close(self) -> None:
        self._drop()
        if self._engine is not None:
            self._engine.dispose()
