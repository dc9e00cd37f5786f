"""The database: writers with group commit, a small pool of readers, SQLite or PostgreSQL by URL.

`await db.write(job)` and `await db.read(job)` take a plain function of a SQLAlchemy Connection. Writes queue up; a
writer thread runs all that are waiting in one transaction, commits once, publishes what the jobs announced, and only
then answers their callers. When a job fails, the transaction is rolled back and all are run again, each in its own
SAVEPOINT so that the failing one rolls back alone: a job must therefore do nothing but read, write and announce.

A batch keeps the rows of all its jobs until it commits. SQLite has one writer anyway; on PostgreSQL other desk
processes write at the same time, and batches that keep rows in no common order would wait for each other in circles.
So there a batch consists of appends only (`write(job, appends_to=conversation_id)`: such a job locks nothing but the
row of that conversation), sorted by conversation; every other job is a transaction of its own, in a second thread, so
that messages do not wait for it when it waits for a row. An append that finds that it must lock more says so
(`leave_batch`) and is run again, alone; those of its conversation that come meanwhile stay behind it. In which order
rows are locked: kernel.locks. Appends that are just rows (`submit(…, row=…)`) are written many in a statement: what is
saved is not the database's work but Python's, and each statement gives the interpreter to another thread.

On SQLite the event loop itself commits what came in one pass of it, if that is appends only, the thread rests and the
disk is quick: two changes of thread cost more than the commit then. When the disk is slow, or another program writes,
the thread waits and not the loop.
"""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, TypeVar

import sqlalchemy as sa
import structlog

from desk.kernel.engine import create_engine
from desk.kernel.jobs import Job
from desk.kernel.transactions import Transactions, explained

if TYPE_CHECKING:
    from collections.abc import Callable

    from desk.kernel.bus import Note
    from desk.kernel.jobs import Answer, Row

log = structlog.get_logger("desk.database")

T = TypeVar("T")
metadata = sa.MetaData()

_BATCH_JOBS = 512
_READERS = 4
_QUICK_COMMIT_SECONDS = 0.004
_LATEST = 0.125  # what the newest commit counts in the average


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
        self._one_writer = self._write_engine.dialect.name == "sqlite"
        self._first, self._second = Transactions(self._write_engine), Transactions(self._write_engine)
        self._here_engine = create_engine(url, waits=False)
        self._loops_own = Transactions(self._here_engine)
        self._here: list[Job] = []  # what the loop will commit itself
        self._away = 0  # jobs that the threads have
        self._commit_seconds = 0.0  # what a commit takes lately, for each job in it
        self._threads: list[threading.Thread] = []

    @property
    def batches(self) -> int:
        """Transactions that were tried."""
        return sum(one.batches for one in self._all())

    @property
    def jobs(self) -> int:
        """Jobs that were done or failed."""
        return sum(one.jobs for one in self._all())

    @property
    def retried(self) -> int:
        """Transactions that the database broke off and that were run again."""
        return sum(one.retried for one in self._all())

    def _all(self) -> tuple[Transactions, ...]:
        return self._first, self._second, self._loops_own

    def start(self) -> None:
        """Begin to accept work; futures are resolved on the running loop."""
        loop = asyncio.get_running_loop()
        for name, run in (("desk-write", self._write_loop), ("desk-alone", self._alone_loop)):
            self._threads.append(threading.Thread(target=run, args=(loop,), name=name, daemon=True))
            self._threads[-1].start()

    async def stop(self) -> None:
        """Finish what is queued, then close every connection."""
        while self._here:
            await asyncio.sleep(0)
        self._jobs.put(None)
        for thread in self._threads:
            await asyncio.to_thread(thread.join)
        self._readers.shutdown(wait=True)
        self._loops_own.close()
        for engine in (self._write_engine, self._read_engine, self._here_engine):
            engine.dispose()

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
        wanted = Job(job, answer, appends_to, row)
        if appends_to is not None and self._loop_may_commit():
            if not self._here:
                asyncio.get_running_loop().call_soon(self._commit_here)
            self._here.append(wanted)
        else:
            here, self._here = self._here, []
            self._send_away([*here, wanted])  # nothing overtakes

    def _loop_may_commit(self) -> bool:
        return self._one_writer and not self._away and self._commit_seconds < _QUICK_COMMIT_SECONDS

    def _send_away(self, jobs: list[Job]) -> None:
        self._away += len(jobs)
        for job in jobs:
            self._jobs.put(job)

    def _commit_here(self) -> None:
        """What came in this pass of the loop."""
        batch, self._here = self._here[:_BATCH_JOBS], self._here[_BATCH_JOBS:]
        if not batch:
            return
        if not self._loops_own.has_turn():
            here, self._here = self._here, []
            self._send_away([*batch, *here])
            return
        if self._here:
            asyncio.get_running_loop().call_soon(self._commit_here)
        self._answer(self._loops_own, self._loops_own.commit(batch))

    async def read(self, job: Callable[[sa.Connection], T]) -> T:
        """Run `job` on a reading connection and return its result."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._read, job)

    async def look(self, job: Callable[[sa.Connection], T]) -> T:
        """Like `read`, for what is found by key: on SQLite a few rows take less than the way to a thread."""
        return self._loops_own.look(job) if self._one_writer else await self.read(job)

    def _read(self, job: Callable[[sa.Connection], T]) -> T:
        with self._read_engine.connect() as connection:
            try:
                return job(connection)
            except (sa.exc.DataError, OverflowError) as error:
                raise explained(error) from error

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
                loop.call_soon_threadsafe(self._answer_away, self._first, self._first.commit(together))
            for job in together:
                if job.left:
                    self._send_alone(job)
        self._alone.put(None)
        self._first.close()

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
            loop.call_soon_threadsafe(self._answer_away, self._second, self._second.commit([job]))
            if job.appends_to is not None:
                self._done_alone[job.appends_to] += 1
        self._second.close()

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

    def _answer_away(self, transactions: Transactions, batch: list[Job]) -> None:
        self._away -= len(batch)
        self._answer(transactions, batch)

    def _answer(self, transactions: Transactions, batch: list[Job]) -> None:
        """On the loop: publish in the order of commit, then resolve the callers."""
        each = transactions.commit_seconds / max(1, len(batch))
        self._commit_seconds += _LATEST * (each - self._commit_seconds)
        for job in batch:
            for note in job.notes:
                self._publish(note)
        for job in batch:
            try:
                job.answer(None if job.error is not None else job.result, job.error)
            except Exception:  # one caller's fault must not keep the others waiting
                log.exception("answer failed")
