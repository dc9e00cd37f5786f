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
from redis.exceptions import ResponseError

from desk.kernel.bus import Missed, Note
from desk.kernel.redis_link import FAILURES, RedisLink, open_link

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from desk.kernel.bus import Bus
    from desk.kernel.metrics import Metrics

log = structlog.get_logger("desk.fanout")

STREAM = "baton:desk:notes"
_STREAM_PARCELS = 10_000  # about; whoever is further behind reads the database
_OUTBOX_NOTES = 10_000
_BLOCK_SECONDS = 1.0
_POLL_SECONDS = 1.0  # how late things are shown without Redis
_RETRY_SECONDS = 1.0
_HEARTBEAT_SECONDS = 1.0  # a lost last parcel is noticed after so long
_READ_PARCELS = 500
_ORIGINS = 256
_FIELD = b"parcel"

End = Literal["sending", "listening"]


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
        self._sent, self._heard, self._dropped = (
            metrics.fanout_notes.labels(way) for way in ("sent", "heard", "dropped")
        )
        self._kinds = {kind.__name__: kind for kind in _travelling(Note)}
        self._origin, self._number = uuid.uuid4().hex, 0
        self._outbox: list[Note] = []
        self._sender: RedisLink | None = None
        self._sending = False  # a parcel is on its way
        self._cursor: str | None = None
        self._seen: dict[str, int] = {}
        self._down: set[End] = {"sending", "listening"}
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def way(self) -> Literal["none", "redis", "database"]:
        """How this process hears of others now: there are none, by Redis, or by reading the database every second."""
        if self._alone:
            return "none"
        return "database" if self._down else "redis"

    async def start(self) -> None:
        """Begin before anything is read for clients: what is committed after that is heard."""
        if self._alone:
            return
        self._tasks = [asyncio.create_task(self._poll())]
        if self._redis_url:
            with contextlib.suppress(*FAILURES):
                link = await open_link(self._redis_url)
                self._cursor = await _last_id(link)
                link.close()
            self._bus.forward = self._forward
            self._tasks += [
                asyncio.create_task(self._keep("sending", self._send_over)),
                asyncio.create_task(self._keep("listening", self._follow)),
            ]

    async def stop(self) -> None:
        """Nothing is sent or heard any more; what was not sent is in the database."""
        self._bus.forward = None
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _keep(self, end: End, use: Callable[[RedisLink], Awaitable[None]]) -> None:
        """`use` a connection until it fails, then another one."""
        while True:
            try:
                link = await open_link(self._redis_url, _BLOCK_SECONDS if end == "listening" else 0.0)
                try:
                    await use(link)
                finally:
                    link.close()
            except FAILURES as error:
                self._fails(end, error)
                await asyncio.sleep(_RETRY_SECONDS)

    async def _poll(self) -> None:
        while True:
            await asyncio.sleep(_POLL_SECONDS)
            if self._down:
                self._missed()

    def _missed(self) -> None:
        self._metrics.fanout_gaps.inc()
        self._bus.deliver(Missed())

    def _works(self, end: End) -> None:
        if end in self._down:
            self._down.remove(end)
            if not self._down:
                self._metrics.fanout_redis.set(1)
                log.info("redis joins the desks")

    def _fails(self, end: End, error: Exception) -> None:
        """A Redis that refuses what is sent may still answer who listens, with nothing: both ends must work."""
        if not self._down:
            self._metrics.fanout_redis.set(0)
            log.warning("redis is away, the database is read instead", end=end, error=str(error))
        self._down.add(end)

    # Sending

    def _forward(self, note: Note) -> None:
        if self._sender is None or len(self._outbox) >= _OUTBOX_NOTES:
            self._drop([*self._outbox, note])
            self._outbox = []
            return
        if not self._outbox and not self._sending:
            asyncio.get_running_loop().call_soon(self._send)  # together with what is told in this pass
        self._outbox.append(note)

    def _drop(self, notes: Sequence[Note]) -> None:
        """The others see a number missing, at the next parcel or heartbeat."""
        if notes:
            self._number += 1
            self._dropped.inc(len(notes))

    def _send(self) -> None:
        """One parcel at a time: what comes while one is on its way goes together in the next."""
        if self._outbox and not self._sending and self._sender is not None:
            notes, self._outbox = self._outbox, []
            self._number += 1
            self._add(self._sender, notes)

    def _add(self, link: RedisLink, notes: Sequence[Note]) -> None:
        def told(answer: object) -> None:
            self._sending = False
            if isinstance(answer, ResponseError):
                self._dropped.inc(len(notes))
                link.close(answer)
                return
            self._sent.inc(len(notes))
            self._works("sending")
            self._send()

        parcel = msgspec.json.encode(Parcel(self._origin, self._number, [_packed(note) for note in notes]))
        self._sending = True
        link.ask("XADD", STREAM, "MAXLEN", "~", _STREAM_PARCELS, "*", _FIELD, parcel, answer=told)

    async def _send_over(self, link: RedisLink) -> None:
        """Until it is lost, which is raised."""
        self._sender, self._sending = link, False
        try:
            while not link.lost.done():
                if not self._sending:
                    self._add(link, [])
                await asyncio.wait({link.lost}, timeout=_HEARTBEAT_SECONDS)
            raise link.lost.result()
        finally:
            self._sender = None
            notes, self._outbox = self._outbox, []
            self._drop(notes)

    # Listening

    async def _follow(self, link: RedisLink) -> None:
        """From the cursor on, for ever; raises when Redis does not answer."""
        last = await _last_id(link)
        if self._cursor is None or _order(last) < _order(self._cursor):
            self._cursor = last  # the first time, or the stream is another one: its numbers tell what is missing
            self._missed()
        self._ask_for_more(link, self._cursor)
        raise await link.lost

    def _ask_for_more(self, link: RedisLink, cursor: str) -> None:
        def heard(answer: Any) -> None:
            if isinstance(answer, ResponseError):
                link.close(answer)
                return
            self._works("listening")
            entries = answer[0][1] if answer else []
            if entries:
                self._cursor = entries[-1][0].decode()
            self._ask_for_more(link, self._cursor or cursor)
            for _entry_id, fields in entries:
                self._take(fields[1] if fields[:1] == [_FIELD] else b"")

        block_milliseconds = int(_BLOCK_SECONDS * 1000)
        link.ask("XREAD", "COUNT", _READ_PARCELS, "BLOCK", block_milliseconds, "STREAMS", STREAM, cursor, answer=heard)

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
        self._heard.inc()
        self._bus.deliver(note)


def _travelling(kind: type[Note]) -> list[type[Note]]:
    return [one for child in kind.__subclasses__() for one in [child, *_travelling(child)] if one.travels]


def _packed(note: Note) -> Packed:
    key = note.key
    return Packed(type(note).__name__, None if key is None else str(key), msgspec.Raw(msgspec.json.encode(note)))


async def _last_id(link: RedisLink) -> str:
    entries: Any = await link.wait_for("XREVRANGE", STREAM, "+", "-", "COUNT", 1)
    return str(entries[0][0].decode()) if entries else "0-0"


def _order(entry_id: str) -> tuple[int, int]:
    milliseconds, _, number = entry_id.partition("-")
    return int(milliseconds), int(number)
