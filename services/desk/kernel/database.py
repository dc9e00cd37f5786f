"""The database: one writer thread with group commit, a small pool of readers, SQLite or PostgreSQL by URL.

`await db.write(job)` and `await db.read(job)` take a plain function of a SQLAlchemy Connection. Writes queue up;
the writer runs all that are waiting in one transaction, each in its own SAVEPOINT so that one failing job rolls
back alone, commits once, publishes what the jobs announced, and only then answers their callers.
"""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
import sqlalchemy as sa
import structlog
from sqlalchemy.engine import make_url

from desk.kernel.errors import InvalidError

if TYPE_CHECKING:
    from collections.abc import Callable

    from desk.kernel.bus import Note

log = structlog.get_logger("desk.database")

T = TypeVar("T")
metadata = sa.MetaData()

_BATCH_JOBS = 256
_SINGLE_ATTEMPTS = 5
_READERS = 4
_RETRY_SQLSTATES = {"40001", "40P01"}  # serialization failure, deadlock
_ANNOUNCED = "desk_announced"


class UtcTime(sa.types.TypeDecorator[datetime]):
    """Aware UTC times: timestamptz on PostgreSQL, sortable text on SQLite."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """Refuse naive times; SQLite keeps them without a zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("naive time")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """Always aware, always UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


Json = sa.JSON(none_as_null=True)


@dataclass
class _Job:
    run: Callable[[sa.Connection], Any]
    future: asyncio.Future[Any]
    result: Any = None
    error: Exception | None = None
    notes: list[Note] = field(default_factory=list)


def announce(connection: sa.Connection, note: Note) -> None:
    """Publish `note` once the running write job is committed; forgotten when it is rolled back."""
    connection.info.setdefault(_ANNOUNCED, []).append(note)


def _encode_json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def create_engine(url: str, *, writer: bool = False, pool_size: int = 1) -> sa.Engine:
    """An engine for `url`; on SQLite with WAL, full synchronisation and, for the writer, BEGIN IMMEDIATE."""
    parsed = make_url(url)
    if parsed.drivername in {"postgres", "postgresql"}:
        parsed = parsed.set(drivername="postgresql+psycopg")
    options: dict[str, Any] = {
        "json_serializer": _encode_json,
        "json_deserializer": msgspec.json.decode,
        "pool_size": pool_size,
        "max_overflow": 2,
    }
    if parsed.get_backend_name() == "sqlite":
        options |= {
            "poolclass": sa.pool.QueuePool,
            "connect_args": {"check_same_thread": False, "timeout": 30},
        }
    else:
        options["pool_pre_ping"] = True
    engine = sa.create_engine(parsed, **options)
    if parsed.get_backend_name() == "sqlite":
        _prepare_sqlite(engine, "BEGIN IMMEDIATE" if writer else "BEGIN")
    return engine


def _prepare_sqlite(engine: sa.Engine, begin: str) -> None:
    @sa.event.listens_for(engine, "connect")
    def _connect(dbapi_connection: Any, _record: object) -> None:
        dbapi_connection.isolation_level = None  # we say BEGIN ourselves
        cursor = dbapi_connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=30000"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql(begin)


def _is_transient(error: BaseException) -> bool:
    """Whether running the whole transaction again may succeed."""
    if not isinstance(error, sa.exc.DBAPIError):
        return False
    return error.connection_invalidated or getattr(error.orig, "sqlstate", None) in _RETRY_SQLSTATES


def _explained(error: Exception) -> Exception:
    """A value no database can hold (a NUL, a number beyond 64 bits) is the sender's mistake, not ours."""
    if isinstance(error, (sa.exc.DataError, OverflowError)):
        return InvalidError("invalid_request")
    return error


