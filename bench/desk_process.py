"""A desk of one's own for the benches: `python -m desk` on a free port with an empty data folder, and its HTTP API."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import aiohttp

ROOT = Path(__file__).resolve().parent.parent
SERVICES = ROOT / "services"
START_SECONDS = 60.0


class BenchError(Exception):
    """The measurement cannot go on; one sentence for the person at the terminal."""


def free_ports(count: int) -> list[int]:
    """Ports nobody listens on at this moment, all different."""
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [int(probe.getsockname()[1]) for probe in probes]
    for probe in probes:
        probe.close()
    return ports


def clean_environment(folder: Path) -> dict[str, str]:
    """The caller's environment without his own Baton settings, with fresh secrets and this data folder."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("BATON_")}
    tokens = ("BATON_SHOP_TOKEN", "BATON_BOT_TOKEN", "BATON_IDENTITY_SECRET")
    return kept | {name: secrets.token_hex(16) for name in tokens} | {"BATON_DATA_DIR": str(folder)}


class ServiceProcess:
    """One `python -m MODULE` of services/; its output goes to MODULE.log in `folder`."""

    def __init__(self, module: str, folder: Path, environment: dict[str, str], port: int) -> None:
        self.module, self.folder, self.environment, self.port = module, folder, environment, port
        self.url = f"http://127.0.0.1:{port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with (self.folder / f"{self.module}.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", self.module], cwd=SERVICES, env=self.environment, stdout=log, stderr=log
            )

    @property
    def pid(self) -> int:
        if self._process is None:
            raise BenchError(f"{self.module} was not started")
        return self._process.pid

    def kill(self) -> None:
        """kill -9."""
        os.kill(self.pid, signal.SIGKILL)
        if self._process is not None:
            self._process.wait()

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(15)
            except subprocess.TimeoutExpired:
                self.kill()

    def cpu_seconds(self) -> float:
        """What the process with all its threads has used of processors so far (Linux)."""
        fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def resident_kilobytes(self) -> int:
        """VmRSS of the process."""
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


async def wait_healthy(http: aiohttp.ClientSession, url: str, limit_seconds: float = START_SECONDS) -> float:
    """Seconds until `url`/healthz answers 200; BenchError when it does not in time."""
    started = time.monotonic()
    while time.monotonic() - started < limit_seconds:
        try:
            async with http.get(f"{url}/healthz", timeout=aiohttp.ClientTimeout(total=2)) as answer:
                if answer.status == 200:
                    return time.monotonic() - started
        except (aiohttp.ClientError, TimeoutError):
            pass
        await asyncio.sleep(0.05)
    raise BenchError(f"{url} did not answer within {limit_seconds:.0f} s; see the logs in its data folder")


async def call(http: aiohttp.ClientSession, method: str, url: str, token: str = "", body: object = None) -> Any:
    """The decoded answer of an API call; BenchError when it is refused."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    timeout = aiohttp.ClientTimeout(total=30)
    async with http.request(method, url, json=body, headers=headers, timeout=timeout) as answer:
        if answer.status >= 400:
            raise BenchError(f"{method} {url}: {answer.status} {(await answer.text())[:200]}")
        return await answer.json() if answer.status != 204 else None


def new_account(environment: dict[str, str], username: str, capacity: int) -> str:
    """An agent's account made with `python -m desk.accounts`; its password."""
    groups = "orders,logistics,after_sales,technical,complaints"
    options = ["--username", username, "--display-name", username, "--groups", groups, "--capacity", str(capacity)]
    done = subprocess.run(
        [sys.executable, "-m", "desk.accounts", "create", *options],
        cwd=SERVICES,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if done.returncode != 0:
        raise BenchError(f"desk.accounts: {done.stderr.strip()}")
    return done.stdout.split()[-1]


def machine() -> str:
    """Date, cores and load of the machine, because a figure alone means nothing."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    when = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())
    return f"{when}, {os.cpu_count()} cores, load average {load:.1f} at the start"
