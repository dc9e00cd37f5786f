"""A small load balancer: passes TCP connections to desks that are ready, in turn, and hangs up on lost ones.

Nothing sticks: the next connection of the same client may reach another desk. As usual ones do, it asks `/readyz` every
second and, when a desk twice gave no good answer, ends what is open to it, so that clients look for another.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter

import aiohttp

_CHECK_SECONDS = 1.0
_ANSWER_SECONDS = 2.0
_CONNECT_SECONDS = 1.0
_MISSES = 2
_CHUNK_BYTES = 65536


class Balancer:
    """Listens on `address`; `served` counts connections by desk."""

    def __init__(self, address: str, desks: list[str]) -> None:
        self.served: Counter[str] = Counter()
        self.url = ""
        self._address, self._desks = address, desks
        self._misses = dict.fromkeys(desks, 0)
        self._open: dict[asyncio.Task[None], str] = {}
        self._turn = 0
        self._server: asyncio.Server | None = None
        self._checking: list[asyncio.Task[None]] = []

    async def start(self, http: aiohttp.ClientSession) -> None:
        self._server = await asyncio.start_server(self._serve, self._address, 0)
        self.url = f"http://{self._address}:{self._server.sockets[0].getsockname()[1]}"
        self._checking = [asyncio.create_task(self._check(http, desk)) for desk in self._desks]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        for task in [*self._checking, *self._open]:
            task.cancel()

    async def _check(self, http: aiohttp.ClientSession, desk: str) -> None:
        timeout = aiohttp.ClientTimeout(total=_ANSWER_SECONDS)
        while True:
            try:
                async with http.get(f"http://{desk}/readyz", timeout=timeout) as answer:
                    ready = answer.status == 200
            except (aiohttp.ClientError, TimeoutError):
                ready = False
            self._misses[desk] = 0 if ready else self._misses[desk] + 1
            if self._misses[desk] >= _MISSES:
                for task, served_by in list(self._open.items()):
                    if served_by == desk:
                        task.cancel()
            await asyncio.sleep(_CHECK_SECONDS)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, OSError, asyncio.CancelledError):
            await self._connection(reader, writer)
        writer.close()

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for desk in self._in_turn():
            host, _, port = desk.partition(":")
            try:
                async with asyncio.timeout(_CONNECT_SECONDS):
                    far_reader, far_writer = await asyncio.open_connection(host, int(port))
            except (OSError, TimeoutError):
                continue
            await self._join(desk, (reader, far_writer), (far_reader, writer))
            far_writer.close()
            return

    def _in_turn(self) -> list[str]:
        self._turn += 1
        start = self._turn % len(self._desks)
        return [desk for desk in self._desks[start:] + self._desks[:start] if self._misses[desk] < _MISSES]

    async def _join(self, desk: str, *ways: tuple[asyncio.StreamReader, asyncio.StreamWriter]) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._open[task] = desk
            task.add_done_callback(lambda done: self._open.pop(done, None))
        self.served[desk] += 1
        pumps = [asyncio.create_task(_pump(*way)) for way in ways]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while chunk := await reader.read(_CHUNK_BYTES):
            writer.write(chunk)
            await writer.drain()
