"""The client to the shop API (contracts/shop_api.md): time-outs, one retry, a circuit that opens when it is down."""

from __future__ import annotations

import asyncio
import time
from typing import Any
from urllib.parse import quote

import aiohttp
import structlog
from msgspec import DecodeError, json

from desk.kernel.errors import NotFoundError, UnavailableError

log = structlog.get_logger("desk.shop")

_ATTEMPTS = 2
_FAILURES_TO_OPEN = 4
_OPEN_SECONDS = 5.0


class ShopClient:
    """Reads the shop; UnavailableError `shop_unavailable` when it does not answer properly in time."""

    def __init__(self, base_url: str, token: str, timeout_seconds: float) -> None:
        self._base = base_url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {token}"}
        self._timeout = aiohttp.ClientTimeout(total=timeout_seconds)
        self._session: aiohttp.ClientSession | None = None
        self._failures = 0
        self._closed_until = 0.0

    async def start(self) -> None:
        """Open the connection pool inside the running loop."""
        self._session = aiohttp.ClientSession(timeout=self._timeout)

    async def stop(self) -> None:
        """Close the pool."""
        if self._session is not None:
            await self._session.close()

    async def customer(self, customer_id: str) -> dict[str, Any]:
        """GET /customers/{id}."""
        return await self._get(f"/api/v1/customers/{quote(customer_id, safe='')}")

    async def overview(self, customer_id: str) -> dict[str, Any]:
        """{customer, orders, points, coupons}, asked at the same time."""
        base = f"/api/v1/customers/{quote(customer_id, safe='')}"
        customer, orders, points, coupons = await asyncio.gather(
            self._get(base),
            self._get(f"{base}/orders?limit=20"),
            self._get(f"{base}/points"),
            self._get(f"{base}/coupons"),
        )
        return {
            "customer": customer,
            "orders": orders.get("orders", []),
            "points": points,
            "coupons": coupons.get("coupons", []),
        }

    async def demo_customers(self) -> dict[str, Any]:
        """GET /demo/customers: the demo shop's list with freshly signed identities."""
        return await self._get("/api/v1/demo/customers")

    async def healthy(self, timeout_seconds: float = 1.0) -> bool:
        """Whether the shop answers its /healthz."""
        try:
            timeout = aiohttp.ClientTimeout(total=timeout_seconds)
            async with self._http.get(f"{self._base}/healthz", timeout=timeout) as answer:
                return answer.status == 200
        except (aiohttp.ClientError, TimeoutError):
            return False

    @property
    def _http(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise RuntimeError("the client was not started")
        return self._session

    async def _get(self, path: str) -> dict[str, Any]:
        if time.monotonic() < self._closed_until:
            raise UnavailableError("shop_unavailable")
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                found = await self._get_once(path)
            except (aiohttp.ClientError, TimeoutError, DecodeError) as error:
                log.warning("shop failed", attempt=attempt, error=type(error).__name__)
                continue
            self._failures = 0
            return found
        self._failures += 1
        if self._failures >= _FAILURES_TO_OPEN:
            self._closed_until = time.monotonic() + _OPEN_SECONDS
        raise UnavailableError("shop_unavailable")

    async def _get_once(self, path: str) -> dict[str, Any]:
        async with self._http.get(self._base + path, headers=self._headers) as answer:
            if answer.status == 404:
                raise NotFoundError("customer_not_found")
            answer.raise_for_status()
            return json.decode(await answer.read(), type=dict[str, Any])
