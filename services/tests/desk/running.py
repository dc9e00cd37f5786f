"""A really running desk for the tests, and small clients that speak its contracts."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import msgspec
import sqlalchemy as sa
from desk.agents import store as agent_store
from desk.agents.account_rules import NewAccount
from desk.agents.accounts import create_account
from desk.agents.rules import SKILL_GROUPS, Agent, Role, profile
from desk.customers.rules import Identity, sign_identity
from desk.kernel.engine import create_engine
from desk.kernel.ids import agent_id
from desk.kernel.security import SESSION_TOKEN, new_token, token_hash
from doubles import TOKEN
from websockets.asyncio.client import ClientConnection, connect

SERVICES = Path(__file__).resolve().parents[2]
IDENTITY_SECRET = "identity-test-secret"
SHOP_TOKEN = "shop-test-token"
START_SECONDS = 180  # on a machine that others use, too


def free_port() -> int:
    """A port nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def identity(customer_id: str = "C1001", *, seconds: int = 600, secret: str = IDENTITY_SECRET) -> str:
    """A signed identity as the shop's page would pass it."""
    return sign_identity(Identity(customer_id, int(time.time()) + seconds, uuid.uuid4().hex, "test"), secret)


def wait_until(check: Callable[[], Any], seconds: float = 10.0) -> Any:
    """The first truthy answer of `check`; AssertionError when there is none in time."""
    deadline = time.monotonic() + seconds
    while True:
        found = check()
        if found:
            return found
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.03)


@dataclass
class Conversation:
    """A customer's end of a conversation over HTTP."""

    desk: RunningDesk
    id: str
    token: str
    headers: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.headers = {"Authorization": f"Bearer {self.token}"}
        self.path = f"/api/v1/conversations/{self.id}"

    def send(self, text: str | None, client_id: str | None = None, **extra: Any) -> httpx.Response:
        """POST /messages."""
        body = {"client_id": client_id or uuid.uuid4().hex, "text": text, **extra}
        return self.desk.http.post(f"{self.path}/messages", json=body, headers=self.headers)

    def poll(self, after: int = 0, wait: float = 0) -> dict[str, Any]:
        """GET /events."""
        answer = self.desk.http.get(f"{self.path}/events", params={"after": after, "wait": wait}, headers=self.headers)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def events(self) -> list[dict[str, Any]]:
        """Everything so far; the sequence must have no gap."""
        found: list[dict[str, Any]] = []
        while page := self.poll(len(found))["events"]:
            found.extend(page)
        assert [event["seq"] for event in found] == list(range(1, len(found) + 1))
        return found

    def texts(self, sender: str) -> list[str]:
        """What `sender` said in messages."""
        return [e.get("text", "") for e in self.events() if e["type"] == "message" and e["sender"] == sender]

    def types(self) -> list[str]:
        """The types of all events."""
        return [event["type"] for event in self.events()]

    def wait_for(self, kind: str, seconds: float = 10.0) -> dict[str, Any]:
        """The latest event of this type."""
        return dict(wait_until(lambda: [e for e in self.events() if e["type"] == kind], seconds)[-1])

    def wait_text(self, text: str, seconds: float = 10.0) -> dict[str, Any]:
        """The event with this text."""
        return dict(wait_until(lambda: [e for e in self.events() if e.get("text") == text], seconds)[0])

    def wait_state(self, state: str, seconds: float = 10.0) -> dict[str, Any]:
        """The answer that first says `state`."""
        return dict(wait_until(lambda: (p := self.poll())["state"] == state and p, seconds))


