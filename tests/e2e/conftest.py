"""The whole system, really running: shop, action server, Rasa and desk under the launcher, on free ports."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from people import close_all, end_everything

ROOT = Path(__file__).resolve().parents[2]
START_LIMIT_SECONDS = 240.0
PORT_VARIABLES = ("BATON_DESK_PORT", "BATON_SHOP_PORT", "BATON_RASA_PORT", "BATON_ACTIONS_PORT")


def free_ports(count: int) -> list[int]:
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [int(probe.getsockname()[1]) for probe in probes]
    for probe in probes:
        probe.close()
    return ports


@dataclass(frozen=True)
class System:
    """A running Baton: its addresses, its data folder and its demo data by name."""

    url: str
    data: Path
    fixtures: dict[str, Any]

    def pid(self, name: str) -> int:
        return int((self.data / "log" / f"{name}.pid").read_text())

    def kill(self, name: str) -> None:
        """kill -9, as a fault would; the launcher starts it again."""
        os.kill(self.pid(name), signal.SIGKILL)

    def agent(self, role: str = "agent") -> dict[str, Any]:
        return next(agent for agent in self.fixtures["agents"] if agent["role"] == role)

    def wait_ready(self, limit_seconds: float = 120.0) -> None:
        """Waits until the desk answers and reaches the bot and the shop."""
        deadline = time.monotonic() + limit_seconds
        while time.monotonic() < deadline:
            try:
                answer = httpx.get(f"{self.url}/readyz", timeout=5)
                if answer.status_code == 200 and answer.json().get("bot") in (True, "ok"):
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.3)
        raise AssertionError("the system did not become ready again")


def launcher(verb: str) -> list[str]:
    return [str(ROOT / "services" / ".venv" / "bin" / "python"), "-m", "launcher", verb]


def read_fixtures(environment: dict[str, str]) -> dict[str, Any]:
    done = subprocess.run(
        launcher("fixtures"),
        cwd=ROOT / "services",
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(json.loads(done.stdout))


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """BATON_E2E_RUNNING=1 uses the system that BATON_DATA_DIR and BATON_DESK_PORT point to instead of starting one."""
    if os.environ.get("BATON_E2E_RUNNING"):
        url = f"http://127.0.0.1:{os.environ.get('BATON_DESK_PORT', '8000')}"
        data = ROOT / os.environ.get("BATON_DATA_DIR", "var")
        yield System(url, data, read_fixtures(dict(os.environ)))
        return
    data = tmp_path_factory.mktemp("baton")
    ports = dict(zip(PORT_VARIABLES, map(str, free_ports(4)), strict=True))
    environment = {**os.environ, **ports, "BATON_DATA_DIR": str(data), "BATON_DEMO": "1"}
    environment["BATON_WIDGET_FRAME_ANCESTORS"] = "http://localhost:*"  # the shops of test_host_pages.py
    output = data / "launcher.log"
    with output.open("wb") as out:
        process = subprocess.Popen(
            launcher("run"),
            cwd=ROOT / "services",
            env=environment,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_for_line(process, output, "ready after")
        yield System(f"http://127.0.0.1:{ports['BATON_DESK_PORT']}", data, read_fixtures(environment))
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(40)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)


@pytest.fixture(autouse=True)
def _nothing_left_over(request: pytest.FixtureRequest) -> Iterator[None]:
    """No test finds the conversations of another one in the queue or in an agent's hands."""
    yield
    if "system" in request.fixturenames:
        system = request.getfixturevalue("system")
        end_everything(system.url, [system.agent(role) for role in ("agent", "supervisor")])
    close_all()


def wait_for_line(process: subprocess.Popen[bytes], output: Path, words: str) -> None:
    deadline = time.monotonic() + START_LIMIT_SECONDS
    while time.monotonic() < deadline:
        text = output.read_text(errors="replace")
        if words in text:
            return
        if process.poll() is not None:
            break
        time.sleep(0.3)
    sys.stderr.write("\n".join(output.read_text(errors="replace").splitlines()[-60:]))
    raise AssertionError(f"the launcher never said '{words}'")


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    """Debian's Chromium; without the background flags it tries to reach hosts that a closed network refuses."""
    return {
        "executable_path": chromium(),
        "args": [
            "--no-sandbox",
            "--disable-gpu",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--no-first-run",
        ],
    }


def chromium() -> str:
    import shutil

    for name in ("chromium", "chromium-browser", "google-chrome"):
        found = shutil.which(name)
        if found:
            return found
    raise AssertionError("no Chromium on this machine: run 'make setup-tests'")
