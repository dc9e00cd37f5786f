"""The client to the desk channel of one Rasa or several (contracts/bot_channel.md), and whether all are down.

Which worker answers does not matter: they share what they know, and the channel answers a message that is asked again
with what is stored. So a worker that is away costs a second question, never a second answer.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import aiohttp
import structlog
from msgspec import MsgspecError, Struct, json

from desk.bot.rules import BotAnswer, is_refusal
from desk.bot.workers import Worker, Workers

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence

log = structlog.get_logger("desk.bot")

_CHANNEL = "/webhooks/desk"
_HEALTH_TIMEOUT_SECONDS = 1.5
_MIN_PAUSE_SECONDS = 0.1


class BotUnreachableError(Exception):
    """No proper answer in time; trying again may help."""


class BotBusyError(BotUnreachableError):
    """Another turn of this conversation is going on, whoever is asked; the worker itself is well."""


class BotRefusedError(Exception):
    """The channel will not take this; trying again is pointless. `reason` says why, without any text of people."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class _Fault(Struct):
    code: str


class _Failed(Struct):
    error: _Fault


class _Understood(Struct):
    understanding: dict[str, Any]


class BotClient:
    """Speaks to the channel; knows since when it has been failing."""

    def __init__(self, urls: Sequence[str], token: str, timeout_seconds: float, concurrency: int) -> None:
        self._workers = Workers(urls)
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self._timeout = aiohttp.ClientTimeout(total=timeout_seconds, connect=min(3.0, timeout_seconds))
        self._slots = asyncio.Semaphore(concurrency)
        self._session: aiohttp.ClientSession | None = None
        self._recovered = asyncio.Event()
        self.down = False
        self.outage = 0  # the number of the current or last outage

    async def start(self) -> None:
        """Open the connection pool inside the running loop."""
        jar = aiohttp.DummyCookieJar()  # Rasa sets none; the real jar looks for them at every call
        self._session = aiohttp.ClientSession(timeout=self._timeout, headers=self._headers, cookie_jar=jar)

    async def stop(self) -> None:
        """Close the pool."""
        if self._session is not None:
            await self._session.close()

    async def send_message(self, body: dict[str, Any]) -> BotAnswer:
        """POST /messages. BotUnreachableError or BotRefusedError."""
        raw = await self._post("/messages", body, body["conversation_id"])
        try:
            return json.decode(raw, type=BotAnswer)
        except MsgspecError as error:
            raise BotRefusedError("answer not to contract") from error

    async def understand(self, text: str, at: str) -> dict[str, Any]:
        """POST /understanding. BotUnreachableError or BotRefusedError."""
        raw = await self._post("/understanding", {"text": text, "at": at}, text)
        try:
            return json.decode(raw, type=_Understood).understanding
        except MsgspecError as error:
            raise BotRefusedError("answer not to contract") from error

    async def hand_back(self, body: dict[str, Any]) -> None:
        """POST /handbacks. BotUnreachableError or BotRefusedError."""
        await self._post("/handbacks", body, body["conversation_id"])

    async def healthy(self) -> bool:
        """GET /health of every worker at the same time: whether one answers with a model, as soon as one does."""
        asked = [asyncio.create_task(self._healthy(worker)) for worker in self._workers.all]
        try:
            for answer in asyncio.as_completed(asked):
                if await answer:
                    return True
            return False
        finally:
            for task in asked:
                task.cancel()

    async def look_after(self) -> None:
        """Notice a worker's return even when nobody is waiting, and that one of several says nothing any more."""
        if self.down or self._workers.several:
            await asyncio.gather(*map(self._look_after, self._workers.all))

    async def _look_after(self, worker: Worker) -> None:
        if not await self._healthy(worker) and self._workers.several and worker.silent():
            self._note_down(worker)

    async def _healthy(self, worker: Worker) -> bool:
        try:
            timeout = aiohttp.ClientTimeout(total=_HEALTH_TIMEOUT_SECONDS)
            async with self._http.get(f"{worker.url}{_CHANNEL}/health", timeout=timeout) as answer:
                healthy = answer.status == 200
        except (aiohttp.ClientError, TimeoutError):
            return False
        if healthy:
            self._note_up(worker)
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

    async def _post(self, path: str, body: dict[str, Any], key: str) -> bytes:
        """The answer of the first worker that gives one; BotUnreachableError of the last when none does."""
        data = json.encode(body)
        failure = BotUnreachableError("no worker")
        async with self._slots:
            for worker in self._workers.for_key(key):
                try:
                    return await self._unless_lost(worker, self._ask(worker, path, data))
                except BotBusyError:
                    raise
                except BotUnreachableError as error:
                    failure = error
                    self._note_down(worker)
        raise failure

    async def _unless_lost(self, worker: Worker, asking: Coroutine[Any, Any, bytes]) -> bytes:
        """A host that vanished would be waited for until the time-out, while another could answer."""
        if not self._workers.several:
            return await asking
        asked, lost = asyncio.create_task(asking), asyncio.create_task(worker.lost.wait())
        try:
            await asyncio.wait({asked, lost}, return_when=asyncio.FIRST_COMPLETED)
            if not asked.done() and not self._workers.down:
                raise BotUnreachableError("the worker is lost")
            return await asked
        finally:
            asked.cancel()
            lost.cancel()

    async def _ask(self, worker: Worker, path: str, data: bytes) -> bytes:
        try:
            async with self._http.post(worker.url + _CHANNEL + path, data=data) as answer:
                raw, status = await answer.read(), answer.status
        except (aiohttp.ClientError, TimeoutError) as error:
            raise BotUnreachableError(type(error).__name__) from error
        if is_refusal(status):
            self._note_up(worker)
            raise BotRefusedError(f"status {status}")
        if status not in {200, 204}:
            raise BotBusyError("busy") if _is_busy(raw) else BotUnreachableError(f"status {status}")
        self._note_up(worker)
        return raw

    def _note_down(self, worker: Worker) -> None:
        if self._workers.several and worker.up:
            log.warning("a bot worker is away", worker=worker.url)
        worker.up = False
        if not self.down and self._workers.down:
            self.down = True
            self.outage += 1
            self._recovered = asyncio.Event()

    def _note_up(self, worker: Worker) -> None:
        if self._workers.several and not worker.up:
            log.info("a bot worker is back", worker=worker.url)
        worker.well()
        self.down = False
        self._recovered.set()


def _is_busy(raw: bytes) -> bool:
    try:
        return json.decode(raw, type=_Failed).error.code == "busy"
    except MsgspecError:
        return False
