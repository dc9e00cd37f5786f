"""Rasa's tracker store: what it remembers of conversations, read and erased through its one table `events`.

Rasa names a tracker `conversation.session`. A tracker store that is not SQL has to be erased where it is.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from msgspec import DecodeError, json

from desk.kernel.engine import create_engine, is_sqlite

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from contextlib import AbstractContextManager

_EVENTS = sa.table("events", sa.column("id"), sa.column("sender_id"), sa.column("timestamp"), sa.column("data"))


class TrackerStore:
    """Opens the store for one piece of work at a time; without a store (no file, no table) there is nothing in it."""

    def __init__(self, url: str) -> None:
        self._url = url

    def export(self, conversation_id: str) -> list[Any]:
        """The events of all sessions of a conversation, oldest first."""
        query = sa.select(_EVENTS.c.data).where(_of(conversation_id)).order_by(_EVENTS.c.id)
        for connection in self._open():
            return [_decoded(row.data) for row in connection.execute(query)]
        return []

    def erase(self, conversation_ids: Iterable[str]) -> int:
        """Forget these conversations; how many events went."""
        gone = 0
        for connection in self._open():
            for conversation_id in conversation_ids:
                gone += connection.execute(sa.delete(_EVENTS).where(_of(conversation_id))).rowcount
        return gone

    def erase_resting(self, before_seconds: float) -> int:
        """Forget trackers in which nothing has happened since then (Unix seconds); how many events went."""
        old = sa.select(_EVENTS.c.sender_id).group_by(_EVENTS.c.sender_id)
        old = old.having(sa.func.max(_EVENTS.c.timestamp) < before_seconds)
        for connection in self._open():
            return connection.execute(sa.delete(_EVENTS).where(_EVENTS.c.sender_id.in_(old))).rowcount
        return 0

    def _open(self) -> Iterator[sa.Connection]:
        """One connection in one transaction, or none when there is no store."""
        path = sa.make_url(self._url).database
        if is_sqlite(self._url) and not _exists(path):
            return
        engine = create_engine(self._url, writer=True)
        try:
            with begin(engine) as connection:
                if sa.inspect(connection).has_table(_EVENTS.name):
                    yield connection
        finally:
            engine.dispose()


def begin(engine: sa.Engine) -> AbstractContextManager[sa.Connection]:
    """A transaction in which SQLite overwrites what is deleted, instead of only forgetting where it was."""
    if engine.dialect.name == "sqlite":

        @sa.event.listens_for(engine, "connect")
        def _overwrite(dbapi_connection: Any, _record: object) -> None:
            dbapi_connection.execute("PRAGMA secure_delete=ON")

    return engine.begin()


def _of(conversation_id: str) -> sa.ColumnElement[bool]:
    sender = _EVENTS.c.sender_id
    return sa.or_(sender == conversation_id, sender.startswith(f"{conversation_id}.", autoescape=True))


def _decoded(data: str) -> Any:
    try:
        return json.decode(data)
    except DecodeError:
        return data


def _exists(path: str | None) -> bool:
    return path is not None and Path(path).is_file()
