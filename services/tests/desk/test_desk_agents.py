"""Agents: logins, cookies, throttling, presence, accounts."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from desk import accounts, demo
from doubles import BotDouble
from running import SERVICES, Chat, RunningDesk, wait_until

Command = Callable[..., tuple[int, str, str]]


def _log_in(desk: RunningDesk, username: str, password: str) -> tuple[int, str]:
    answer = desk.http.post("/api/v1/agents/login", json={"username": username, "password": password})
    desk.http.cookies.clear()
    return answer.status_code, answer.json().get("error", {}).get("code", "")


def test_a_login_gives_a_token_and_a_strict_cookie(desk: RunningDesk) -> None:
    agent = desk.new_account(name="小周")
    answer = desk.http.post("/api/v1/agents/login", json={"username": agent.username, "password": agent.password})
    cookie = answer.headers["set-cookie"]
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= {part.strip() for part in cookie.split(";")}
    assert answer.json()["agent"]["display_name"] == "小周"
    desk.http.cookies.clear()
    by_cookie = {"Cookie": cookie.split(";")[0]}
    assert desk.http.get("/api/v1/agents/me", headers=by_cookie).json()["username"] == agent.username
    change = {"state": "online"}
    without = desk.http.put("/api/v1/agents/me/presence", json=change, headers=by_cookie)
    assert (without.status_code, without.json()["error"]["code"]) == (403, "console_header_required")
    with_header = desk.http.put(
        "/api/v1/agents/me/presence", json=change, headers={**by_cookie, "X-Baton-Console": "1"}
    )
    assert with_header.json() == {"state": "online"}


def test_wrong_names_and_passwords_sound_the_same_and_are_throttled(make_desk: object, own_bot: BotDouble) -> None:
    desk: RunningDesk = make_desk(own_bot, BATON_LOGIN_ATTEMPTS_ADDRESS="12")  # type: ignore[operator]
    agent, other = desk.new_account(), desk.new_account()
    for _ in range(5):
        assert _log_in(desk, agent.username, "wrong") == (401, "login_failed")
    assert _log_in(desk, agent.username, "wrong") == (429, "too_many_attempts")
    assert _log_in(desk, agent.username, agent.password) == (429, "too_many_attempts")
    assert _log_in(desk, other.username, other.password)[0] == 200  # others may still come in
    for number in range(7):
        assert _log_in(desk, f"nobody{number}", "x") == (401, "login_failed")
    assert _log_in(desk, "another", "x") == (429, "too_many_attempts")  # the address has had enough
    desk.kill()
    desk.start()
    assert _log_in(desk, agent.username, agent.password) == (429, "too_many_attempts")  # counters are stored


def test_logging_out_ends_the_session_and_its_socket(desk: RunningDesk) -> None:
    agent = desk.new_agent()

    async def follow() -> int:
        async with desk.console(agent) as console:
            assert (await asyncio.to_thread(agent.post, "/agents/logout")).status_code == 204
            return await console.closed()

    assert asyncio.run(follow()) == 4401
    assert agent.get("/agents/me").status_code == 401


def test_presence_must_be_one_of_four(desk: RunningDesk) -> None:
    answer = desk.new_agent().put("/agents/me/presence", {"state": "asleep"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "presence_invalid")


def test_a_lost_console_goes_offline_after_its_grace_and_comes_back(desk: RunningDesk) -> None:
    agent, watcher = desk.new_agent().online(), desk.new_agent()

    def presence() -> str:
        found = watcher.get("/agents").json()["agents"]
        return str(next(a["presence"] for a in found if a["agent_id"] == agent.agent["agent_id"]))

    async def come_and_go() -> Chat:
        async with desk.console(agent) as console:
            await console.send(type="ping")
            await console.expect("pong")
            return console

    assert asyncio.run(come_and_go()).welcome["presence"] == "online"
    assert presence() == "online"
    wait_until(lambda: presence() == "offline", 6)
    assert asyncio.run(come_and_go()).welcome["presence"] == "online"
    agent.put("/agents/me/presence", {"state": "offline"})
    assert asyncio.run(come_and_go()).welcome["presence"] == "offline"  # what one chose oneself stays


def test_a_cookie_opens_the_socket_from_the_desks_own_pages_only(desk: RunningDesk) -> None:
    agent = desk.new_agent()
    cookie = {"Cookie": f"baton_console={agent.token}"}

    async def first_answer(origin: str | None) -> tuple[str, int]:
        headers = {**cookie, **({} if origin is None else {"Origin": origin})}
        async with desk.socket("/ws/agent", additional_headers=headers) as chat:
            await chat.send(type="hello")
            frame = await chat.receive()
            code = 0 if frame["type"] == "welcome" else await chat.closed()
            return frame["type"], code

    assert asyncio.run(first_answer(f"http://127.0.0.1:{desk.port}")) == ("welcome", 0)
    for origin in ("http://evil.example", "null", None, f"http://127.0.0.1:{desk.port}.evil.example"):
        assert asyncio.run(first_answer(origin)) == ("error", 4403)


@pytest.fixture
def command(desk: RunningDesk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs a command line in the environment of the running desk: (exit code, output, errors)."""
    for name, value in desk.environment.items():
        if name.startswith("BATON_"):
            monkeypatch.setenv(name, value)

    def run(main: Callable[[list[str]], int], *arguments: str) -> tuple[int, str, str]:
        code = main(list(arguments))
        output = capsys.readouterr()
        return code, output.out, output.err

    return run


