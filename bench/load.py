"""How fast and how light the desk is: `services/.venv/bin/python bench/load.py`.

Starts a desk of its own (SQLite, WAL, synchronous=FULL; no bot), lets agents claim waiting customers, and measures over
real WebSockets: the time from a customer's `send` to the same message on the agent's socket, how many such messages a
second pass when everybody pushes, and the memory of a customer's idle socket. Before that, on the same disk, what the
bare database takes for the same rows: SQLite's own C from one thread. Prints figures, judges nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import uvloop
from desk_process import BenchError, ServiceProcess, call, clean_environment, free_ports, machine, new_account
from desk_process import wait_healthy as wait_desk

AGENTS = 4
WISH = "转人工"
TEXT = "您好，订单里的耳机左边没有声音，已经重启过手机了，麻烦看一下怎么处理"
QUEUE_SECONDS = 20.0
DRAIN_SECONDS = 5.0


@dataclass
class Pair:
    """A conversation that an agent owns, and its customer's open socket."""

    conversation: str
    token: str
    socket: aiohttp.ClientWebSocketResponse | None = None

    async def say(self, cid: str) -> None:
        if self.socket is None:
            raise BenchError("the customer's socket is not open")
        await self.socket.send_str(json.dumps({"type": "send", "cid": cid, "text": TEXT}, ensure_ascii=False))


@dataclass
class Arrivals:
    """What reached the agents' sockets: client id -> moment, and who is waiting for it."""

    at: dict[str, float] = field(default_factory=dict)
    waiting: dict[str, asyncio.Future[None]] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)

    def note(self, cid: str) -> None:
        self.at[cid] = time.perf_counter()
        waiter = self.waiting.pop(cid, None)
        if waiter is not None and not waiter.done():
            waiter.set_result(None)


