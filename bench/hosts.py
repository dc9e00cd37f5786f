"""Several hosts under traffic, and what becomes of it when they are lost: `services/.venv/bin/python bench/hosts.py`.

Network namespaces are the hosts: A and B run a desk and a Rasa each, C PostgreSQL, Valkey and the shop, and customers
(with the browsers' protocol client), agents and a load balancer are on the machine itself, the fourth. One after the
other: the link of A is cut, all of B is killed, Redis is killed, every desk and every Rasa is restarted. Afterwards
what was acknowledged, shown and heard by Rasa is compared with what is stored. Needs root, iproute2 and a trained
model. Exit code 1 when a message is lost, doubled, out of order or answered twice.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import json
import os
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import aiohttp
import sqlalchemy as sa
import uvloop
import yaml
from chaos import QUESTIONS
from chaos_people import FAULTS, ONLINE, Agent, Customer
from chaos_storm import MUST_BE_ZERO, judged
from chaos_system import model_is_current
from chaos_tally import MESSAGES
from desk_process import ROOT, BenchError, call, machine, new_account
from handoff_bot import WISH
from hosts_balancer import Balancer
from hosts_check import Heard, Phase, Waits, answers_of_bot, heard_by_rasa, waits_of
from hosts_net import SWITCH_ADDRESS, Network
from hosts_world import GRACE_SECONDS, World

AGENTS = 3
GHOST = "ghost"  # an agent whose console dies with host B and does not come back


class People:
    """Customers, agents and the balancer in front of the desks; has what chaos_storm.judged() wants to see."""

    def __init__(self, http: aiohttp.ClientSession, world: World, arguments: argparse.Namespace) -> None:
        self._http, self._world, self._arguments = http, world, arguments
        self.balancer = Balancer(SWITCH_ADDRESS, world.desk_addresses)
        self.agents: list[Agent] = []
        self.browsers: list[dict[str, Any]] = []
        self.customers: list[Customer] = []
        self.ghost_token = ""
        self._stop = asyncio.Event()
        self._working: list[asyncio.Task[None]] = []
        self._node: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        await self.balancer.start(self._http)
        for number in range(AGENTS):
            token = await self._account(f"agent{number}", 60)
            self.agents.append(Agent(self._http, [self.balancer.url], self.balancer.url, token))
        self.ghost_token = await self._account(GHOST, 1)
        self._working = [asyncio.create_task(agent.work_until(self._stop)) for agent in self.agents]
        settings = {
            "urls": [self.balancer.url],
            "customers": self._arguments.customers,
            "messages": len(QUESTIONS),
            "texts": QUESTIONS,
            "pause_ms": self._arguments.pause * 1000,
            "patience_ms": 120_000,
            "wish": WISH,
            "people_every": 3,
        }
        program, pipe = str(ROOT / "bench" / "chaos_client.mjs"), asyncio.subprocess.PIPE
        self._node = await asyncio.create_subprocess_exec(
            "node", "--no-warnings", program, str(ROOT), json.dumps(settings), stdin=pipe, stdout=pipe, limit=2**30
        )

    async def _account(self, name: str, capacity: int) -> str:
        password = await asyncio.to_thread(new_account, self._world.environment, name, capacity)
        body = {"username": name, "password": password}
        return str((await call(self._http, "POST", f"{self.balancer.url}/api/v1/agents/login", body=body))["token"])

    async def finish(self) -> None:
        """Everybody sends what is left and hears what was answered."""
        self._stop.set()
        if self._node is None or self._node.stdin is None:
            return
        self._node.stdin.write(b"stop\n")
        output, _ = await asyncio.wait_for(self._node.communicate(), 300)
        await asyncio.wait_for(asyncio.gather(*self._working), 120)
        self.browsers = json.loads(output)

    async def stop(self) -> None:
        for task in self._working:
            task.cancel()
        if self._node is not None and self._node.returncode is None:
            self._node.kill()
        await self.balancer.stop()

    async def haunt(self, address: str, dying: asyncio.Event) -> None:
        """A console at one desk only, until that is gone; `dying` is set when it is there."""
        url = f"http://{address}"
        await call(self._http, "PUT", f"{url}/api/v1/agents/me/presence", self.ghost_token, ONLINE)
        with contextlib.suppress(aiohttp.ClientError, ConnectionError):
            async with self._http.ws_connect(f"{url}/ws/agent") as socket:
                await socket.send_json({"type": "hello", "token": self.ghost_token})
                await socket.receive()
                dying.set()
                while (await socket.receive()).type is aiohttp.WSMsgType.TEXT:
                    pass


class Trial:
    """What is done to the hosts, phase by phase."""

    def __init__(self, http: aiohttp.ClientSession, world: World, people: People, engine: sa.Engine) -> None:
        self._http, self._world, self._people, self._engine = http, world, people, engine
        self.phases: list[Phase] = []
        self.served: dict[str, list[int]] = {}  # by phase: connections to the desks of A and B

    async def run(self, seconds: float) -> None:
        for name, step in (
            ("all is well", self._calm),
            ("host A: link cut", self._cut),
            ("host B: killed", self._kill),
            ("Redis gone", self._without_redis),
            ("rolling restart", self._roll),
            ("all is well again", self._calm),
        ):
            began, before = time.time(), self._people.balancer.served.copy()
            note = await step(seconds)
            self.phases.append(Phase(name, began, time.time(), note))
            served = self._people.balancer.served - before
            self.served[name] = [served[desk] for desk in self._world.desk_addresses]
            print(f"  {name:<20} {time.time() - began:5.0f} s  {note}", flush=True)

    async def _calm(self, seconds: float) -> str:
        await asyncio.sleep(seconds)
        return ""

    async def _cut(self, seconds: float) -> str:
        host = self._world.network.hosts["a"]
        self._world.network.cut(host)
        await asyncio.sleep(seconds)
        self._world.network.heal(host)
        began = time.monotonic()
        await self._world.ready(self._http, "a")
        healed = time.monotonic() - began
        await asyncio.sleep(5)
        return f"{seconds:.0f} s without it; serves again {healed:.1f} s after it was joined"

    async def _kill(self, seconds: float) -> str:
        dying = asyncio.Event()
        haunting = asyncio.create_task(self._people.haunt(self._world.desk_addresses[1], dying))
        await asyncio.wait_for(dying.wait(), 20)
        for program in self._world.on_host("b"):
            program.kill()
        began = time.monotonic()
        offline = await self._ghost_is_offline(began)
        await asyncio.sleep(max(0.0, seconds - (time.monotonic() - began)))
        dark = time.monotonic() - began
        haunting.cancel()
        for program in self._world.on_host("b"):
            program.start()
        await self._world.ready(self._http, "b")
        return f"{dark:.0f} s dark; its agent offline at the other desk after {offline:.1f} s (grace {GRACE_SECONDS:g})"

    async def _ghost_is_offline(self, began: float) -> float:
        asked = sa.text("SELECT presence FROM agents WHERE username = :name")
        for _ in range(600):
            with self._engine.connect() as connection:
                if connection.execute(asked, {"name": GHOST}).scalar_one() == "offline":
                    return time.monotonic() - began
            await asyncio.sleep(0.1)
        raise BenchError("nobody took the lost agent offline")

    async def _without_redis(self, seconds: float) -> str:
        self._world.valkey.kill()
        await asyncio.sleep(seconds)
        self._world.valkey.start()
        await asyncio.sleep(5)
        return f"{seconds:.0f} s without it"

    async def _roll(self, _seconds: float) -> str:
        longest = 0.0
        for kind, name in itertools.product((self._world.desks, self._world.rasas), "ab"):
            longest = max(longest, await kind[name].end())
            kind[name].start()
            await self._world.ready(self._http, name)
            await asyncio.sleep(4)  # as between two pods: until balancer and desks have noticed
        return f"2 desks, 2 Rasas; slowest to end after SIGTERM {longest:.1f} s"


async def stored_events(http: aiohttp.ClientSession, people: People) -> dict[str, dict[str, Any]]:
    """Every conversation as the desks have it."""
    found = {}
    for talk in people.browsers:
        url, events = f"{people.balancer.url}/api/v1/conversations/{talk['conversation']}/events", list[Any]()
        while True:
            page = await call(http, "GET", f"{url}?after={len(events)}", talk["token"])
            if not page["events"]:
                break
            events += page["events"]
        found[talk["conversation"]] = {"events": events, "state": page["state"]}
    return found


def tracked_events(url: str) -> dict[str, list[dict[str, Any]]]:
    """Every conversation as Rasa has it."""
    engine = sa.create_engine(sa.make_url(url).set(drivername="postgresql+psycopg"))
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    with engine.connect() as connection:
        for sender, data in connection.exec_driver_sql("SELECT sender_id, data FROM events ORDER BY id"):
            found[sender].append(json.loads(data))
    engine.dispose()
    return found


async def settled(http: aiohttp.ClientSession, people: People, seconds: float) -> dict[str, dict[str, Any]]:
    """What is stored once the bot owes nobody an answer, or after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        with contextlib.suppress(*FAULTS):
            stored = await stored_events(http, people)
            if not judged(people, stored)["waiting for the bot at the end"] or time.monotonic() > deadline:
                return stored
        await asyncio.sleep(2)


