"""HTTP of insight, for supervisors and administrators: the wall, the lists behind it, reports, the playbook."""

from __future__ import annotations

import asyncio
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Annotated, Any

from litestar import Router, get
from litestar.params import Parameter

from desk.agents import store as agent_store
from desk.agents.auth import require_agent
from desk.agents.rules import leads
from desk.clocks import business_hours
from desk.insight import playbook, policy, store
from desk.insight.reports import report
from desk.insight.wall import Wanted, case_view, in_order, is_wanted, wall
from desk.kernel.errors import ForbiddenError, InvalidError
from desk.kernel.web import Ctx, DeskRequest

if TYPE_CHECKING:
    from desk.kernel.context import Context

MAX_DAYS = 92
_MAX_CASES = 500


async def _require_lead(ctx: Context, request: DeskRequest) -> None:
    if not leads(await require_agent(ctx, request)):
        raise ForbiddenError("forbidden")


@get("/wall")
async def get_wall(ctx: Ctx, request: DeskRequest) -> dict[str, Any]:
    """200 {at, queue, agents, clocks, emotions}; 403 forbidden."""
    await _require_lead(ctx, request)
    cases, agents = await ctx.db.read(lambda c: (store.open_cases(c), agent_store.everybody(c)))
    return wall(cases, agents, policy.load(ctx.settings.playbook_dir), ctx.clock.now())


@get("/wall/cases")
async def get_cases(
    ctx: Ctx,
    request: DeskRequest,
    *,
    wanted_state: Annotated[str | None, Parameter(query="state")] = None,
    group: str | None = None,
    clock: str | None = None,
    clock_state: str | None = None,
    family: str | None = None,
    intensity: int | None = None,
    agent: str | None = None,
) -> dict[str, Any]:
    """200 {total, cases}: the open cases behind one figure of the wall, the one that breaks first first.

    403 forbidden.
    """
    await _require_lead(ctx, request)
    rules, now = policy.load(ctx.settings.playbook_dir), ctx.clock.now()
    wanted = Wanted(wanted_state, group, clock, clock_state, family, intensity, agent)
    cases = await ctx.db.read(store.open_cases)
    found = in_order([case for case in cases if is_wanted(case, wanted, rules, now)], rules, now)
    return {"total": len(found), "cases": [case_view(case, rules, now) for case in found[:_MAX_CASES]]}


@get("/reports")
async def get_report(
    ctx: Ctx,
    request: DeskRequest,
    first: Annotated[str, Parameter(query="from")] = "",
    last: Annotated[str, Parameter(query="to")] = "",
) -> dict[str, Any]:
    """200, see desk.insight.reports; `from` and `to` are days of the shop, both included, at most 92 apart.

    403 forbidden; 422 range_invalid.
    """
    await _require_lead(ctx, request)
    from_day, to_day = _day(first), _day(last)
    if not timedelta() <= to_day - from_day < timedelta(days=MAX_DAYS):
        raise InvalidError("range_invalid", days=MAX_DAYS)
    zone = business_hours.load(ctx.settings.playbook_dir).shop.zone
    start = datetime.combine(from_day, time(), zone)
    end = datetime.combine(to_day + timedelta(days=1), time(), zone)
    facts = await ctx.db.read(lambda connection: store.facts(connection, start, end))
    return report(facts, from_day, to_day, zone, policy.load(ctx.settings.playbook_dir).satisfied_from)


@get("/playbook")
async def get_playbook(ctx: Ctx, request: DeskRequest) -> dict[str, Any]:
    """200 {files: [{name, text, checked: content | syntax, problem}]}; 403 forbidden. Read only."""
    await _require_lead(ctx, request)
    return {"files": await asyncio.to_thread(playbook.files, ctx.settings.playbook_dir)}


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise InvalidError("range_invalid", days=MAX_DAYS) from error
    if day == date.max:  # it has no midnight after it
        raise InvalidError("range_invalid", days=MAX_DAYS)
    return day


router = Router("/api/v1", route_handlers=[get_wall, get_cases, get_report, get_playbook], tags=["insight"])
