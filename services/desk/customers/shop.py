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
_REFUSALS = {404, 409, 422}


class ShopRefusedError(Exception):
    """The shop understood and said no: its `reason` (a code of contracts/shop_api.md) and the facts behind it."""

    def __init__(self, reason: str, details: dict[str, Any]) -> None:
        super().__init__(reason)
        self.reason = reason
        self.details = details


class ShopClient:
    """Reads and writes the shop; UnavailableError `shop_unavailable` when it does not answer properly in time.

    What the shop refuses is NotFoundError `customer_not_found` for the calls about a customer, elsewhere
    ShopRefusedError.
    """

    def __init__(self, base_url: str, token: str, timeout_seconds: float) -> None:
        self._base = base_url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {token}"}
        self._timeout = aiohttp.ClientTimeout(total=timeout_seconds)
        self._session: aiohttp.ClientSession | None = None
        self._failures = 0
        self._closed_until = 0.0

    async def start(self) -> None:
        """Open the connection pool inside the running loop."""
        self._session = aiohttp.ClientSession(timeout=self._timeout, cookie_jar=aiohttp.DummyCookieJar())

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

    async def coupons(self, customer_id: str) -> list[dict[str, Any]]:
        """GET /customers/{id}/coupons, usable ones first."""
        return list((await self._get(f"/api/v1/customers/{quote(customer_id, safe='')}/coupons"))["coupons"])

    async def tickets(self, customer_id: str) -> list[dict[str, Any]]:
        """GET /customers/{id}/tickets, newest first."""
        return list((await self._get(f"/api/v1/customers/{quote(customer_id, safe='')}/tickets"))["tickets"])

    async def order(self, order_id: str) -> dict[str, Any]:
        """GET /orders/{id}; ShopRefusedError `order_not_found`."""
        return await self._ask("GET", _order(order_id))

    async def return_eligibility(self, order_id: str) -> dict[str, Any]:
        """GET /orders/{id}/return-eligibility; ShopRefusedError `order_not_found`."""
        return await self._ask("GET", f"{_order(order_id)}/return-eligibility")

    async def order_documents(self, order_id: str) -> dict[str, list[dict[str, Any]]]:
        """{shipments, refunds, returns, claims, traces} of an order, asked at the same time."""
        names = ("shipments", "refunds", "returns", "claims", "traces")
        answers = await asyncio.gather(*(self._ask("GET", f"{_order(order_id)}/{name}") for name in names))
        return {name: list(answer[name]) for name, answer in zip(names, answers, strict=True)}

    async def apply_for_return(self, order_id: str, body: dict[str, Any], key: str) -> dict[str, Any]:
        """POST /orders/{id}/returns; ShopRefusedError. `key` makes repeating safe, here and below."""
        return await self._ask("POST", f"{_order(order_id)}/returns", body, key)

    async def open_claim(self, order_id: str, body: dict[str, Any], key: str) -> dict[str, Any]:
        """POST /orders/{id}/claims; ShopRefusedError."""
        return await self._ask("POST", f"{_order(order_id)}/claims", body, key)

    async def reissue_coupon(self, customer_id: str, body: dict[str, Any], key: str) -> dict[str, Any]:
        """POST /customers/{id}/coupon-reissues; ShopRefusedError."""
        return await self._ask("POST", f"/api/v1/customers/{quote(customer_id, safe='')}/coupon-reissues", body, key)

    async def grant_coupon(self, customer_id: str, body: dict[str, Any], key: str) -> dict[str, Any]:
        """POST /customers/{id}/coupon-grants; ShopRefusedError."""
        return await self._ask("POST", f"/api/v1/customers/{quote(customer_id, safe='')}/coupon-grants", body, key)

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
        try:
            return await self._ask("GET", path)
        except ShopRefusedError as refused:
            if refused.reason.endswith("_not_found"):
                raise NotFoundError("customer_not_found") from refused
            raise UnavailableError("shop_unavailable") from refused

    async def _ask(
        self, method: str, path: str, body: dict[str, Any] | None = None, key: str | None = None
    ) -> dict[str, Any]:
        if time.monotonic() < self._closed_until:
            raise UnavailableError("shop_unavailable")
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                found = await self._ask_once(method, path, body, key)
            except (aiohttp.ClientError, TimeoutError, DecodeError) as error:
                log.warning("shop failed", attempt=attempt, error=type(error).__name__)
                continue
            self._failures = 0
            return found
        self._failures += 1
        if self._failures >= _FAILURES_TO_OPEN:
            self._closed_until = time.monotonic() + _OPEN_SECONDS
        raise UnavailableError("shop_unavailable")

    async def _ask_once(self, method: str, path: str, body: dict[str, Any] | None, key: str | None) -> dict[str, Any]:
        headers = self._headers if key is None else {**self._headers, "Idempotency-Key": key}
        async with self._http.request(method, self._base + path, headers=headers, json=body) as answer:
            if answer.status in _REFUSALS:
                raise await _refusal(answer)
            answer.raise_for_status()
            return json.decode(await answer.read(), type=dict[str, Any])


async def _refusal(answer: aiohttp.ClientResponse) -> ShopRefusedError:
    """The shop's own reason; DecodeError when something else than the shop answered."""
    error = json.decode(await answer.read(), type=dict[str, dict[str, Any]]).get("error", {})
    return ShopRefusedError(str(error.get("code") or f"http_{answer.status}"), dict(error.get("details") or {}))


def _order(order_id: str) -> str:
    return f"/api/v1/orders/{quote(order_id, safe='')}"
