"""Two running Rasas on one PostgreSQL: a conversation goes on at either, in order, each message answered once."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
import sqlalchemy as sa

from tests.addons.channel.conftest import Bot, Chat, start_rasa
from tests.addons.channel.tiny_project import free_port


@dataclass
class Two:
    """Both workers, the folder for files that hold a turn, and what the tracker store has."""

    bots: list[Bot]
    processes: list[Any]
    folder: Path
    database: sa.engine.Engine

    def heard(self, chat: Chat) -> list[str]:
        """The ids of the messages that Rasa has taken, in its order; none before the turn before it had ended."""
        query = sa.text("SELECT data FROM events WHERE sender_id = :sender ORDER BY id")
        with self.database.connect() as connection:
            rows = connection.execute(query, {"sender": f"{chat.conversation_id}.{chat.session}"})
            events = [json.loads(data) for (data,) in rows]
        found, listening = [], True
        for event in events:
            if event["event"] == "user":
                assert listening, "a turn began within another one"
                found.append(event["metadata"]["message_id"])
            listening = event.get("name") == "action_listen" or (listening and event["event"] != "user")
        return found


@pytest.fixture
def two(project: Path, shared_database: str, tmp_path: Path) -> Iterator[Two]:
    ports = [free_port(), free_port()]
    with ExitStack() as exits, ThreadPoolExecutor(2) as pool:
        processes = list(pool.map(exits.enter_context, [start_rasa(project, port) for port in ports]))
        engine = sa.create_engine(shared_database)
        yield Two([Bot(f"http://127.0.0.1:{port}") for port in ports], processes, tmp_path, engine)
        engine.dispose()


def test_two_workers_and_one_of_them_killed(two: Two) -> None:
    """One story, because starting two Rasas is the longest part of it."""
    chat = two.bots[0].chat()

    # In turn at either: each knows what the other was told, so the question asked for the third time gets a person.
    bodies = [chat.body(words) for words in ("你好", "我的快递到哪了", "我的快递到哪了", "在吗", "我的快递到哪了")]
    answers = []
    for number, body in enumerate(bodies):
        answer = two.bots[number % 2].post("/messages", body)
        assert answer.status_code == 200, answer.text
        answers.append(answer.json())
    assert [answer["handoff"] is not None for answer in answers] == [False, False, False, False, True]
    assert two.heard(chat) == [body["message_id"] for body in bodies]

    # The same message at both at once, the turn not over when the last one came: one turn, one answer.
    chat, held = two.bots[0].chat(), two.folder / "held"
    held.touch()
    body = chat.body("我的快递到哪了", context={"hold": str(held)})
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(two.bots[number % 2].post, "/messages", body) for number in range(4)]
        try:
            while not held.with_suffix(".seen").exists():
                time.sleep(0.02)
                assert not any(one.done() for one in asked)
        finally:
            held.unlink()  # or the action server, which others use too, waits for ever
        answers = [one.result().json() for one in asked]
    assert answers[0]["replies"][1]["text"] == "第二条"
    assert all(answer == answers[0] for answer in answers), answers
    assert two.heard(chat) == [body["message_id"]]

    # A form begun at one goes on at the other.
    form = two.bots[0].chat()
    two.bots[0].post("/messages", form.body("我要退货"))
    assert "什么原因要退" in two.bots[1].post("/messages", form.body("20261118000123")).text

    # A newer session at one: an older one is refused at the other.
    newer = chat.body("你好", session=2)
    assert two.bots[0].post("/messages", newer).status_code == 200
    assert two.bots[1].post("/messages", chat.body("你好")).status_code == 409

    # Killed in the middle of a turn: the other one answers, at once and once.
    victim = two.bots[0].chat()
    two.bots[0].post("/messages", first := victim.body("你好"))
    hold = two.folder / "hold"
    hold.touch()
    body = victim.body("我的快递到哪了", context={"hold": str(hold)})
    try:
        with ThreadPoolExecutor(1) as pool:
            lost = pool.submit(two.bots[0].post, "/messages", body)
            while not hold.with_suffix(".seen").exists():
                assert not lost.done(), lost.result().text
                time.sleep(0.02)
            two.processes[0].kill()
            with pytest.raises(requests.ConnectionError):
                lost.result()
    finally:
        hold.unlink()
    again = two.bots[1].post("/messages", body)
    assert again.status_code == 200, again.text
    assert two.heard(victim) == [first["message_id"], body["message_id"]]
