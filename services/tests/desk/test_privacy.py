"""One customer's data: exported whole, erased without a trace, forgotten in time; and the trail of who saw it."""

from __future__ import annotations

import csv
import io
import json
import os
import sqlite3
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from conftest import queue_one
from desk.audit import store as audit
from desk.audit.rules import Actor, AuditRecord, Subject, as_csv, cell
from desk.kernel.database import metadata
from desk.kernel.engine import create_engine, migrate
from desk.privacy.tables import PARTS
from doubles import BotDouble
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from running import SERVICES, AgentClient, Conversation, RunningDesk, identity, wait_until

WORDS = (
    "我住在桃花源路",
    "13900001111",
    "孩子对花生过敏",
    "老顾客脾气急",
    "转给你，他叫钱多多",
    "按他说的退了运费",
    "小周很耐心",
    "花瓶.png",
)
OTHERS = "另一位顾客的话"
EARLY = datetime(2026, 11, 22, 4, tzinfo=UTC)


def picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (6, 6), "olive").save(out, "PNG")
    return out.getvalue()


class Shop:
    """A desk on one database, a customer who has told it a lot, and another customer."""

    def __init__(self, desk: RunningDesk, bot: BotDouble) -> None:
        self.desk, self.bot = desk, bot
        self.tracker = desk.folder / "tracker.db"
        self.agent, self.lead = desk.new_agent().online(), desk.new_agent(role="supervisor").online()
        self.told, self.other = self._tell(), desk.open(identity=identity("C2002"))
        assert self.other.send(OTHERS).status_code == 200
        self.other.wait_text(f"收到：{OTHERS}")
        self._remember()

    def _tell(self) -> Conversation:
        opening = {"identity": identity("C2001"), "page": {"title": "孩子对花生过敏"}}
        told = queue_one(self.desk, self.bot, text="我住在桃花源路，电话13900001111，孩子对花生过敏", opening=opening)
        upload = self.desk.http.post(
            f"{told.path}/attachments",
            params={"name": "花瓶.png"},
            content=picture(),
            headers={**told.headers, "Content-Type": "image/png"},
        )
        assert told.send("看", attachments=[upload.json()["attachment_id"]]).status_code == 200
        self.agent.claim(told)
        note = {"client_id": "n1", "text": "老顾客脾气急"}
        assert self.agent.post(f"/conversations/{told.id}/private-notes", note).status_code == 200
        passed = {"agent_id": self.lead.agent["agent_id"], "note": "转给你，他叫钱多多"}
        assert self.agent.post(f"/conversations/{told.id}/transfer", passed).status_code == 200
        self.lead.claim(told)
        return told

    def end(self) -> None:
        """The supervisor resolves it, the customer rates it."""
        ending = {"outcome": "按他说的退了运费", "note": "转给你，他叫钱多多"}
        assert self.lead.post(f"/conversations/{self.told.id}/resolve", ending).status_code == 200
        rating = {"score": 5, "reasons": ["快"], "comment": "小周很耐心"}
        sent = self.desk.http.post(f"{self.told.path}/rating", json=rating, headers=self.told.headers)
        assert sent.status_code == 204

    def _remember(self) -> None:
        """As Rasa does: one table, one tracker a session."""
        with sqlite3.connect(self.tracker) as connection:
            connection.execute(
                "CREATE TABLE events (id INTEGER PRIMARY KEY, sender_id TEXT, timestamp REAL, data TEXT)"
            )
            rows = [
                (f"{self.told.id}.1", "孩子对花生过敏"),
                (f"{self.told.id}.2", "13900001111"),
                (f"{self.other.id}.1", OTHERS),
            ]
            for sender, text in rows:
                data = json.dumps({"event": "user", "text": text}, ensure_ascii=False)
                connection.execute(
                    "INSERT INTO events (sender_id, timestamp, data) VALUES (?, ?, ?)",
                    (sender, self.desk.now().timestamp(), data),
                )
        connection.close()

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """`python -m desk …` beside the running desk."""
        return subprocess.run(
            [sys.executable, "-m", "desk", *words],
            cwd=SERVICES,
            env={**os.environ, **self.desk.environment},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def everything(self) -> str:
        """Every value of every table of the desk and of Rasa's store, as text."""
        told = []
        with self.desk.database() as connection:
            for name in sa.inspect(connection).get_table_names():
                told += [str(tuple(row)) for row in connection.execute(sa.text(f"SELECT * FROM {name}"))]
        with sqlite3.connect(self.tracker) as tracker:
            told += [str(row) for row in tracker.execute("SELECT * FROM events")]
        tracker.close()
        return "\n".join(told).encode().decode("unicode_escape", "ignore") + "\n".join(told)

    def report(self) -> Any:
        day = self.desk.now().date()
        first, last = day - timedelta(days=2), day + timedelta(days=2)
        return self.lead.get(f"/reports?from={first}&to={last}").json()

    def trail(self, **wanted: str) -> list[AuditRecord]:
        with self.desk.database() as connection:
            return audit.page(connection, audit.Wanted(**wanted))


@pytest.fixture(params=["sqlite", "postgresql"])
def shop(request: pytest.FixtureRequest, make_desk: Callable[..., RunningDesk], own_bot: BotDouble) -> Iterator[Shop]:
    environment = {}
    if request.param == "postgresql":
        url = request.getfixturevalue("fresh_postgres").render_as_string(hide_password=False)
        environment["BATON_DESK_DATABASE_URL"] = url
    yield Shop(make_desk(own_bot, **environment), own_bot)


def test_a_customer_is_exported_whole_and_nobody_else_is(shop: Shop, tmp_path: Path) -> None:
    shop.end()
    out = tmp_path / "customer.zip"
    done = shop.command("export-customer", "--customer", "C2001", "--out", str(out), "--by", "小李", "--reason", "来信")
    assert (done.returncode, done.stdout) == (0, f"1 conversations, 1 files written to {out}\n"), done.stderr
    assert out.stat().st_mode & 0o777 == 0o600
    with zipfile.ZipFile(out) as archive:
        names = archive.namelist()
        text = archive.read("customer.json").decode()
        assert archive.read(names[1])[:8] == b"\x89PNG\r\n\x1a\n"
    assert [word for word in WORDS if word not in text] == []
    assert OTHERS not in text
    for inner in (shop.other.id, "token_hash", "file_key", shop.told.token):
        assert inner not in text
    (conversation,) = json.loads(text)["conversations"]
    assert len(conversation["rasa"]) == 2
    record = shop.trail(event="customer_exported")[0]
    assert (record.actor_name, record.subject_id, record.details["reason"]) == ("小李", "C2001", "来信")


def test_a_customer_is_erased_without_a_trace_and_the_figures_stay(shop: Shop) -> None:
    busy = shop.command("erase-customer", "--customer", "C2001", "--yes")
    assert (busy.returncode, "customer_with_agent" in busy.stderr) == (1, True)
    shop.end()
    asked = shop.command("erase-customer", "--customer", "C2001")
    assert "add --yes" in asked.stdout
    held = shop.everything()
    assert [word for word in WORDS if word not in held] == []
    before = shop.report()

    done = shop.command("erase-customer", "--customer", "C2001", "--yes", "--reason", "来信")

    assert (done.returncode, done.stdout) == (0, "1 conversations, 2 files, 2 tracker events erased\n"), done.stderr
    left = shop.everything()
    assert [word for word in WORDS if word in left] == []
    assert OTHERS in left
    files = [path for path in (shop.desk.folder / "attachments").rglob("*") if path.is_file()]
    assert files == []
    assert shop.report()["totals"] == before["totals"]
    assert shop.told.send("还在吗").status_code == 401
    assert shop.other.send("我还在").status_code == 200
    assert shop.lead.get(f"/conversations/{shop.told.id}/events").status_code == 200
    # Started and erased may bear the same millisecond.
    assert {record.event for record in shop.trail(subject_id="C2001")} == {"customer_erased", "erasure_started"}
    again = shop.command("erase-customer", "--customer", "C2001", "--yes")
    assert (again.returncode, "customer_not_found" in again.stderr) == (1, True)


def test_not_even_free_pages_of_the_file_remember(make_desk: Callable[..., RunningDesk], own_bot: BotDouble) -> None:
    shop = Shop(make_desk(own_bot), own_bot)
    shop.end()
    shop.desk.stop()
    assert shop.command("erase-customer", "--customer", "C2001", "--yes").returncode == 0
    raw = b"".join(path.read_bytes() for path in shop.desk.folder.glob("*.db*"))
    assert OTHERS.encode() in raw
    assert [word for word in WORDS if word.encode() in raw] == []


def test_a_visitor_is_found_by_the_conversation(make_desk: Callable[..., RunningDesk], own_bot: BotDouble) -> None:
    shop = Shop(make_desk(own_bot), own_bot)
    visitor = shop.desk.open()
    visitor.send("我叫赵大胆")
    visitor.wait_text("收到：我叫赵大胆")
    assert shop.command("erase-customer", "--conversation", visitor.id, "--yes").returncode == 0
    assert "赵大胆" not in shop.everything()
    assert shop.command("erase-customer", "--conversation", "c_none", "--yes").returncode == 1


def test_every_table_about_conversations_is_known_to_export_and_erasure() -> None:
    """A new one fails here until somebody says what an erasure leaves of it."""
    keys = {"conversation_id", "handoff_id", "customer_id"}
    about = {table.name for table in metadata.tables.values() if keys & set(table.columns.keys())}
    assert about - {part.table.name for part in PARTS} == {"erased_conversations"}
    for part in PARTS:
        assert not set(part.blank or {}) - set(part.table.columns.keys())


def test_what_was_kept_long_enough_goes_by_itself(make_desk: Callable[..., RunningDesk], own_bot: BotDouble) -> None:
    periods = {
        "BATON_KEEP_CONVERSATIONS_DAYS": "30",
        "BATON_KEEP_ATTACHMENTS_DAYS": "10",
        "BATON_KEEP_TRACKER_DAYS": "5",
        "BATON_RETENTION_SECONDS": "1",
    }
    shop = Shop(make_desk(own_bot, at=EARLY, **periods), own_bot)
    shop.end()
    folder = shop.desk.folder / "attachments"

    def files() -> list[Path]:
        return [path for path in folder.rglob("*") if path.is_file()]

    assert len(files()) == 2
    shop.desk.move_clock_to(EARLY + timedelta(days=11))
    wait_until(lambda: not files(), 20)
    assert "孩子对花生过敏" in shop.everything()
    shop.desk.move_clock_to(EARLY + timedelta(days=31))
    wait_until(lambda: not [word for word in (*WORDS, OTHERS) if word in shop.everything()], 20)
    assert shop.trail(event="retention_applied")


@pytest.fixture(params=["sqlite", "postgresql"])
def trail(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[sa.Engine]:
    """A migrated database with one young and one old record."""
    url = f"sqlite:///{tmp_path / 'desk.db'}"
    if request.param == "postgresql":
        url = request.getfixturevalue("fresh_postgres").render_as_string(hide_password=False)
    migrate(url)
    engine = create_engine(url, writer=True)
    with engine.begin() as connection:
        for days in (1, 200):
            moment = datetime.now(UTC) - timedelta(days=days)
            audit.record(connection, "logged_in", Actor("agent", "a_1", "小周"), Subject("agent", "a_1"), moment)
    yield engine
    engine.dispose()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_records SET actor_name = 'nobody'",
        "UPDATE audit_records SET at = '2000-01-01 00:00:00'",
        "DELETE FROM audit_records",
        "DELETE FROM audit_records WHERE actor_name = '小周'",
        "INSERT OR REPLACE INTO audit_records SELECT id, at, 'x', actor_kind, actor_id, actor_name, subject_kind,"
        " subject_id, address, details FROM audit_records",
        "TRUNCATE audit_records",
    ],
)
def test_the_database_refuses_to_change_the_trail(trail: sa.Engine, statement: str) -> None:
    with pytest.raises(sa.exc.DBAPIError), trail.begin() as connection:
        connection.exec_driver_sql(statement)
    with trail.begin() as connection:
        assert len(audit.page(connection, audit.Wanted())) == 2


