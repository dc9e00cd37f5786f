"""One socket: parses frames, limits size, rate and silence, and sends through a bounded queue."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
import structlog
from litestar.exceptions import WebSocketDisconnect

from desk.kernel.errors import DeskError, InvalidError, TooManyError
from desk.kernel.ratelimit import Bucket

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from desk.kernel.context import Context
    from desk.kernel.web import DeskSocket

log = structlog.get_logger("desk.socket")

MAX_FRAME_BYTES = 64 * 1024
HELLO_SECONDS = 10.0
SILENCE_SECONDS = 60.0

CLOSE_TRY_AGAIN = 1013
CLOSE_HELLO_EXPECTED = 4400
CLOSE_UNAUTHORIZED = 4401
CLOSE_FORBIDDEN = 4403
CLOSE_SILENT = 4408
CLOSE_SLOW = 4413

F = TypeVar("F", bound=msgspec.Struct)


class SilenceError(Exception):
    """Nothing was received for too long."""


class SocketConnection:
    """Wraps an accepted WebSocket. Frames go out in order, one at a time, through a task of that moment.

    Thousands of idle sockets keep neither a queue nor a task.
    """

    def __init__(self, ctx: Context, socket: DeskSocket) -> None:
        self._ctx = ctx
        self._socket = socket
        self.address = socket.client.host if socket.client else "unknown"
        self._waiting: deque[bytes] | None = None
        self._sender: asyncio.Task[None] | None = None
        self._broken = False  # nothing can be written any more
        now = asyncio.get_running_loop().time()
        self._bucket = Bucket(ctx.settings.message_rate_per_second, ctx.settings.message_burst, now)
        self.closing = False
        self._hung_up = False
        self._serving: asyncio.Timeout | None = None

    async def serve(self, work: Coroutine[Any, Any, None]) -> None:
        """Do `work` until it ends or the socket is hung up on."""
        try:
            async with asyncio.timeout(0 if self._hung_up else None) as self._serving:
                await work
        except TimeoutError:
            if not self._hung_up:
                raise
        finally:
            self._serving = None

    async def stop(self) -> None:
        """Stop sending."""
        if self._sender is not None:
            self._sender.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._sender

    async def receive(self, seconds: float) -> dict[str, Any]:
        """The next frame; InvalidError when it is not one, SilenceError when none came in time, WebSocketDisconnect."""
        try:
            async with asyncio.timeout(seconds):
                message = await self._socket.receive()
        except TimeoutError as error:
            raise SilenceError from error
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(detail="gone")
        text, data = message.get("text"), message.get("bytes")
        return parse_frame(text if isinstance(text, str) else None, data if isinstance(data, bytes) else None)

    def check_rate(self) -> None:
        """TooManyError `too_many_messages` when this connection sends too fast."""
        if not self._bucket.take(asyncio.get_running_loop().time()):
            raise TooManyError("too_many_messages", retry_after_seconds=self._bucket.wait_seconds)

    async def send(self, frame: dict[str, Any]) -> None:
        """Queue a frame, waiting for room: for replays and answers."""
        data = msgspec.json.encode(frame)
        while not self._push(data) and self._sender is not None:
            await asyncio.wait({self._sender})

    def put(self, frame: dict[str, Any]) -> bool:
        """Queue a frame if there is room for it now."""
        return self._push(msgspec.json.encode(frame))

    def offer(self, frame: dict[str, Any]) -> None:
        """Queue a frame that nobody waits for; a reader too slow for its queue is hung up on."""
        if not self.put(frame):
            self.hang_up(CLOSE_SLOW)

    def _push(self, data: bytes) -> bool:
        """False when there is no room; what is for a broken socket is forgotten."""
        if self._broken:
            return True
        if self._waiting is None:
            self._waiting = deque((data,))
            self._sender = asyncio.create_task(self._send_all(self._waiting))
            return True
        if len(self._waiting) >= self._ctx.settings.send_queue:
            return False
        self._waiting.append(data)
        return True

    async def send_error(self, error: DeskError, frame: dict[str, Any] | None = None) -> None:
        """Tell the client what was wrong, with the cid of its message when there is one."""
        self._ctx.metrics.errors.labels(error.code).inc()
        answer: dict[str, Any] = {
            "type": "error",
            "error": {"code": error.code, "message": self._ctx.wording.error(error)},
        }
        if isinstance(error, TooManyError):
            answer["error"]["retry_after_seconds"] = error.retry_after_seconds
        for name in ("cid", "conversation"):
            if frame is not None and isinstance(frame.get(name), str):
                answer[name] = frame[name][:64]
        await self.send(answer)

    def hang_up(self, code: int) -> None:
        """Close without waiting for what is queued."""
        if not self.closing:
            self.closing = True
            self._ctx.spawn(self._drop(code), "socket-close")

    async def _drop(self, code: int) -> None:
        try:
            await self._close(code)
        finally:
            self._hung_up = True
            if self._serving is not None:
                self._serving.reschedule(0)

    async def close_after_queue(self, code: int) -> None:
        """Send what is queued, then close."""
        self.closing = True
        if self._sender is not None:
            await asyncio.wait({self._sender}, timeout=2)
        await self._close(code)

    async def _close(self, code: int) -> None:
        with contextlib.suppress(RuntimeError, WebSocketDisconnect, OSError, TimeoutError):
            await asyncio.wait_for(self._socket.close(code), 2)

    async def _send_all(self, waiting: deque[bytes]) -> None:
        try:
            while waiting:
                data = waiting.popleft()
                async with asyncio.timeout(self._ctx.settings.slow_reader_seconds):
                    await self._socket.send_data(data.decode(), mode="text")
        except TimeoutError:
            self._broken = True
            self.hang_up(CLOSE_SLOW)
        except (RuntimeError, WebSocketDisconnect, OSError):
            self._broken = self.closing = True  # the receiving side notices and ends the connection
        finally:
            self._waiting = self._sender = None


def parse_frame(text: str | None, data: bytes | None) -> dict[str, Any]:
    """A JSON object with a string `type`; InvalidError `frame_too_large`, `frame_not_json`, `frame_invalid`."""
    raw = data if text is None else text.encode("utf-8", "surrogatepass")
    if raw is None or len(raw) > MAX_FRAME_BYTES:
        raise InvalidError("frame_too_large" if raw else "frame_not_json")
    try:
        frame = msgspec.json.decode(raw)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise InvalidError("frame_not_json") from error
    if not isinstance(frame, dict) or not isinstance(frame.get("type"), str):
        raise InvalidError("frame_invalid")
    return frame


def shaped(frame: dict[str, Any], kind: type[F]) -> F:
    """The frame as a typed struct; InvalidError `frame_invalid` when fields are missing or of another type."""
    try:
        return msgspec.convert(frame, kind)
    except msgspec.ValidationError as error:
        raise InvalidError("frame_invalid") from error
