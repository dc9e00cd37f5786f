"""Messages through a bad network while everything is killed: `services/.venv/bin/python bench/chaos_storm.py`.

Customers with the browsers' protocol client (web/shared, in Node) and customers over plain HTTP write to a stand-in bot
and to agents, all through proxies that delay, cut, half-open and double. Meanwhile `kill -9` hits, in turn: desks, the
bot, PostgreSQL and Valkey (`--database postgresql`, two desks), or a desk, the bot and a full disk (`--database
sqlite`). Afterwards what was promised and what was shown is compared with what is stored. Fails when a message is lost,
doubled, out of order or answered twice.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import json
import os
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import aiohttp
import uvloop
from chaos_people import FAULTS, Agent, Customer
from chaos_proxy import Proxy
from chaos_tally import tally
from chaos_victims import (
    Command,
    DeskVictim,
    FullDisk,
    Postgres,
    Victim,
    bot_command,
    small_disk,
    valkey_command,
)
from desk_process import (
    ROOT,
    BenchError,
    ServiceProcess,
    call,
    clean_environment,
    free_ports,
    machine,
    new_account,
    wait_healthy,
)
from handoff_bot import WISH

AGENTS = 3
DISK_MEGABYTES = 400
# Shorter than in a browser: a fault a second leaves no time for 45 s of patience.
TIMINGS_MS = {
    "pingMs": 2_000,
    "deadMs": 5_000,
    "connectMs": 4_000,
    "probeMs": 2_000,
    "doubtMs": 2_500,
    "overdueMs": 8_000,
    "gapMs": 500,
}
SETTINGS = {
    "BATON_DESK_HOST": "127.0.0.1",
    "BATON_LOG_LEVEL": "error",
    "BATON_BOT_RESCAN_SECONDS": "1",
    "BATON_BOT_HANDOFF_AFTER_SECONDS": "45",
    "BATON_LOGIN_ATTEMPTS": "100000",
    "BATON_LOGIN_ATTEMPTS_ADDRESS": "100000",
    "BATON_MESSAGE_RATE_PER_SECOND": "100000",
    "BATON_MESSAGE_BURST": "100000",
    "BATON_SHOP_URL": "http://127.0.0.1:9",
}


class Storm:
    """The system, the bad network in front of it, everybody who writes, and the killing."""

    def __init__(
        self, arguments: argparse.Namespace, folder: Path, disk: Path | None, exits: contextlib.ExitStack
    ) -> None:
        self.arguments, self.victims = arguments, list[Victim]()
        several = arguments.database == "postgresql"
        bot_port, valkey_port, *desk_ports = free_ports(4 if several else 3)
        proxy_ports = free_ports(len(desk_ports))
        environment = clean_environment(disk or folder) | SETTINGS
        environment["BATON_RASA_URL"] = f"http://127.0.0.1:{bot_port}"
        bot = Command("bot", bot_command(bot_port), bot_port, environment)
        self.victims.append(bot)
        bot.start()
        exits.callback(bot.stop)
        if several:
            server = Postgres(folder / "pg")
            exits.callback(server.stop)
            valkey = Command("valkey", valkey_command(valkey_port), valkey_port)
            valkey.start()
            exits.callback(valkey.stop)
            self.victims += [server, valkey]
            environment["BATON_DESK_DATABASE_URL"] = server.url
            environment["BATON_REDIS_URL"] = f"redis://127.0.0.1:{valkey_port}/0"
        elif disk is not None:
            self.victims.append(FullDisk(disk))
        self.desks = [
            ServiceProcess("desk", folder, environment | {"BATON_DESK_PORT": str(port)}, port) for port in desk_ports
        ]
        self.victims += [DeskVictim(desk, number) for number, desk in enumerate(self.desks, 1)]
        self.proxies = [
            Proxy(desk, port, seed) for seed, (desk, port) in enumerate(zip(desk_ports, proxy_ports, strict=True))
        ]
        self.urls = [proxy.url for proxy in self.proxies]
        self.environment = environment
        self.recoveries: dict[str, list[float]] = defaultdict(list)
        self.agents: list[Agent] = []
        self.customers: list[Customer] = []
        self.browsers: list[dict[str, Any]] = []

    async def start(self, http: aiohttp.ClientSession) -> None:
        for desk in self.desks:
            desk.start()
            await wait_healthy(http, desk.url)
        for proxy in self.proxies:
            await proxy.start()
        for number in range(AGENTS):
            name = f"storm{number}"
            password = await asyncio.to_thread(new_account, self.environment, name, 60)
            body = {"username": name, "password": password}
            direct = self.desks[number % len(self.desks)].url
            token = (await call(http, "POST", f"{direct}/api/v1/agents/login", body=body))["token"]
            self.agents.append(Agent(http, self.urls, direct, str(token)))

    async def rage(self, http: aiohttp.ClientSession) -> None:
        """Everybody writes; something dies every few seconds; then the network is left alone and all is sent."""
        stop = asyncio.Event()
        own = self.arguments
        self.customers = [Customer(http, self.urls, n, own.messages, own.pause) for n in range(own.customers)]
        node = await self._browsers()
        writing = [asyncio.create_task(agent.work_until(stop)) for agent in self.agents]
        writing += [asyncio.create_task(c.write_until(stop, wishes=n % 3 == 0)) for n, c in enumerate(self.customers)]
        for number, victim in enumerate(itertools.islice(itertools.cycle(self.victims), own.kills), 1):
            await asyncio.sleep(own.every)
            if node.returncode is not None:
                raise BenchError(f"the browsers' client ended with {node.returncode} before it was told to")
            await self._strike(http, victim)
            print(f"\r{number} of {own.kills} faults", end="", file=sys.stderr, flush=True)
        stop.set()
        if node.stdin is not None:
            node.stdin.write(b"stop\n")
        output = asyncio.create_task(node.communicate())
        await asyncio.wait_for(asyncio.gather(*writing), 300)
        self.browsers = json.loads((await asyncio.wait_for(output, 300))[0])

    async def _browsers(self) -> asyncio.subprocess.Process:
        own = self.arguments
        settings = {
            "urls": self.urls,
            "customers": own.browsers,
            "messages": own.messages,
            "pause_ms": own.pause * 1000,
            "patience_ms": 120_000,
            "wish": WISH,
            "people_every": 3,
            "timings": TIMINGS_MS,
        }
        program = str(ROOT / "bench" / "chaos_client.mjs")
        pipe = asyncio.subprocess.PIPE
        return await asyncio.create_subprocess_exec(
            "node", "--no-warnings", program, str(ROOT), json.dumps(settings), stdin=pipe, stdout=pipe, limit=2**30
        )

    async def _strike(self, http: aiohttp.ClientSession, victim: Victim) -> None:
        began = time.monotonic()
        await victim.strike()
        await victim.recovered(http)
        scout = Customer(http, [desk.url for desk in self.desks], 10_000, 1, 0)
        await scout._insist("POST", "/api/v1/conversations", "", {"locale": "zh-CN"})
        self.recoveries[victim.name].append(time.monotonic() - began)

    async def stored(self, http: aiohttp.ClientSession) -> dict[str, dict[str, Any]]:
        """Every conversation as the database has it, read without the bad network."""
        talks = [talk for customer in self.customers for talk in customer.talks] + self.browsers
        return {talk["conversation"]: await self._history(http, talk) for talk in talks}

    async def _history(self, http: aiohttp.ClientSession, talk: dict[str, Any]) -> dict[str, Any]:
        events: list[dict[str, Any]] = []
        url = f"{self.desks[0].url}/api/v1/conversations/{talk['conversation']}/events"
        while True:
            page = await call(http, "GET", f"{url}?after={len(events)}", talk["token"])
            if not page["events"]:
                return {"events": events, "state": page["state"]}
            events += page["events"]

    async def stop(self) -> None:
        for proxy in self.proxies:
            await proxy.stop()
        for desk in self.desks:
            await asyncio.to_thread(desk.stop)


def judged(storm: Storm, stored: dict[str, dict[str, Any]]) -> dict[str, int]:
    """What became of everything, in numbers of messages; the first rows must be zero."""
    promised = {
        (talk["conversation"], cid): place
        for customer in storm.customers
        for talk in customer.talks
        for cid, place in talk["sent"].items()
    }
    places = {
        (conversation, event["client_id"]): (event["message_id"], event["seq"])
        for conversation, history in stored.items()
        for event in history["events"]
        if event.get("client_id")
    }
    unsent = sum(talk["unsent"] for talk in storm.browsers)
    browser_cids = [(talk["conversation"], cid) for talk in storm.browsers for cid in talk["sent"]]
    lost = sum(key not in places for key in browser_cids) - unsent
    promised |= {key: places[key] for key in browser_cids if key in places}
    count = tally(stored, promised, one_bubble_each=True)  # the stand-in bot's way
    agents = {key: place for agent in storm.agents for key, place in agent.acknowledged.items()}
    return {
        "lost": count.lost + max(0, lost) + sum(places.get(key) != place for key, place in agents.items()),
        "stored twice": count.doubled + _twice(stored) + sum(agent.changed_answers for agent in storm.agents),
        "gaps in a sequence": count.gaps,
        "answered twice by the bot": count.answered_more,
        "shown wrongly (order, twice, missing)": _shown_wrongly(storm, stored),
        "never acknowledged": unsent,
        "waiting for the bot at the end": count.waiting,
        "shown as failed, then sent by a tap": sum(len(talk["failed"]) for talk in storm.browsers),
        "acknowledged, customers": len(promised),
        "of these through the browsers' client": len(browser_cids) - unsent,
        "acknowledged, agents": len(agents),
        "refused to agents who had lost the conversation": sum(agent.refused for agent in storm.agents),
        "answered once by the bot": count.answered_once,
        "left to people": count.queued,
        "honest lines about the outage": count.notices,
        "conversations": len(stored),
        "calls that had to be repeated": sum(customer.resends for customer in storm.customers),
    }


def _twice(stored: dict[str, dict[str, Any]]) -> int:
    """Agents' messages that have the same client id as an earlier one."""
    doubled = 0
    for history in stored.values():
        cids = [e["client_id"] for e in history["events"] if e["sender"] == "agent" and e.get("client_id")]
        doubled += len(cids) - len(set(cids))
    return doubled