def test_only_what_is_older_than_six_months_may_be_forgotten(trail: sa.Engine) -> None:
    with trail.begin() as connection:
        assert audit.remove_before(connection, datetime.now(UTC) - timedelta(days=185)) == 1
    with pytest.raises(sa.exc.DBAPIError), trail.begin() as connection:
        audit.remove_before(connection, datetime.now(UTC))


def test_the_trail_tells_who_did_and_saw_what(desk: RunningDesk, bot: BotDouble) -> None:
    admin, owner, lead = (desk.new_agent(role=role) for role in ("administrator", "agent", "supervisor"))
    owner.online()
    lead.online()
    conversation = queue_one(desk, bot, opening={"identity": identity("C1001")})
    owner.claim(conversation)
    owner.get(f"/conversations/{conversation.id}/events")  # one's own work is no record
    for _ in range(2):
        lead.get(f"/conversations/{conversation.id}/events")  # the same view twice counts once
        lead.get(f"/conversations/{conversation.id}/customer")
    lead.post(f"/conversations/{conversation.id}/takeover")
    desk.http.post("/api/v1/agents/login", json={"username": lead.username, "password": "wrong"})
    answer = admin.post("/accounts", {"username": f"n{conversation.id[-8:].lower()}", "display_name": "=新人"})
    assert answer.status_code == 201, answer.text
    created = answer.json()

    def events(query: str) -> list[str]:
        return [record["event"] for record in admin.get(f"/audit?{query}").json()["records"]]

    lead_id, admin_id = lead.agent["agent_id"], admin.agent["agent_id"]
    assert events(f"actor={lead_id}") == ["conversation_taken_over", "customer_viewed", "conversation_viewed"]
    assert events(f"actor={owner.agent['agent_id']}") == []
    assert events(f"subject={lead_id}") == ["login_failed"]
    assert events(f"actor={admin_id}") == ["account_created"]
    assert events(f"subject={created['account']['agent_id']}") == ["account_created"]
    assert "rules_changed" in events("subject=routing.yml")
    exported = admin.get(f"/audit?actor={admin_id}&format=csv")
    assert exported.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.reader(io.StringIO(exported.text.removeprefix("\ufeff"))))
    assert rows[1][2:5] == ["account_created", "agent", admin_id]
    assert events(f"actor={admin_id}")[0] == "audit_exported"
    for agent in (owner, lead):
        assert agent.get("/audit").status_code == 403
    assert admin.get("/audit?from=yesterday").status_code == 422


@settings(deadline=None)
@given(st.sampled_from("=+-@\t\r\n＝＋－＠ '\"|"), st.text(max_size=20))
def test_no_cell_of_an_export_is_a_formula(first: str, rest: str) -> None:
    record = AuditRecord(
        id="au_1", at=EARLY, event="x", actor_kind="agent", actor_id=first + rest, actor_name=f"  {first}{rest}",
        subject_kind="agent", subject_id=None, address=None, details={first + rest: 1},
    )  # fmt: skip
    (_, row) = list(csv.reader(io.StringIO(as_csv([record]).removeprefix("\ufeff"), newline="")))
    assert [value for value in row if value.lstrip()[:1] in set("=+-@＝＋－＠")] == []
    assert cell(None) == ""


def test_an_agent_takes_no_part_in_what_is_not_theirs(desk: RunningDesk) -> None:
    client: AgentClient = desk.new_agent()
    assert client.get("/audit?format=csv").status_code == 403
