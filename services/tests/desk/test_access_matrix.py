"""Every route and every socket command, tried by everybody who might, with other people's ids, against one table."""

from __future__ import annotations

import io
import itertools
import json
import os
import re
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import access_table
import httpx
import msgspec
import pytest
from access_table import ROLES, Table
from conftest import queue_one
from desk.agents import store as agent_store
from desk.kernel import settings
from desk.kernel.security import SESSION_TOKEN, new_token, token_hash
from doubles import TOKEN, BotDouble
from PIL import Image
from running import SERVICES, SHOP_TOKEN, AgentClient, Conversation, RunningDesk, identity
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect


def picture() -> bytes:
    """A small PNG."""
    out = io.BytesIO()
    Image.new("RGB", (4, 4), "teal").save(out, "PNG")
    return out.getvalue()


PNG = picture()
QUEUED = "(queued)"
# Well-formed, so that what answers is the right to do it and not the form. A route that needs none is not named.
BODIES: dict[str, dict[str, Any]] = {
    "POST /api/v1/conversations": {"locale": "zh-CN"},
    "POST /api/v1/conversations/{conversation_id}/messages": {"client_id": "", "text": "在吗"},
    "POST /api/v1/conversations/{conversation_id}/rating": {"score": 5},
    "POST /api/v1/conversations/{conversation_id}/resolve": {"outcome": "solved"},
    "POST /api/v1/conversations/{conversation_id}/handback": {},
    "POST /api/v1/conversations/{conversation_id}/transfer": {"group": "technical", "note": "请看看"},
    "POST /api/v1/conversations/{conversation_id}/private-notes": {"client_id": "", "text": "老顾客"},
    "POST /api/v1/handoffs/{handoff_id}/decline": {"reason": "忙"},
    "POST /api/v1/conversations/{conversation_id}/agent-actions": {
        "client_id": "",
        "action": "return",
        "reason": "不想要了",
        "order_id": "somebody-elses",
    },
    "POST /api/v1/conversations/{conversation_id}/agent-actions/preview": {
        "action": "return",
        "reason": "不想要了",
        "order_id": "somebody-elses",
    },
    "PUT /api/v1/conversations/{conversation_id}/read-mark": {"seq": 1},
    "POST /api/v1/agents/login": {"username": "nobody-at-all", "password": "wrong-password"},
    "PUT /api/v1/agents/me/presence": {"state": "online"},
    "PUT /api/v1/agents/me/password": {"old_password": "wrong", "new_password": "another-long-one"},
    "POST /api/v1/accounts": {"username": "", "display_name": "新人"},
    "PATCH /api/v1/accounts/{agent_id}": {"capacity": 4},
    "POST /api/v1/accounts/{agent_id}/disable": {"force": True},
}
QUERIES = {
    "GET /api/v1/reports": {"from": "2026-11-01", "to": "2026-11-02"},
    "GET /api/v1/conversations/search": {"q": "退款"},
}
FRESH_WORDS = {"client_id": lambda: uuid.uuid4().hex, "username": lambda: f"n{uuid.uuid4().hex[:10]}"}
SOCKETS = ("/ws/customer", "/ws/agent")
COOKIE = "baton_console"
_PRINT_ROUTES = """
import json, os
from desk.app import build_app, build_parts
from desk.kernel import settings

routes = build_app(build_parts(settings.load(os.environ))).routes
print(json.dumps([
    f"{method} {route.path}"
    for route in routes
    for method in sorted(getattr(route, "methods", ()) or ())
    if method not in {"OPTIONS", "HEAD"}
]))
"""


