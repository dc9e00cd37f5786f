"""Health, metrics and the API reference."""

from __future__ import annotations

import asyncio
import contextlib
import html
from typing import Annotated, Any

import sqlalchemy as sa
from litestar import Response, Router, get

from desk.bot.client import BotClient
from desk.customers.shop import ShopClient
from desk.insight import gauges
from desk.kernel.context import Context
from desk.kernel.errors import ForbiddenError
from desk.kernel.web import PART, Ctx, DeskRequest, may_read_metrics
from desk.pages.reference import completed

_DATABASE_SECONDS = 2.0
_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1c2733}"
    "h2{margin-top:2rem}dt{margin-top:.8rem;font-family:ui-monospace,monospace}"
    "dd{margin:.1rem 0 0 1.5rem;color:#4a5866}"
    "b{display:inline-block;min-width:4rem}"
)


@get("/healthz", include_in_schema=False)
async def healthz() -> dict[str, str]:
    """The process is there."""
    return {"status": "ok"}


async def _database_works(ctx: Context) -> bool:
    """Whether both halves of it take a transaction soon; what hangs does not work."""
    try:
        async with asyncio.timeout(_DATABASE_SECONDS):
            await ctx.db.read(_ask)
            await ctx.db.write(_ask)
    except (sa.exc.SQLAlchemyError, TimeoutError):
        return False
    return True


def _ask(connection: sa.Connection) -> object:
    return connection.execute(sa.text("SELECT 1")).scalar_one()


@get("/readyz", include_in_schema=False)
async def readyz(
    ctx: Ctx, shop: Annotated[ShopClient, PART], bot: Annotated[BotClient, PART]
) -> Response[dict[str, Any]]:
    """200 while the database works; bot, shop and how other desks are heard are told, but never make it unready."""
    database, bot_up, shop_up = await asyncio.gather(_database_works(ctx), bot.healthy(), shop.healthy())
    parts = {
        "status": "ok" if database else "unavailable",
        "database": database,
        "bot": bot_up,
        "shop": shop_up,
        "fanout": ctx.fanout.way,
    }
    return Response(parts, status_code=200 if database else 503)


@get("/metrics", include_in_schema=False)
async def metrics(
    ctx: Ctx, request: DeskRequest, shop: Annotated[ShopClient, PART], bot: Annotated[BotClient, PART]
) -> Response[bytes]:
    """Prometheus figures, for this machine and BATON_METRICS_FROM; without a database those it has itself."""
    if not may_read_metrics(request, ctx.settings.metrics_from):
        raise ForbiddenError("loopback_only")
    figures = ctx.metrics
    figures.write_jobs.set(ctx.db.jobs)
    figures.write_batches.set(ctx.db.batches)
    figures.write_retries.set(ctx.db.retried)
    database, bot_up, shop_up = await asyncio.gather(_database_works(ctx), bot.healthy(), shop.healthy())
    figures.database_up.set(database)
    figures.bot_up.set(bot_up)
    figures.shop_up.set(shop_up)
    with contextlib.suppress(sa.exc.SQLAlchemyError):  # baton_database_up has said so
        if database:
            await gauges.refresh(ctx)
    return Response(figures.text(), media_type="text/plain; version=0.0.4")


@get("/docs", include_in_schema=False)
async def docs(request: DeskRequest) -> Response[str]:
    """A plain page made from the OpenAPI document: no scripts, nothing loaded from elsewhere."""
    schema = completed(request.app.openapi_schema.to_schema())
    page = (
        "<!doctype html><html lang='en'><head><meta charset='utf-8'><meta name='viewport' "
        f"content='width=device-width,initial-scale=1'><title>Baton desk API</title><style>{_STYLE}</style></head>"
        "<body><h1>Baton desk API</h1><p>Machine-readable: <a href='/docs/openapi.json'>openapi.json</a>. "
        f"Sockets: /ws/customer, /ws/agent.</p>{_sections(schema)}</body></html>"
    )
    headers = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"}
    return Response(page, media_type="text/html", headers=headers)


@get("/docs/openapi.json", include_in_schema=False)
async def openapi(request: DeskRequest) -> dict[str, Any]:
    """The OpenAPI document."""
    return completed(request.app.openapi_schema.to_schema())


def _sections(schema: dict[str, Any]) -> str:
    by_tag: dict[str, list[str]] = {}
    for path, operations in sorted(schema.get("paths", {}).items()):
        for method, operation in operations.items():
            tag = (operation.get("tags") or ["other"])[0]
            words = html.escape(operation.get("description") or operation.get("summary") or "")
            entry = f"<dt><b>{method.upper()}</b> {html.escape(path)}</dt><dd>{words}</dd>"
            by_tag.setdefault(tag, []).append(entry)
    return "".join(f"<h2>{html.escape(tag)}</h2><dl>{''.join(entries)}</dl>" for tag, entries in by_tag.items())


router = Router("/", route_handlers=[healthz, readyz, metrics, docs, openapi])
