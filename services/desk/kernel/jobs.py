"""Jobs: what waits to be written, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import sqlalchemy as sa

    from desk.kernel.bus import Note

# What the job returned, or None and why it is not committed.
Answer = Callable[[Any, Exception | None], None]


class Written(NamedTuple):
    """What one of several rows that were written together came to."""

    result: Any
    notes: list[Note]


# Writes rows of one kind together; None for each that needs its own job.
Together = Callable[["sa.Connection", Sequence[Any]], list[Written | None]]


# Writes one such row; None when it needs its own job. On PostgreSQL it is one statement, outside of any transaction.
Alone = Callable[["sa.Connection", Any], Written | None]


class Row(NamedTuple):
    """What a job writes when nothing about it is special; `together` writes many such in a few statements."""

    content: Any
    together: Together
    alone: Alone


@dataclass(slots=True)
class Job:
    """A write job; `appends_to` is the one conversation it locks, when it locks nothing else."""

    run: Callable[[sa.Connection], Any]
    answer: Answer
    appends_to: str | None = None
    row: Row | None = None
    left: bool = False  # it must lock more than its conversation
    result: Any = None
    error: Exception | None = None
    notes: list[Note] = field(default_factory=list)

    def came_to(self, done: Written) -> None:
        """It was written with others."""
        self.result, self.notes = done
        self.error, self.left = None, False

    def begin(self) -> None:
        """Forget what an earlier try came to."""
        self.result, self.error, self.notes, self.left = None, None, [], False


def runs(batch: list[Job]) -> list[list[Job]]:
    """The batch in its order: neighbours whose rows can be written together in one list, others alone."""
    found: list[list[Job]] = []
    for job in batch:
        last = found[-1][-1] if found else None
        if job.row is not None and last is not None and last.row is not None and last.row.together is job.row.together:
            found[-1].append(job)
        else:
            found.append([job])
    return found
