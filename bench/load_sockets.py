"""The load bench's clients: WebSockets as bare protocols, which look at no more of a frame than they count."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import struct
from typing import TYPE_CHECKING, Any, TypeVar, cast
from urllib.parse import urlsplit

from desk_process import BenchError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from load_traffic import Traffic

TEXT_FRAME = 0x81  # the last and only part of a text
NO_MASK = bytes(4)  # a key of zeros is a key (RFC 6455) and changes nothing
MARK = "load-"  # what our messages' client ids begin with
DIGITS = 8  # a client id is the mark and a number of so many digits
SENT = f'"client_id":"{MARK}'.encode()
ACKNOWLEDGED = f'"cid":"{MARK}'.encode()
KIND = len('{"type":"')  # two letters from here tell the frames of interest apart
SETUP_SECONDS = 20.0

W = TypeVar("W", bound="Wire")


def masked(payload: bytes) -> bytes:
    """A client's text frame."""
    size = len(payload)
    if size < 126:
        return bytes((TEXT_FRAME, 0x80 | size)) + NO_MASK + payload
    return struct.pack("!BBH", TEXT_FRAME, 0x80 | 126, size) + NO_MASK + payload


class Wire(asyncio.Protocol):
    """A client's WebSocket; whole frames go to `text` as a part of what was read."""

    def __init__(self, traffic: Traffic, path: str) -> None:
        self.traffic = traffic
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._path = path
        self._transport: asyncio.Transport | None = None
        self._upgraded = self._closing = False
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one, but no subclass
        self.write = self._transport.write
        host, port = transport.get_extra_info("peername")[:2]
        lines = [
            f"GET {self._path} HTTP/1.1",
            f"Host: {host}:{port}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
        ]
        self.write("\r\n".join([*lines, "", ""]).encode())

    def data_received(self, data: bytes) -> None:
        if self._rest:
            data = self._rest + data
        at, size = 0, len(data)
        if not self._upgraded:
            at = self._upgrade(data)
            if not self._upgraded:
                self._rest = data
                return
        while size - at >= 10 or (size - at >= 2 and data[at + 1] < 126):
            length, start = data[at + 1], at + 2
            if length == 126:
                length, start = data[at + 2] << 8 | data[at + 3], at + 4
            elif length == 127:
                length, start = int.from_bytes(data[at + 2 : at + 10], "big"), at + 10
            end = start + length
            if end > size:
                break
            if data[at] != TEXT_FRAME:
                self._give_up(f"a frame that is no text: {data[at:end][:80]!r}")
                return
            self.text(data, start, end)
            at = end
        self._rest = data[at:]

    def _upgrade(self, data: bytes) -> int:
        """Where the frames begin, once the answer is complete."""
        head, found, _ = data.partition(b"\r\n\r\n")
        if found and b" 101 " in head:
            self._upgraded = True
            self.opened()
            return len(head) + len(found)
        if found:
            self._give_up(f"no WebSocket but {head[:80]!r}")
        return 0

    def _give_up(self, words: str) -> None:
        self.traffic.refused.append(words)
        self.close()
        if not self.ready.done():
            self.ready.set_exception(BenchError(words))

    def connection_lost(self, error: Exception | None) -> None:
        if not self._closing:
            self._give_up(f"{self._path} was closed: {error or 'by the other side'}")

    def say(self, frame: dict[str, Any]) -> None:
        """For the few frames of the beginning."""
        self.write(masked(json.dumps(frame, separators=(",", ":")).encode()))

    def close(self) -> None:
        self._closing = True
        if self._transport is not None:
            self._transport.abort()

    def opened(self) -> None:
        """Say hello."""
        raise NotImplementedError

    def text(self, data: bytes, start: int, end: int) -> None:
        """A frame's text is `data[start:end]`."""
        raise NotImplementedError


class CustomerSocket(Wire):
    """A customer who counts acknowledgements, and own messages that came back as events."""

    def __init__(self, traffic: Traffic, token: str, conversation: str) -> None:
        super().__init__(traffic, "/ws/customer")
        self.wanted = 0  # messages to write in this pass of the loop
        self._token, self._conversation = token, conversation

    def opened(self) -> None:
        self.say({"type": "hello", "token": self._token, "conversation": self._conversation, "after": 1_000_000})

    def text(self, data: bytes, start: int, end: int) -> None:
        kind = data[start + KIND : start + KIND + 2]
        if kind == b"ac":
            at = data.find(ACKNOWLEDGED, start, end) + len(ACKNOWLEDGED)
            self.traffic.acknowledged[int(data[at : at + DIGITS])] += 1
        elif kind == b"ev":
            at = data.find(SENT, start, end) + len(SENT)
            if at >= len(SENT):
                self.traffic.see(int(data[at : at + DIGITS]), self)
        elif kind == b"er":
            self.traffic.refused.append(data[start:end].decode())
        elif kind == b"we":
            self.ready.set_result(None)


class AgentSocket(Wire):
    """An agent who reads along in conversations and notes what arrives."""

    def __init__(self, traffic: Traffic, token: str, conversations: Sequence[str]) -> None:
        super().__init__(traffic, "/ws/agent")
        self._token, self._conversations = token, conversations
        self._unseen = set(conversations)  # whose state was not told yet: it follows what was said before

    def opened(self) -> None:
        self.say({"type": "hello", "token": self._token})
        for conversation in self._conversations:
            self.say({"type": "subscribe", "conversation": conversation, "after": 0})

    def text(self, data: bytes, start: int, end: int) -> None:
        at = data.find(SENT, start, end)
        if at >= 0:
            at += len(SENT)
            self.traffic.arrive(int(data[at : at + DIGITS]))
        else:
            self._other(json.loads(data[start:end]))

    def _other(self, frame: dict[str, Any]) -> None:
        if frame["type"] == "error":
            self.traffic.refused.append(json.dumps(frame, ensure_ascii=False))
        elif frame["type"] == "state":
            self._unseen.discard(frame["conversation"])
        if not self._unseen and not self.ready.done():
            self.ready.set_result(None)


async def connect(url: str, make: Callable[[], W]) -> W:
    """A socket after its welcome and, an agent's, after its conversations were told; TimeoutError, BenchError."""
    address = urlsplit(url)
    assert address.hostname is not None
    loop, plain = asyncio.get_running_loop(), socket.socket()
    plain.setblocking(False)
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        await loop.sock_connect(plain, (address.hostname, address.port))
        _, wire = await loop.create_connection(make, sock=plain)
    except OSError as error:
        plain.close()
        raise BenchError(f"{url}: {os.strerror(error.errno or 0)}") from error
    await asyncio.wait_for(wire.ready, SETUP_SECONDS)
    return wire
