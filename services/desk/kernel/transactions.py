"""Transactions: runs a batch of jobs and commits them together; each writing thread has its own `Transactions`."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

import sqlalchemy as sa
import structlog

from desk.kernel.errors import InvalidError
from desk.kernel.jobs import runs
from desk.kernel.locks import SHARED, LeaveBatchError, locks_rows
from desk.kernel.prepared import begin, commit, run_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from desk.kernel.bus import Note
    from desk.kernel.jobs import Job

log = structlog.get_logger("desk.database")

T = TypeVar("T")

_ANNOUNCED = "desk_announced"
_SINGLE_ATTEMPTS = 5
_RETRY_SQLSTATES = {"40001", "40P01"}  # serialization failure, deadlock


def announce(connection: sa.Connection, note: Note) -> None:
    """Publish `note` once the running write job is committed; forgotten when it is rolled back."""
    connection.info.setdefault(_ANNOUNCED, []).append(note)


def explained(error: Exception) -> Exception:
    """A value no database can hold (a NUL, a number beyond 64 bits) is the sender's mistake, not ours."""
    if isinstance(error, (sa.exc.DataError, OverflowError)):
        return InvalidError("invalid_request")
    return error


def _is_transient(error: BaseException) -> bool:
    """Whether running the whole transaction again may succeed."""
    if not isinstance(error, sa.exc.DBAPIError):
        return False
    return error.connection_invalidated or getattr(error.orig, "sqlstate", None) in _RETRY_SQLSTATES


class Transactions:
    """Keeps one connection: taking one from the pool for each transaction costs as much as it."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._connection: sa.Connection | None = None
        self.batches = 0
        self.jobs = 0
        self.retried = 0  # that the database broke off and that were run again
        self.commit_seconds = 0.0  # what the last commit took

    def commit(self, batch: list[Job]) -> list[Job]:
        """Run the jobs in one transaction; those that are done, with their results or errors, in their order.

        What is not among them must be run again, alone.
        """
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
        return done

    def has_turn(self) -> bool:
        """Begin now, if it needs no waiting for another program that writes; the next `commit` goes on from there."""
        try:
            begin(self._connected())
        except sa.exc.OperationalError:
            self.close()
            return False
        return True

    def look(self, job: Callable[[sa.Connection], T]) -> T:
        """What `job` reads between two transactions; InvalidError when it asks what no database can hold."""
        connection = self._connected()
        try:
            return job(connection)
        except (sa.exc.DataError, OverflowError) as error:
            raise explained(error) from error
        finally:
            if connection.in_transaction():
                connection.rollback()

    def close(self) -> None:
        """Give the connection back; the next transaction takes another."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _connected(self) -> sa.Connection:
        if self._connection is None:
            self._connection = self._engine.connect()
        return self._connection

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

    def _transaction_of_one(self, job: Job) -> None:
        """Without a savepoint: there is nobody else whose work must stay."""
        try:
            if not self._as_one_statement(job):
                with self._begun() as connection:
                    write = self._run_job if locks_rows(connection) else self._write_one
                    write(connection, job)
        except Exception as error:
            if _is_transient(error):
                raise
            job.begin()
            job.error = explained(error)

    def _as_one_statement(self, job: Job) -> bool:
        """A single row on PostgreSQL is its own transaction, one way there and back instead of five."""
        if job.row is None or not locks_rows(connection := self._connected()):
            return False
        try:
            written = job.row.alone(connection, job.row.content)
        except BaseException:
            self.close()
            raise
        if written is not None:
            job.came_to(written)
        return written is not None

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
                    job.left, job.error = isinstance(error, LeaveBatchError), explained(error)

    @contextmanager
    def _begun(self, *, shared: bool = False) -> Iterator[sa.Connection]:
        """A transaction; `shared` when several jobs run in it.

        Whatever went wrong, the next one begins with another connection.
        """
        connection = self._connected()
        connection.info[SHARED] = shared and locks_rows(connection)
        try:
            begin(connection)
            yield connection
            began = time.perf_counter()
            commit(connection)
            self.commit_seconds = time.perf_counter() - began
        except BaseException:
            self.close()
            raise

    def _write_some(self, connection: sa.Connection, jobs: list[Job]) -> None:
        first = jobs[0]
        if first.row is None or len(jobs) == 1:
            return self._write_one(connection, first)
        written = first.row.together(connection, [job.row.content for job in jobs if job.row is not None])
        for job, done in zip(jobs, written, strict=True):
            if done is None:
                self._run_job(connection, job)
            else:
                job.came_to(done)
        return None

    def _write_one(self, connection: sa.Connection, job: Job) -> None:
        written = None if job.row is None else job.row.alone(connection, job.row.content)
        if written is None:
            self._run_job(connection, job)
        else:
            job.came_to(written)

    @staticmethod
    def _run_job(connection: sa.Connection, job: Job) -> None:
        job.begin()
        connection.info[_ANNOUNCED] = job.notes
        job.result = job.run(connection)
