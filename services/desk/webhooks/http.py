"""HTTP of webhooks: administrators see who is told, what fails, and start the given-up ones again."""

from __future__ import annotations

from typing import Any

from litestar import Router, get, post

from desk.agents.auth import require_administrator
from desk.kernel.clock import iso
from desk.kernel.web import Ctx, DeskRequest
from desk.webhooks import store


@get("")
async def list_webhooks(ctx: Ctx, request: DeskRequest) -> dict[str, Any]:
    """200 {endpoints: [{url, waiting, delivered, dead}], troubled: [Delivery]}; 403 forbidden."""
    await require_administrator(ctx, request)
    urls = await ctx.db.read(store.urls)
    counts = await ctx.db.read(store.counts)
    states = ("waiting", "delivered", "dead")
    return {
        "endpoints": [{"url": url, **{state: counts.get((url, state), 0) for state in states}} for url in urls],
        "troubled": [
            {
                "event_id": row.event_id,
                "event": row.event,
                "url": row.url,
                "state": row.state,
                "attempts": row.attempts,
                "fault": row.fault,
                "created_at": iso(row.created_at),
                "next_attempt_at": iso(row.next_attempt_at) if row.state == "waiting" else None,
            }
            for row in await ctx.db.read(store.troubled)
        ],
    }


@post("/retry", status_code=200)
async def retry_webhooks(ctx: Ctx, request: DeskRequest) -> dict[str, int]:
    """200 {revived}: everything given up is tried again, for a day; 403 forbidden."""
    await require_administrator(ctx, request)
    now = ctx.clock.now()
    return {"revived": await ctx.db.write(lambda c: store.revive(c, now))}


router = Router("/api/v1/webhooks", route_handlers=[list_webhooks, retry_webhooks], tags=["webhooks"])
