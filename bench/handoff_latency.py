"""How long from the customer's wish to the agent's screen: `services/.venv/bin/python bench/handoff_latency.py`.

Starts one desk on SQLite and a stand-in for the bot, or measures a running system with `--url` and the agents of
`make fixtures` (`--agents FILE`). Customers ask for a person at a steady rate; agents accept and resolve at once. Two
figures: from the customer's POST, and from the moment the bot's answer was at the desk, to the `offer` frame on the
socket of the agent it is offered to. Exit code 1 when the first misses its targets.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import aiohttp
from desk_process import BenchError, call, machine
from handoff_bot import WISH, StandInBot
from handoff_desks import Desks, engine_of

P50_MS, P99_MS = 100.0, 500.0
OWN_AGENTS, OWN_CAPACITY = 10, 20
SETTLE_SECONDS = 15.0
READING_SECONDS = 0.5
HEARTBEAT_SECONDS = 2.5


@dataclass(frozen=True)
class Person:
    """An agent who may log in."""

    username: str
    password: str


@dataclass
class Moments:
    """Seconds of time.time() by conversation: asked, answered by the bot, on the agent's socket."""

    asked: dict[str, float] = field(default_factory=dict)
    answered: dict[str, float] = field(default_factory=dict)
    shown: dict[str, float] = field(default_factory=dict)


