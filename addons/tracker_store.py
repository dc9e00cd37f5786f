"""Rasa's memory of conversations in SQL, with those that go on kept at hand instead of read back every turn."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from rasa.core.brokers.broker import EventBroker
from rasa.core.tracker_store import SQLTrackerStore
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import Event
from rasa.shared.core.trackers import DialogueStateTracker
from sqlalchemy.pool import QueuePool

from addons import shared_database

KEPT_CONVERSATIONS = 2_000
_EVENTS = SQLTrackerStore.SQLEvent
# Built once: it is asked several times a turn, and building it costs more than running it.
_STORED = sa.select(sa.func.max(_EVENTS.id), sa.func.count()).where(_EVENTS.sender_id == sa.bindparam("sender_id"))


@dataclass(frozen=True)
class _Kept:
    """A tracker as it was last read or written: how many events it had, and what the store held of it then."""

    tracker: DialogueStateTracker
    events: int
    stored: tuple[int, int]


class OvertakenError(RuntimeError):
    """Another process has written to the conversation since this one read it: the whole turn must be asked again."""


class ConversationStore(SQLTrackerStore):
    """Rasa's SQL store, same table and settings, without reading a conversation anew every turn.

    A kept tracker is only given out while the store holds nothing newer (so
    several Rasa processes may share the store) and nobody has changed the tracker without saving it (so a turn that
    failed leaves nothing behind). The caller must hold the conversation's lock, as Rasa does; who has lost it without
    knowing (a cut link, a process that slept) finds that it was overtaken and writes nothing.
    BATON_TRACKER_DATABASE_URL, when set, takes the place of dialect, host and db.
    """

    def __init__(
        self,
        domain: Domain | None = None,
        event_broker: EventBroker | None = None,
        kept_conversations: int = KEPT_CONVERSATIONS,
        **settings: Any,
    ) -> None:
        address = shared_database.url()
        if address is not None:  # Rasa takes a whole address as the name of the host
            settings = {"dialect": address.drivername, "host": address.render_as_string(hide_password=False)}
        super().__init__(domain=domain, event_broker=event_broker, **settings)
        self.engine: Any
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._most = kept_conversations
        if self.engine.dialect.name == "sqlite":
            self._tune_sqlite()

    def _tune_sqlite(self) -> None:
        """One open connection instead of a new one for every statement; a write-ahead log instead of two syncs a turn.

        After a power cut the last turns may be missing here; the desk has every message and sends those again that
        were not answered.
        """
        self.engine.dispose()
        self.engine = sa.create_engine(
            self.engine.url, poolclass=QueuePool, connect_args={"check_same_thread": False, "timeout": 15}
        )

        @sa.event.listens_for(self.engine, "connect")
        def _pragmas(connection: Any, _record: object) -> None:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=NORMAL")

        self.sessionmaker = sa.orm.session.sessionmaker(bind=self.engine)

    async def retrieve(self, sender_id: str) -> DialogueStateTracker | None:
        """The tracker of the conversation's newest session, None when there is none."""
        kept = self._current(sender_id)
        return kept.tracker if kept else await self._read(sender_id)

    async def retrieve_full_tracker(self, conversation_id: str) -> DialogueStateTracker | None:
        """The tracker of all sessions, None when there is none."""
        kept = self._current(conversation_id)
        if kept and kept.events == kept.stored[1]:
            return kept.tracker
        if not self._stored(conversation_id)[1]:
            return None
        return await super().retrieve_full_tracker(conversation_id)

    async def save(self, tracker: DialogueStateTracker) -> None:
        """Write the events that the store does not hold yet; OvertakenError when it holds others than were read."""
        await self.stream_events(tracker)
        kept = self._kept.pop(tracker.sender_id, None)
        with self.engine.begin() as connection:
            self._lock(connection, tracker.sender_id)
            if kept and kept.tracker is tracker:
                if self._stored(tracker.sender_id, connection) != kept.stored:
                    raise OvertakenError(tracker.sender_id)
                fresh = list(tracker.events)[kept.events :]
            else:
                with self.session_scope() as session:
                    fresh = list(self._additional_events(session, tracker))
            if fresh:
                connection.execute(self.SQLEvent.__table__.insert(), _rows(tracker.sender_id, fresh))
            stored = self._stored(tracker.sender_id, connection)
        self._keep(tracker, stored)

    def _lock(self, connection: Any, sender_id: str) -> None:
        """Until the transaction ends nobody else compares and writes; SQLite has one writer anyway."""
        if self.engine.dialect.name == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(shared_database.number(f"save {sender_id}"))))

    def _current(self, sender_id: str) -> _Kept | None:
        """What is at hand, if it is still what the store holds."""
        kept = self._kept.get(sender_id)
        if kept and kept.events == len(kept.tracker.events) and kept.stored == self._stored(sender_id):
            return kept
        self._kept.pop(sender_id, None)
        return None

    async def _read(self, sender_id: str) -> DialogueStateTracker | None:
        stored = self._stored(sender_id)
        tracker = await super().retrieve(sender_id) if stored[1] else None
        if tracker is not None:
            self._keep(tracker, stored)
        return tracker

    def _keep(self, tracker: DialogueStateTracker, stored: tuple[int, int]) -> None:
        self._kept[tracker.sender_id] = _Kept(tracker, len(tracker.events), stored)
        self._kept.move_to_end(tracker.sender_id)
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)

    def _stored(self, sender_id: str, connection: Any = None) -> tuple[int, int]:
        """(last row, rows) of a conversation; zeros when the store knows nothing of it."""
        if connection is None:
            with self.engine.connect() as own:
                return self._stored(sender_id, own)
        last, rows = connection.execute(_STORED, {"sender_id": sender_id}).one()
        return int(last or 0), int(rows)


def _rows(sender_id: str, events: Sequence[Event]) -> list[dict[str, Any]]:
    """Rows of Rasa's `events` table, oldest first."""
    rows = []
    for event in events:
        data = event.as_dict()
        rows.append(
            {
                "sender_id": sender_id,
                "type_name": event.type_name,
                "timestamp": data.get("timestamp"),
                "intent_name": data.get("parse_data", {}).get("intent", {}).get("name"),
                "action_name": data.get("name"),
                "data": json.dumps(data),
            }
        )
    return rows
