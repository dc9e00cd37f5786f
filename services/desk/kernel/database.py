"""The database: one writer thread with group commit, a small pool of readers, SQLite or PostgreSQL by URL.

`await db.write(job)` and `await db.read(job)` take a plain function of a SQLAlchemy Connection. Writes queue up;
the writer runs all that are waiting in one transaction, commits once, publishes what the jobs announced, and only then
answers their callers. When a job fails, the transaction is rolled back and all are run again, each in its own SAVEPOINT
so that the failing one rolls back alone: a job must therefore do nothing but read, write and announce.

A batch keeps the rows of all its jobs until it commits. SQLite has one writer anyway; on PostgreSQL other desk
processes write at the same time, and batches that keep rows in no common order would wait for each other in circles.
So there a batch consists of appends only (`write(job, appends_to=conversation_id)`: such a job locks nothing but the
row of that conversation), sorted by conversation; every other job is a transaction of its own, in a second thread, so
that messages do not wait for it when it waits for a row. An append that finds that it must lock more says so
(`leave_batch`) and is run again, alone; those of its conversation that come meanwhile stay behind it. In which order
rows are locked: kernel.locks. Appends that are just rows (`submit(…, row=…)`) are written many in a statement: what is
saved is not the database's work but Python's, and each statement gives the interpreter to another thread.
"""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, TypeVar

import sqlalchemy as sa
import structlog

from desk.kernel.engine import create_engine
from desk.kernel.errors import InvalidError
from desk.kernel.jobs import Job, runs
from desk.kernel.locks import SHARED, LeaveBatchError
from desk.kernel.prepared import begin, commit, run_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from desk.kernel.bus import Note
    from desk.kernel.jobs import Answer, Row

log = structlog.get_logger("desk.database")

T = TypeVar("T")
metadata = sa.MetaData()

_BATCH_JOBS = 512
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