class Bench:
    """The desk, its agents and its customers."""

    def __init__(self, http: aiohttp.ClientSession, desk: ServiceProcess) -> None:
        self.http, self.desk = http, desk
        self.pairs: list[Pair] = []
        self.arrivals = Arrivals()
        self.resident_megabytes = 0.0  # with all idle sockets open
        self._readers: list[asyncio.Task[None]] = []
        self._ids = itertools.count()

    def cid(self) -> str:
        return f"load-{next(self._ids)}"

    async def open(self) -> Pair:
        answer = await call(self.http, "POST", f"{self.desk.url}/api/v1/conversations", body={"locale": "zh-CN"})
        return Pair(answer["conversation_id"], answer["token"])

    async def write(self, pair: Pair, text: str) -> None:
        url = f"{self.desk.url}/api/v1/conversations/{pair.conversation}/messages"
        await call(self.http, "POST", url, pair.token, {"client_id": self.cid(), "text": text})

    async def prepare(self, pairs: int) -> None:
        """Customers who ask for a person while the bot is away are queued at once; the agents take them all."""
        scout = await self.open()
        await self.write(scout, WISH)  # only a failed call tells the desk that the bot is away
        await asyncio.sleep(1.0)
        agents = [await self._login(f"load{number}", pairs // AGENTS + 1) for number in range(AGENTS)]
        self.pairs = [await self.open() for _ in range(pairs)]
        await asyncio.gather(*(self.write(pair, WISH) for pair in self.pairs))
        owners = await self._claim_all(agents)
        for agent in agents:
            await self._watch(agent, [p.conversation for p in self.pairs if owners[p.conversation] == agent])
        for pair in self.pairs:
            await self._join(pair)

    async def _login(self, username: str, capacity: int) -> str:
        password = await asyncio.to_thread(new_account, self.desk.environment, username, capacity)
        body = {"username": username, "password": password}
        token = str((await call(self.http, "POST", f"{self.desk.url}/api/v1/agents/login", body=body))["token"])
        await call(self.http, "PUT", f"{self.desk.url}/api/v1/agents/me/presence", token, {"state": "online"})
        return token

    async def _claim_all(self, agents: Sequence[str]) -> dict[str, str]:
        """Conversation -> token of the agent who claimed it."""
        wanted, owners = {pair.conversation for pair in self.pairs}, dict[str, str]()
        turns, deadline = itertools.cycle(agents), time.monotonic() + QUEUE_SECONDS
        while wanted - owners.keys():
            if time.monotonic() > deadline:
                raise BenchError(f"{len(wanted - owners.keys())} customers did not reach the queue")
            rows = await call(self.http, "GET", f"{self.desk.url}/api/v1/handoffs?state=queued", agents[0])
            for row in rows["handoffs"]:
                if row["conversation_id"] in wanted:
                    agent = next(turns)
                    await call(self.http, "POST", f"{self.desk.url}/api/v1/handoffs/{row['id']}/claim", agent)
                    owners[row["conversation_id"]] = agent
            await asyncio.sleep(0.1)
        return owners

    async def _watch(self, token: str, conversations: list[str]) -> None:
        socket = await self.http.ws_connect(f"{self.desk.url}/ws/agent", max_msg_size=0)
        await socket.send_json({"type": "hello", "token": token})
        for conversation in conversations:
            await socket.send_json({"type": "subscribe", "conversation": conversation, "after": 0})
        self._readers.append(asyncio.create_task(self._read_agent(socket)))

    async def _read_agent(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        async for message in socket:
            if message.type is not aiohttp.WSMsgType.TEXT:
                continue
            frame = json.loads(message.data)
            event = frame.get("event") or {}
            if frame["type"] == "event" and event.get("sender") == "customer" and event.get("client_id"):
                self.arrivals.note(event["client_id"])

    async def _join(self, pair: Pair) -> None:
        pair.socket = await self.customer_socket(pair)
        self._readers.append(asyncio.create_task(self._read_customer(pair.socket)))

    async def customer_socket(self, pair: Pair) -> aiohttp.ClientWebSocketResponse:
        """An open customer's socket after its welcome."""
        socket = await self.http.ws_connect(f"{self.desk.url}/ws/customer", max_msg_size=0)
        hello = {"type": "hello", "token": pair.token, "conversation": pair.conversation, "after": 1_000_000}
        await socket.send_json(hello)
        welcome = await socket.receive_json(timeout=20)
        if welcome["type"] != "welcome":
            raise BenchError(f"no welcome but {welcome}")
        return socket

    async def _read_customer(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        async for message in socket:
            if message.type is aiohttp.WSMsgType.TEXT and '"type":"error"' in message.data:
                self.arrivals.refused.append(message.data)

    async def close(self) -> None:
        for reader in self._readers:
            reader.cancel()
        await asyncio.gather(*self._readers, return_exceptions=True)


async def latency(bench: Bench, rate: float, seconds: float) -> list[float]:
    """Milliseconds from the moment a message was due to its arrival; late senders count against the desk's figure."""
    due: dict[str, float] = {}
    begin = time.perf_counter()
    for number in range(int(rate * seconds)):
        moment = begin + number / rate
        await asyncio.sleep(max(0.0, moment - time.perf_counter()))
        cid = bench.cid()
        due[cid] = moment
        await bench.pairs[number % len(bench.pairs)].say(cid)
    await settle(lambda: due.keys() <= bench.arrivals.at.keys())
    missing = due.keys() - bench.arrivals.at.keys()
    if missing:
        raise BenchError(f"{len(missing)} messages never reached the agent; refused: {bench.arrivals.refused[:1]}")
    return [(bench.arrivals.at[cid] - moment) * 1000 for cid, moment in due.items()]


async def saturation(bench: Bench, seconds: float, window: int) -> float:
    """Messages a second when every customer always has `window` messages on the way."""
    end = time.perf_counter() + seconds
    counts = await asyncio.gather(*(_push(bench, pair, end) for pair in bench.pairs for _ in range(window)))
    return sum(counts) / seconds


async def _push(bench: Bench, pair: Pair, end: float) -> int:
    count = 0
    while time.perf_counter() < end:
        cid = bench.cid()
        arrived = bench.arrivals.waiting[cid] = asyncio.get_running_loop().create_future()
        await pair.say(cid)
        await asyncio.wait_for(arrived, 20)
        count += time.perf_counter() < end
    return count


async def idle_memory(bench: Bench, sockets: int) -> float:
    """Kilobytes of the desk's resident memory for each further idle customer's socket."""
    idle = [await bench.open() for _ in range(sockets)]
    await asyncio.sleep(1.0)
    before = bench.desk.resident_kilobytes()
    opened = []
    for start in range(0, sockets, 50):
        opened += await asyncio.gather(*(bench.customer_socket(pair) for pair in idle[start : start + 50]))
    await asyncio.sleep(2.0)
    after = bench.desk.resident_kilobytes()
    bench.resident_megabytes = after / 1024
    await asyncio.gather(*(socket.close() for socket in opened))
    return (after - before) / sockets


def floor(folder: Path, seconds: float, together: int) -> tuple[list[float], float]:
    """Milliseconds of one message's commit, each alone; and messages a second when `together` share a commit."""
    database = sqlite3.connect(folder / "floor.db", isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=FULL"):
        database.execute(f"PRAGMA {pragma}")
    database.execute("CREATE TABLE conversations (id TEXT PRIMARY KEY, last_seq INTEGER)")
    database.execute(
        "CREATE TABLE events (conversation_id TEXT, seq INTEGER, message TEXT, PRIMARY KEY (conversation_id, seq))"
    )
    database.execute("INSERT INTO conversations VALUES ('c', 0)")

    def commit(count: int) -> float:
        began = time.perf_counter()
        database.execute("BEGIN IMMEDIATE")
        for _ in range(count):
            [(seq,)] = database.execute(
                "UPDATE conversations SET last_seq = last_seq + 1 RETURNING last_seq"
            ).fetchall()
            database.execute("INSERT INTO events VALUES ('c', ?, ?)", (seq, TEXT))
        database.execute("COMMIT")
        return (time.perf_counter() - began) * 1000

    alone = sorted(commit(1) for _ in range(500))
    end, batches = time.perf_counter() + seconds, 0
    began = time.perf_counter()
    while time.perf_counter() < end:
        commit(together)
        batches += 1
    database.close()
    return alone, batches * together / (time.perf_counter() - began)


async def settle(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DRAIN_SECONDS
    while not done() and time.monotonic() < deadline:
        await asyncio.sleep(0.02)


def desk_of(folder: Path) -> ServiceProcess:
    """A desk whose bot is away (nothing listens there) and that does not throttle its customers."""
    port, nobody = free_ports(2)
    settings = {
        "BATON_DESK_HOST": "127.0.0.1",
        "BATON_DESK_PORT": str(port),
        "BATON_RASA_URL": f"http://127.0.0.1:{nobody}",
        "BATON_SHOP_URL": f"http://127.0.0.1:{nobody}",
        "BATON_LOG_LEVEL": "error",
        "BATON_MESSAGE_RATE_PER_SECOND": "100000",
        "BATON_MESSAGE_BURST": "100000",
    }
    return ServiceProcess("desk", folder, clean_environment(folder) | settings, port)


async def measure(arguments: argparse.Namespace, folder: Path) -> None:
    print(f"desk under load | {machine()}")
    print(
        f"settings | {arguments.pairs} customers, {AGENTS} agents, one desk process, SQLite WAL synchronous=FULL, "
        "no bot, no rate limit; load generator in one process on the same machine"
    )
    alone, most = await asyncio.to_thread(floor, folder, arguments.seconds / 2, arguments.pairs)
    show("floor: one message a commit, SQLite in C", alone)
    print(f"{f'floor: {arguments.pairs} messages a commit':<52} {most:>9.0f} messages/s")
    desk = desk_of(folder)
    desk.start()
    limits = aiohttp.TCPConnector(limit=0)
    try:
        async with aiohttp.ClientSession(connector=limits) as http:
            await wait_desk(http, desk.url)
            bench = Bench(http, desk)
            await bench.prepare(arguments.pairs)
            await latency(bench, arguments.rate, 1.0)  # warm
            times = sorted(await latency(bench, arguments.rate, arguments.seconds))
            show(f"customer to agent at {arguments.rate:.0f}/s, {len(times)} messages", times)
            desk_before, own_before = desk.cpu_seconds(), time.process_time()
            rate = await saturation(bench, arguments.seconds, arguments.window)
            words = f"saturation, {arguments.window} on the way per customer"
            print(f"{words:<52} {rate:>9.0f} messages/s, each committed, acknowledged, delivered")
            each = 1e6 / (rate * arguments.seconds)
            costs = [(desk.cpu_seconds() - desk_before) * each, (time.process_time() - own_before) * each]
            print(f"{'processor a message: desk, load generator':<52} {costs[0]:>9.0f} µs, {costs[1]:.0f} µs")
            print(f"{'floor to saturation':<52} {most / rate:>9.1f} : 1")
            kilobytes = await idle_memory(bench, arguments.sockets)
            print(f"{f'memory of an idle customer, {arguments.sockets} sockets':<52} {kilobytes:>9.1f} kB each")
            print(f"{'memory of the whole desk with them':<52} {bench.resident_megabytes:>9.0f} MB")
            await bench.close()
    finally:
        desk.stop()


def show(words: str, milliseconds: Sequence[float]) -> None:
    p99 = milliseconds[min(len(milliseconds) - 1, int(len(milliseconds) * 0.99))]
    figures = f"p50 {statistics.median(milliseconds):.2f} ms, p99 {p99:.2f} ms, slowest {milliseconds[-1]:.2f} ms"
    print(f"{words:<52} {figures}")


def main() -> int:
    """0 when measured, 1 with one sentence when not."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=100, help="customers with an agent (100)")
    parser.add_argument("--rate", type=float, default=200.0, help="messages a second of the latency run (200)")
    parser.add_argument("--seconds", type=float, default=5.0, help="length of each run (5)")
    parser.add_argument("--window", type=int, default=4, help="messages on the way per customer at saturation (4)")
    parser.add_argument("--sockets", type=int, default=5000, help="idle sockets of the memory run (5000)")
    arguments = parser.parse_args()
    try:
        with tempfile.TemporaryDirectory(prefix="baton-load-") as folder:
            uvloop.run(measure(arguments, Path(folder)))
    except (BenchError, TimeoutError, aiohttp.ClientError) as error:
        print(f"bench-load: {str(error) or type(error).__name__}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
