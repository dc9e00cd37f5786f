"""A running Rasa with the desk's channel, started once for all tests of the channel."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests

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
def bot(tiny_folder: Path) -> Iterator[Bot]:
    actions_port, port = free_port(), free_port()
    write_project(tiny_folder, actions_port)
    actions = [sys.executable, "-m", "rasa_sdk", "--actions", "tiny_actions", "--port", str(actions_port)]
    with (
        running(actions, tiny_folder, "actions", f"http://127.0.0.1:{actions_port}/health", {}),
        start_rasa(tiny_folder, port),
    ):
        yield Bot(f"http://127.0.0.1:{port}")


def start_rasa(folder: Path, port: int) -> Any:
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
    )
