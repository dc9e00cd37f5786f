"""A real little webhook receiver, scripted by the tests: fails, is slow, checks signatures."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import threading
import time
from dataclasses import dataclass, field
from typing import Any

import msgspec
from aiohttp import web
from running import free_port

SECRET = "webhook-test-secret"


def genuine(secret: str, header: str, body: bytes, now: float) -> bool:
    """As contracts/webhooks.md shows it to receivers."""
    parts = dict(part.split("=", 1) for part in header.split(","))
    wanted = hmac.new(secret.encode(), parts["t"].encode() + b"." + body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(wanted, parts["v1"]) and abs(now - int(parts["t"])) <= 300


@dataclass
class Receiver:
    """Answers with `status`, after `delay_seconds`; keeps every attempt as (event id, body, answered status)."""

    port: int = field(default_factory=free_port)
    status: int = 200
    failures_left: int = 0  # so many are answered 500 first
    delay_seconds: float = 0.0
    attempts: list[tuple[str, dict[str, Any], int]] = field(default_factory=list)
    under_way: set[str] = field(default_factory=set)
    doubled: list[str] = field(default_factory=list)  # event ids that were sent twice at the same moment
    forged: int = 0
    _loop: asyncio.AbstractEventLoop | None = None
    _stopped: asyncio.Event | None = None
    _thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}/baton"

    def accepted(self, conversation_id: str | None = None) -> list[dict[str, Any]]:
        """The bodies it took, each event once, in the order of arrival."""
        found = {event_id: body for event_id, body, status in self.attempts if status == 200}
        return [b for b in found.values() if conversation_id in {None, b["handoff"]["conversation_id"]}]

    def start(self) -> Receiver:
        """Listen in a thread of its own."""
        ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve(ready)), daemon=True)
        self._thread.start()
        assert ready.wait(10)
        return self

    def stop(self) -> None:
        """Stop listening."""
        if self._loop is not None and self._stopped is not None and self._thread is not None:
            self._loop.call_soon_threadsafe(self._stopped.set)
            self._thread.join(10)
            self._loop = None

    async def _serve(self, ready: threading.Event) -> None:
        self._loop, self._stopped = asyncio.get_running_loop(), asyncio.Event()
        app = web.Application()
        app.router.add_post("/baton", self._take)
        app.router.add_post("/moved", self._move)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", self.port).start()
        ready.set()
        await self._stopped.wait()
        await runner.cleanup()

    async def _move(self, _request: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": "/baton"})

    async def _take(self, request: web.Request) -> web.Response:
        raw, event_id = await request.read(), request.headers["X-Baton-Event-Id"]
        if not genuine(SECRET, request.headers["X-Baton-Signature"], raw, time.time()):
            self.forged += 1
        body = msgspec.json.decode(raw)
        assert (body["event_id"], body["event"]) == (event_id, request.headers["X-Baton-Event"])
        if event_id in self.under_way:
            self.doubled.append(event_id)
        self.under_way.add(event_id)
        status = self.status
        if self.failures_left > 0:
            self.failures_left, status = self.failures_left - 1, 500
        try:
            await asyncio.sleep(self.delay_seconds)
        finally:
            self.under_way.discard(event_id)
            self.attempts.append((event_id, body, status))
        return web.Response(status=status)