def _shown_wrongly(storm: Storm, stored: dict[str, dict[str, Any]]) -> int:
    """Views that are not the beginning of what is stored, or end before the last message that their owner sent."""
    truth = {c: [(e["seq"], e.get("message_id") or "") for e in h["events"]] for c, h in stored.items()}
    views = [(t["conversation"], t["view"].seen, len(t["sent"])) for c in storm.customers for t in c.talks]
    views += [(t["conversation"], [(s, m) for s, m in t["seen"]], len(t["sent"])) for t in storm.browsers]
    views += [(conversation, view.seen, 0) for agent in storm.agents for conversation, view in agent.views.items()]
    return sum(
        conversation in truth and (seen != truth[conversation][: len(seen)] or len(seen) < sent)
        for conversation, seen, sent in views
    )


MUST_BE_ZERO = 7  # the first rows of judged()


def show(storm: Storm, figures: dict[str, int]) -> int:
    faults: dict[str, int] = defaultdict(int)
    for proxy in storm.proxies:
        for kind, number in proxy.faults.items():
            faults[kind] += number
    print("network | " + ", ".join(f"{kind} {number}" for kind, number in sorted(faults.items())))
    print(f"\n{'kill -9':<14}{'times':>6}{'median s':>10}{'longest s':>11}   until messages are taken again")
    for name, seconds in storm.recoveries.items():
        print(f"{name:<14}{len(seconds):>6}{statistics.median(seconds):>10.2f}{max(seconds):>11.2f}")
    print()
    for words, figure in figures.items():
        print(f"{words:<50}{figure:>8}")
    bad = sum(list(figures.values())[:MUST_BE_ZERO])
    print("\nnothing lost, nothing doubled" if not bad else "\nLOST OR DOUBLED: see the first rows")
    return 1 if bad else 0