def show(trial: Trial, people: People, stored: dict[str, dict[str, Any]], heard: Heard) -> int:
    notice = str(yaml.safe_load(MESSAGES.read_text(encoding="utf-8"))["bot"]["unavailable"])
    acknowledged = [(begin / 1000, end / 1000) for talk in people.browsers for begin, end in talk["waits"]]
    answered = answers_of_bot(stored, notice)
    print(f"\n{'':<20}{'messages':>9}{'ack: median':>13}{'longest s':>11}{'gap s':>8}{'bot: median':>13}", end="")
    print(f"{'longest s':>11}{'sockets A, B':>15}")
    for phase in trial.phases:
        figures = waits_of(phase, acknowledged, answered)
        print(_row(phase.name, figures, trial.served[phase.name]))
    rows = judged(people, stored)
    first = dict(list(rows.items())[:MUST_BE_ZERO]) | {
        "heard by Rasa twice": heard.twice,
        "heard by Rasa out of order": heard.out_of_order,
        "heard by Rasa during another turn": heard.not_alone,
        "heard by Rasa and not stored": heard.unknown,
    }
    print()
    for words, figure in (first | rows | {"turns of Rasa": heard.taken}).items():
        print(f"{words:<50}{figure:>8}")
    bad = sum(first.values())
    print("\nnothing lost, nothing doubled" if not bad else "\nLOST OR DOUBLED: see the first rows")
    return 1 if bad else 0