def announce(connection: sa.Connection, note: Note) -> None:
    """Publish `note` once the running write job is committed; forgotten when it is rolled back."""
    connection.info.setdefault(_ANNOUNCED, []).append(note)


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
        self._write_engine = create_engine(url, writer=True, pool_size=2)
        self._read_engine = create_engine(url, pool_size=_READERS)
        self._publish = publish
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._readers = ThreadPoolExecutor(_READERS, thread_name_prefix="desk-read")
        self._alone: SimpleQueue[Job | None] = SimpleQueue()
        self._sent_alone: Counter[str] = Counter()  # by the first thread to the second, of a conversation
        self._done_alone: Counter[str] = Counter()
        self._writers: list[threading.Thread] = []
        self._own = threading.local()  # the writing threads' connections
        self._one_writer = self._write_engine.dialect.name == "sqlite"
        self.batches = 0
        self.jobs = 0
        self.retried = 0  # transactions that the database broke off and that were run again

    def start(self) -> None:
        """Begin to accept work; futures are resolved on the running loop."""
        loop = asyncio.get_running_loop()
        for name, run in (("desk-write", self._write_loop), ("desk-alone", self._alone_loop)):
            self._writers.append(threading.Thread(target=run, args=(loop,), name=name, daemon=True))
            self._writers[-1].start()

    async def stop(self) -> None:
        """Finish what is queued, then close every connection."""
        self._jobs.put(None)
        for writer in self._writers:
            await asyncio.to_thread(writer.join)
        self._readers.shutdown(wait=True)
        self._write_engine.dispose()
        self._read_engine.dispose()

    async def write(self, job: Callable[[sa.Connection], T], *, appends_to: str | None = None) -> T:
        """Run `job` in a transaction and return its result after the commit; its exception after the rollback.

        `appends_to` is the one conversation whose row the job locks, when it locks nothing else.
        """
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()

        def settle(result: T, error: Exception | None) -> None:
            # A caller that went away has taken back only their wish to know: the job is committed all the same.
            if not future.done():
                future.set_result(result) if error is None else future.set_exception(error)

        self.submit(job, settle, appends_to=appends_to)
        return await future

    def submit(
        self,
        job: Callable[[sa.Connection], Any],
        answer: Answer,
        *,
        appends_to: str | None = None,
        row: Row | None = None,
    ) -> None:
        """Like `write`, for who does not wait: `answer(result, error)` is called on the loop.

        `row` is what the job would write if nothing is special about it; among many it is written with others.
        """
        self._jobs.put(Job(job, answer, appends_to, row))

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
        last = False
        while not last:
            found, last = self._collect()
            if self._one_writer:
                together = found
            else:
                # Stable: the jobs of one conversation stay in their order.
                together = sorted((job for job in found if not self._leaves(job)), key=lambda job: str(job.appends_to))
            if together:
                self._commit(together, loop)
            for job in together:
                if job.left:
                    self._send_alone(job)
        self._alone.put(None)
        self._let_go()

    def _leaves(self, job: Job) -> bool:
        """Whether this job goes to the second thread: by itself, or behind one of its conversation."""
        key = job.appends_to
        if key is None or self._sent_alone[key] != self._done_alone[key]:
            self._send_alone(job)
            return True
        self._sent_alone.pop(key, None)  # nothing of it is there, so the other thread does not count now
        self._done_alone.pop(key, None)
        return False

    def _send_alone(self, job: Job) -> None:
        if job.appends_to is not None:
            self._sent_alone[job.appends_to] += 1
        self._alone.put(job)

    def _alone_loop(self, loop: asyncio.AbstractEventLoop) -> None:
        while (job := self._alone.get()) is not None:
            self._commit([job], loop)
            if job.appends_to is not None:
                self._done_alone[job.appends_to] += 1
        self._let_go()

    def _collect(self) -> tuple[list[Job], bool]:
        """All jobs that are waiting, up to the batch size, and whether the stop sign was among them."""
        batch: list[Job] = []
        while len(batch) < _BATCH_JOBS:
            try:
                job = self._jobs.get(block=not batch)
            except Empty:
                break
            if job is None:
                return batch, True
            batch.append(job)
        return batch, False

    def _commit(self, batch: list[Job], loop: asyncio.AbstractEventLoop) -> None:
        for job in batch:
            job.left = False
        try:
            self._run(batch)
        except Exception as error:  # e.g. the disk is full: every caller is told, the writer lives on
            log.exception("write failed", jobs=len(batch))
            for job in batch:
                job.error, job.notes, job.left = error, [], False
        self.batches += 1
        done = [job for job in batch if not job.left]
        self.jobs += len(done)
        loop.call_soon_threadsafe(self._answer, done)

    def _run(self, batch: list[Job]) -> None:
        try:
            self._transaction(batch)
        except sa.exc.DBAPIError as error:
            if not _is_transient(error):
                raise
            self.retried += 1
            log.warning("transaction repeated job by job", jobs=len(batch))
            for job in batch:
                self._run_alone(job)

    def _run_alone(self, job: Job) -> None:
        for attempt in range(1, _SINGLE_ATTEMPTS + 1):
            try:
                return self._transaction([job])
            except sa.exc.DBAPIError as error:
                job.error, job.notes = error, []
                if not _is_transient(error) or attempt == _SINGLE_ATTEMPTS:
                    return None
                self.retried += 1
        return None

    def _transaction(self, batch: list[Job]) -> None:
        """One transaction; raises only what concerns the whole of it."""
        if len(batch) == 1:
            self._transaction_of_one(batch[0])
        elif not self._without_savepoints(batch):
            self._with_savepoints(batch)

    def _without_savepoints(self, batch: list[Job]) -> bool:
        """Half the statements of a message would be savepoints, and hardly a job fails; False when one did."""
        try:
            with self._begun(shared=True) as connection:
                for some in runs(batch):
                    self._write_some(connection, some)
        except Exception as error:
            if _is_transient(error):
                raise
            return False
        return True

    def _write_some(self, connection: sa.Connection, jobs: list[Job]) -> None:
        first = jobs[0]
        if first.row is None or len(jobs) == 1:
            return self._write_one(connection, first)
        written = first.row.together(connection, [job.row.content for job in jobs if job.row is not None])
        for job, done in zip(jobs, written, strict=True):
            if done is None:
                self._write_one(connection, job)
            else:
                job.came_to(done)
        return None

    @staticmethod
    def _write_one(connection: sa.Connection, job: Job) -> None:
        job.begin()
        connection.info[_ANNOUNCED] = job.notes
        job.result = job.run(connection)

    def _with_savepoints(self, batch: list[Job]) -> None:
        with self._begun(shared=True) as connection:
            for job in batch:
                try:
                    run_text(connection, "SAVEPOINT job")
                    self._write_one(connection, job)
                    run_text(connection, "RELEASE SAVEPOINT job")
                except Exception as error:
                    if _is_transient(error):
                        raise
                    run_text(connection, "ROLLBACK TO SAVEPOINT job")
                    run_text(connection, "RELEASE SAVEPOINT job")
                    job.begin()
                    job.left, job.error = isinstance(error, LeaveBatchError), _explained(error)

    @contextmanager
    def _begun(self, *, shared: bool = False) -> Iterator[sa.Connection]:
        """A transaction on this thread's own connection: taking one from the pool each time costs as much as it.

        `shared` when several jobs run in it. Whatever went wrong, the next transaction begins with another connection.
        """
        connection: sa.Connection | None = getattr(self._own, "connection", None)
        if connection is None:
            connection = self._own.connection = self._write_engine.connect()
        connection.info[SHARED] = shared and not self._one_writer
        try:
            begin(connection)
            yield connection
            commit(connection)
        except BaseException:
            self._let_go()
            raise

    def _let_go(self) -> None:
        """Give this thread's connection back."""
        connection: sa.Connection | None = getattr(self._own, "connection", None)
        self._own.connection = None
        if connection is not None:
            connection.close()

    def _transaction_of_one(self, job: Job) -> None:
        """Without a savepoint: there is nobody else whose work must stay."""
        try:
            with self._begun() as connection:
                self._write_one(connection, job)
        except Exception as error:
            if _is_transient(error):
                raise
            job.begin()
            job.error = _explained(error)

    def _answer(self, batch: list[Job]) -> None:
        """On the loop: publish in the order of commit, then resolve the callers."""
        for job in batch:
            for note in job.notes:
                self._publish(note)
        for job in batch:
            try:
                job.answer(None if job.error is not None else job.result, job.error)
            except Exception:  # one caller's fault must not keep the others waiting
                log.exception("answer failed")
