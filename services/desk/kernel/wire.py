"""One WebSocket below the application: frames come in by a call, and go out together once a pass of the loop.

Uvicorn's own protocol does the handshake, the parsing and the closing. What it does for an application as ASGI has it
(a queue, a task and a paused transport for each message, a task that waits as long as the socket is open) costs more
than all the desk does with a message, and kilobytes for a socket at rest. A handler may therefore hand its socket to a
`Receiver` and return. Whole, unfragmented texts, which is all that our clients send, are read here; from the first
frame that is anything else the library reads that connection.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, cast

from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.speedups import apply_mask

if TYPE_CHECKING:
    from websockets.http11 import Request

    from desk.kernel.web import DeskSocket

_EXTENSION = "desk.wire"
_WRITE_AT_ONCE_BYTES = 64 * 1024
_ECHO_SECONDS = 2.0  # for the client's own close frame; who does not read never sends one
_SMALL, _MEDIUM = 126, 65536  # where a frame's length takes more bytes (RFC 6455, 5.2)
_TEXT, _MASKED = 0x81, 0x80  # the only part of a text; a client's frame
_MASK_BYTES = 4


class Receiver(Protocol):
    """Whoever has taken a socket over."""

    def received(self, data: bytes) -> None:
        """A whole message."""

    def room(self) -> None:
        """The client reads again: `blocked` is over."""

    def gone(self) -> None:
        """The connection is lost; nothing comes or goes any more."""


class Wire(WebSocketsSansIOProtocol):
    """What uvicorn makes for each WebSocket."""

    _receiver: Receiver | None = None
    _plain = False  # every frame so far was a whole text
    _rest = b""  # of a frame that has not come whole
    _out_bytes = 0
    _out: list[bytes] | None = None

    @property
    def blocked(self) -> bool:
        """The client does not read what was written."""
        return not self.writable.is_set()

    @property
    def over(self) -> bool:
        """Nothing can be written any more."""
        return self.disconnected or self.close_sent or self.transport.is_closing()

    def take_over(self, receiver: Receiver) -> None:
        """From now on `receiver` is told everything, first what already came."""
        self._receiver = receiver
        self.scope.clear()  # type: ignore[attr-defined]  # what the handshake needed is tens of objects a socket
        del self.request, self.response
        while not self.queue.empty() and not self.disconnected:
            message = self.queue.get_nowait()
            if message["type"] == "websocket.receive":
                data = message.get("bytes")
                receiver.received((message.get("text") or "").encode() if data is None else data)
        if self.disconnected:
            self._receiver = None
            receiver.gone()
        else:
            self.resume()

    def write(self, payload: bytes) -> None:
        """One text frame, on its way before the loop waits again; forgotten when the connection is over."""
        if self.over:
            return
        if self._out is None:
            self._out = []
            self.loop.call_soon(self.flush)
        self._out.append(_head(len(payload)))
        self._out.append(payload)
        self._out_bytes += len(payload)
        if self._out_bytes > _WRITE_AT_ONCE_BYTES:
            self.flush()  # so that `blocked` is known before more is written

    def flush(self) -> None:
        """Write what waits."""
        waiting, self._out, self._out_bytes = self._out, None, 0
        if waiting and not self.transport.is_closing():
            self.transport.write(b"".join(waiting))

    def close(self, code: int) -> None:
        """Say goodbye with `code` behind what was written, then end the connection, answered or not."""
        if self.over:
            return
        self.flush()
        self.conn.send_close(code)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.resume()
        self.close_timer = self.loop.call_later(_ECHO_SECONDS, self.transport.abort)

    def pause(self) -> None:
        """Read nothing more from this client for now."""
        if not self.read_paused and not self.transport.is_closing():
            self.read_paused = True
            self.transport.pause_reading()

    def resume(self) -> None:
        """Read on."""
        if self.read_paused and not self.transport.is_closing():
            self.read_paused = False
            self.transport.resume_reading()

    def handle_connect(self, event: Request) -> None:
        """The application finds this object among the extensions of its scope."""
        super().handle_connect(event)
        if not self.handshake_complete:  # refused otherwise
            cast("dict[str, object]", self.scope["extensions"])[_EXTENSION] = self
            self._plain = not self.conn.reader.buffer  # nothing of a frame came with the request

    def data_received(self, data: bytes) -> None:
        """Texts are handed on, all else is the library's."""
        if self._plain:
            data = self._read_texts(self._rest + data if self._rest else data)
            if self._plain:
                self._rest = data
                return
            self._rest = b""
        super().data_received(data)

    def _read_texts(self, data: bytes) -> bytes:
        """Hand on the whole texts; what is left is the beginning of one, or no longer `_plain`."""
        at, size = 0, len(data)
        while size - at > 1:
            length = data[at + 1] - _MASKED
            start = at + 2 + _MASK_BYTES
            if data[at] != _TEXT or length < 0 or length > _SMALL:
                self._plain = False
                break
            if length == _SMALL:
                length, start = int.from_bytes(data[at + 2 : at + 4], "big"), start + 2
            if start + length > size:
                break
            self.frames = [apply_mask(data[start : start + length], data[start - _MASK_BYTES : start])]
            self.curr_msg_data_type = "text"
            at = start + length
            self.send_receive_event_to_app()
        return data[at:]

    def send_receive_event_to_app(self) -> None:
        """A whole message is there."""
        if self._receiver is None:
            super().send_receive_event_to_app()
            return
        data = self.frames[0] if len(self.frames) == 1 else b"".join(self.frames)
        self.frames = []
        if not self.close_sent:
            self._receiver.received(bytes(data))

    def resume_writing(self) -> None:
        """The transport has room again."""
        super().resume_writing()
        if self._receiver is not None:
            self._receiver.room()

    def connection_lost(self, exc: Exception | None) -> None:
        """The end, however it came."""
        super().connection_lost(exc)
        receiver, self._receiver = self._receiver, None  # or both would wait for Python's collector
        if receiver is not None:
            receiver.gone()

    def shutdown(self) -> None:
        """The server stops."""
        self.flush()
        super().shutdown()

    async def run_asgi(self) -> None:
        """Call the application; the connection ends with it unless it was taken over."""
        stays = False
        try:
            await self.app(self.scope, self.receive, self.send)
            stays = self._receiver is not None
        except ClientDisconnected:
            pass
        except BaseException:
            self.logger.exception("Exception in ASGI application\n")
            self.send_500_response()
        if not stays and self.close_timer is None and not self.disconnected:
            self.transport.close()


def wire_of(socket: DeskSocket) -> Wire:
    """The wire of an accepted WebSocket."""
    return cast("Wire", cast("dict[str, object]", socket.scope["extensions"])[_EXTENSION])


def _head(size: int) -> bytes:
    """Of a whole text frame from a server: not masked, no extensions (the desk agrees to none)."""
    if size < _SMALL:
        return bytes((0x81, size))
    if size < _MEDIUM:
        return b"\x81\x7e" + size.to_bytes(2, "big")
    return b"\x81\x7f" + size.to_bytes(8, "big")