@dataclass
class AgentClient:
    """An agent's end over HTTP, with a bearer token."""

    desk: RunningDesk
    username: str
    password: str
    token: str = ""
    agent: dict[str, Any] = field(default_factory=dict)

    def online(self) -> AgentClient:
        """Presence online."""
        assert self.put("/agents/me/presence", {"state": "online"}).json() == {"state": "online"}
        return self

    def get(self, path: str) -> httpx.Response:
        """GET under /api/v1."""
        return self.desk.http.get(f"/api/v1{path}", headers=self.headers)

    def post(self, path: str, body: object = None) -> httpx.Response:
        """POST under /api/v1."""
        return self.desk.http.post(f"/api/v1{path}", json={} if body is None else body, headers=self.headers)

    def put(self, path: str, body: object) -> httpx.Response:
        """PUT under /api/v1."""
        return self.desk.http.put(f"/api/v1{path}", json=body, headers=self.headers)

    @property
    def headers(self) -> dict[str, str]:
        """The bearer."""
        return {"Authorization": f"Bearer {self.token}"}

    def claim(self, conversation: Conversation) -> dict[str, Any]:
        """Claim the queued handoff of this conversation."""
        row = self.queued(conversation)
        answer = self.post(f"/handoffs/{row['id']}/claim")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def queued(self, conversation: Conversation) -> dict[str, Any]:
        """The queue's row of this conversation."""
        rows = self.get("/handoffs?state=queued").json()["handoffs"]
        return dict(next(row for row in rows if row["conversation_id"] == conversation.id))

    def say(self, conversation: Conversation, text: str) -> httpx.Response:
        """POST /messages as the agent."""
        return self.post(f"/conversations/{conversation.id}/messages", {"client_id": uuid.uuid4().hex, "text": text})


class RunningDesk:
    """`python -m desk` in a process of its own, on its own database; with `at` its clock starts there."""

    def __init__(self, folder: Path, *, at: datetime | None = None, **environment: str) -> None:
        self.folder, self.port = folder, free_port()
        self.module, self.clock_ahead = "desk" if at is None else "desk_at", timedelta()
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("BATON_")},
            "BATON_DATA_DIR": str(folder),
            "BATON_DESK_HOST": "127.0.0.1",
            "BATON_DESK_PORT": str(self.port),
            "BATON_SHOP_TOKEN": SHOP_TOKEN,
            "BATON_BOT_TOKEN": TOKEN,
            "BATON_IDENTITY_SECRET": IDENTITY_SECRET,
            "BATON_SHOP_URL": "http://127.0.0.1:9",
            "PYTHONPATH": str(Path(__file__).parent),
            **environment,
        }
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=40)
        self.process: subprocess.Popen[bytes] | None = None
        if at is not None:
            self.move_clock_to(at)

    @property
    def log_file(self) -> Path:
        """What the desk wrote to its log."""
        return self.folder / "desk.log"

    @property
    def database_url(self) -> str:
        """The database it uses."""
        return self.environment.get("BATON_DESK_DATABASE_URL", f"sqlite:///{self.folder / 'desk.db'}")

    def start(self) -> RunningDesk:
        """Start and wait until it answers."""
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", self.module], cwd=SERVICES, env=self.environment, stdout=log, stderr=log
            )
        wait_until(self._answers, START_SECONDS)
        return self

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log_file.read_text()
        with contextlib.suppress(httpx.TransportError):
            return self.http.get("/healthz").status_code == 200
        return False

    def now(self) -> datetime:
        """What the desk's clock says."""
        return datetime.now(UTC) + self.clock_ahead

    def move_clock_to(self, moment: datetime) -> None:
        """The desk's clock says `moment` and goes on from there."""
        self.clock_ahead = moment - datetime.now(UTC)
        fresh = self.folder / "clock.new"
        fresh.write_text(str(self.clock_ahead.total_seconds()))
        fresh.replace(self.folder / "clock")

    def kill(self) -> None:
        """kill -9."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> int:
        """A clean end; the exit code."""
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(20)

    def open(self, **body: Any) -> Conversation:
        """POST /conversations."""
        answer = self.http.post("/api/v1/conversations", json=body)
        assert answer.status_code == 201, answer.text
        return Conversation(self, answer.json()["conversation_id"], answer.json()["token"])

    def new_agent(self, *, role: Role = "agent", capacity: int = 3, name: str = "小周") -> AgentClient:
        """A fresh account with an open session, offline. No password: hashing one is slow on purpose."""
        username, token, now = f"a{uuid.uuid4().hex[:10]}", new_token(SESSION_TOKEN), self.now()
        agent = Agent(
            id=agent_id(now),
            username=username,
            display_name=name,
            role=role,
            groups=list(SKILL_GROUPS),
            capacity=capacity,
            load=0,
            presence="offline",
            presence_until=None,
            lapsed_from=None,
            password_hash="none",
            disabled=False,
            created_at=now,
        )
        with self.database() as connection:
            agent_store.create(connection, agent)
            agent_store.open_session(connection, token_hash(token), agent.id, now, now + timedelta(hours=1))
        return AgentClient(self, username, "", token, profile(agent))

    def new_account(self, *, name: str = "小周") -> AgentClient:
        """A fresh account with a password, not logged in."""
        username = f"a{uuid.uuid4().hex[:10]}"
        with self.database() as connection:
            account = NewAccount(username, name, "agent", list(SKILL_GROUPS), 3)
            password = create_account(connection, account, self.now())
        return AgentClient(self, username, password)

    @contextlib.contextmanager
    def database(self) -> Iterator[sa.Connection]:
        """A writing connection of one's own, as another process would have."""
        engine = create_engine(self.database_url, writer=True)
        with engine.begin() as connection:
            yield connection
        engine.dispose()

    @contextlib.asynccontextmanager
    async def socket(self, path: str, **options: Any) -> AsyncIterator[Chat]:
        """An open WebSocket."""
        async with connect(f"ws://127.0.0.1:{self.port}{path}", open_timeout=20, **options) as connection:
            yield Chat(connection)

    @contextlib.asynccontextmanager
    async def customer(self, conversation: Conversation, after: int = 0) -> AsyncIterator[Chat]:
        """A customer's socket after its welcome."""
        async with self.socket("/ws/customer") as chat:
            await chat.send(type="hello", token=conversation.token, conversation=conversation.id, after=after)
            chat.welcome = await chat.expect("welcome")
            yield chat

    @contextlib.asynccontextmanager
    async def console(self, agent: AgentClient, **hello: Any) -> AsyncIterator[Chat]:
        """An agent's socket after its welcome."""
        async with self.socket("/ws/agent") as chat:
            await chat.send(type="hello", token=agent.token, **hello)
            chat.welcome = await chat.expect("welcome")
            yield chat


