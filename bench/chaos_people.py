"""Who writes during the storm: customers over plain HTTP, agents over the console's socket. All resend until told."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections import defaultdict
from typing import Any

import aiohttp
from desk_process import BenchError, call
from handoff_bot import WISH

RETRY_SECONDS = 0.3
CALL_SECONDS = 6.0
FAULTS = (aiohttp.ClientError, TimeoutError, BenchError, ConnectionError)
Seen = list[tuple[int, str]]  # sequence number and message id, as they were shown


class View:
    """What one party was shown of one conversation: each event once, in order; what comes twice is dropped."""

    def __init__(self) -> None:
        self.seen: Seen = []

    @property
    def cursor(self) -> int:
        return self.seen[-1][0] if self.seen else 0

    def take(self, event: dict[str, Any]) -> bool:
        """Whether the event is the next one; False for one known already; LookupError for a hole."""
        if event["seq"] <= self.cursor:
            return False
        if event["seq"] != self.cursor + 1:
            raise LookupError("a hole")
        self.seen.append((event["seq"], event.get("message_id") or ""))
        return True


class Customer:
    """One conversation after the other over HTTP, each message again with its client id until it is acknowledged."""

    def __init__(self, http: aiohttp.ClientSession, urls: list[str], number: int, messages: int, pause: float) -> None:
        self._http, self._urls, self._number = http, urls, number
        self._messages, self._pause = messages, pause
        self._dice = random.Random(number)
        self.talks: list[dict[str, Any]] = []
        self.resends = 0

    async def write_until(self, stop: asyncio.Event, *, wishes: bool) -> None:
        while not stop.is_set():
            await self._talk(stop, wishes=wishes)

    async def _talk(self, stop: asyncio.Event, *, wishes: bool) -> None:
        opened = await self._insist("POST", "/api/v1/conversations", "", {"locale": "zh-CN"})
        talk = {"conversation": opened["conversation_id"], "token": opened["token"], "sent": {}, "view": View()}
        self.talks.append(talk)
        path = f"/api/v1/conversations/{talk['conversation']}"
        for place in range(self._messages):
            if stop.is_set():
                break
            text = WISH if wishes and place == 0 else f"第 {place} 句，客户 {self._number}"
            body = {"client_id": f"c-{self._number}-{place}", "text": text}
            answer = await self._insist("POST", f"{path}/messages", talk["token"], body)
            talk["sent"][body["client_id"]] = (answer["message_id"], answer["seq"])
            if self._dice.random() < 0.2:
                await self._look(path, talk)
            await asyncio.sleep(self._pause * self._dice.uniform(0.5, 1.5))
        await asyncio.sleep(1.0)
        await self._look(path, talk)

    async def _look(self, path: str, talk: dict[str, Any]) -> None:
        view: View = talk["view"]
        page = await self._insist("GET", f"{path}/events?after={view.cursor}", talk["token"])
        for event in page["events"]:
            view.take(event)

    async def _insist(self, method: str, path: str, token: str, body: object = None) -> Any:
        while True:
            try:
                async with asyncio.timeout(CALL_SECONDS):
                    return await call(self._http, method, self._dice.choice(self._urls) + path, token, body)
            except FAULTS:
                self.resends += 1
                await asyncio.sleep(RETRY_SECONDS)


class Agent:
    """Claims whoever waits, follows them over the socket, answers every second message."""

    def __init__(self, http: aiohttp.ClientSession, urls: list[str], direct: str, token: str) -> None:
        self._http, self._urls, self._direct, self._token = http, urls, direct, token
        self.views: dict[str, View] = defaultdict(View)
        self.acknowledged: dict[tuple[str, str], tuple[str, int]] = {}
        self.refused = 0
        self.changed_answers = 0
        self._outbox: dict[tuple[str, str], str] = {}
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._tried = 0

    async def work_until(self, stop: asyncio.Event) -> None:
        claiming = asyncio.create_task(self._claim_until(stop))
        while not stop.is_set() or self._outbox:
            with contextlib.suppress(*FAULTS, LookupError):
                async with asyncio.timeout(20):
                    await self._connected(stop)
            await asyncio.sleep(RETRY_SECONDS)
        claiming.cancel()
        await asyncio.gather(claiming, return_exceptions=True)

    async def _claim_until(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            with contextlib.suppress(*FAULTS):
                await call(self._http, "PUT", f"{self._direct}/api/v1/agents/me/presence", self._token, ONLINE)
                rows = await call(self._http, "GET", f"{self._direct}/api/v1/handoffs?state=queued", self._token)
                for row in rows["handoffs"][:4]:
                    with contextlib.suppress(BenchError):  # a colleague was quicker
                        await call(self._http, "POST", f"{self._direct}/api/v1/handoffs/{row['id']}/claim", self._token)
                        await self._follow(row["conversation_id"])
            await asyncio.sleep(0.5)

    async def _follow(self, conversation: str) -> None:
        view = self.views[conversation]
        if self._socket is not None and not self._socket.closed:
            frame = {"type": "subscribe", "conversation": conversation, "after": view.cursor}
            await self._socket.send_json(frame)

    async def _connected(self, stop: asyncio.Event) -> None:
        """One connection: say hello, follow everybody again, send what is not acknowledged, read."""
        self._tried += 1
        url = self._urls[self._tried % len(self._urls)]
        async with self._http.ws_connect(f"{url}/ws/agent", max_msg_size=0, timeout=_CLOSING) as socket:
            await socket.send_json({"type": "hello", "token": self._token})
            self._socket = socket
            for conversation in list(self.views):
                await self._follow(conversation)
            for (conversation, cid), text in list(self._outbox.items()):
                await self._say(conversation, cid, text)
            while not stop.is_set() or self._outbox:
                message = await socket.receive(timeout=4)
                if message.type is not aiohttp.WSMsgType.TEXT:
                    raise ConnectionError("the socket was closed")
                await self._hear(message.json())

    async def _hear(self, frame: dict[str, Any]) -> None:
        if frame["type"] == "event":
            await self._event(frame["event"])
        elif frame["type"] == "ack":
            key = (frame["conversation"], frame["cid"])
            place = (frame["message_id"], frame["seq"])
            self.changed_answers += self.acknowledged.setdefault(key, place) != place
            self._outbox.pop(key, None)
        elif frame["type"] == "error" and frame.get("cid"):
            key = (str(frame.get("conversation")), frame["cid"])
            self.refused += self._outbox.pop(key, None) is not None

    async def _event(self, event: dict[str, Any]) -> None:
        conversation = event["conversation"]
        if conversation not in self.views or not self.views[conversation].take(event):
            return
        if event["sender"] == "customer" and event["seq"] % 2 and event["text"] != WISH:
            cid, text = f"a-{event['message_id']}", f"收到：{event['text']}"
            self._outbox[conversation, cid] = text
            await self._say(conversation, cid, text)

    async def _say(self, conversation: str, cid: str, text: str) -> None:
        if self._socket is not None:
            await self._socket.send_json({"type": "send", "conversation": conversation, "cid": cid, "text": text})


ONLINE = {"state": "online"}
_CLOSING = aiohttp.ClientWSTimeout(ws_close=1.0)


async def wait_until(done: Any, seconds: float) -> bool:
    """Whether `done()` became true in time."""
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(0.1)
    return True
