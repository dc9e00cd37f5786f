"""Who may say who somebody is: keys that change, sites apart, identities that count once, addresses, secrets."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from conftest import queue_one
from desk.customers.rules import Identity, sign_identity, verify_identity
from desk.kernel import settings
from desk.kernel.errors import UnauthorizedError
from desk.kernel.log import one_line, redacted
from desk.kernel.sites import Key, ancestors_of, keys_of, keys_of_sites
from desk.kernel.sites import load as load_sites
from doubles import TOKEN, BotDouble
from running import RunningDesk, identity
from test_access_matrix import COOKIE

OLD, NEW, BOOKS = "old-key-of-the-shop", "new-key-of-the-shop", "key-of-the-book-shop"
SITES = f"""
sites:
  - site: tea
    origins: [https://tea.example, "https://m.tea.example:8443"]
    identity_secrets: [{NEW}, {OLD}]
  - site: books
    origins: [https://books.example]
    identity_secrets: [{BOOKS}]
"""


def signed(site: str, key: str, *, seconds: int = 600) -> str:
    return sign_identity(Identity("C1001", int(time.time()) + seconds, uuid.uuid4().hex, site), key)


def private(path: Path, text: str, mode: int = 0o600) -> Path:
    path.write_text(text)
    path.chmod(mode)
    return path


def accepted(token: str, keys: tuple[Key, ...]) -> bool:
    try:
        verify_identity(token, keys, time.time())
    except UnauthorizedError:
        return False
    return True


def test_a_key_is_changed_without_turning_anybody_away() -> None:
    """New key first, later the old one is taken away."""
    with_old, with_new = signed("tea", OLD), signed("tea", NEW)
    for secrets, old, new in (
        (OLD, True, False),
        (f"{NEW}, {OLD}", True, True),
        (NEW, False, True),
        (" , ", False, False),
    ):
        assert (accepted(with_old, keys_of(secrets)), accepted(with_new, keys_of(secrets))) == (old, new)
    assert keys_of(f"{NEW},{OLD}")[0].secret == NEW


def test_one_shop_cannot_vouch_for_customers_of_another(tmp_path: Path) -> None:
    sites = load_sites(private(tmp_path / "sites.yml", SITES))
    keys = keys_of_sites(sites)
    for site, key, good in (
        ("tea", NEW, True), ("tea", OLD, True), ("books", BOOKS, True),
        ("books", NEW, False), ("tea", BOOKS, False), ("unknown", NEW, False), ("", BOOKS, False),
    ):  # fmt: skip
        assert accepted(signed(site, key), keys) is good, (site, key)
    assert ancestors_of(sites, "books") == ["https://books.example"]
    assert ancestors_of(sites, "unknown") == []


@pytest.mark.parametrize(
    ("text", "mode", "words"),
    [
        (SITES, 0o644, "chmod 600"),
        ("sites: []", 0o600, "cannot be used"),
        (SITES.replace("https://books.example", "https://*.example"), 0o600, "no path and no"),
        (SITES.replace("https://books.example", "https://books.example/shop"), 0o600, "no path and no"),
        (SITES.replace("https://books.example", "https://a.example; script-src *"), 0o600, "no path and no"),
        (SITES.replace("site: books", "site: tea"), 0o600, "twice"),
        (SITES.replace(BOOKS, "short"), 0o600, "cannot be used"),
        (SITES.replace(f"[{BOOKS}]", "[]"), 0o600, "cannot be used"),
    ],
)
def test_a_wrong_file_of_sites_stops_the_desk(tmp_path: Path, text: str, mode: int, words: str) -> None:
    file = private(tmp_path / "sites.yml", text, mode)
    environment = {"BATON_SHOP_TOKEN": "a" * 20, "BATON_BOT_TOKEN": "b" * 20, "BATON_SITES_FILE": str(file)}
    with pytest.raises(settings.SettingsError, match=words) as refused:
        settings.load(environment)
    assert not any(secret in str(refused.value) for secret in (OLD, NEW, BOOKS))


def test_secrets_come_from_private_files_only(tmp_path: Path) -> None:
    names = ("BATON_SHOP_TOKEN", "BATON_BOT_TOKEN", "BATON_IDENTITY_SECRET")
    files = {f"{name}_FILE": str(private(tmp_path / name, f"{name}-from-a-file\n")) for name in names}
    found = settings.load(files)
    assert (found.shop_token, found.bot_token) == ("BATON_SHOP_TOKEN-from-a-file", "BATON_BOT_TOKEN-from-a-file")
    assert found.identity_keys == (Key("BATON_IDENTITY_SECRET-from-a-file"),)
    assert settings.load({**files, "BATON_BOT_TOKEN": "from the environment"}).bot_token == "from the environment"
    for broken, words in ((0o644, "chmod 600"), (0o606, "chmod 600")):
        (tmp_path / "BATON_BOT_TOKEN").chmod(broken)
        with pytest.raises(settings.SettingsError, match=words):
            settings.load(files)
    private(tmp_path / "BATON_BOT_TOKEN", "\n")
    with pytest.raises(settings.SettingsError, match="is empty"):
        settings.load(files)
    with pytest.raises(settings.SettingsError, match="cannot be read"):
        settings.load({**files, "BATON_BOT_TOKEN_FILE": str(tmp_path / "nowhere")})


def test_a_log_line_tells_no_secret_and_stays_one_line() -> None:
    for secret in (
        "ct_" + "aB3-_" * 8,
        "as_" + "x" * 43,
        "postgresql://desk:hunter2@db/desk",
        "Bearer abc.def",
        identity("C1001"),
        "13812345678",
        "330106199003071234",
    ):
        hidden = redacted(f"error: {secret} failed")
        assert secret not in hidden
        assert "hunter2" not in hidden
    assert one_line("a\r\nERROR forged\x1b[31m\u202e\u2028") == "a\\r\\nERROR forged\\x1b[31m\\u202e\\u2028"
    assert one_line("普通的一句话") == "普通的一句话"


@dataclass
class Fortress:
    """A desk with everything shut, and every secret it was given or gave out."""

    desk: RunningDesk
    secrets: list[str]

    def open(self, address: str = "203.0.113.9", **body: object) -> httpx.Response:
        answer = self.desk.http.post("/api/v1/conversations", json=body, headers={"X-Forwarded-For": address})
        if answer.status_code == 201:
            self.secrets.append(answer.json()["token"])
        return answer


@pytest.fixture(scope="module")
def fortress(tmp_path_factory: pytest.TempPathFactory, shared_bot: BotDouble) -> Iterator[Fortress]:
    folder = tmp_path_factory.mktemp("fortress")
    desk = RunningDesk(
        folder,
        BATON_RASA_URL=f"http://127.0.0.1:{shared_bot.port}",
        BATON_SITES_FILE=str(private(folder / "sites.yml", SITES)),
        BATON_BOT_TOKEN="",
        BATON_BOT_TOKEN_FILE=str(private(folder / "bot", TOKEN)),
        BATON_IDENTITY_ONCE="1",
        BATON_TRUSTED_PROXIES="127.0.0.1",
        BATON_OPENINGS_A_MINUTE_ADDRESS="6",
        BATON_LOG_LEVEL="debug",
    ).start()
    yield Fortress(desk, [OLD, NEW, BOOKS, TOKEN, desk.environment["BATON_SHOP_TOKEN"]])
    desk.http.close()
    desk.stop()


def test_an_identity_opens_one_conversation(fortress: Fortress) -> None:
    token = signed("tea", OLD)
    fortress.secrets.append(token)
    first, again = fortress.open("198.51.100.1", identity=token), fortress.open("198.51.100.1", identity=token)
    assert (first.status_code, again.status_code) == (201, 401)
    assert again.json()["error"]["code"] == "identity_invalid"
    assert fortress.open("198.51.100.1", identity=signed("tea", BOOKS)).status_code == 401
    assert fortress.open("198.51.100.1", identity=signed("tea", NEW, seconds=-1)).status_code == 401


def test_one_address_cannot_open_conversations_without_end(fortress: Fortress) -> None:
    statuses = [fortress.open("203.0.113.1").status_code for _ in range(8)]
    assert statuses == [201] * 6 + [429] * 2
    refused = fortress.open("203.0.113.1").json()["error"]
    assert (refused["code"], "同一网络" in refused["message"]) == ("too_many_conversations", True)
    assert fortress.open("203.0.113.2").status_code == 201
    # One household of IPv6 has 2**64 addresses; they count as one.
    six = [fortress.open(f"2001:db8:1:2::{number:x}").status_code for number in range(1, 9)]
    assert six == [201] * 6 + [429] * 2
    # What the client itself writes in front of the proxy's entry counts for nothing.
    assert fortress.open("192.0.2.77, 203.0.113.1").status_code == 429


def test_nobody_is_believed_who_is_no_trusted_proxy(desk: RunningDesk) -> None:
    """The shared desk trusts none: the header changes nothing, not even for the metrics of this machine."""
    for number in range(130):
        answer = desk.http.get("/healthz", headers={"X-Forwarded-For": f"203.0.113.{number}"})
        assert answer.status_code == 200
    assert desk.http.get("/metrics", headers={"X-Forwarded-For": "127.0.0.1"}).status_code == 403


def test_each_site_embeds_its_own_widget_only(fortress: Fortress) -> None:
    def ancestors(query: str) -> str:
        policy = fortress.desk.http.get(f"/widget/frame{query}").headers["content-security-policy"]
        return policy.partition("frame-ancestors ")[2]

    assert ancestors("?site=tea") == "https://tea.example https://m.tea.example:8443"
    assert ancestors("?site=books") == "https://books.example"
    for stranger in ("", "?site=", "?site=unknown", "?site=tea;script-src%20*", "?site=tea%0d%0aX-Evil:1"):
        assert ancestors(stranger) == "'none'"


def test_only_the_sites_own_origins_may_call_from_their_pages(fortress: Fortress) -> None:
    def allowed(origin: str) -> str | None:
        preflight = {"Origin": origin, "Access-Control-Request-Method": "POST"}
        answer = fortress.desk.http.options("/api/v1/conversations", headers=preflight)
        assert "access-control-allow-credentials" not in answer.headers
        found: str | None = answer.headers.get("access-control-allow-origin")
        return found

    assert allowed("https://books.example") == "https://books.example"
    for origin in (
        "https://evil.example",
        "https://books.example.evil",
        "https://booksXexample",
        "http://books.example",
        "null",
        "https://x.books.example",
    ):
        assert allowed(origin) is None, origin


def test_without_sites_no_other_page_may_call(desk: RunningDesk) -> None:
    answer = desk.http.get("/api/v1/service-hours", headers={"Origin": "https://shop.example"})
    assert [name for name in answer.headers if name.startswith("access-control")] == []


def test_no_other_site_logs_a_browser_in_or_uses_its_login(desk: RunningDesk) -> None:
    agent = desk.new_agent()
    body = {"username": agent.username, "password": "wrong"}
    own = f"http://127.0.0.1:{desk.port}"
    for origin, status in (("https://evil.example", 403), ("null", 403), (own, 401)):
        answer = desk.http.post("/api/v1/agents/login", json=body, headers={"Origin": origin})
        assert answer.status_code == status, origin
    # A form of another site can send the cookie (where SameSite is not known) but no header of ours.
    cookie = {"Cookie": f"{COOKIE}={agent.token}"}
    for content_type in ("text/plain", "application/x-www-form-urlencoded", "application/json"):
        for origin, code in (("https://evil.example", "origin_forbidden"), (own, "console_header_required")):
            headers = {**cookie, "Content-Type": content_type, "Origin": origin}
            refused = desk.http.put("/api/v1/agents/me/presence", content=b'{"state":"online"}', headers=headers)
            assert refused.json()["error"]["code"] == code
    good = desk.http.put(
        "/api/v1/agents/me/presence", json={"state": "online"}, headers={**cookie, "X-Baton-Console": "1"}
    )
    assert good.status_code == 200


def test_no_secret_is_in_the_log_of_a_run(fortress: Fortress, shared_bot: BotDouble) -> None:
    """Everything that goes wrong is done on purpose, at log level debug, with secrets and personal data at hand."""
    desk, said = fortress.desk, "我的电话13900002222，身份证330106199003071234"
    conversation = queue_one(desk, shared_bot, text=said)
    agent = desk.new_agent().online()
    agent.claim(conversation)
    agent.say(conversation, said)
    fortress.secrets += [conversation.token, agent.token]
    password = "my-real-pass-word"
    desk.http.post("/api/v1/agents/login", json={"username": password, "password": password})
    desk.http.post("/api/v1/agents/login", content=b'{"username": "x", "password": "' + password.encode())
    for path in ("/api/v1/conversations/" + conversation.token, "/%0aERROR%20forged%20line", "/widget/" + agent.token):
        desk.http.get(path, headers={"Authorization": f"Bearer {agent.token}", "Cookie": f"{COOKIE}={agent.token}"})
    desk.http.post(
        f"{conversation.path}/messages", json={"client_id": "\x00", "text": said}, headers=conversation.headers
    )
    desk.http.get("/api/v1/conversations/x/customer", headers=agent.headers)
    log = desk.log_file.read_text(encoding="utf-8", errors="replace")
    assert "desk starts" in log
    assert [
        secret for secret in [*fortress.secrets, password, "13900002222", "330106199003071234"] if secret in log
    ] == []
    assert [line for line in log.splitlines() if line.startswith("ERROR forged")] == []
