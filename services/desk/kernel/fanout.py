"""Fan-out: what one desk process committed reaches the buses of all others, in order, through a Redis stream.

The database stays the truth and Redis only makes it fast. Every process numbers what it sends; whoever sees a number
missing (the stream was trimmed, Redis restarted empty, a sender could not send) tells its bus `Missed`, and whoever
shows something looks at the database again, by sequence. So does every process once a second while Redis is away, or
when there is none although several processes may share a PostgreSQL. No write ever waits for Redis or fails with it.
"""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import msgspec
import structlog
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from desk.kernel.bus import Missed, Note

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desk.kernel.bus import Bus
    from desk.kernel.metrics import Metrics

log = structlog.get_logger("desk.fanout")

STREAM = "baton:desk:notes"
_STREAM_PARCELS = 10_000  # about; whoever is further behind reads the database
_OUTBOX_NOTES = 10_000
_BLOCK_SECONDS = 1.0
_ANSWER_SECONDS = 2.0
_POLL_SECONDS = 1.0  # how late things are shown without Redis
_HEARTBEAT_SECONDS = 1.0  # a lost last parcel is noticed after so long
_READ_PARCELS = 500
_ORIGINS = 256
_FIELD = b"parcel"
_FAILURES = (RedisError, OSError, TimeoutError)


class Packed(NamedTuple):
    """One note in a parcel: the name of its kind, its key, and itself."""

    kind: str
    key: str | None
    note: msgspec.Raw


class Parcel(NamedTuple):
    """What a process tells at once. `number` grows by one; a heartbeat has no notes and the number of the last."""

    origin: str
    number: int
    notes: list[Packed]


