"""Simulated customers: they ask for a person, write while they wait, sometimes leave the queue, ask again."""

from __future__ import annotations

import asyncio
from typing import Any

from desk_process import BenchError
from handoff_world import World

WRITES_WHILE_WAITING = 0.25
CANCELS = 0.05
ASKS_AGAIN = 0.3
PAUSE_SECONDS = (0.02, 0.4)
_OVER = frozenset({"handed_back", "conversation_resolved", "handoff_cancelled"})


class Customer:
    """One person with one conversation; asks for people until the run has enough handoffs."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._id, self._token, self._seen = "", "", 0

    async def live(self) -> None:
        while self._world.take_ticket():
            if not self._id or not self._world.chance(ASKS_AGAIN):
                await self._open()
            await self._once()

    async def _open(self) -> None:
        answer = await self._world.call("POST", "/conversations", body={"locale": "zh-CN"})
        if answer.status != 201:
            raise BenchError(f"conversation refused: {answer.status} {answer.code}")
        self._id, self._token, self._seen = answer.body["conversation_id"], answer.body["token"], answer.body["seq"]

    async def _once(self) -> None:
        """From the wish to the end of its handoff."""
        world = self._world
        if not await world.ask(self._id, self._token):
            raise BenchError(f"{self._id}: the customer's own message was refused")
        writes, cancels = world.chance(WRITES_WHILE_WAITING), world.chance(CANCELS)
        while not world.over:
            kinds, state = await self._poll()
            if kinds & _OVER:
                return
            if state == "queued" and cancels:
                cancels = False
                await self._pause()
                await world.call("POST", f"/conversations/{self._id}/handoff-cancellation", self._token)
            elif state in {"queued", "active"} and writes:
                writes = False
                await self._pause()
                await world.say(self._id, self._token, "补充一句，盒子也压坏了")

    async def _poll(self) -> tuple[set[str], str]:
        """The types of what is new, and the state; waits a moment for something new."""
        path = f"/conversations/{self._id}/events?after={self._seen}&wait={self._world.poll_seconds}"
        answer = await self._world.call("GET", path, self._token)
        events: list[dict[str, Any]] = answer.body["events"]
        for event in events:
            if event["seq"] != self._seen + 1:
                self._world.counter["gaps seen by customers"] += 1
            self._seen = event["seq"]
        return {event["type"] for event in events}, str(answer.body["state"])

    async def _pause(self) -> None:
        await asyncio.sleep(self._world.dice.uniform(*PAUSE_SECONDS))