class Database:
    """See the module's docstring. Start it inside the running event loop, stop it before the loop ends."""

    def __init__(self, url: str, publish: Callable[[Note], None]) -> None:
        self._write_engine = create_engine(url, writer=True)
        self._read_engine = create_engine(url, pool_size=_READERS)
        self._publish = publish
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._readers = ThreadPoolExecutor(_READERS, thread_name_prefix="desk-read")
        self._writer: threading.Thread | None = None
        self.batches = 0
        self.jobs = 0

    def start(self) -> None:
        """Begin to accept work; futures are resolved on the running loop."""
        loop = asyncio.get_running_loop()
        self._writer = threading.Thread(target=self._write_loop, args=(loop,), name="desk-write", daemon=True)
        self._writer.start()

    async def stop(self) -> None:
        """Finish what is queued, then close every connection."""
        self._jobs.put(None)
        if self._writer is not None:
            await asyncio.to_thread(self._writer.join)
        self._readers.shutdown(wait=True)
        self._write_engine.dispose()
        self._read_engine.dispose()

    async def write(self, job: Callable[[sa.Connection], T]) -> T:
        """Run `job` in a transaction and return its result after the commit; its exception after the rollback."""
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._jobs.put(_Job(job, future))
        # Shielded: a caller that goes away must not take back what is about to be committed.
        return await asyncio.shield(future)

    async def read(self, job: Callable[[sa.Connection], T]) -> T:
        """Run `job` on a reading connection and return its result."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._read, job)

    def _read(self, job: Callable[[sa.Connection], T]) -> T:
        with self._read_engine.connect() as connection:
            try:
                return job(connection)
            except (sa.exc.DataError, OverflowError) as error:
                raise InvalidError("invalid_request") from error

    def _write_loop(self, loop: asyncio.AbstractEventLoop) -> None:
        while True:
            first = self._jobs.get()
            if first is None:
                return
            batch, last = self._collect(first)
            try:
                self._run(batch)
            except Exception as error:  # e.g. the disk is full: every caller is told, the writer lives on
                log.exception("write failed", jobs=len(batch))
                for job in batch:
                    job.error, job.notes = error, []
            self.batches += 1
            self.jobs += len(batch)
            loop.call_soon_threadsafe(self._answer, batch)
            if last:
                return

    def _collect(self, first: _Job) -> tuple[list[_Job], bool]:
        """All jobs that are waiting, up to the batch size, and whether the stop sign was among them."""
        batch = [first]
        while len(batch) < _BATCH_JOBS:
            try:
                job = self._jobs.get_nowait()
            except Empty:
                break
            if job is None:
                return batch, True
            batch.append(job)
        return batch, False

    def _run(self, batch: list[_Job]) -> None:
        try:
            self._transaction(batch)
        except sa.exc.DBAPIError as error:
            if not _is_transient(error):
                raise
            log.warning("transaction repeated job by job", jobs=len(batch))
            for job in batch:
                self._run_alone(job)

    def _run_alone(self, job: _Job) -> None:
        for attempt in range(1, _SINGLE_ATTEMPTS + 1):
            try:
                return self._transaction([job])
            except sa.exc.DBAPIError as error:
                job.error, job.notes = error, []
                if not _is_transient(error) or attempt == _SINGLE_ATTEMPTS:
                    return None
        return None

    def _transaction(self, batch: list[_Job]) -> None:
        """One transaction with a savepoint a job; raises only what concerns the whole of it."""
        with self._write_engine.begin() as connection:
            for job in batch:
                job.result, job.error, job.notes = None, None, []
                connection.info[_ANNOUNCED] = []
                try:
                    connection.exec_driver_sql("SAVEPOINT job")
                    job.result = job.run(connection)
                    connection.exec_driver_sql("RELEASE SAVEPOINT job")
                    job.notes = connection.info[_ANNOUNCED]
                except Exception as error:
                    if _is_transient(error):
                        raise
                    connection.exec_driver_sql("ROLLBACK TO SAVEPOINT job")
                    connection.exec_driver_sql("RELEASE SAVEPOINT job")
                    job.error = _explained(error)

    def _answer(self, batch: list[_Job]) -> None:
        """On the loop: publish in the order of commit, then resolve the callers."""
        for job in batch:
            for note in job.notes:
                self._publish(note)
        for job in batch:
            if job.future.done():
                continue
            if job.error is not None:
                job.future.set_exception(job.error)
            else:
                job.future.set_result(job.result)


def migrate(url: str) -> None:
    """Bring the database at `url` to the newest schema."""
    from alembic import command
    from alembic.config import Config

    from desk.kernel.settings import REPOSITORY

    config = Config()
    config.set_main_option("script_location", str(REPOSITORY / "services" / "desk" / "migrations"))
    engine = create_engine(url, writer=True)
    try:
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    finally:
        engine.dispose()
