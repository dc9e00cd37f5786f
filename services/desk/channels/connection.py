"""One socket: parses frames, limits size, rate and silence, and sends no faster than the client reads."""

from __future__ import annotations

import asyncio
import contextvars
from collections import deque
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import msgspec
import structlog
from litestar.exceptions import WebSocketDisconnect
from sqlalchemy.exc import SQLAlchemyError

from desk.kernel.errors import DeskError, InvalidError, TooManyError
from desk.kernel.ratelimit import Bucket
from desk.kernel.wire import wire_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from desk.kernel.context import Context
    from desk.kernel.web import DeskSocket

log = structlog.get_logger("desk.socket")

MAX_FRAME_BYTES = 64 * 1024
HELLO_SECONDS = 10.0
SILENCE_SECONDS = 60.0
_CLOSE_SECONDS = 2.0
_MOST_WAITING = 100  # frames of one client that are not done: no more are read

CLOSE_BROKEN = 1011
CLOSE_TRY_AGAIN = 1013
CLOSE_HELLO_EXPECTED = 4400
CLOSE_UNAUTHORIZED = 4401
CLOSE_FORBIDDEN = 4403
CLOSE_SILENT = 4408
CLOSE_SLOW = 4413

Frame = dict[str, Any]
F = TypeVar("F", bound=msgspec.Struct)


class SilenceError(Exception):
    """Nothing was received for too long."""


class Session(Protocol):
    """What is done with the frames after the hello; both raise DeskError when it cannot be done."""

    def at_once(self, frame: Frame) -> bool:
        """Do what takes no waiting; False when it needs `handle`."""

    async def handle(self, frame: Frame) -> None:
        """Do the rest; one frame at a time, and nothing overtakes it."""