def calls_of_the_desk() -> list[str]:
    """METHOD and path of every route, from the application itself."""
    secrets = dict.fromkeys(("BATON_SHOP_TOKEN", "BATON_BOT_TOKEN", "BATON_IDENTITY_SECRET"), "x" * 20)
    told = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", _PRINT_ROUTES],
        cwd=SERVICES,
        env={**os.environ, **secrets, "PYTHONPATH": str(SERVICES)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return [re.sub(r":\w+\}", "}", call) for call in json.loads(told.stdout.splitlines()[-1])]


def commands_of(path: str) -> set[str]:
    """The frames that a socket's session knows, from its source."""
    name = {"/ws/customer": "customer_socket", "/ws/agent": "agent_socket"}[path]
    source = (SERVICES / "desk" / "channels" / f"{name}.py").read_text(encoding="utf-8")
    return {"hello", *re.findall(r'\bkind == "(\w+)"', source)}


@dataclass
class Situation:
    """One conversation of a signed customer and what belongs to it, with others' beside it."""

    conversation: Conversation
    handoff_id: str
    attachment_id: str
    other: Conversation
    visitor: Conversation


class Cast:
    """Everybody who tries, and a fresh situation whenever the last one was changed."""

    def __init__(self, desk: RunningDesk, bot: BotDouble, shop_url: str) -> None:
        self.desk, self.bot = desk, bot
        orders = httpx.get(
            f"{shop_url}/api/v1/customers/C1001/orders", headers={"Authorization": f"Bearer {SHOP_TOKEN}"}
        )
        self.order_id = orders.json()["orders"][0]["order_id"]
        self.agents: dict[str, AgentClient] = {
            "owner": self._agent(), "colleague": self._agent(), "outsider": self._agent(groups=["orders"]),
            "supervisor": self._agent(role="supervisor"), "admin": self._agent(role="administrator"),
        }  # fmt: skip
        self.victim = self._agent()
        self._situations: dict[bool, Situation] = {}

    def _agent(self, groups: list[str] | None = None, **options: Any) -> AgentClient:
        client = self.desk.new_agent(capacity=100, **options)
        if groups is not None:
            with self.desk.database() as connection:
                agent_store.update(connection, client.agent["agent_id"], groups=groups)
        return client

    def situation(self, *, queued: bool) -> Situation:
        """The present one; made when there is none."""
        if queued not in self._situations:
            for role, agent in self.agents.items():
                agent.token = self.session(agent)  # some of the calls end every other login
                if role in {"colleague", "outsider"}:
                    self._leave_all(agent)
                # Whoever queues now is offered to the owner; the others are there afterwards.
                agent.online() if role == "owner" else self._on_break(agent)
            opening = {"identity": identity("C1001"), "page": {"order_id": "20261118000123"}}
            conversation = queue_one(self.desk, self.bot, opening=opening)
            upload = self.desk.http.post(
                f"{conversation.path}/attachments",
                content=PNG,
                headers={**conversation.headers, "Content-Type": "image/png"},
            )
            assert upload.status_code == 201, upload.text
            attachment_id = upload.json()["attachment_id"]
            assert conversation.send("看图", attachments=[attachment_id]).status_code == 200
            handoff = self.agents["owner"].queued(conversation)
            for agent in self.agents.values():
                agent.online()
            if not queued:
                self.agents["owner"].claim(conversation)
            other, visitor = self.desk.open(identity=identity("C1002")), self.desk.open()
            self._situations[queued] = Situation(conversation, handoff["id"], attachment_id, other, visitor)
        return self._situations[queued]

    def _on_break(self, agent: AgentClient) -> None:
        answer = self.desk.http.put("/api/v1/agents/me/presence", json={"state": "break"}, headers=agent.headers)
        assert answer.status_code == 200, answer.text

    def _leave_all(self, agent: AgentClient) -> None:
        """Nobody has this customer from an earlier situation: who has one may read their earlier conversations."""
        kept = self.desk.http.get("/api/v1/conversations?owner=me", headers=agent.headers).json()["conversations"]
        for row in kept:
            path = f"/api/v1/conversations/{row['conversation_id']}/resolve"
            assert self.desk.http.post(path, json={"outcome": "solved"}, headers=agent.headers).status_code == 200

    def changed(self) -> None:
        """What was there is not to be trusted any more."""
        self._situations.clear()
        self.victim = self._agent()

    def session(self, agent: AgentClient, *, end: str | None = None) -> str:
        """A fresh login of the agent, good or already `expired` or `revoked`."""
        token, now = new_token(SESSION_TOKEN), self.desk.now()
        agent_id = agent.agent["agent_id"]
        expires = now + timedelta(hours=-1 if end == "expired" else 1)
        with self.desk.database() as connection:
            agent_store.open_session(connection, token_hash(token), agent_id, now, expires)
            if end == "revoked":
                agent_store.revoke_sessions(connection, agent_id, now, token_hash(token))
        return token

    def tokens(self, role: str, situation: Situation) -> list[str]:
        """What this role may show; several where the role is several people."""
        if role == "nobody":
            return [""]
        if role in {"visitor", "customer", "other"}:
            name = "conversation" if role == "customer" else role
            return [getattr(situation, name).token]
        if role == "secret":
            return [TOKEN, SHOP_TOKEN]
        if role == "ended":
            return [self.session(self.agents["owner"], end=end) for end in ("expired", "revoked")]
        return [self.session(self.agents["owner" if role == "forged" else role])]

    def headers(self, role: str, situation: Situation) -> list[dict[str, str]]:
        """The same as headers; `forged` is the owner's browser led by another site's page: cookie, no header."""
        if role == "nobody":
            return [{}]
        if role == "forged":
            return [
                {"Cookie": f"{COOKIE}={token}", "Origin": "https://evil.example"}
                for token in self.tokens(role, situation)
            ]
        return [{"Authorization": f"Bearer {token}"} for token in self.tokens(role, situation)]


@pytest.fixture(scope="module")
def cast(tmp_path_factory: pytest.TempPathFactory, shared_bot: BotDouble, shop_url: str) -> Iterator[Cast]:
    """A desk on which nobody is throttled."""
    desk = RunningDesk(
        tmp_path_factory.mktemp("access"),
        BATON_RASA_URL=f"http://127.0.0.1:{shared_bot.port}",
        BATON_SHOP_URL=shop_url,
        BATON_LOGIN_ATTEMPTS="100000",
        BATON_LOGIN_ATTEMPTS_ADDRESS="100000",
    ).start()
    yield Cast(desk, shared_bot, shop_url)
    desk.http.close()
    desk.stop()


def request_for(cast: Cast, call: str, situation: Situation, conversation_id: str | None = None) -> dict[str, Any]:
    """The call with ids that are the customer's and the owner's, whoever makes it."""
    plain = call.removesuffix(f" {QUEUED}")
    method, path = plain.split(" ")
    ids = {
        "conversation_id": conversation_id or situation.conversation.id,
        "handoff_id": situation.handoff_id,
        "attachment_id": situation.attachment_id,
        "agent_id": cast.victim.agent["agent_id"],
        "session_id": token_hash(cast.victim.token)[:16],
        "order_id": cast.order_id,
        "path": "loader.js" if "/widget" in path else "queue",
    }
    request: dict[str, Any] = {"method": method, "url": path.format_map(ids), "params": QUERIES.get(plain)}
    if plain.endswith("/attachments"):
        return request | {"content": PNG, "headers": {"Content-Type": "image/png"}}
    if method not in {"GET", "DELETE"}:
        body = BODIES.get(plain, {})
        request["json"] = {name: FRESH_WORDS[name]() if value == "" else value for name, value in body.items()}
    return request


def answers_by_http(cast: Cast, call: str) -> dict[str, str]:
    """What each role is answered."""
    found = {}
    for role in ROLES:
        situation = cast.situation(queued=call.endswith(QUEUED))
        statuses = []
        for headers in cast.headers(role, situation):
            request = request_for(cast, call, situation)
            answer = cast.desk.http.request(**request | {"headers": {**request.get("headers", {}), **headers}})
            cast.desk.http.cookies.clear()
            statuses.append(str(answer.status_code))
            assert answer.status_code < 500, f"{call} as {role}: {answer.text}"
            if answer.is_success and request["method"] != "GET":
                cast.changed()
        found[role] = "/".join(dict.fromkeys(statuses))
    return found


def frame_for(command: str, agent_side: bool, situation: Situation) -> dict[str, Any]:
    """The command about the customer's conversation."""
    frame: dict[str, Any] = {"type": command}
    if agent_side and command != "ping":
        frame |= {"conversation": situation.conversation.id}
    if command == "send":
        frame |= {"cid": uuid.uuid4().hex, "text": "在吗"}
    if command in {"resend_from", "subscribe"}:
        frame["after"] = 0
    if command == "read":
        frame["seq"] = 1
    if command == "rate":
        frame["score"] = 5
    return frame


def heard(connection: ClientConnection, until: str) -> str:
    """`ok` when the frame `until` came without an error before it (or for it); else the error's or the close's code."""
    code = "ok"
    try:
        while True:
            frame = msgspec.json.decode(connection.recv(10))
            if frame["type"] == "error":
                code = frame["error"]["code"]
            if frame["type"] == until or (until == "ack" and code != "ok"):
                return code
    except ConnectionClosed:
        return str(connection.close_code)


def answers_by_socket(cast: Cast, call: str) -> dict[str, str]:
    """What each role hears of one command."""
    _, path, command = call.removesuffix(f" {QUEUED}").split(" ")
    agent_side, found = path == "/ws/agent", {}
    for role in ROLES:
        outcomes = []
        situation = cast.situation(queued=call.endswith(QUEUED))
        for token in cast.tokens(role, situation):
            headers = {"Cookie": f"{COOKIE}={token}"} if role == "forged" else {}
            origin = "https://evil.example" if role == "forged" else None
            url = f"ws://127.0.0.1:{cast.desk.port}{path}"
            with connect(url, additional_headers=headers, origin=origin) as connection:  # type: ignore[arg-type]
                shown = "" if role == "forged" else token
                hello = {"type": "hello", "token": shown}
                if not agent_side:
                    hello |= {"conversation": situation.conversation.id}
                connection.send(msgspec.json.encode(hello), text=True)
                outcome = heard(connection, "welcome")
                if outcome == "ok" and command != "hello":
                    connection.send(msgspec.json.encode(frame_for(command, agent_side, situation)), text=True)
                    if command not in {"ping", "send"}:
                        connection.send(b'{"type":"ping"}', text=True)
                    outcome = heard(connection, "ack" if command == "send" else "pong")
                outcomes.append(outcome)
            if outcome == "ok" and command in {"cancel_handoff", "rate"}:
                cast.changed()
        found[role] = "/".join(dict.fromkeys(outcomes))
    return found


def expected() -> Table:
    return access_table.read(access_table.FILE.read_text(encoding="utf-8"))


def test_the_table_has_every_route_and_every_socket_command() -> None:
    """A new route without a line here fails: somebody has to say who may use it."""
    routes = set(calls_of_the_desk())
    sockets = {f"WS {path} {command}" for path in SOCKETS for command in commands_of(path)}
    told = {call.removesuffix(f" {QUEUED}") for call in expected()}
    assert told == routes | sockets


def test_the_document_shows_the_same_table() -> None:
    document = (settings.REPOSITORY / "docs" / "security.md").read_text(encoding="utf-8")
    assert access_table.replaced(document, expected()) == document, "run `make access-matrix`"


@pytest.mark.parametrize("call", [call for call in expected() if not call.startswith("WS ")])
def test_route(cast: Cast, call: str) -> None:
    assert answers_by_http(cast, call) == expected()[call]


@pytest.mark.parametrize("call", [call for call in expected() if call.startswith("WS ")])
def test_socket_command(cast: Cast, call: str) -> None:
    assert answers_by_socket(cast, call) == expected()[call]


def test_ids_of_others_cannot_be_told_from_ids_that_do_not_exist(cast: Cast) -> None:
    """Whoever may not read a conversation is answered as if it were not there."""
    situation = cast.situation(queued=False)
    reading = [call for call in expected() if call.startswith("GET ") and "{conversation_id}" in call]
    assert len(reading) > 5
    for call, role in itertools.product(reading, ("visitor", "other", "colleague", "outsider", "secret")):
        if call.endswith(QUEUED):
            continue

        def ask(conversation_id: str, call: str = call, role: str = role) -> list[tuple[int, Any]]:
            request = request_for(cast, call, situation, conversation_id)
            return [
                shape(cast.desk.http.request(**request | {"headers": headers}))
                for headers in cast.headers(role, situation)
            ]

        assert ask(situation.conversation.id) == ask("c_01ARZ3NDEKTSV4RRFFQ69G5FAV"), (call, role)


def shape(answer: httpx.Response) -> tuple[int, Any]:
    return answer.status_code, answer.json() if answer.content else None


def test_a_disabled_account_and_a_password_that_must_be_changed_open_nothing(cast: Cast) -> None:
    make: Callable[[], AgentClient] = lambda: cast.desk.new_agent(role="administrator")  # noqa: E731
    disabled, unready = make(), make()
    with cast.desk.database() as connection:
        agent_store.update(connection, disabled.agent["agent_id"], disabled=True)
        agent_store.update(connection, unready.agent["agent_id"], must_change_password=True)
    for path in ("/agents", "/accounts", "/handoffs", "/wall", "/playbook", "/conversations?owner=all"):
        assert disabled.get(path).status_code == 401
        assert unready.get(path).json()["error"]["code"] == "password_change_required"
    assert unready.get("/agents/me").status_code == 200


def test_no_secret_of_one_kind_opens_a_door_of_another(cast: Cast) -> None:
    """The identity of a customer reads their own conversations (decision 0013) and is a bearer of nothing else."""
    situation = cast.situation(queued=False)
    own = {"Authorization": f"Bearer {identity('C1001')}"}
    assert cast.desk.http.get(situation.conversation.path, headers=own).status_code == 200
    assert cast.desk.http.get("/api/v1/agents/me", headers=own).status_code == 401
    said = {"client_id": "written-with-an-identity", "text": "你好"}
    assert cast.desk.http.post(f"{situation.conversation.path}/messages", json=said, headers=own).status_code == 401
    for token in (
        identity("C1002"),
        situation.conversation.token[:-1],
        situation.conversation.token + "A",
        "ct_",
        "as_",
    ):
        for path in (situation.conversation.path, "/api/v1/agents/me", "/api/v1/accounts"):
            answer = cast.desk.http.get(path, headers={"Authorization": f"Bearer {token}"})
            assert answer.status_code == 401, (token[:8], path)
