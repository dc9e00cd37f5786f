"""Two thousand handoffs among fifty agents: `services/.venv/bin/python bench/handoff_stress.py [--database …]`.

Real desks, one on SQLite and three on one PostgreSQL and one Valkey; agents with real logins and sockets accept,
decline, let offers run out, claim by hand, transfer, hand back, resolve, take breaks and lose their connections;
customers write while they wait, leave the queue, ask again. With several desks one is killed with -9 in the middle. A
stand-in for the bot hands over whoever asks. Afterwards the whole history is judged (handoff_audit.py). Exit code 1
when a figure that must be zero is not.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import handoff_journal as journal
import sqlalchemy as sa
from desk_process import BenchError, machine
from handoff_agents import Agent
from handoff_audit import Load, Rules, counts, verdict
from handoff_bot import StandInBot
from handoff_customers import Customer
from handoff_desks import POLICY, Desks, database, engine_of, valkey
from handoff_world import World

SAMPLE_SECONDS = 0.5
DRAIN_SECONDS = 90.0
KILLED_FOR_SECONDS = 3.0
PROCESSES = {"sqlite": 1, "postgresql": 3}
SHOWN_FAULTS = 5


@dataclass
class Watch:
    """What was seen during the run."""

    loads: list[Load] = field(default_factory=list)
    odds: list[str] = field(default_factory=list)
    longest_queue: int = 0

    async def look(self, engine: sa.Engine, world: World) -> None:
        while not world.over:
            loads, odds = await asyncio.to_thread(journal.sample, engine)
            self.loads += loads
            self.odds += odds
            await asyncio.sleep(SAMPLE_SECONDS)


async def run(kind: str, arguments: argparse.Namespace, folder: Path, url: str, redis_url: str) -> dict[str, Any]:
    """One whole run; its row of the table, with the faults under `faults`."""
    desks = Desks(folder, PROCESSES[kind], url, POLICY, redis_url=redis_url)
    bot = StandInBot(desks.bot_port, desks.bot_token)
    await bot.start()
    try:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
            await desks.start(http)
            engine = engine_of(url)
            journal.install(engine)
            world = World(http, desks, arguments.handoffs, random.Random(arguments.seed))
            world.promised.handed = bot.handed
            accounts = desks.accounts(engine, arguments.agents)
            agents = [Agent(world, one, accounts) for one in accounts]
            for agent in agents:
                await agent.log_in()
            watch, begin = Watch(), time.monotonic()
            await simulate(world, agents, watch, engine, arguments)
            seconds = time.monotonic() - begin
            world.counter["transactions run again"] = await desks.retried(http)
            return await asyncio.to_thread(row, kind, world, watch, engine, seconds)
    finally:
        desks.stop()
        await bot.stop()


async def simulate(
    world: World, agents: list[Agent], watch: Watch, engine: sa.Engine, arguments: argparse.Namespace
) -> None:
    """Agents work, customers come; in the middle a desk dies; at the end everybody finishes what is there."""
    await asyncio.gather(
        *(agent.live() for agent in agents),
        *(Customer(world).live() for _ in range(arguments.customers)),
        watch.look(engine, world),
        disturb(world),
        settle(world, engine),
    )


async def disturb(world: World) -> None:
    """kill -9 of one of several desks when half of the handoffs have been asked for."""
    while world.counter["asked"] < world.handoffs // 2:
        await asyncio.sleep(0.2)
    if world.desks.several:
        await world.desks.kill_one(world.http, KILLED_FOR_SECONDS)


async def settle(world: World, engine: sa.Engine) -> None:
    """When the last handoff was asked for, everybody calms down; over when nothing is open, or it takes too long."""
    while world.counter["asked"] < world.handoffs:
        await asyncio.sleep(0.2)
    world.calm = True
    deadline = time.monotonic() + DRAIN_SECONDS
    quiet = 0
    while quiet < 3 and time.monotonic() < deadline:
        await asyncio.sleep(0.5)
        quiet = quiet + 1 if await asyncio.to_thread(journal.open_handoffs, engine) == 0 else 0
    world.over = True


def row(kind: str, world: World, watch: Watch, engine: sa.Engine, seconds: float) -> dict[str, Any]:
    """The figures of a run in the order of the table."""
    history = journal.read(engine, POLICY["offer_seconds"])
    rules = Rules(POLICY["overflow_seconds"], POLICY["offer_pause_seconds"], PROCESSES[kind] == 1)
    faults = verdict(history, watch.loads, watch.odds, world.promised, rules)
    faults["refused or failed calls"] = [f"{count} x {what}" for what, count in world.desks.faults.items()]
    done, seen = counts(history.steps), world.counter
    return {
        "database / desk processes": f"{kind} / {PROCESSES[kind]}",
        "agents": len(history.accounts) - 1,
        "handoffs": len(history.handoffs),
        "duration": f"{seconds:.0f} s",
        "offers made": done["offered"],
        "accepted": done["accepted"],
        "declined": done["declined"],
        "expired": done["expired"],
        "withdrawn": done["withdrawn"],
        "claimed by hand": done["hand_claimed"],
        "conflicts answered 409": seen["conflicts"],
        "transferred": done["transferred"],
        "handed back": done["handed_back"],
        "cancelled by customers": done["cancelled"],
        "resolved": done["resolved"],
        "connections cut": seen["connections cut"],
        "returned after loss": done["returned"],
        "desks killed and restarted": world.desks.restarts,
        "transactions run again": seen["transactions run again"],
        "offers seen on the socket": seen["offers seen on the socket"],
        "offers seen in the queue only": seen["offers seen in the queue only"],
        "messages acknowledged": len(world.promised.acknowledged),
        "looks at loads and owners": len(watch.loads) // max(1, len(history.accounts)),
        **{name: len(found) for name, found in faults.items()},
        "faults": faults,
        "conflicts": {name: count for name, count in seen.items() if name.startswith("409")},
    }


def show(rows: list[dict[str, Any]]) -> bool:
    """Print the table and what is wrong; True when all zeros are zero."""
    for name in rows[0]:
        if name not in {"faults", "conflicts"}:
            print(f"{name:<32}" + "".join(f"{one[name]!s:>18}" for one in rows))
    good = True
    for one in rows:
        print(f"\n{one['database / desk processes']}, conflicts: {one['conflicts']}")
        for name, found in one["faults"].items():
            good = good and not found
            for fault in found[:SHOWN_FAULTS]:
                print(f"  {name}: {fault}")
    print("\nnothing double, nothing over, nobody lost, order kept" if good else "\nNOT as promised, see above")
    return good


def main() -> int:
    """0 when all is as promised, 1 when not or when it could not be measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", choices=("sqlite", "postgresql", "both"), default="both")
    parser.add_argument("--handoffs", type=int, default=2000, help="handoffs of each run (2000)")
    parser.add_argument("--agents", type=int, default=50, help="simulated agents (50)")
    parser.add_argument("--customers", type=int, default=160, help="customers at the same time (160)")
    parser.add_argument("--seed", type=int, default=1, help="of the dice (1)")
    arguments = parser.parse_args()
    kinds = ("sqlite", "postgresql") if arguments.database == "both" else (arguments.database,)
    print(f"handoffs under stress | {machine()}")
    print("settings | agents, customers and bot share the machine with the desks\n", flush=True)
    rows = []
    try:
        for kind in kinds:
            with (
                tempfile.TemporaryDirectory(prefix="baton-stress-") as folder,
                database(kind, Path(folder)) as url,
                valkey() as redis_url,  # one desk on SQLite does not ask for it
            ):
                rows.append(asyncio.run(run(kind, arguments, Path(folder), url, redis_url)))
    except (BenchError, TimeoutError, aiohttp.ClientError, sa.exc.SQLAlchemyError) as error:
        print(f"bench-handoff: {error!r}", file=sys.stderr)
        return 1
    return 0 if show(rows) else 1


if __name__ == "__main__":
    sys.exit(main())