def _row(name: str, figures: Waits, served: list[int]) -> str:
    sockets = ", ".join(map(str, served))
    return (
        f"{name:<20}{figures.acknowledged:>9}{figures.median_acknowledgement:>13.3f}"
        f"{figures.longest_acknowledgement:>11.2f}{figures.longest_gap:>8.2f}{figures.median_answer:>13.3f}"
        f"{figures.longest_answer:>11.2f}{sockets:>15}"
    )


async def run(arguments: argparse.Namespace, folder: Path, network: Network, model: Path) -> int:
    print(f"hosts | {machine()}")
    print(f"{arguments.customers} customers with the browsers' client, {AGENTS} agents, 2 desks, 2 Rasas on 4 hosts")
    world = World(network, folder, model)
    engine = sa.create_engine(sa.make_url(world.database_url).set(drivername="postgresql+psycopg"))
    try:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
            await world.start(http)
            people = People(http, world, arguments)
            trial = Trial(http, world, people, engine)
            try:
                await people.start()
                await trial.run(arguments.seconds)
                await people.finish()
                stored = await settled(http, people, arguments.settle)
                heard = heard_by_rasa(stored, await asyncio.to_thread(tracked_events, world.tracker_url))
                return show(trial, people, stored, heard)
            finally:
                await people.stop()
    finally:
        engine.dispose()
        world.stop()


def trained_model() -> Path:
    """The current model's file; BenchError when it must be trained first."""
    if not model_is_current():
        raise BenchError("there is no current model; run 'make train' first")
    from launcher.model import current_model

    return current_model(ROOT)


def main() -> int:
    """0 when nothing was lost or doubled, 1 when something was or the hosts could not be made."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=9, help="customers at the same time, every third with people")
    parser.add_argument("--pause", type=float, default=2.0, help="seconds between a customer's messages (2)")
    parser.add_argument("--seconds", type=float, default=25.0, help="length of a calm phase and of a fault (25)")
    parser.add_argument("--settle", type=float, default=90.0, help="longest wait for outstanding answers (90)")
    parser.add_argument("--keep", type=Path, help="put the processes' logs into this folder and leave them there")
    arguments = parser.parse_args()
    network = Network("abc")
    try:
        model = trained_model()
        network.up()
        with contextlib.ExitStack() as exits:
            folder = arguments.keep or Path(
                exits.enter_context(tempfile.TemporaryDirectory(prefix="baton-hosts-", ignore_cleanup_errors=True))
            )
            folder.mkdir(parents=True, exist_ok=True)
            return uvloop.run(run(arguments, folder.resolve(), network, model))
    except (BenchError, TimeoutError, aiohttp.ClientError, OSError) as error:
        print(f"hosts: {error or type(error).__name__}", file=sys.stderr)
        return 1
    finally:
        network.down()


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    sys.exit(main())