@dataclass
class Chat:
    """One end of a socket; remembers every frame."""

    connection: ClientConnection
    frames: list[dict[str, Any]] = field(default_factory=list)
    welcome: dict[str, Any] = field(default_factory=dict)

    async def send(self, **frame: Any) -> None:
        """One frame."""
        await self.connection.send(msgspec.json.encode(frame).decode())

    async def receive(self, seconds: float = 10.0) -> dict[str, Any]:
        """The next frame."""
        frame = msgspec.json.decode(await asyncio.wait_for(self.connection.recv(), seconds))
        self.frames.append(frame)
        return dict(frame)

    async def expect(self, kind: str, seconds: float = 10.0, **fields: Any) -> dict[str, Any]:
        """The next frame of this type with these fields; others are passed over."""
        async with asyncio.timeout(seconds):
            while True:
                frame = await self.receive(seconds)
                if frame["type"] == kind and all(frame.get(name) == value for name, value in fields.items()):
                    return frame

    async def event(self, seconds: float = 10.0, **fields: Any) -> dict[str, Any]:
        """The next event with these fields."""
        async with asyncio.timeout(seconds):
            while True:
                found = dict((await self.expect("event", seconds))["event"])
                if all(found.get(name) == value for name, value in fields.items()):
                    return found

    async def closed(self, seconds: float = 10.0) -> int:
        """The code with which the desk closed."""
        await asyncio.wait_for(self.connection.wait_closed(), seconds)
        return int(self.connection.close_code or 0)

    async def quiet(self, seconds: float = 0.4) -> list[dict[str, Any]]:
        """Whatever still comes within this time."""
        start = len(self.frames)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while True:
                    await self.receive(seconds + 1)
        return self.frames[start:]

    def events(self) -> list[dict[str, Any]]:
        """The events so far."""
        return [frame["event"] for frame in self.frames if frame["type"] == "event"]
