"""Row locks of several desk processes on one PostgreSQL, and the one order in which they are taken.

Conversations, then agents, then handoffs, each kind by ascending id (`hold` locks several in one statement); rows of
other tables are reached through one of these or stand alone. A job that cannot know its rows in this order locks what
it meets with SKIP LOCKED and comes back for the rest. Whoever changes an offer to an agent, or an agent's load, holds
the agent's row; whoever changes an owner holds the conversation's.
"""

from __future__ import annotations

import sqlalchemy as sa

SHARED = "desk_shared"  # in the connection's info: with other jobs, while other processes write too


class LeaveBatchError(Exception):
    """The running append must be run again, alone."""


def leave_batch(connection: sa.Connection) -> None:
    """Called by an append before it locks more than its conversation: it is rolled back and run again, alone."""
    if connection.info.get(SHARED):
        raise LeaveBatchError


def locks_rows(connection: sa.Connection) -> bool:
    """Whether rows are locked at all; SQLite has one writer instead."""
    return connection.dialect.name != "sqlite"


def hold(connection: sa.Connection, column: sa.Column[str], condition: sa.ColumnElement[bool]) -> list[str]:
    """Lock the rows that fit until the write job ends, by ascending id; the ids in this order.

    Foreign keys to these rows may still be written meanwhile.
    """
    query = sa.select(column).where(condition)
    if locks_rows(connection):  # "C": the order in which Python sorts, too
        query = query.order_by(sa.collate(column, "C")).with_for_update(key_share=True)
    return list(connection.execute(query).scalars())
