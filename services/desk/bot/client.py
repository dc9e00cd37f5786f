"""The client to Rasa's desk channel (contracts/bot_channel.md), and whether Rasa is known to be down."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
from msgspec import MsgspecError, Struct, json

from desk.bot.rules import BotAnswer, is_refusal

_HEALTH_TIMEOUT_SECONDS = 1.5
_MIN_PAUSE_SECONDS = 0.1


class BotUnreachableError(Exception):
    """No proper answer in time; trying again may help."""


class BotRefusedError(Exception):
    """The channel will not take this; trying again is pointless. `reason` says why, without any text of people."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class _Understood(Struct):
    understanding: dict[str, Any]


class BotClient:
    """Speaks to the channel; knows since when it has been failing."""

    def __init__(self, base_url: str, token: str, timeout_seconds: float, concurrency: int) -> None:
        self._base = base_url.rstrip("/") + "/webhooks/desk"
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self._timeout = aiohttp.ClientTimeout(total=timeout_seconds, connect=min(3.0, timeout_seconds))
        self._slots = asyncio.Semaphore(concurrency)
        self._session: aiohttp.ClientSession | None = None
        self._recovered = asyncio.Event()
        self.down = False
        self.outage = 0  # the number of the current or last outage

    async def start(self) -> None:
        """Open the connection pool inside the running loop."""
        self._session = aiohttp.ClientSession(timeout=self._timeout, headers=self._headers)

    async def stop(self) -> None:
        """Close the pool."""
        if self._session is not None:
            await self._session.close()

    async def send_message(self, body: dict[str, Any]) -> BotAnswer:
        """POST /messages. BotUnreachableError or BotRefusedError."""
        raw = await self._post("/messages", body)
        try:
            return json.decode(raw, type=BotAnswer)
        except MsgspecError as error:
            raise BotRefusedError("answer not to contract") from error

    async def understand(self, text: str, at: str) -> dict[str, Any]:
        """POST /understanding. BotUnreachableError or BotRefusedError."""
        raw = await self._post("/understanding", {"text": text, "at": at})
        try:
            return json.decode(raw, type=_Understood).understanding
        except MsgspecError as error:
            raise BotRefusedError("answer not to contract") from error

    async def hand_back(self, body: dict[str, Any]) -> None:
        """POST /handbacks. BotUnreachableError or BotRefusedError."""
        await self._post("/handbacks", body)

    async def healthy(self) -> bool:
        """GET /health: whether Rasa answers with a model."""
        try:
            timeout = aiohttp.ClientTimeout(total=_HEALTH_TIMEOUT_SECONDS)
            async with self._http.get(self._base + "/health", timeout=timeout) as answer:
                healthy = answer.status == 200
        except (aiohttp.ClientError, TimeoutError):
            return False
        if healthy:
            self._note_up()
        return healthy

    async def wait_recovered(self, timeout_seconds: float) -> None:
        """Sleep, but not longer than until Rasa answers somebody again."""
        await asyncio.sleep(_MIN_PAUSE_SECONDS)
        try:
            await asyncio.wait_for(self._recovered.wait(), timeout_seconds)
        except TimeoutError:
            return

    @property
    def _http(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise RuntimeError("the client was not started")
        return self._session

    async def _post(self, path: str, body: dict[str, Any]) -> bytes:
        async with self._slots:
            try:
                async with self._http.post(self._base + path, data=json.encode(body)) as answer:
                    raw, status = await answer.read(), answer.status
            except (aiohttp.ClientError, TimeoutError) as error:
                self._note_down()
                raise BotUnreachableError(type(error).__name__) from error
        if is_refusal(status):
            self._note_up()
            raise BotRefusedError(f"status {status}")
        if status not in {200, 204}:
            self._note_down()
            raise BotUnreachableError(f"status {status}")
        self._note_up()
        return raw

    def _note_down(self) -> None:
        if not self.down:
            self.down = True
            self.outage += 1
            self._recovered = asyncio.Event()

    def _note_up(self) -> None:
        self.down = False
        self._recovered.set()
