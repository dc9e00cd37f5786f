"""Puts the desk together: parts, routes, what starts and stops with it."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog
from litestar import Litestar
from litestar.config.cors import CORSConfig
from litestar.datastructures import State
from litestar.di import Provide
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin

from desk.agent_actions import authority
from desk.agent_actions import http as agent_actions_http
from desk.agents import accounts_http, own_http
from desk.agents import http as agents_http
from desk.assist import book as assist_book
from desk.assist import http as assist_http
from desk.attachments.files import LocalFiles
from desk.attachments.sweep import Sweeper
from desk.attachments.usecases import Uploads
from desk.bot.client import BotClient
from desk.bot.runner import BotRunner
from desk.channels import archive_http, attachments_http
from desk.channels import http as channels_http
from desk.channels.agent_socket import agent_socket
from desk.channels.attendance import Attendance
from desk.channels.customer_socket import customer_socket
from desk.channels.feeds import Feeds
from desk.channels.presences import Presences
from desk.channels.throttle import Throttle
from desk.clocks import business_hours
from desk.customer_view import http as customer_view_http
from desk.customers.shop import ShopClient
from desk.handoffs import duty, repeat_rules, service_http
from desk.handoffs import http as handoffs_http
from desk.handoffs.board import Board
from desk.handoffs.service_watch import ServiceWatch
from desk.handoffs.summary import SummaryCheck
from desk.insight import http as insight_http
from desk.insight import policy as insight_policy
from desk.kernel import wording
from desk.kernel.context import Context
from desk.kernel.web import SECURITY_HEADERS, begin_request, handle_error
from desk.pages import http as pages_http
from desk.pages import system
from desk.privacy import audit_http, rule_changes
from desk.privacy.retention import Retention
from desk.private_notes import http as private_notes_http
from desk.routing.router import Router
from desk.search import http as search_http
from desk.webhooks import http as webhooks_http
from desk.webhooks.sender import WebhookSender

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from desk.kernel.clock import Clock
    from desk.kernel.settings import Settings

log = structlog.get_logger("desk")

_MAX_BODY_BYTES = 64 * 1024


@dataclass
class Parts:
    """Everything that lives as long as the desk does."""

    ctx: Context
    shop: ShopClient
    bot: BotClient
    board: Board
    feeds: Feeds
    router: Router
    attendance: Attendance
    runner: BotRunner
    service_watch: ServiceWatch
    presences: Presences
    throttle: Throttle
    webhooks: WebhookSender
    files: LocalFiles
    uploads: Uploads
    sweeper: Sweeper
    retention: Retention

    async def start(self) -> None:
        """In the order in which they need each other."""
        self.ctx.db.start()
        await self.ctx.fanout.start()
        await self.shop.start()
        await self.bot.start()
        await self.presences.start()
        await self.board.start()
        self.feeds.start()
        await self.attendance.start()
        await self.router.start()
        await self.runner.start()
        await self.service_watch.start()
        await self.webhooks.start()
        await self.sweeper.start()
        await self._note_rule_changes()
        await self.retention.start()

    async def _note_rule_changes(self) -> None:
        files, now = rule_changes.fingerprints(self.ctx.settings.playbook_dir), self.ctx.clock.now()
        changed = await self.ctx.db.write(lambda connection: rule_changes.note_changes(connection, files, now))
        if changed:
            log.info("rules have changed since the last start", files=changed)

    async def stop(self) -> None:
        """Backwards; what is queued for the database is written first."""
        await self.webhooks.stop()
        await self.service_watch.stop()
        await self.runner.stop()
        await self.router.stop()
        await self.attendance.stop()
        await self.board.stop()
        await self.ctx.stop_tasks()
        await self.feeds.stop()
        await self.ctx.fanout.stop()
        await self.ctx.holds.stop()
        await self.bot.stop()
        await self.shop.stop()
        await self.ctx.db.stop()


def build_parts(settings: Settings, clock: Clock | None = None) -> Parts:
    """The desk's parts for `settings` and a clock (the machine's); call inside the running event loop."""
    ctx = Context.build(settings, wording.load(settings.playbook_dir), clock)
    repeat_rules.load(settings.playbook_dir)  # a mistake in it stops the start, not a queued customer
    assist_book.load(settings.playbook_dir)
    insight_policy.load(settings.playbook_dir)
    authority.load(settings.playbook_dir)
    missing = business_hours.load(settings.playbook_dir).missing_years(ctx.clock.now())
    if missing:
        log.warning("no public holidays in playbook/business_hours.yml", years=missing)
    shop = ShopClient(settings.shop_url, settings.shop_token, settings.shop_timeout_seconds)
    bot = BotClient(settings.rasa_urls, settings.bot_token, settings.bot_timeout_seconds, settings.bot_concurrency)
    runner = BotRunner(ctx, bot, SummaryCheck(settings.contracts_dir))
    files = LocalFiles(settings.attachments_dir)
    return Parts(
        ctx=ctx,
        shop=shop,
        bot=bot,
        board=Board(ctx),
        feeds=Feeds(ctx),
        router=Router(ctx),
        attendance=Attendance(ctx),
        runner=runner,
        service_watch=ServiceWatch(ctx),
        presences=Presences(ctx),
        throttle=Throttle(settings),
        webhooks=WebhookSender(ctx),
        files=files,
        uploads=Uploads(ctx, files),
        sweeper=Sweeper(ctx, files),
        retention=Retention(ctx, files),
    )


def _cors(settings: Settings) -> CORSConfig | None:
    """Exactly the origins of the configured sites may call from their pages, never with the console's cookie."""
    origins = sorted({origin for site in settings.sites for origin in site.origins})
    if not origins:
        return None
    return CORSConfig(
        allow_origins=origins,
        allow_methods=["GET", "POST"],
        allow_headers=["Authorization", "Content-Type"],
        allow_credentials=False,
    )


