"""The sender: one worker an endpoint, so that a slow one holds up nobody else and never more than its few calls."""

from __future__ import annotations

import asyncio
import contextlib
import random
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING

import aiohttp
import sqlalchemy as sa
import structlog

from desk.webhooks import store
from desk.webhooks.rules import (
    TIMEOUT_SECONDS,
    Delivery,
    Fault,
    fault_of,
    next_attempt_at,
    pause_seconds,
    signature,
)
from desk.webhooks.store import WebhooksWaiting

if TYPE_CHECKING:
    from collections.abc import Callable

    from desk.kernel.context import Context

log = structlog.get_logger("desk.webhooks")

AT_ONCE = 4
_LONGEST_SLEEP_SECONDS = 30.0  # other processes may have added something meanwhile
_SHORTEST_SLEEP_SECONDS = 0.2
_SWEEP = timedelta(hours=1)
_MAX_FAULT_CHARACTERS = 200


class WebhookSender:
    """Sends what waits; see contracts/webhooks.md for what receivers may rely on."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._session: aiohttp.ClientSession | None = None
        self._wake: dict[str, asyncio.Event] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._stop_listening: Callable[[], None] | None = None

    async def start(self) -> None:
        """Tell the database who is to be told, then work through what waits."""
        wanted, now = self._ctx.settings.webhook_urls, self._ctx.clock.now()
        await self._ctx.db.write(lambda c: store.set_endpoints(c, wanted, now))
        if not wanted:
            return
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=TIMEOUT_SECONDS),
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        self._stop_listening = self._ctx.bus.on(WebhooksWaiting, lambda _note: self._wake_all())
        for url in wanted:
            self._wake[url] = asyncio.Event()
            self._tasks.append(self._ctx.spawn(self._work(url), "webhooks"))
        self._tasks.append(self._ctx.spawn(self._sweep(), "webhooks sweep"))

    async def stop(self) -> None:
        """Stop in the middle: what was being sent is sent again after the lease."""
        if self._stop_listening is not None:
            self._stop_listening()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    def _wake_all(self) -> None:
        for event in self._wake.values():
            event.set()

    async def _work(self, url: str) -> None:
        failed_rounds = 0
        while True:
            self._wake[url].clear()
            try:
                faults = await self._round(url)
                down = bool(faults) and all(fault is not None and fault.down for fault in faults)
                failed_rounds = failed_rounds + 1 if down else 0 if faults else failed_rounds
                seconds = 0.0 if faults else await self._seconds_to_next(url)
            except sa.exc.SQLAlchemyError:
                log.exception("webhooks wait for the database")
                down, seconds = False, _LONGEST_SLEEP_SECONDS
            if down:
                # Not to be woken: while it is down, thousands of waiting events are no more work than four.
                await asyncio.sleep(pause_seconds(failed_rounds))
            elif seconds > 0:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._wake[url].wait(), seconds)

    async def _round(self, url: str) -> list[Fault | None]:
        """Send what is due now, a few at once; how each of them ended."""
        token, now = secrets.token_hex(16), self._ctx.clock.now()
        found = await self._ctx.db.write(lambda c: store.lease(c, url, token, now, AT_ONCE))
        return await asyncio.gather(*(self._deliver(delivery, token) for delivery in found))

    async def _seconds_to_next(self, url: str) -> float:
        due = await self._ctx.db.read(lambda c: store.next_due(c, url))
        if due is None:
            return _LONGEST_SLEEP_SECONDS
        left = (due - self._ctx.clock.now()).total_seconds()
        return min(_LONGEST_SLEEP_SECONDS, max(_SHORTEST_SLEEP_SECONDS, left))

    async def _deliver(self, delivery: Delivery, token: str) -> Fault | None:
        fault = await self._post(delivery)
        now, attempts = self._ctx.clock.now(), delivery.attempts + 1
        values: dict[str, object] = {"attempts": attempts, "fault": None if fault is None else fault.words}
        if fault is None:
            result, values = "delivered", {**values, "state": "delivered", "ended_at": now}
        else:
            share = random.random()  # noqa: S311 - jitter, no secret
            again = next_attempt_at(attempts, delivery.created_at, now, share)
            result = "failed" if again is not None else "dead"
            values |= {"next_attempt_at": again} if again is not None else {"state": "dead", "ended_at": now}
            words = fault.words
            log.warning("webhook not delivered", event_id=delivery.event_id, fault=words, attempts=attempts, next=again)
        self._ctx.metrics.webhooks.labels(result).inc()
        await self._ctx.db.write(lambda c: store.settle(c, delivery.id, token, **values))
        return fault

    async def _post(self, delivery: Delivery) -> Fault | None:
        """None when the receiver answered 2xx, else what went wrong. Redirects are not followed, answers not read."""
        if self._session is None:
            raise RuntimeError("the sender is not started")
        at_seconds = int(self._ctx.clock.now().timestamp())
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "Baton-Desk",
            "X-Baton-Event": delivery.event,
            "X-Baton-Event-Id": delivery.event_id,
            "X-Baton-Signature": signature(self._ctx.settings.webhook_secret, at_seconds, delivery.body),
        }
        try:
            async with self._session.post(
                delivery.url, data=delivery.body.encode(), headers=headers, allow_redirects=False
            ) as answer:
                return fault_of(answer.status)
        except TimeoutError:
            return Fault("timed out", down=True)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return Fault(f"{type(error).__name__}: {error}"[:_MAX_FAULT_CHARACTERS], down=True)

    async def _sweep(self) -> None:
        while True:
            now = self._ctx.clock.now()
            try:
                await self._ctx.db.write(lambda c, now=now: store.sweep(c, now))  # type: ignore[misc]
            except sa.exc.SQLAlchemyError:
                log.exception("webhooks not swept")
            await asyncio.sleep(_SWEEP.total_seconds())