class Console:
    """An agent who takes whatever is offered and resolves it at once."""

    def __init__(self, http: aiohttp.ClientSession, url: str, person: Person, moments: Moments) -> None:
        self._http, self._url, self._person, self._moments = http, url, person, moments
        self._token, self._agent_id = "", ""
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        body = {"username": self._person.username, "password": self._person.password}
        login = await call(self._http, "POST", f"{self._url}/api/v1/agents/login", body=body)
        self._token, self._agent_id = login["token"], login["agent"]["agent_id"]
        socket = await self._http.ws_connect(f"{self._url}/ws/agent", max_msg_size=0)
        await socket.send_json({"type": "hello", "token": self._token})
        self._spawn(self._follow(socket))
        self._spawn(self._beat(socket))
        await self._say("PUT", "agents/me/presence", {"state": "online"})

    async def stop(self) -> None:
        await self._say("PUT", "agents/me/presence", {"state": "offline", "force": True})
        for task in self._tasks:
            task.cancel()

    def _spawn(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            print(f"an agent failed: {task.exception()}", file=sys.stderr)

    async def _say(self, method: str, path: str, body: object = None) -> None:
        await call(self._http, method, f"{self._url}/api/v1/{path}", self._token, body)

    async def _follow(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        async for message in socket:
            now = time.time()
            if message.type is not aiohttp.WSMsgType.TEXT:
                continue
            frame = json.loads(message.data)
            if frame["type"] == "offer":
                row = frame["handoff"]
                self._moments.shown.setdefault(row["conversation_id"], now)
                queued_at = datetime.fromisoformat(row["queued_at"].replace("Z", "+00:00"))
                self._moments.answered.setdefault(row["conversation_id"], queued_at.timestamp())
                self._spawn(self._serve(row))

    async def _beat(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        """The desk hangs up on a silent console."""
        while not socket.closed:
            await asyncio.sleep(HEARTBEAT_SECONDS)
            await socket.send_json({"type": "ping"})

    async def _serve(self, row: dict[str, Any]) -> None:
        await self._say("POST", f"handoffs/{row['id']}/claim")
        await self._say("POST", f"conversations/{row['conversation_id']}/resolve", {"outcome": "solved"})


async def measure(http: aiohttp.ClientSession, url: str, people: Sequence[Person], rate: float, seconds: float) -> bool:
    """Ask at `rate` a second for `seconds`, after some to warm up; True when the targets are met."""
    moments = Moments()
    consoles = [Console(http, url, person, moments) for person in people]
    for console in consoles:
        await console.start()
    await asyncio.gather(*[ask(http, url, Moments(), number / rate) for number in range(int(rate * 3))])
    await asyncio.gather(*[ask(http, url, moments, number / rate) for number in range(int(rate * seconds))])
    deadline = time.monotonic() + SETTLE_SECONDS
    while not moments.asked.keys() <= moments.shown.keys() and time.monotonic() < deadline:
        await asyncio.sleep(0.1)
    for console in consoles:
        await console.stop()
    missing = moments.asked.keys() - moments.shown.keys()
    if missing:
        raise BenchError(f"{len(missing)} of {len(moments.asked)} handoffs never reached a screen")
    whole = [(moments.shown[key] - at) * 1000 for key, at in moments.asked.items()]
    desk = [(moments.shown[key] - moments.answered[key]) * 1000 for key in moments.asked]
    p50, p99 = show("from the customer's POST", whole)
    show("from the bot's answer at the desk", desk)
    met = p50 < P50_MS and p99 < P99_MS
    print(f"targets: p50 under {P50_MS:.0f} ms, p99 under {P99_MS:.0f} ms: {'met' if met else 'MISSED'}")
    return met


async def ask(http: aiohttp.ClientSession, url: str, moments: Moments, after_seconds: float) -> None:
    """One customer who asks at a moment; opening the conversation is not part of the time."""
    await asyncio.sleep(after_seconds)
    opened = await call(http, "POST", f"{url}/api/v1/conversations", body={"locale": "zh-CN"})
    conversation = opened["conversation_id"]
    await asyncio.sleep(READING_SECONDS)
    moments.asked[conversation] = time.time()
    path = f"{url}/api/v1/conversations/{conversation}/messages"
    await call(http, "POST", path, opened["token"], {"client_id": "wish", "text": WISH})


def show(words: str, milliseconds: Sequence[float]) -> tuple[float, float]:
    """Print p50, p95, p99 and the slowest; p50 and p99."""
    cuts = statistics.quantiles(milliseconds, n=100, method="inclusive")
    p50, p95, p99 = cuts[49], cuts[94], cuts[98]
    figures = f"p50 {p50:.1f} ms, p95 {p95:.1f} ms, p99 {p99:.1f} ms, slowest {max(milliseconds):.1f} ms"
    print(f"{words:<36} {len(milliseconds):>5} handoffs   {figures}")
    return p50, p99


async def own_system(folder: Path, rate: float, seconds: float) -> bool:
    """One desk on SQLite with a stand-in for the bot in this process."""
    url = f"sqlite:///{folder / 'desk.db'}"
    desks = Desks(folder, 1, url, {})
    bot = StandInBot(desks.bot_port, desks.bot_token)
    await bot.start()
    try:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=2)) as http:
            await desks.start(http)
            accounts = desks.accounts(engine_of(url), OWN_AGENTS, OWN_CAPACITY)
            people = [Person(one.username, one.password) for one in accounts]
            return await measure(http, desks.url(), people, rate, seconds)
    finally:
        desks.stop()
        await bot.stop()


async def running_system(url: str, agents: Path, rate: float, seconds: float) -> bool:
    """A whole system that runs already, with its real bot and the agents of its fixtures."""
    known = json.loads(agents.read_text(encoding="utf-8"))["agents"]
    people = [Person(one["username"], one["password"]) for one in known if one["role"] == "agent"]
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=2)) as http:
        return await measure(http, url.rstrip("/"), people, rate, seconds)


def main() -> int:
    """0 when the targets are met, 1 when not or when it could not be measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=float, default=5.0, help="handoffs a second (5)")
    parser.add_argument("--seconds", type=float, default=60.0, help="length of the run (60)")
    parser.add_argument("--url", help="a running system, instead of a desk of one's own")
    parser.add_argument("--agents", type=Path, help="what `make fixtures` printed; needed with --url")
    arguments = parser.parse_args()
    if arguments.url and not arguments.agents:
        parser.error("--url needs --agents")
    bot = f"running system at {arguments.url}" if arguments.url else "one desk on SQLite, stand-in bot"
    print(f"handoff to the agent's screen | {machine()}")
    print(f"settings | {bot}, {arguments.rate:g} handoffs/s for {arguments.seconds:g} s, everything on one machine\n")
    try:
        if arguments.url:
            met = asyncio.run(running_system(arguments.url, arguments.agents, arguments.rate, arguments.seconds))
        else:
            with tempfile.TemporaryDirectory(prefix="baton-latency-") as folder:
                met = asyncio.run(own_system(Path(folder), arguments.rate, arguments.seconds))
    except (BenchError, TimeoutError, aiohttp.ClientError) as error:
        print(f"bench-handoff: {error!r}", file=sys.stderr)
        return 1
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
