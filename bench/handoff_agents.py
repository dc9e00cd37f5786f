"""Simulated agents: real logins and sockets; they accept, decline, dawdle, claim by hand, transfer, vanish, return."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from desk_process import BenchError
from handoff_bot import GROUPS
from handoff_desks import GRACE_SECONDS, Account
from handoff_world import World
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

THINK_SECONDS = (0.01, 0.2)
WORK_SECONDS = (0.02, 0.08)
HEARTBEAT_SECONDS = 2.5
DECLINES, DAWDLES = 0.08, 0.05
CLAIMS_BY_HAND = 0.15  # of looks at the queue
LOOKS_AT_MINE = 0.2
VANISHES, BREAKS = 0.03, 0.04  # of looks
TRANSFERS, HANDS_BACK = 0.15, 0.1
Json = dict[str, Any]


class Agent:
    """One person at a console."""

    def __init__(self, world: World, account: Account, colleagues: list[Account]) -> None:
        self._world, self._account, self._colleagues = world, account, colleagues
        self._dice = world.dice
        self._token = ""
        self._here = asyncio.Event()
        self._socket: ClientConnection | None = None
        self._offers: set[tuple[str, str]] = set()  # (handoff, until when) that were thought about
        self._queue: dict[str, Json] = {}  # what waits, as the socket tells it
        self._serving: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def log_in(self) -> None:
        """BenchError when the desk refuses."""
        body = {"username": self._account.username, "password": self._account.password}
        answer = await self._world.call("POST", "/agents/login", body=body)
        if answer.status != 200:
            raise BenchError(f"login refused: {answer.status} {answer.code}")
        self._token = answer.body["token"]

    async def live(self) -> None:
        """Online until the run is over; BenchError when the desk refuses what it must not."""
        self._here.set()
        await self._presence("online")
        await asyncio.gather(self._stay_connected(), self._look_around())
        await asyncio.gather(*self._tasks)

    async def _stay_connected(self) -> None:
        while not self._world.over:
            await self._here.wait()
            url = self._world.desks.url().replace("http://", "ws://")
            try:
                async with connect(f"{url}/ws/agent", open_timeout=10, max_size=None) as socket:
                    self._socket = socket
                    await self._follow(socket)
            except (OSError, WebSocketException, TimeoutError):
                self._world.counter["sockets lost"] += 1
            self._socket = None
            await asyncio.sleep(self._dice.uniform(0.02, 0.1))

    async def _follow(self, socket: ClientConnection) -> None:
        self._queue.clear()
        await socket.send(json.dumps({"type": "hello", "token": self._token}))
        self._start(self._look_at_mine())
        heartbeat = asyncio.create_task(self._beat(socket))
        try:
            async for text in socket:
                self._on_frame(json.loads(text))
        finally:
            heartbeat.cancel()

    async def _beat(self, socket: ClientConnection) -> None:
        while not self._world.over:
            await asyncio.sleep(HEARTBEAT_SECONDS)
            try:
                await socket.send('{"type":"ping"}')
            except WebSocketException:
                return
        await socket.close()

    def _on_frame(self, frame: Json) -> None:
        if frame["type"] == "offer":
            self._consider(frame["handoff"], "offers seen on the socket")
        elif frame["type"] == "handoff":
            self._note(frame["handoff"])
        elif frame["type"] == "presence" or (frame["type"] == "welcome" and frame["presence"] != "online"):
            self._start(self._come_online())
        elif frame["type"] == "error":
            self._world.desks.faults[f"socket: {frame['error']['code']}"] += 1

    def _note(self, row: Json) -> None:
        if row["state"] == "queued":
            self._queue[row["id"]] = row
        else:
            self._queue.pop(row["id"], None)

    def _start(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        """A failed task is kept, so that live() raises what it died of."""
        if task.cancelled() or task.exception() is None:
            self._tasks.discard(task)

    async def _come_online(self) -> None:
        await asyncio.sleep(self._dice.uniform(*THINK_SECONDS))
        await self._presence("online")

    async def _presence(self, state: str) -> None:
        await self._world.call("PUT", "/agents/me/presence", self._token, {"state": state})

    def _consider(self, row: Json, where: str) -> None:
        """Think about an offer once, wherever it is seen first."""
        if not self._mine(row):
            return
        key = (row["id"], row["offer"]["expires_at"])
        if key not in self._offers:
            self._offers.add(key)
            self._world.counter[where] += 1
            self._start(self._answer(row))

    def _mine(self, row: Json) -> bool:
        """Whether it is offered to me."""
        return row["offer"] is not None and bool(row["offer"]["agent_id"] == self._account.agent_id)

    async def _answer(self, row: Json) -> None:
        if self._world.chance(DAWDLES):
            return
        await asyncio.sleep(self._dice.uniform(*THINK_SECONDS))
        await self._here.wait()
        if self._world.chance(DECLINES):
            await self._world.call("POST", f"/handoffs/{row['id']}/decline", self._token, {"reason": "正在忙"})
        else:
            await self._claim(row)

    async def _claim(self, row: Json) -> None:
        answer = await self._world.call("POST", f"/handoffs/{row['id']}/claim", self._token)
        if answer.status == 200:
            self._serve(row["conversation_id"])

    def _serve(self, conversation: str) -> None:
        if conversation not in self._serving:
            self._serving.add(conversation)
            self._start(self._work(conversation))

    async def _work(self, conversation: str) -> None:
        """A few words, then one of the ways to end it; losing it to the queue ends it, too."""
        try:
            for text in ("您好，我来处理。", "已经为您登记。")[: self._dice.randint(1, 2)]:
                await self._pause()
                if not await self._world.say(conversation, self._token, text):
                    return
            await self._pause()
            await self._finish(conversation)
        finally:
            self._serving.discard(conversation)

    async def _finish(self, conversation: str) -> None:
        path = f"/conversations/{conversation}"
        if self._world.chance(TRANSFERS):
            answer = await self._world.call("POST", f"{path}/transfer", self._token, self._target())
            if answer.status == 200:
                return
        if self._world.chance(HANDS_BACK):
            await self._world.call("POST", f"{path}/handback", self._token, {"note": "已处理"})
        else:
            await self._world.call("POST", f"{path}/resolve", self._token, {"outcome": "solved"})

    def _target(self) -> Json:
        if self._dice.random() < 0.5:
            return {"group": self._dice.choice(GROUPS), "note": "请同事接着处理"}
        others = [one.agent_id for one in self._colleagues if one.agent_id != self._account.agent_id]
        return {"agent_id": self._dice.choice(others), "note": "您更熟悉"}

    async def _pause(self) -> None:
        await asyncio.sleep(self._dice.uniform(*WORK_SECONDS))
        await self._here.wait()

    async def _look_around(self) -> None:
        """Every few seconds: the queue as the console shows it, what is mine, and now and then life gets between."""
        while not self._world.over:
            await asyncio.sleep(self._world.look_seconds * self._dice.uniform(0.7, 1.3))
            if self._world.chance(VANISHES):
                await self._vanish()
            elif self._world.chance(BREAKS):
                await self._presence("break")
                await asyncio.sleep(self._dice.uniform(0.3, 1.0))
                await self._presence("online")
            if self._world.calm or self._dice.random() < LOOKS_AT_MINE:
                await self._look_at_mine()
            if self._world.desks.several:
                await self._look_at_queue()
            others = [row for row in self._queue.values() if not self._mine(row)]
            if others and self._world.chance(CLAIMS_BY_HAND):
                await self._claim(self._dice.choice(others[:5]))

    async def _look_at_mine(self) -> None:
        """What I have and nobody works on: the answer to my claim was lost with a desk, or I was away."""
        answer = await self._world.call("GET", "/conversations?owner=me", self._token)
        if answer.status == 200:
            for row in answer.body["conversations"]:
                self._serve(row["conversation_id"])

    async def _look_at_queue(self) -> None:
        """Another desk's changes are not told on this one's sockets: there is no bus between them yet."""
        answer = await self._world.call("GET", "/handoffs?state=queued", self._token)
        if answer.status != 200:
            return
        self._queue = {row["id"]: row for row in answer.body["handoffs"]}
        for row in answer.body["handoffs"]:
            self._consider(row, "offers seen in the queue only")

    async def _vanish(self) -> None:
        """The connection is cut and everything stands still, for less or for more than the grace time."""
        self._world.counter["connections cut"] += 1
        self._here.clear()
        if self._socket is not None:
            self._socket.transport.abort()
        short, long = (0.1, GRACE_SECONDS / 2), (GRACE_SECONDS * 1.5, GRACE_SECONDS * 2)
        await asyncio.sleep(self._dice.uniform(*self._dice.choice((short, long))))
        self._here.set()
        await self._presence("online")