def build_app(parts: Parts) -> Litestar:
    """The ASGI application around `parts`."""

    @asynccontextmanager
    async def lifespan(_app: Litestar) -> AsyncIterator[None]:
        await parts.start()
        try:
            yield
        finally:
            await parts.stop()

    def provide(value: Any) -> Provide:
        return Provide(lambda: value, sync_to_thread=False)

    return Litestar(
        route_handlers=[
            agents_http.router,
            own_http.router,
            accounts_http.router,
            webhooks_http.router,
            handoffs_http.router,
            service_http.router,
            channels_http.router,
            search_http.router,
            private_notes_http.router,
            assist_http.router,
            insight_http.router,
            customer_view_http.router,
            agent_actions_http.router,
            attachments_http.router,
            archive_http.router,
            audit_http.router,
            customer_socket,
            agent_socket,
            pages_http.router,
            system.router,
        ],
        dependencies={
            "ctx": provide(parts.ctx),
            "shop": provide(parts.shop),
            "bot": provide(parts.bot),
            "board": provide(parts.board),
            "feeds": provide(parts.feeds),
            "presences": provide(parts.presences),
            "throttle": provide(parts.throttle),
            "files": provide(parts.files),
            "uploads": provide(parts.uploads),
            "give_back": provide(duty.GIVE_BACK),
        },
        before_request=begin_request,
        exception_handlers={Exception: handle_error},
        cors_config=_cors(parts.ctx.settings),
        response_headers=SECURITY_HEADERS,
        lifespan=[lifespan],
        state=State({"ctx": parts.ctx}),
        request_max_body_size=_MAX_BODY_BYTES,
        openapi_config=OpenAPIConfig(
            title="Baton desk",
            version="1.0",
            path="/docs/schema",
            render_plugins=[JsonRenderPlugin()],  # with none at all Litestar adds pages with scripts of others
            use_handler_docstrings=True,
        ),
        logging_config=None,
    )
