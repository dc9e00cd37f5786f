"""WebSocket frames as they come over the network, in pieces, fragments and between others, against a running desk."""

from __future__ import annotations

import asyncio
import json
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from running import Conversation, RunningDesk

pytestmark = pytest.mark.anyio

TEXT, CONTINUED, BINARY, CLOSE, PING, PONG = 1, 0, 2, 8, 9, 10
KEY = bytes((7, 1, 200, 33))
LONG = "长" * 1_900  # more than 125 and than 4,096 bytes


def framed(payload: bytes, opcode: int = TEXT, *, last: bool = True, key: bytes | None = KEY) -> bytes:
    """A client's frame, masked unless `key` is None."""
    masked, size = 0 if key is None else 0x80, len(payload)
    head = bytes((0x80 * last | opcode, masked | min(size, 126)))
    if size >= 126:
        head += struct.pack("!H", size)
    if key is None:
        return head + payload
    return head + key + bytes(byte ^ key[place % 4] for place, byte in enumerate(payload))


def saying(cid: str, text: str) -> bytes:
    return json.dumps({"type": "send", "cid": cid, "text": text}, ensure_ascii=False).encode()


class RawSocket:
    """A WebSocket as bytes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def write(self, data: bytes) -> None:
        """As it is, in a segment of its own."""
        self._writer.write(data)
        await self._writer.drain()
        await asyncio.sleep(0.002)

    async def frame(self) -> tuple[int, bytes]:
        """The next frame's opcode and payload."""
        async with asyncio.timeout(10):
            first, size = await self._reader.readexactly(2)
            if size == 126:
                (size,) = struct.unpack("!H", await self._reader.readexactly(2))
            return first & 15, await self._reader.readexactly(size)

    async def acknowledged(self, count: int) -> list[str]:
        """The next cids that are acknowledged, in order."""
        cids: list[str] = []
        while len(cids) < count:
            opcode, payload = await self.frame()
            told: dict[str, Any] = json.loads(payload) if opcode == TEXT else {}
            if told.get("type") == "ack":
                cids.append(told["cid"])
        return cids

    async def until(self, opcode: int) -> bytes:
        """The payload of the next frame of this kind."""
        while True:
            found, payload = await self.frame()
            if found == opcode:
                return payload


@asynccontextmanager
async def raw_socket(desk: RunningDesk, conversation: Conversation) -> AsyncIterator[RawSocket]:
    """Open, with its hello sent."""
    reader, writer = await asyncio.open_connection("127.0.0.1", desk.port)
    lines = [
        "GET /ws/customer HTTP/1.1",
        f"Host: 127.0.0.1:{desk.port}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
    ]
    writer.write("\r\n".join([*lines, "", ""]).encode())
    assert b" 101 " in await reader.readuntil(b"\r\n\r\n")
    hello = {"type": "hello", "token": conversation.token, "conversation": conversation.id}
    writer.write(framed(json.dumps(hello).encode()))
    try:
        yield RawSocket(reader, writer)
    finally:
        writer.close()


def in_single_bytes(data: bytes) -> list[bytes]:
    return [data[place : place + 1] for place in range(len(data))]


def in_two(data: bytes) -> list[bytes]:
    return [data[:3], data[3:]]


def at_once(data: bytes) -> list[bytes]:
    return [data]


@pytest.mark.parametrize("pieces", [at_once, in_two, in_single_bytes])
async def test_texts_come_whole_however_the_network_cuts_them(
    desk: RunningDesk, pieces: Callable[[bytes], list[bytes]]
) -> None:
    conversation = await asyncio.to_thread(desk.open)
    said = ["在吗", "短", "第二句😀 " + "字" * 60]
    async with raw_socket(desk, conversation) as chat:
        for piece in pieces(b"".join(framed(saying(f"c{place}", text)) for place, text in enumerate(said))):
            await chat.write(piece)
        assert await chat.acknowledged(3) == ["c0", "c1", "c2"]
    assert await asyncio.to_thread(conversation.texts, "customer") == said


async def test_a_long_text_and_the_beginning_of_the_next(desk: RunningDesk) -> None:
    conversation = await asyncio.to_thread(desk.open)
    both = framed(saying("c0", LONG)) + framed(saying("c1", "后面"))
    async with raw_socket(desk, conversation) as chat:
        await chat.write(both[:-5])
        assert await chat.acknowledged(1) == ["c0"]
        await chat.write(both[-5:])
        assert await chat.acknowledged(1) == ["c1"]
    assert await asyncio.to_thread(conversation.texts, "customer") == [LONG, "后面"]


async def test_fragments_pings_and_texts_behind_them(desk: RunningDesk) -> None:
    conversation = await asyncio.to_thread(desk.open)
    whole = saying("c1", "分成两段")
    async with raw_socket(desk, conversation) as chat:
        await chat.write(framed(saying("c0", "前面")) + framed(whole[:20], last=False) + framed(b"there?", PING))
        assert await chat.until(PONG) == b"there?"
        await chat.write(framed(whole[20:], CONTINUED) + framed(saying("c2", "后面"))[:4])
        await chat.write(framed(saying("c2", "后面"))[4:])
        await chat.write(framed(saying("c3", "二进制"), BINARY))
        assert set(await chat.acknowledged(4)) == {"c0", "c1", "c2", "c3"}
        await chat.write(framed(struct.pack("!H", 1000), CLOSE))
        assert (await chat.until(CLOSE))[:2] == struct.pack("!H", 1000)
    assert await asyncio.to_thread(conversation.texts, "customer") == ["前面", "分成两段", "后面", "二进制"]


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        pytest.param(framed(saying("x", "没有掩码"), key=None), 1002, id="not masked"),
        pytest.param(framed(b"x", 3), 1002, id="a kind that does not exist"),
        pytest.param(bytes((0xC1, 0x81)) + KEY + b"x", 1002, id="an extension nobody agreed to"),
        pytest.param(bytes((0x81, 0xFF)) + struct.pack("!Q", 1 << 40) + KEY, 1009, id="a terabyte"),
    ],
)
async def test_frames_against_the_protocol_end_the_connection(desk: RunningDesk, wrong: bytes, code: int) -> None:
    conversation = await asyncio.to_thread(desk.open)
    async with raw_socket(desk, conversation) as chat:
        await chat.write(framed(saying("c0", "好好的")))
        assert await chat.acknowledged(1) == ["c0"]
        await chat.write(wrong)
        assert (await chat.until(CLOSE))[:2] == struct.pack("!H", code)
    assert await asyncio.to_thread(conversation.texts, "customer") == ["好好的"]
