"""Accounts: what administrators and agents may do to them, over HTTP and on the command line, and who may not."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher
from conftest import queue_one
from desk.agents import passwords
from desk.agents import store as agent_store
from desk.kernel.errors import InvalidError
from doubles import BotDouble
from running import SERVICES, AgentClient, Conversation, RunningDesk

GOOD = "接力-好记又够长-2026"


def _log_in(desk: RunningDesk, username: str, password: str) -> tuple[int, str]:
    answer = desk.http.post("/api/v1/agents/login", json={"username": username, "password": password})
    desk.http.cookies.clear()
    return answer.status_code, answer.json().get("error", {}).get("code", "") or answer.json()["token"]


def _refused(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def _signed_in(desk: RunningDesk, username: str, password: str) -> AgentClient:
    status, token = _log_in(desk, username, password)
    assert status == 200
    return AgentClient(desk, username, password, token)


@pytest.fixture
def boss(desk: RunningDesk) -> AgentClient:
    """An administrator of the shared desk."""
    return desk.new_agent(role="administrator", name="管理员")


def _patch(client: AgentClient, agent_id: str, **change: Any) -> httpx.Response:
    return client.desk.http.patch(f"/api/v1/accounts/{agent_id}", json=change, headers=client.headers)


def _delete(client: AgentClient, path: str) -> httpx.Response:
    return client.desk.http.delete(f"/api/v1{path}", headers=client.headers)


def _new(boss: AgentClient, **fields: Any) -> tuple[dict[str, Any], str]:
    username = f"n{os.urandom(5).hex()}"
    answer = boss.post("/accounts", {"username": username, "display_name": "小新", **fields})
    assert answer.status_code == 201, answer.text
    return answer.json()["account"], answer.json()["password"]


ROUTES = [
    ("GET", "/accounts", None),
    ("POST", "/accounts", {"username": "x", "display_name": "x"}),
    ("GET", "/accounts/{id}", None),
    ("PATCH", "/accounts/{id}", {"capacity": 3}),
    ("POST", "/accounts/{id}/disable", {}),
    ("POST", "/accounts/{id}/enable", {}),
    ("POST", "/accounts/{id}/password-reset", {}),
    ("GET", "/accounts/{id}/sessions", None),
    ("DELETE", "/accounts/{id}/sessions", None),
    ("GET", "/accounts/{id}/events", None),
    ("GET", "/webhooks", None),
    ("POST", "/webhooks/retry", {}),
]
OWN_ROUTES = [
    ("PUT", "/agents/me/password", {"old_password": "x", "new_password": GOOD}, 422),
    ("GET", "/agents/me/sessions", None, 200),
    ("DELETE", "/agents/me/sessions/none", None, 404),
    ("DELETE", "/agents/me/sessions", None, 204),
]


@pytest.mark.parametrize(("method", "path", "body"), ROUTES)
def test_accounts_are_the_administrators_alone(desk: RunningDesk, method: str, path: str, body: object) -> None:
    target = desk.new_agent()
    path = "/api/v1" + path.replace("{id}", target.agent["agent_id"])

    def call(client: AgentClient | None) -> httpx.Response:
        return desk.http.request(method, path, json=body, headers={} if client is None else client.headers)

    assert _refused(call(None)) == (401, "unauthorized")
    for role in ("agent", "supervisor"):
        assert _refused(call(desk.new_agent(role=role))) == (403, "forbidden")  # type: ignore[arg-type]
    assert target.get("/agents/me").json()["capacity"] == 3
    assert call(desk.new_agent(role="administrator")).status_code < 300 or "username" in str(body)


@pytest.mark.parametrize(("method", "path", "body", "status"), OWN_ROUTES)
def test_ones_own_account_is_for_every_role_that_is_signed_in(
    desk: RunningDesk, method: str, path: str, body: object, status: int
) -> None:
    for client in (desk.new_agent(), desk.new_agent(role="supervisor"), desk.new_agent(role="administrator")):
        assert desk.http.request(method, f"/api/v1{path}", json=body, headers=client.headers).status_code == status
    assert _refused(desk.http.request(method, f"/api/v1{path}", json=body)) == (401, "unauthorized")


def test_every_route_about_accounts_is_in_the_matrix(desk: RunningDesk) -> None:
    served = {
        (method.upper(), path.removeprefix("/api/v1"))
        for path, operations in desk.http.get("/docs/openapi.json").json()["paths"].items()
        for method in operations
        if re.match("/api/v1/(accounts|webhooks|agents/me/(password|sessions))", path)
    }
    known = {(method, path.replace("{id}", "{agent_id}")) for method, path, _ in ROUTES}
    known |= {(method, path.replace("none", "{session_id}")) for method, path, _, _ in OWN_ROUTES}
    assert served == known


def test_an_administrator_may_do_what_supervisors_may(
    boss: AgentClient, queued: Callable[..., Conversation], desk: RunningDesk
) -> None:
    conversation, agent = queued(), desk.new_agent().online()
    agent.claim(conversation)
    assert boss.get(f"/conversations/{conversation.id}/customer").status_code == 200
    assert boss.get("/conversations?owner=all").status_code == 200
    assert boss.post(f"/conversations/{conversation.id}/resolve", {"outcome": "solved"}).status_code == 200


def test_a_new_account_signs_in_and_must_choose_its_password_first(desk: RunningDesk, boss: AgentClient) -> None:
    account, password = _new(boss, groups=["orders"], tags=["vip", "vip", "高风险"], capacity=2)
    assert (account["groups"], account["tags"], account["capacity"]) == (["orders"], ["vip", "高风险"], 2)
    assert (account["role"], account["must_change_password"], account["disabled"]) == ("agent", True, False)
    agent, elsewhere = (_signed_in(desk, account["username"], password) for _ in range(2))
    assert agent.get("/agents/me").json()["must_change_password"] is True
    for refused in (agent.get("/handoffs"), agent.put("/agents/me/presence", {"state": "online"})):
        assert _refused(refused) == (403, "password_change_required")

    async def first_frame() -> dict[str, Any]:
        async with desk.socket("/ws/agent") as chat:
            await chat.send(type="hello", token=agent.token)
            return await chat.receive()

    assert asyncio.run(first_frame())["type"] == "error"
    wrong = {"old_password": "wrong", "new_password": GOOD}
    assert _refused(agent.put("/agents/me/password", wrong)) == (422, "password_wrong")
    same = {"old_password": password, "new_password": password}
    assert _refused(agent.put("/agents/me/password", same)) == (422, "password_same")
    assert agent.put("/agents/me/password", {"old_password": password, "new_password": GOOD}).status_code == 204
    assert agent.get("/handoffs").status_code == 200
    assert elsewhere.get("/agents/me").status_code == 401  # the other sessions ended
    assert _log_in(desk, account["username"], password) == (401, "login_failed")
    assert _log_in(desk, account["username"], GOOD)[0] == 200
    kinds = [event["event"] for event in boss.get(f"/accounts/{account['agent_id']}/events").json()["events"]]
    assert kinds == ["password_changed", "created"]


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("short-9ch", "password_too_short"),
        ("x" * 60 + "yz" * 40, "password_too_long"),
        ("Zhou.Xiaozhou", "password_is_username"),
        ("uohzoaix.uohz", "password_is_username"),
        ("Password123", "password_common"),
        ("qwertyuiop", "password_common"),
        ("1212121212121", "password_common"),
    ],
)
def test_passwords_that_are_easily_guessed_are_refused(password: str, code: str) -> None:
    with pytest.raises(InvalidError) as refused:
        passwords.check_chosen(password, "zhou.xiaozhou")
    assert refused.value.code == code
    passwords.check_chosen(GOOD, "zhou.xiaozhou")


def test_an_account_is_changed_and_every_change_is_kept(desk: RunningDesk, boss: AgentClient) -> None:
    agent = desk.new_agent()
    agent_id = agent.agent["agent_id"]
    changed = _patch(boss, agent_id, display_name=" 小周周 ", groups=["orders"], capacity=9, tags=["risk"]).json()
    assert (changed["display_name"], changed["groups"], changed["capacity"]) == ("小周周", ["orders"], 9)
    assert agent.get("/agents/me").json()["tags"] == ["risk"]  # still signed in
    assert _patch(boss, agent_id, capacity=9).json() == changed
    assert _patch(boss, agent_id, role="supervisor").json()["role"] == "supervisor"
    assert agent.get("/agents/me").status_code == 401  # another role ends the sessions
    events = boss.get(f"/accounts/{agent_id}/events").json()["events"]
    assert [event["event"] for event in events] == ["changed", "changed"]
    assert events[0]["details"] == {"role": ["agent", "supervisor"]}
    assert events[1]["details"]["capacity"] == [3, 9]
    assert events[1]["by"] == {"agent_id": boss.agent["agent_id"], "name": "管理员"}
    for bad in (
        {"role": "king"},
        {"groups": ["kitchen"]},
        {"capacity": 0},
        {"capacity": 101},
        {"display_name": " "},
        {"display_name": "长" * 33},
        {"display_name": "a\nb"},
        {"tags": ["two words"]},
        {"tags": [str(n) for n in range(21)]},
    ):
        assert _refused(_patch(boss, agent_id, **bad)) == (422, "account_invalid"), bad
    assert _refused(_patch(boss, "a_nobody", capacity=2)) == (404, "account_unknown")
    taken = {"username": agent.username, "display_name": "小周"}
    assert _refused(boss.post("/accounts", taken)) == (422, "username_taken")


def test_disabling_ends_sessions_and_gives_conversations_back_only_when_told_to(
    desk: RunningDesk, boss: AgentClient, queued: Callable[..., Conversation]
) -> None:
    conversation, agent = queued(), desk.new_agent(name="小周").online()
    agent.claim(conversation)
    disable = f"/accounts/{agent.agent['agent_id']}/disable"

    async def follow() -> int:
        async with desk.console(agent) as console:
            refused = await asyncio.to_thread(boss.post, disable)
            assert _refused(refused) == (409, "account_has_conversations")
            assert "1 个会话" in refused.json()["error"]["message"]
            assert (await asyncio.to_thread(agent.get, "/agents/me")).status_code == 200  # nothing changed
            assert (await asyncio.to_thread(boss.post, disable, {"force": True})).json()["load"] == 0
            return await console.closed()

    assert asyncio.run(follow()) == 4401
    assert agent.get("/agents/me").status_code == 401
    conversation.wait_state("queued")
    colleague = desk.new_agent(name="小林").online()
    assert colleague.claim(conversation)["agent"]["display_name"] == "小林"
    assert colleague.agent["agent_id"] in str(boss.get("/agents").json())
    assert agent.agent["agent_id"] not in str(boss.get("/agents").json())
    enabled = boss.post(f"/accounts/{agent.agent['agent_id']}/enable").json()
    assert (enabled["disabled"], enabled["load"]) == (False, 0)
    kinds = [e["event"] for e in boss.get(f"/accounts/{agent.agent['agent_id']}/events").json()["events"]]
    assert kinds == ["enabled", "disabled"]


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_there_is_always_an_administrator(
    make_desk: Callable[..., RunningDesk], own_bot: BotDouble, database: str, request: pytest.FixtureRequest
) -> None:
    environment = {}
    if database == "postgresql":
        url: sa.URL = request.getfixturevalue("fresh_postgres")
        environment["BATON_DESK_DATABASE_URL"] = url.render_as_string(hide_password=False)
    desk = make_desk(own_bot, **environment)
    both = [desk.new_agent(role="administrator") for _ in range(2)]
    ids = [one.agent["agent_id"] for one in both]
    with ThreadPoolExecutor(2) as pool:  # each disables the other at the same moment
        answers = list(pool.map(lambda n: both[n].post(f"/accounts/{ids[1 - n]}/disable"), (0, 1)))
    won = next(n for n in (0, 1) if answers[n].status_code == 200)
    assert answers[1 - won].status_code in {401, 409}
    last = both[won]
    assert _refused(last.post(f"/accounts/{ids[won]}/disable", {"force": True})) == (409, "last_administrator")
    assert _refused(_patch(last, ids[won], role="agent")) == (409, "last_administrator")
    assert last.get("/agents/me").status_code == 200


def test_a_reset_password_is_shown_once_and_frees_a_throttled_sign_in(
    make_desk: Callable[..., RunningDesk], own_bot: BotDouble
) -> None:
    desk = make_desk(own_bot)
    agent, boss = desk.new_account(), desk.new_agent(role="administrator")
    for _ in range(5):
        assert _log_in(desk, agent.username, "wrong") == (401, "login_failed")
    assert _log_in(desk, agent.username, agent.password) == (429, "too_many_attempts")
    with desk.database() as connection:
        known = agent_store.by_username(connection, agent.username)
    assert known is not None
    fresh = boss.post(f"/accounts/{known.id}/password-reset").json()["password"]
    assert _log_in(desk, agent.username, agent.password) == (401, "login_failed")
    signed_in = _signed_in(desk, agent.username, fresh)
    assert signed_in.get("/agents/me").json()["must_change_password"] is True
    log = desk.log_file.read_text()
    assert fresh not in log
    assert agent.password not in log


def test_strangers_cannot_lock_the_owner_out_where_the_owner_usually_is(
    make_desk: Callable[..., RunningDesk], own_bot: BotDouble
) -> None:
    desk = make_desk(own_bot, BATON_TRUSTED_PROXIES="127.0.0.1")
    agent = desk.new_account()

    def from_address(address: str, password: str) -> int:
        body = {"username": agent.username, "password": password}
        headers = {"X-Forwarded-For": address}
        status = desk.http.post("/api/v1/agents/login", json=body, headers=headers).status_code
        desk.http.cookies.clear()
        return status

    assert from_address("203.0.113.5", agent.password) == 200
    assert [from_address("198.51.100.7", "wrong") for _ in range(6)] == [401] * 5 + [429]
    assert from_address("198.51.100.8", agent.password) == 429  # from anywhere new: wait, or ask an administrator
    assert from_address("203.0.113.5", agent.password) == 200
    assert [from_address("203.0.113.5", "wrong") for _ in range(6)] == [401] * 5 + [429]


def test_the_old_password_cannot_be_tried_out_at_an_open_console(desk: RunningDesk) -> None:
    agent = desk.new_account()
    client = _signed_in(desk, agent.username, agent.password)
    guess = {"old_password": "guess", "new_password": GOOD}
    codes = [_refused(client.put("/agents/me/password", guess))[1] for _ in range(6)]
    assert codes == ["password_wrong"] * 5 + ["too_many_attempts"]


def test_hashes_of_yesterday_are_renewed_at_the_next_sign_in(desk: RunningDesk) -> None:
    agent = desk.new_account()
    weak = PasswordHasher(time_cost=1, memory_cost=8 * 1024).hash(agent.password)
    with desk.database() as connection:
        known = agent_store.by_username(connection, agent.username)
        assert known is not None
        agent_store.update(connection, known.id, password_hash=weak)
    assert _log_in(desk, agent.username, agent.password)[0] == 200
    with desk.database() as connection:
        renewed = agent_store.get(connection, known.id)
    assert renewed is not None
    assert not passwords.is_outdated(renewed.password_hash)
    assert _log_in(desk, agent.username, agent.password)[0] == 200


def test_sessions_are_listed_and_ended_one_or_all(desk: RunningDesk) -> None:
    account = desk.new_account()
    here, there, third = (_signed_in(desk, account.username, account.password) for _ in range(3))
    sessions = here.get("/agents/me/sessions").json()["sessions"]
    assert [session["current"] for session in sessions].count(True) == 1
    assert {session["address"] for session in sessions} == {"127.0.0.1"}
    assert all(session["device"].startswith("python-httpx") for session in sessions)
    assert not any(token.removeprefix("as_") in str(sessions) for token in (here.token, there.token))
    mine = next(s["session_id"] for s in there.get("/agents/me/sessions").json()["sessions"] if s["current"])
    stranger = desk.new_agent()
    assert _refused(_delete(stranger, f"/agents/me/sessions/{mine}")) == (404, "session_unknown")
    assert _delete(here, f"/agents/me/sessions/{mine}").status_code == 204
    assert [client.get("/agents/me").status_code for client in (here, there, third)] == [200, 401, 200]
    assert _delete(here, "/agents/me/sessions").status_code == 204
    assert [client.get("/agents/me").status_code for client in (here, there, third)] == [200, 401, 401]


Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(desk: RunningDesk) -> Run:
    """The real command on the database of the running desk."""

    def command(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "desk.accounts", *arguments],
            cwd=SERVICES,
            env=desk.environment,
            capture_output=True,
            text=True,
            check=False,
        )

    return command


def test_the_command_line_from_the_first_administrator_to_the_last_session(
    desk: RunningDesk, run: Run, bot: BotDouble
) -> None:
    name = f"c{os.urandom(4).hex()}"
    made = run("create", "--username", name, "--display-name", "小白", "--role", "administrator", "--tags", "vip")
    password = made.stdout.split()[1]
    assert (made.returncode, made.stderr) == (0, "")
    client = _signed_in(desk, name, password)
    assert client.get("/accounts").status_code == 200
    session = run("sessions", "--username", name).stdout.split()[0]
    assert run("revoke", "--username", name, "--session", session).returncode == 0
    assert client.get("/agents/me").status_code == 401
    assert run("revoke", "--username", name).returncode == 0

    line = run("set", "--username", name, "--role", "agent", "--capacity", "2", "--groups", "orders").stdout
    assert re.search(r"agent +offline +0/2 +小白 +orders +\[vip\]", line)
    assert line.strip() in run("list").stdout
    agent, conversation = _signed_in(desk, name, password).online(), queue_one(desk, bot)
    agent.claim(conversation)
    refused = run("disable", "--username", name)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "account_has_conversations" in refused.stderr
    assert run("disable", "--username", name, "--force").returncode == 0
    assert conversation.poll()["state"] == "queued"
    assert run("enable", "--username", name).returncode == 0
    fresh = run("reset-password", "--username", name).stdout.split()[1]
    assert _signed_in(desk, name, fresh).get("/agents/me").json()["must_change_password"] is True


def test_the_command_line_says_no_with_one_sentence(run: Run) -> None:
    for arguments, code in (
        (("disable", "--username", "nobody"), "account_unknown"),
        (("create", "--username", "X Y", "--display-name", "小白"), "account_invalid"),
    ):
        done = run(*arguments)
        assert (done.returncode, done.stdout) == (1, "")
        assert code in done.stderr
    assert run("create").returncode == 2
    assert run("create", "--username", "x", "--display-name", "x", "--password", "x").returncode == 2