class Fanout:
    """Joins this process' bus with the others'. `alone`: there are none, nothing is sent and nothing polled."""

    def __init__(self, bus: Bus, metrics: Metrics, redis_url: str, *, alone: bool) -> None:
        self._bus, self._metrics = bus, metrics
        self._redis_url = "" if alone else redis_url
        self._alone = alone
        self._kinds = {kind.__name__: kind for kind in _travelling(Note)}
        self._origin, self._number = uuid.uuid4().hex, 0
        self._outbox: list[Note] = []
        self._wake = asyncio.Event()
        self._cursor: str | None = None
        self._seen: dict[str, int] = {}
        self._up = False
        self._sender: Redis | None = None
        self._reader: Redis | None = None
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def way(self) -> Literal["none", "redis", "database"]:
        """How this process hears of others now: there are none, by Redis, or by reading the database every second."""
        if self._alone:
            return "none"
        return "redis" if self._up else "database"

    async def start(self) -> None:
        """Begin before anything is read for clients: what is committed after that is heard."""
        if self._alone:
            return
        if self._redis_url:
            self._sender, self._reader = self._client(_ANSWER_SECONDS), self._client(_BLOCK_SECONDS + _ANSWER_SECONDS)
            with contextlib.suppress(*_FAILURES):
                self._cursor = await self._last_id(self._reader)
            self._bus.forward = self._forward
            self._tasks = [asyncio.create_task(self._send()), asyncio.create_task(self._listen())]
        else:
            self._tasks = [asyncio.create_task(self._poll())]

    async def stop(self) -> None:
        """Nothing is sent or heard any more; what was not sent is in the database."""
        self._bus.forward = None
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for client in (self._sender, self._reader):
            if client is not None:
                await client.aclose()

    def _client(self, seconds: float) -> Redis:
        return Redis.from_url(
            self._redis_url,
            protocol=2,
            socket_timeout=seconds,
            socket_connect_timeout=_ANSWER_SECONDS,
            retry=Retry(NoBackoff(), 0),  # who must try again knows it here
        )

    async def _poll(self) -> None:
        while True:
            await asyncio.sleep(_POLL_SECONDS)
            self._missed()

    def _missed(self) -> None:
        self._metrics.fanout_gaps.inc()
        self._bus.deliver(Missed())

    def _set_up(self, up: bool, error: Exception | None = None) -> None:
        if up != self._up:
            self._up = up
            self._metrics.fanout_redis.set(int(up))
            if up:
                log.info("redis joins the desks")
            else:
                log.warning("redis is away, the database is read instead", error=str(error))

    # Sending

    def _forward(self, note: Note) -> None:
        if len(self._outbox) >= _OUTBOX_NOTES:  # Redis is too slow: the others see a number missing
            self._drop(self._outbox)
            self._outbox, self._number = [], self._number + 1
        self._outbox.append(note)
        self._wake.set()

    async def _send(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_HEARTBEAT_SECONDS):  # wait_for would make a task for it
                    await self._wake.wait()
            self._wake.clear()
            notes, self._outbox = self._outbox, []
            self._number += bool(notes)
            try:
                await self._add(Parcel(self._origin, self._number, [_packed(note) for note in notes]))
                self._metrics.fanout_notes.labels("sent").inc(len(notes))
            except _FAILURES:  # the listener says that Redis is away
                self._drop(notes)
                await asyncio.sleep(_POLL_SECONDS / 2)

    def _drop(self, notes: Sequence[Note]) -> None:
        self._metrics.fanout_notes.labels("dropped").inc(len(notes))

    async def _add(self, parcel: Parcel) -> None:
        if self._sender is not None:
            fields: dict[Any, Any] = {_FIELD: msgspec.json.encode(parcel)}
            await self._sender.xadd(STREAM, fields, maxlen=_STREAM_PARCELS, approximate=True)

    # Listening

    async def _listen(self) -> None:
        while True:
            try:
                await self._follow()
            except _FAILURES as error:
                self._set_up(False, error)
                self._missed()
                await asyncio.sleep(_POLL_SECONDS)

    async def _follow(self) -> None:
        """From the cursor on, for ever; raises when Redis does not answer."""
        if self._reader is None:
            return
        last = await self._last_id(self._reader)
        if self._cursor is None or _order(last) < _order(self._cursor):
            self._cursor = last  # the first time, or the stream is another one: its numbers tell what is missing
            self._missed()
        while True:
            answer: Any = await self._reader.xread(
                {STREAM: self._cursor}, count=_READ_PARCELS, block=int(_BLOCK_SECONDS * 1000)
            )
            self._set_up(True)
            for _stream, entries in answer or []:
                for entry_id, fields in entries:
                    self._cursor = entry_id.decode()
                    self._take(fields.get(_FIELD, b""))

    async def _last_id(self, client: Redis) -> str:
        entries: Any = await client.xrevrange(STREAM, count=1)
        return str(entries[0][0].decode()) if entries else "0-0"

    def _take(self, data: bytes) -> None:
        try:
            parcel = msgspec.json.decode(data, type=Parcel)
        except msgspec.DecodeError:
            log.exception("a parcel cannot be read")
            self._missed()
            return
        if parcel.origin == self._origin:
            return
        if self._is_new(parcel):
            for packed in parcel.notes:
                self._deliver(packed)

    def _is_new(self, parcel: Parcel) -> bool:
        """Whether the notes were not heard yet; says `Missed` when something before them was never heard."""
        seen = self._seen.get(parcel.origin, 0)
        if parcel.number > seen + bool(parcel.notes):
            log.warning("notes are missing", origin=parcel.origin, heard=seen, now=parcel.number)
            self._missed()
        if len(self._seen) > _ORIGINS:  # processes of long ago; those that live are looked after once more
            self._seen.clear()
        self._seen[parcel.origin] = max(seen, parcel.number)
        return parcel.number > seen

    def _deliver(self, packed: Packed) -> None:
        kind = self._kinds.get(packed.kind)
        if kind is None or not self._bus.awaited(kind, packed.key):
            return
        try:
            note = msgspec.json.decode(packed.note, type=kind)
        except msgspec.DecodeError:  # a process of another version
            log.exception("a note cannot be read", kind=packed.kind)
            self._missed()
            return
        self._metrics.fanout_notes.labels("heard").inc()
        self._bus.deliver(note)


def _travelling(kind: type[Note]) -> list[type[Note]]:
    return [one for child in kind.__subclasses__() for one in [child, *_travelling(child)] if one.travels]


def _packed(note: Note) -> Packed:
    key = note.key
    return Packed(type(note).__name__, None if key is None else str(key), msgspec.Raw(msgspec.json.encode(note)))


def _order(entry_id: str) -> tuple[int, int]:
    milliseconds, _, number = entry_id.partition("-")
    return int(milliseconds), int(number)
