"""Shared by all tests of the brain: a really running demo shop, and trackers as Rasa would send them."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 40
TOKEN = "test-token-of-the-shop"


@dataclass(frozen=True)
class RunningShop:
    """A demo shop of our own: where it is and the names of its data."""

    url: str
    token: str
    fixtures: dict[str, Any]

    @property
    def customers(self) -> list[dict[str, Any]]:
        """Every demo customer with name, phone and orders."""
        answer = requests.get(
            f"{self.url}/api/v1/demo/customers",
            headers={"Authorization": f"Bearer {self.token}"},
            timeout=5,
        )
        answer.raise_for_status()
        return list(answer.json()["customers"])


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def running_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningShop]:
    """A shop that tests only read from, once for all of them."""
    with start_shop(tmp_path_factory.mktemp("shop")) as shop:
        yield shop


@contextlib.contextmanager
def start_shop(folder: Path) -> Iterator[RunningShop]:
    """Runs `python -m shop` with fresh demo data in the folder."""
    python = ROOT / "services" / ".venv" / "bin" / "python"
    if not python.exists():
        pytest.fail("services/.venv is missing: run `make setup`.")
    port = free_port()
    environment = os.environ | {
        "BATON_DATA_DIR": str(folder),
        "BATON_SHOP_PORT": str(port),
        "BATON_DEMO": "1",
        "BATON_SHOP_TOKEN": TOKEN,
        "BATON_IDENTITY_SECRET": "test-identity-secret-0123456789abcdef",
    }
    environment.pop("BATON_SHOP_DATABASE_URL", None)
    url = f"http://127.0.0.1:{port}"
    with (folder / "shop.log").open("wb") as log:
        process = subprocess.Popen(
            [str(python), "-m", "shop"],
            cwd=ROOT / "services",
            env=environment,
            stdout=log,
            stderr=log,
        )
        try:
            _wait_until_healthy(url, process, folder / "shop.log")
            named = subprocess.run(
                [str(python), "-m", "shop.fixtures"],
                cwd=ROOT / "services",
                env=environment,
                check=True,
                capture_output=True,
                timeout=START_SECONDS,
            )
            yield RunningShop(url, TOKEN, json.loads(named.stdout))
        finally:
            process.terminate()
            process.wait(timeout=10)


def _wait_until_healthy(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        if process.poll() is not None:
            pytest.fail(f"the shop stopped at once:\n{log.read_text()}")
        try:
            if requests.get(f"{url}/healthz", timeout=1).ok:
                return
        except requests.RequestException:
            time.sleep(0.1)
    pytest.fail(f"the shop is not healthy after {START_SECONDS} s:\n{log.read_text()}")
