"""A bad network in front of a desk: delays, cut and half-open connections, requests that arrive twice."""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import struct
from collections import Counter

DELAYS_SECONDS = (0.0, 0.0, 0.0, 0.02, 0.1, 0.4)
LIFETIME_SECONDS = (1.0, 25.0)
HALF_OPEN_SECONDS = 8.0
CHUNK_BYTES = 65536
_MESSAGE = b"/messages HTTP/1.1"


class Proxy:
    """Listens on `port` and forwards to `upstream`; every connection has its own bad luck, drawn from `seed`."""

    def __init__(self, upstream: int, port: int, seed: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.faults: Counter[str] = Counter()
        self._upstream, self._port = upstream, port
        self._dice = random.Random(seed)
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port)

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        for task in list(self._open):
            task.cancel()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._open.add(task)
            task.add_done_callback(self._open.discard)
        with contextlib.suppress(ConnectionError, OSError, asyncio.CancelledError):
            await self._connection(reader, writer)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._upstream)
        except OSError:
            self._cut(writer)
            return
        pumps = [
            asyncio.create_task(self._pump(reader, far_writer, requests=True)),
            asyncio.create_task(self._pump(far_reader, writer, requests=False)),
        ]
        await asyncio.wait(pumps, timeout=self._dice.uniform(*LIFETIME_SECONDS), return_when=asyncio.FIRST_COMPLETED)
        if not any(pump.done() for pump in pumps):
            await self._end_badly(pumps)
        for pump in pumps:
            pump.cancel()
        await asyncio.gather(*pumps, return_exceptions=True)
        self._cut(far_writer)
        self._cut(writer)

    async def _end_badly(self, pumps: list[asyncio.Task[None]]) -> None:
        """A reset, or one direction dies and nobody is told for a while."""
        kind = self._dice.choice(("reset", "half-open to the desk", "half-open to the client"))
        self.faults[kind] += 1
        if kind != "reset":
            pumps[0 if kind.endswith("desk") else 1].cancel()
            await asyncio.sleep(HALF_OPEN_SECONDS)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, requests: bool) -> None:
        # uvloop calls a connection that was cut here meanwhile a RuntimeError.
        with contextlib.suppress(ConnectionError, RuntimeError):
            await self._copy(reader, writer, requests=requests)

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, requests: bool) -> None:
        while chunk := await reader.read(CHUNK_BYTES):
            delay = self._dice.choice(DELAYS_SECONDS)
            if delay:
                self.faults["delay"] += 1
                await asyncio.sleep(delay)
            if requests and _MESSAGE in chunk and self._dice.random() < 0.1:
                self.faults["request doubled"] += 1
                await self._send_beside(chunk)
            writer.write(chunk)
            await writer.drain()

    async def _send_beside(self, request: bytes) -> None:
        """The same bytes over a connection of their own; the answer is thrown away."""
        with contextlib.suppress(OSError, TimeoutError):
            reader, writer = await asyncio.open_connection("127.0.0.1", self._upstream)
            writer.write(request)
            async with asyncio.timeout(1):
                await reader.read(CHUNK_BYTES)
            self._cut(writer)

    @staticmethod
    def _cut(writer: asyncio.StreamWriter) -> None:
        """RST instead of FIN, as a dead host or a mean firewall does it."""
        raw = writer.get_extra_info("socket")
        if raw is not None:
            with contextlib.suppress(OSError):
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.close()
