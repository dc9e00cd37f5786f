"""From a customer at one desk to an agent at another: `services/.venv/bin/python bench/relay.py`.

Starts a PostgreSQL, a Valkey and two desks of its own (no bot), lets agents claim waiting customers, and measures the
time from a customer's `send` to the same message on the agent's socket: with the agents' sockets at the customers'
desk, then at the other one. Prints figures, judges nothing.
"""

from __future__ import annotations

import argparse
import secrets
import sys
import tempfile
from pathlib import Path

import aiohttp
import sqlalchemy as sa
import uvloop
from desk_process import BenchError, ServiceProcess, clean_environment, free_ports, machine, wait_healthy
from handoff_desks import database, valkey
from load import AGENTS, Bench, latency, show


class RelayBench(Bench):
    """As the load bench, with the agents' sockets at a desk of one's choice."""

    def __init__(self, http: aiohttp.ClientSession, customers: ServiceProcess, agents: ServiceProcess) -> None:
        super().__init__(http, customers)
        self._agents_at = agents
        self._mark = secrets.token_hex(3)

    async def _login(self, username: str, capacity: int) -> str:
        return await super()._login(f"{username}-{self._mark}", capacity)

    async def _watch(self, token: str, conversations: list[str]) -> None:
        own, self.desk = self.desk, self._agents_at
        try:
            await super()._watch(token, conversations)
        finally:
            self.desk = own


def desks_of(folder: Path, database_url: str, redis_url: str) -> tuple[ServiceProcess, ServiceProcess]:
    """Two desks whose bot is away and that do not throttle their customers."""
    *ports, nobody = free_ports(3)
    settings = clean_environment(folder) | {
        "BATON_DESK_HOST": "127.0.0.1",
        "BATON_DESK_DATABASE_URL": database_url,
        "BATON_REDIS_URL": redis_url,
        "BATON_RASA_URL": f"http://127.0.0.1:{nobody}",
        "BATON_SHOP_URL": f"http://127.0.0.1:{nobody}",
        "BATON_LOG_LEVEL": "error",
        "BATON_MESSAGE_RATE_PER_SECOND": "100000",
        "BATON_MESSAGE_BURST": "100000",
    }
    one, two = (ServiceProcess("desk", folder, settings | {"BATON_DESK_PORT": str(port)}, port) for port in ports)
    return one, two


async def measure(arguments: argparse.Namespace, folder: Path, database_url: str, redis_url: str) -> None:
    print(f"relay between two desks | {machine()}")
    print(
        f"settings | {arguments.pairs} customers, {AGENTS} agents, two desk processes, PostgreSQL "
        f"synchronous_commit={durability(database_url)}, Valkey, no bot, no rate limit; all on the same machine"
    )
    desks = desks_of(folder, database_url, redis_url)
    try:
        for desk in desks:
            desk.start()
            async with aiohttp.ClientSession() as http:
                await wait_healthy(http, desk.url)
        for words, agents_at in (("one desk", desks[0]), ("two desks", desks[1])):
            async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
                bench = RelayBench(http, desks[0], agents_at)
                await bench.prepare(arguments.pairs)
                await latency(bench, min(arguments.rates), 1.0)  # warm
                for rate in arguments.rates:
                    times = sorted(await latency(bench, rate, arguments.seconds))
                    show(f"{words}, customer to agent at {rate:.0f}/s, {len(times)} messages", times)
                await bench.close()
    finally:
        for desk in desks:
            desk.stop()


def durability(database_url: str) -> str:
    engine = sa.create_engine(sa.make_url(database_url).set(drivername="postgresql+psycopg"))
    with engine.connect() as connection:
        found = str(connection.exec_driver_sql("SHOW synchronous_commit").scalar_one())
    engine.dispose()
    return found


def main() -> int:
    """0 when measured, 1 with one sentence when not."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=40, help="customers with an agent (40)")
    parser.add_argument("--rates", type=float, nargs="+", default=[50.0, 200.0], help="messages a second (50 200)")
    parser.add_argument("--seconds", type=float, default=5.0, help="length of each run (5)")
    arguments = parser.parse_args()
    try:
        with (
            tempfile.TemporaryDirectory(prefix="baton-relay-") as folder,
            database("postgresql", Path(folder)) as database_url,
            valkey() as redis_url,
        ):
            uvloop.run(measure(arguments, Path(folder), database_url, redis_url))
    except (BenchError, TimeoutError, aiohttp.ClientError) as error:
        print(f"bench-relay: {error or type(error).__name__}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