class SocketConnection:
    """Wraps an accepted WebSocket. Thousands of idle sockets keep neither a queue nor a task."""

    def __init__(self, ctx: Context, socket: DeskSocket) -> None:
        self._ctx = ctx
        self._wire = wire_of(socket)
        self._socket: DeskSocket | None = socket  # until it is served
        self._loop = asyncio.get_running_loop()
        self.address = socket.client.host if socket.client else "unknown"
        self._waiting: deque[bytes] | None = None  # what the client is too slow for
        self._room: asyncio.Event | None = None
        self._slow: asyncio.TimerHandle | None = None
        self._bucket = Bucket(ctx.settings.message_rate_per_second, ctx.settings.message_burst, self._loop.time())
        self.closing = False
        self._gone = False
        self._session: Session | None = None
        self._ended: Callable[[], None] | None = None
        self._context: contextvars.Context | None = None
        self._silence: asyncio.TimerHandle | None = None
        self.heard_at = 0.0
        self._later: deque[Frame] | None = None  # behind the frame that is being handled
        self._under_way = 0

    def serve(self, session: Session, ended: Callable[[], None]) -> None:
        """From now on frames go to `session` until `ended` is called, once; the socket's handler may return."""
        self._session, self._ended, self._socket = session, ended, None
        self._context = contextvars.copy_context()
        self.heard_at = self._loop.time()
        self._silence = self._loop.call_later(SILENCE_SECONDS, self._check_silence)
        self._wire.take_over(self)

    async def receive(self, seconds: float) -> Frame:
        """The next frame before it is served.

        InvalidError when it is not one, SilenceError when none came in time, WebSocketDisconnect.
        """
        if self._socket is None:
            raise RuntimeError("the socket is served")
        try:
            async with asyncio.timeout(seconds):
                message = await self._socket.receive()
        except TimeoutError as error:
            raise SilenceError from error
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(detail="gone")
        text, data = message.get("text"), message.get("bytes")
        return parse_frame(text.encode() if isinstance(text, str) else data if isinstance(data, bytes) else b"")

    def check_rate(self) -> None:
        """TooManyError `too_many_messages` when this connection sends too fast."""
        if not self._bucket.take(self._loop.time()):
            raise TooManyError("too_many_messages", retry_after_seconds=self._bucket.wait_seconds)

    async def send(self, frame: Frame) -> None:
        """Send a frame, waiting for room: for replays."""
        data = msgspec.json.encode(frame)
        while not self.push(data):
            if self._room is None:
                self._room = asyncio.Event()
            await self._room.wait()

    def offer(self, frame: Frame) -> None:
        """Send a frame that nobody waits for; a reader too slow for it is hung up on."""
        if not self.push(msgspec.json.encode(frame)):
            self.hang_up(CLOSE_SLOW)

    def push(self, data: bytes) -> bool:
        """Send an encoded frame; False when too many wait already. What is for a lost socket is forgotten."""
        if self._gone:
            return True
        if self._waiting is None:
            if not self._wire.blocked:
                self._wire.write(data)
                return True
            self._waiting = deque()
            self._wait_for_reader()
        if len(self._waiting) >= self._ctx.settings.send_queue:
            return False
        self._waiting.append(data)
        return True

    def tell_error(self, error: DeskError, frame: Frame | None = None) -> None:
        """Tell the client what was wrong, with the cid of its message when there is one."""
        self._ctx.metrics.errors.labels(error.code).inc()
        answer: Frame = {
            "type": "error",
            "error": {"code": error.code, "message": self._ctx.wording.error(error)},
        }
        if isinstance(error, TooManyError):
            answer["error"]["retry_after_seconds"] = error.retry_after_seconds
        for name in ("cid", "conversation"):
            if frame is not None and isinstance(frame.get(name), str):
                answer[name] = frame[name][:64]
        self.offer(answer)

    def tell_failure(self, error: Exception | None, frame: Frame | None) -> None:
        """Whatever came of a frame: what the client did wrong, or that we stumbled and it should send again."""
        if isinstance(error, DeskError):
            self.tell_error(error, frame)
        else:
            # Not committed, so not acknowledged: the client is told and sends again.
            log.error("frame failed", kind=(frame or {}).get("type"), exc_info=error)
            self.tell_error(DeskError("internal"), frame)

    def hang_up(self, code: int) -> None:
        """Close without waiting for what is queued."""
        if not self.closing:
            self.closing = True
            self._waiting = None
            self._wire.close(code)

    async def close_after_queue(self, code: int) -> None:
        """Send what is queued, then close."""
        self.closing = True
        deadline = self._loop.time() + _CLOSE_SECONDS
        while self._waiting and not self._gone and self._loop.time() < deadline:
            await asyncio.sleep(_CLOSE_SECONDS / 20)
        self._wire.close(code)

    def began(self) -> None:
        """One more message of this client is on its way to the database."""
        self._under_way += 1
        if self._under_way >= _MOST_WAITING:
            self._wire.pause()

    def done(self) -> None:
        """It is stored, or not."""
        self._under_way -= 1
        self._read_on()

    # What the wire tells

    def received(self, data: bytes) -> None:
        """A message: handled at once, or in its turn."""
        self.heard_at = self._loop.time()
        if self._context is not None:
            self._context.run(self._take, data)

    def room(self) -> None:
        """The client reads again: what waited goes out."""
        if self._slow is not None:
            self._slow.cancel()
        while self._waiting and not self._wire.blocked:
            self._wire.write(self._waiting.popleft())
        if self._waiting:
            self._wait_for_reader()
        else:
            self._waiting = self._slow = None
        self._wake()

    def gone(self) -> None:
        """The connection is lost; frames that came before are still handled."""
        self._gone = self.closing = True
        self._waiting = None
        for timer in (self._silence, self._slow):
            if timer is not None:
                timer.cancel()
        self._wake()
        if self._later is None:
            self._end()

    def _take(self, data: bytes) -> None:
        if self.closing or self._session is None:
            return
        frame: Frame | None = None
        try:
            frame = parse_frame(data)
            if self._later is not None:
                self._later.append(frame)
                if len(self._later) >= _MOST_WAITING:
                    self._wire.pause()
            elif not self._session.at_once(frame):
                self._later = deque((frame,))
                self._ctx.spawn(self._work(self._session, self._later), "socket-frame")
        except (DeskError, SQLAlchemyError) as error:
            self.tell_failure(error, frame)
        except Exception:  # nobody thought of it: the client comes back and sends again
            log.exception("frame broke")
            self.hang_up(CLOSE_BROKEN)

    async def _work(self, session: Session, frames: deque[Frame]) -> None:
        """The frame that takes time, and what came behind it meanwhile."""
        try:
            while frames:
                frame = frames[0]
                try:
                    if not session.at_once(frame):
                        await session.handle(frame)
                except (DeskError, SQLAlchemyError) as error:
                    self.tell_failure(error, frame)
                except Exception:
                    log.exception("frame broke", kind=frame["type"])
                    self.hang_up(CLOSE_BROKEN)
                frames.popleft()
                self._read_on()
        finally:
            self._later = None
            if self._gone:
                self._end()

    def _read_on(self) -> None:
        if self._under_way + len(self._later or ()) < _MOST_WAITING:
            self._wire.resume()

    def _wait_for_reader(self) -> None:
        self._slow = self._loop.call_later(self._ctx.settings.slow_reader_seconds, self.hang_up, CLOSE_SLOW)

    def _check_silence(self) -> None:
        left = self.heard_at + SILENCE_SECONDS - self._loop.time()
        if left > 0:
            self._silence = self._loop.call_later(left, self._check_silence)
        else:
            self.hang_up(CLOSE_SILENT)

    def _wake(self) -> None:
        if self._room is not None:
            self._room.set()
            self._room = None

    def _end(self) -> None:
        ended, self._ended, self._session = self._ended, None, None
        if ended is not None and self._context is not None:
            self._context.run(ended)


def parse_frame(raw: bytes) -> Frame:
    """A JSON object with a string `type`; InvalidError `frame_too_large`, `frame_not_json`, `frame_invalid`."""
    if len(raw) > MAX_FRAME_BYTES:
        raise InvalidError("frame_too_large")
    try:
        frame = msgspec.json.decode(raw)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise InvalidError("frame_not_json") from error
    if not isinstance(frame, dict) or not isinstance(frame.get("type"), str):
        raise InvalidError("frame_invalid")
    return frame


def shaped(frame: Frame, kind: type[F]) -> F:
    """The frame as a typed struct; InvalidError `frame_invalid` when fields are missing or of another type."""
    try:
        return msgspec.convert(frame, kind)
    except msgspec.ValidationError as error:
        raise InvalidError("frame_invalid") from error
