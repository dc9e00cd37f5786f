"""SIGTERM: what has begun is answered, the connection closed with it, and nothing is taken apart object by object."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.addons.channel.tiny_project import ROOT, free_port, wait_for

SERVER = """
import asyncio, os, sys
from pathlib import Path
from sanic import Blueprint, Sanic
from sanic.response import text
from addons import leaving

class Model:
    def __del__(self, write=os.write):
        write(1, b"taken apart")

model = Model()
app, desk, folder = Sanic("channel"), Blueprint("desk"), Path(sys.argv[2])

@desk.get("/health")
async def health(request):
    return text("well")

@desk.get("/turn")
async def turn(request):
    (folder / "begun").touch()
    while not request.app.is_stopping:
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.5)
    return text("answered")

leaving.install(desk)
app.blueprint(desk)
app.run(host="127.0.0.1", port=int(sys.argv[1]), motd=False)
print("served")
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """A server that ends as Rasa does, and its address."""
    port, log = free_port(), tmp_path / "log"
    with log.open("wb") as output:
        command = [sys.executable, "-u", "-c", SERVER, str(port), str(tmp_path)]
        process = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=output)
    url = f"http://127.0.0.1:{port}"
    wait_for(f"{url}/health", {}, process, log)
    yield process, url
    process.kill()
    process.wait()


def test_a_turn_is_answered_and_then_the_process_is_gone(
    server: tuple[subprocess.Popen[bytes], str], tmp_path: Path
) -> None:
    process, url = server
    answers: list[Any] = []
    with requests.Session() as desk:
        turn = threading.Thread(target=lambda: answers.append(desk.get(f"{url}/turn", timeout=30)))
        turn.start()
        while not (tmp_path / "begun").exists():
            turn.join(0.02)
        process.send_signal(signal.SIGTERM)
        turn.join()
        assert (answers[0].status_code, answers[0].text) == (200, "answered")
        assert answers[0].headers["connection"] == "close"
        assert process.wait(30) == 0
    written = (tmp_path / "log").read_text()
    assert "served" in written
    assert "taken apart" not in written
