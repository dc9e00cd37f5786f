"""HTTP of the service hours: whether people are there, for the widget before anybody has asked."""

from __future__ import annotations

from typing import Any

from litestar import Router, get

from desk.handoffs.service import service_now, service_view
from desk.kernel.web import Ctx


@get("/service-hours")
async def service_hours(ctx: Ctx) -> dict[str, Any]:
    """200 {open, on_duty, next_open_at, words}; public."""
    scene = ctx.scene()
    return service_view(await ctx.db.read(lambda connection: service_now(connection, scene)), scene)


router = Router("/api/v1", route_handlers=[service_hours], tags=["handoffs"])