def test_accounts_on_the_command_line(desk: RunningDesk, command: Command) -> None:
    create = ("create", "--username", "cli.one", "--display-name", "小白", "--groups", "orders,logistics")
    code, output, _ = command(accounts.main, *create)
    assert code == 0
    username, password = output.split()
    assert _log_in(desk, username, password)[0] == 200
    code, output, errors = command(accounts.main, *create)
    assert (code, output) == (1, "")
    assert "用户名已被使用" in errors
    fresh = command(accounts.main, "set-password", "--username", username)[1].split()[1]
    assert _log_in(desk, username, password)[0] == 401
    assert _log_in(desk, username, fresh)[0] == 200
    assert command(accounts.main, "disable", "--username", username)[0] == 0
    assert _log_in(desk, username, fresh) == (401, "login_failed")
    assert "disabled" in command(accounts.main, "list")[1]
    assert command(accounts.main, "disable", "--username", "nobody")[0] == 1
    assert command(accounts.main, "create", "--username", "X Y", "--display-name", "小白")[0] == 1


def test_demo_agents_are_made_once(desk: RunningDesk, command: Command) -> None:
    def make(_arguments: list[str]) -> int:
        return demo.main()

    file = Path(desk.folder) / "demo_logins.json"
    assert command(make)[0] == 0
    logins = json.loads(file.read_text(encoding="utf-8"))
    assert file.stat().st_mode & 0o777 == 0o600
    assert [(login["username"], login["role"]) for login in logins] == [
        ("xiaozhou", "agent"), ("xiaolin", "agent"), ("banzhang", "supervisor"), ("guanli", "administrator"),
    ]  # fmt: skip
    assert command(make)[0] == 0
    assert json.loads(file.read_text(encoding="utf-8")) == logins
    assert _log_in(desk, "xiaozhou", logins[0]["password"])[0] == 200
    file.unlink()
    assert command(make)[0] == 0
    assert _log_in(desk, "xiaozhou", json.loads(file.read_text(encoding="utf-8"))[0]["password"])[0] == 200


def test_without_a_secret_the_desk_says_so_and_does_not_start(desk: RunningDesk) -> None:
    environment = {name: value for name, value in desk.environment.items() if name != "BATON_BOT_TOKEN"}
    done = subprocess.run(
        [sys.executable, "-m", "desk"], cwd=SERVICES, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.strip().splitlines()[-1].startswith("desk: BATON_BOT_TOKEN is not set")
