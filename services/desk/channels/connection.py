"""One socket: parses frames, limits size, rate and silence, and sends through a bounded queue."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
import structlog
from litestar.exceptions import WebSocketDisconnect

from desk.kernel.errors import DeskError, InvalidError, TooManyError
from desk.kernel.ratelimit import Bucket

if TYPE_CHECKING:
    from desk.kernel.context import Context
    from desk.kernel.web import DeskSocket

log = structlog.get_logger("desk.socket")

MAX_FRAME_BYTES = 64 * 1024
HELLO_SECONDS = 10.0
SILENCE_SECONDS = 60.0

CLOSE_HELLO_EXPECTED = 4400
CLOSE_UNAUTHORIZED = 4401
CLOSE_FORBIDDEN = 4403
CLOSE_SILENT = 4408
CLOSE_SLOW = 4413

F = TypeVar("F", bound=msgspec.Struct)


class SilenceError(Exception):
    """Nothing was received for too long."""


class SocketConnection:
    """Wraps an accepted WebSocket. Frames go out in order, one at a time, through one task."""

    def __init__(self, ctx: Context, socket: DeskSocket) -> None:
        self._ctx = ctx
        self._socket = socket
        self._outbox: asyncio.Queue[bytes] = asyncio.Queue(ctx.settings.send_queue)
        now = asyncio.get_running_loop().time()
        self._bucket = Bucket(ctx.settings.message_rate_per_second, ctx.settings.message_burst, now)
        self._sender: asyncio.Task[None] | None = None
        self.closing = False
        self.gone = asyncio.Event()  # hung up on: whoever serves this socket must stop

    def start(self) -> None:
        """Begin to send."""
        self._sender = asyncio.create_task(self._send_loop())

    async def stop(self) -> None:
        """Stop sending."""
        if self._sender is not None:
            self._sender.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._sender

    async def receive(self, seconds: float) -> dict[str, Any]:
        """The next frame; InvalidError when it is not one, SilenceError when none came in time, WebSocketDisconnect."""
        try:
            message = await asyncio.wait_for(self._socket.receive(), seconds)
        except TimeoutError as error:
            raise SilenceError from error
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(detail="gone")
        text, data = message.get("text"), message.get("bytes")
        return parse_frame(text if isinstance(text, str) else None, data if isinstance(data, bytes) else None)

    def check_rate(self) -> None:
        """TooManyError `too_many_messages` when this connection sends too fast."""
        if not self._bucket.take(asyncio.get_running_loop().time()):
            raise TooManyError("too_many_messages")

    async def send(self, frame: dict[str, Any]) -> None:
        """Queue a frame, waiting for room: for replays and answers."""
        await self._outbox.put(msgspec.json.encode(frame))

    def offer(self, frame: dict[str, Any]) -> None:
        """Queue a frame that nobody waits for; a reader too slow for its queue is hung up on."""
        try:
            self._outbox.put_nowait(msgspec.json.encode(frame))
        except asyncio.QueueFull:
            self.hang_up(CLOSE_SLOW)

    async def send_error(self, error: DeskError, frame: dict[str, Any] | None = None) -> None:
        """Tell the client what was wrong, with the cid of its message when there is one."""
        self._ctx.metrics.errors.labels(error.code).inc()
        answer: dict[str, Any] = {
            "type": "error",
            "error": {"code": error.code, "message": self._ctx.wording.error(error)},
        }
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
            self.gone.set()

    async def close_after_queue(self, code: int) -> None:
        """Send what is queued, then close."""
        self.closing = True
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._outbox.join(), 2)
        await self._close(code)

    async def _close(self, code: int) -> None:
        with contextlib.suppress(RuntimeError, WebSocketDisconnect, OSError, TimeoutError):
            await asyncio.wait_for(self._socket.close(code), 2)

    async def _send_loop(self) -> None:
        while True:
            data = await self._outbox.get()
            try:
                await asyncio.wait_for(
                    self._socket.send_data(data.decode(), mode="text"), self._ctx.settings.slow_reader_seconds
                )
            except TimeoutError:
                self.hang_up(CLOSE_SLOW)
                return
            except (RuntimeError, WebSocketDisconnect, OSError):
                self.closing = True  # the receiving side notices and ends the connection
                return
            finally:
                self._outbox.task_done()


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
