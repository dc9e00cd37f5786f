"""Searching: one reading job."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desk.search import store
from desk.search.rules import PAGE_SIZE, Query, as_masked_name, write_cursor

if TYPE_CHECKING:
    import sqlalchemy as sa

    from desk.agents.rules import Agent
    from desk.search.rules import Found


def search(
    connection: sa.Connection, agent: Agent, query: Query, *, by_name: bool = False
) -> tuple[Query, list[Found], str | None]:
    """(what was looked for, one page of it, the cursor of the next page or None).

    The desk keeps names only masked, so a full name is in no field: when nothing contains the word, it is looked for
    as the name it would be; `by_name` when the page before was.
    """
    as_name = as_masked_name(query)
    if by_name and as_name is not None:
        return _page(connection, agent, as_name)
    answer = _page(connection, agent, query)
    if answer[1] or query.before is not None or as_name is None:
        return answer
    return _page(connection, agent, as_name)


def _page(connection: sa.Connection, agent: Agent, query: Query) -> tuple[Query, list[Found], str | None]:
    found = store.find(connection, agent, query, PAGE_SIZE + 1)
    if len(found) <= PAGE_SIZE:
        return query, found, None
    page = found[:PAGE_SIZE]
    return query, page, write_cursor(page[-1].conversation, query)