async def settled(storm: Storm, http: aiohttp.ClientSession, seconds: float) -> dict[str, int]:
    """The figures once the bot owes nobody an answer, or after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        with contextlib.suppress(*FAULTS):
            figures = judged(storm, await storm.stored(http))
            if not figures["waiting for the bot at the end"] or time.monotonic() > deadline:
                return figures
        await asyncio.sleep(2)


async def run(arguments: argparse.Namespace, folder: Path, disk: Path | None) -> int:
    print(f"chaos storm | {machine()}")
    with contextlib.ExitStack() as exits:
        storm = Storm(arguments, folder, disk, exits)
        print(
            f"{arguments.database}, {len(storm.desks)} desk(s), {arguments.browsers} customers with the browsers' "
            f"client, {arguments.customers} over plain HTTP, {AGENTS} agents"
        )
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
            try:
                await storm.start(http)
                began = time.monotonic()
                await storm.rage(http)
                print(f"{arguments.kills} faults in {time.monotonic() - began:.0f} s, one every {arguments.every:g} s")
                return show(storm, await settled(storm, http, arguments.settle))
            finally:
                await storm.stop()


def main() -> int:
    """0 when nothing was lost or doubled, 1 when something was or the system did not start."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--every", type=float, default=3.0, help="seconds between faults (3)")
    parser.add_argument("--browsers", type=int, default=12, help="customers with the browsers' client (12)")
    parser.add_argument("--customers", type=int, default=12, help="customers over plain HTTP (12)")
    parser.add_argument("--messages", type=int, default=60, help="messages of one conversation (60)")
    parser.add_argument("--pause", type=float, default=0.25, help="seconds between a customer's messages (0.25)")
    parser.add_argument("--settle", type=float, default=120.0, help="longest wait for outstanding answers (120)")
    arguments = parser.parse_args()
    wanted = small_disk(DISK_MEGABYTES) if arguments.database == "sqlite" else contextlib.nullcontext(None)
    try:
        with tempfile.TemporaryDirectory(prefix="baton-storm-", ignore_cleanup_errors=True) as folder, wanted as disk:
            return uvloop.run(run(arguments, Path(folder), disk))
    except (BenchError, TimeoutError, aiohttp.ClientError, OSError) as error:
        print(f"chaos-storm: {error or type(error).__name__}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    sys.exit(main())
