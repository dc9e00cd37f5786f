"""One turn of a conversation at a time: within this Rasa by Rasa's own tickets, among several by PostgreSQL.

Rasa's Redis locks are read, changed and written back in three steps, so two processes can hold one at the same time,
and the lock of a process that was killed stands for a minute. An advisory lock belongs to a database connection: the
server gives it to one, and lets go as soon as the connection ends. The tracker store, which needs the same database
anyway, still refuses what a process writes that lost its lock without knowing (see addons.tracker_store).
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

import sqlalchemy as sa
from rasa.core.lock import TicketLock
from rasa.core.lock_store import LOCK_LIFETIME, InMemoryLockStore, LockError
from rasa.utils.endpoints import EndpointConfig

from addons import shared_database

logger = logging.getLogger(__name__)
PATIENCE_SECONDS = 30.0


class ConversationLocks(InMemoryLockStore):
    """Rasa's locks; with the database of shared_database on PostgreSQL they hold among all processes that use it."""

    def __init__(self, endpoint_config: EndpointConfig | None = None) -> None:
        super().__init__()
        url = shared_database.url()
        self._shared = _SharedLocks(url) if url is not None and url.drivername == "postgresql" else None

    @asynccontextmanager
    async def lock(
        self, conversation_id: str, lock_lifetime: float = LOCK_LIFETIME, wait_time_in_seconds: float = 1
    ) -> AsyncGenerator[TicketLock, None]:
        """LockError when it is not ours in time, SQLAlchemyError when the database does not answer."""
        async with super().lock(conversation_id, lock_lifetime, wait_time_in_seconds) as ticket:
            if self._shared is None:
                yield ticket
                return
            await self._shared.wait_for(conversation_id, wait_time_in_seconds)
            try:
                yield ticket
            finally:
                self._shared.release(conversation_id)


class _SharedLocks:
    """Advisory locks of one connection that lives as long as the process."""

    def __init__(self, url: sa.engine.URL) -> None:
        self._engine = sa.create_engine(url, pool_size=1, isolation_level="AUTOCOMMIT")
        self._connection: Any = None

    async def wait_for(self, key: str, poll_seconds: float) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not self._take(key):
            if time.monotonic() > deadline:
                raise LockError(f"another process keeps conversation {key}")
            await asyncio.sleep(poll_seconds)

    def release(self, key: str) -> None:
        try:
            self._ask(sa.func.pg_advisory_unlock, key)
        except sa.exc.SQLAlchemyError as error:  # the server lets go by itself when the connection is gone
            logger.warning("the locks of this process are lost: %s", error)

    def _take(self, key: str) -> bool:
        if self._connection is not None:
            try:
                return self._ask(sa.func.pg_try_advisory_lock, key)
            except sa.exc.SQLAlchemyError as error:
                logger.warning("the locks of this process are lost: %s", error)
        return self._ask(sa.func.pg_try_advisory_lock, key)

    def _ask(self, function: Callable[[int], Any], key: str) -> bool:
        try:
            if self._connection is None:
                self._connection = self._engine.connect()
            return bool(self._connection.execute(sa.select(function(shared_database.number(key)))).scalar_one())
        except sa.exc.SQLAlchemyError:
            self._drop()
            raise

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.invalidate()
            connection.close()
