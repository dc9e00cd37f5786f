"""How fast and how light the desk is: `services/.venv/bin/python bench/load.py`.

Starts a desk of its own (SQLite, WAL, synchronous=FULL; no bot), lets agents claim waiting customers, and measures over
real WebSockets: the time from a customer's `send` to the same message on the agent's socket, how many such messages a
second pass when everybody pushes, and the memory of a customer's idle socket. Before that the same with the floor, the
least relay in C that is as durable (floor.c), and what the bare database takes. Prints figures; of the traffic it
judges only that every message is acknowledged and arrives exactly once.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import uvloop
from desk_process import BenchError, ServiceProcess, call, clean_environment, free_ports, machine, new_account
from desk_process import wait_healthy as wait_desk
from floor import Floor, FloorProcess, bare_commits, compiled
from load_sockets import AgentSocket, CustomerSocket, connect
from load_traffic import Traffic, World, latency, saturation

AGENTS = 4
WISH = "转人工"
QUEUE_SECONDS = 20.0
FLOOR = "C + SQLite relay"


@dataclass(frozen=True)
class Pair:
    """A customer's conversation."""

    conversation: str
    token: str


@dataclass(frozen=True)
class Figures:
    """What is compared: milliseconds in the middle, messages a second."""

    p50: float
    rate: float


class Bench:
    """The desk, its agents and its customers."""

    def __init__(self, http: aiohttp.ClientSession, desk: ServiceProcess) -> None:
        self.http, self.desk = http, desk
        self.pairs: list[Pair] = []
        self.traffic = Traffic()
        self.resident_megabytes = 0.0  # with all idle sockets open
        self._ids = itertools.count()

    def cid(self) -> str:
        return f"wish-{next(self._ids)}"

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
        socket = await connect(self.desk.url, lambda: AgentSocket(self.traffic, token, conversations))
        self.traffic.agents.append(socket)

    async def _join(self, pair: Pair) -> None:
        socket = await connect(self.desk.url, lambda: CustomerSocket(self.traffic, pair.token, pair.conversation))
        self.traffic.customers.append(socket)

    async def customer_socket(self, pair: Pair) -> aiohttp.ClientWebSocketResponse:
        """An open customer's socket after its welcome."""
        socket = await self.http.ws_connect(f"{self.desk.url}/ws/customer", max_msg_size=0)
        hello = {"type": "hello", "token": pair.token, "conversation": pair.conversation, "after": 1_000_000}
        await socket.send_json(hello)
        welcome = await socket.receive_json(timeout=20)
        if welcome["type"] != "welcome":
            raise BenchError(f"no welcome but {welcome}")
        return socket

    async def close(self) -> None:
        self.traffic.close()


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
    alone, most = await asyncio.to_thread(bare_commits, folder, arguments.seconds / 2, arguments.pairs)
    show("bare database: one message a commit", alone)
    print(f"{f'bare database: {arguments.pairs} messages a commit':<52} {most:>9.0f} messages/s")
    floor = await measure_floor(arguments, folder)
    desk = desk_of(folder)
    desk.start()
    limits = aiohttp.TCPConnector(limit=0)
    try:
        async with aiohttp.ClientSession(connector=limits) as http:
            await wait_desk(http, desk.url)
            bench = Bench(http, desk)
            await bench.prepare(arguments.pairs)
            figures = await both_runs(arguments, bench, "desk", "one process")
            if floor is not None:
                compare(floor, figures)
            kilobytes = await idle_memory(bench, arguments.sockets)
            print(f"{f'memory of an idle customer, {arguments.sockets} sockets':<52} {kilobytes:>9.1f} kB each")
            print(f"{'memory of the whole desk with them':<52} {bench.resident_megabytes:>9.0f} MB")
            await bench.close()
    finally:
        desk.stop()


async def measure_floor(arguments: argparse.Namespace, folder: Path) -> Figures | None:
    """The same runs with the relay in C; None, and a line that says why, where it cannot be compiled."""
    try:
        program = await asyncio.to_thread(compiled, folder)
    except BenchError as error:
        print(f"{f'floor ({FLOOR})':<52} not measured: {error}")
        return None
    process = FloorProcess(program, folder)
    process.start()
    try:
        floor = Floor(process)
        await floor.prepare(arguments.pairs, AGENTS)
        figures = await both_runs(arguments, floor, "floor", FLOOR)
        floor.traffic.close()
    finally:
        process.stop()
    return figures


async def both_runs(arguments: argparse.Namespace, world: World, who: str, kind: str) -> Figures:
    """Customer to agent: first at a rate, then as fast as it goes."""
    await latency(world, arguments.rate, 1.0)  # warm
    times = sorted(await latency(world, arguments.rate, arguments.seconds))
    show(f"{who} ({kind}) at {arguments.rate:.0f}/s, {len(times)} messages", times)
    most = await saturation(world, arguments.seconds, arguments.window)
    words = f"{who}: saturation, {arguments.window} on the way each"
    print(f"{words:<52} {most.rate:>9.0f} messages/s, each committed, acknowledged, delivered")
    words = f"{who}: processor a message"
    print(f"{words:<52} {most.server:>9.1f} µs, load generator {most.own:.1f} µs")
    return Figures(statistics.median(times), most.rate)


def compare(floor: Figures, desk: Figures) -> None:
    print(f"{'latency, desk p50 to floor p50':<52} {desk.p50 / floor.p50:>9.1f} : 1")
    print(f"{'saturation, floor to desk':<52} {floor.rate / desk.rate:>9.1f} : 1")


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
    parser.add_argument("--window", type=int, default=16, help="messages on the way per customer at saturation (16)")
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
