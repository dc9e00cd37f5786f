"""HTTP of the search, for agents."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Annotated, Any

from litestar import Router, get
from litestar.params import Parameter

from desk.agents.auth import require_agent
from desk.agents.rules import SKILL_GROUPS
from desk.clocks import business_hours
from desk.kernel.errors import InvalidError
from desk.kernel.web import Ctx, DeskRequest
from desk.search.rules import MAX_QUERY_CHARACTERS, MAX_WORDS, STATES, Query, read_cursor, read_words, result_view
from desk.search.usecases import search

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo


@get("/conversations/search")
async def search_conversations(
    ctx: Ctx,
    request: DeskRequest,
    *,
    q: str = "",
    first: Annotated[str, Parameter(query="from")] = "",
    last: Annotated[str, Parameter(query="to")] = "",
    wanted_state: Annotated[str, Parameter(query="state")] = "",
    group: str = "",
    before: str = "",
) -> dict[str, Any]:
    """200 {results, by_name, next}: what the agent may see, the latest changed first, 20 at a time.

    `from` and `to` are days of the shop; `next` goes back as `before`. 422 search_invalid, invalid_request.
    """
    agent = await require_agent(ctx, request)
    zone = business_hours.load(ctx.settings.playbook_dir).shop.zone
    place, by_name = read_cursor(before)
    query = Query(
        words=read_words(q),
        since=_start_of(first, zone),
        until=_start_of(last, zone, later_days=1),
        state=_one_of(wanted_state, STATES),
        group=_one_of(group, SKILL_GROUPS),
        before=place,
    )
    asked, found, following = await ctx.db.read(lambda c: search(c, agent, query, by_name=by_name))
    return {
        "results": [result_view(one, asked, agent.id) for one in found],
        "by_name": asked.masked_name is not None,
        "next": following,
    }


def _one_of(word: str, known: tuple[str, ...]) -> str | None:
    if word and word not in known:
        raise _invalid()
    return word or None


def _start_of(day: str, zone: ZoneInfo, later_days: int = 0) -> datetime | None:
    if not day:
        return None
    try:
        return datetime.combine(date.fromisoformat(day) + timedelta(days=later_days), time(), zone)
    except (ValueError, OverflowError) as error:
        raise _invalid() from error


def _invalid() -> InvalidError:
    return InvalidError("search_invalid", words=MAX_WORDS, limit=MAX_QUERY_CHARACTERS)


router = Router("/api/v1", route_handlers=[search_conversations], tags=["search"])
