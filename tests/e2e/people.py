"""A customer and an agent who use the HTTP mirror."""

from __future__ import annotations

import itertools
import time
import uuid
from typing import Any

import httpx

WAIT_SECONDS = 40.0
_clients: list[httpx.Client] = []


def client(url: str) -> httpx.Client:
    """A client that `close_all` closes at the end of the test."""
    made = httpx.Client(base_url=url, timeout=40)
    _clients.append(made)
    return made


def close_all() -> None:
    while _clients:
        _clients.pop().close()


class Customer:
    """One conversation as its customer sees it."""

    def __init__(self, url: str, identity: str | None = None, page: dict[str, Any] | None = None) -> None:
        self.http = client(url)
        body: dict[str, Any] = {"locale": "zh-CN"}
        if identity:
            body["identity"] = identity
        if page:
            body["page"] = page
        answer = self.http.post("/api/v1/conversations", json=body)
        assert answer.status_code == 201, answer.text
        self.id = answer.json()["conversation_id"]
        self.http.headers["Authorization"] = f"Bearer {answer.json()['token']}"
        self.seq = 0
        self.seen: list[dict[str, Any]] = []
        self.read()

    def post(self, text: str, client_id: str | None = None, payload: str | None = None) -> httpx.Response:
        body = {"client_id": client_id or str(uuid.uuid4()), "text": text}
        if payload:
            body["payload"] = payload
        return self.http.post(f"/api/v1/conversations/{self.id}/messages", json=body)

    def read(self, wait: float = 0) -> list[dict[str, Any]]:
        """New events since the last call; asserts that the sequence has no gap."""
        answer = self.http.get(f"/api/v1/conversations/{self.id}/events", params={"after": self.seq, "wait": wait})
        assert answer.status_code == 200, answer.text
        self.snapshot = answer.json()
        for event in self.snapshot["events"]:
            assert event["seq"] == self.seq + 1, "gap in the sequence"
            self.seq = event["seq"]
            self.seen.append(event)
        return list(self.snapshot["events"])

    @property
    def state(self) -> str:
        self.read()
        return str(self.snapshot["state"])

    def say(self, text: str, payload: str | None = None) -> str:
        """Sends and returns everything the bot answered, as one text."""
        sent = self.post(text, payload=payload)
        assert sent.status_code == 200, sent.text
        return self.answer_after(sent.json()["seq"])

    def answer_after(self, seq: int) -> str:
        """The bot's (or the system's) words after `seq`, once there are any."""
        deadline = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < deadline:
            self.read(wait=5)
            words = [e for e in self.seen if e["seq"] > seq and e["sender"] in ("bot", "agent", "system")]
            if words:
                return "\n".join(itertools.chain.from_iterable(texts(e) for e in words))
        raise AssertionError(f"no answer within {WAIT_SECONDS:.0f} s")

    def wait_state(self, wanted: str) -> None:
        deadline = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < deadline:
            if self.state == wanted:
                return
            time.sleep(0.1)
        raise AssertionError(f"state stayed {self.snapshot['state']}, wanted {wanted}")

    def press(self, title_part: str) -> str:
        """Clicks the newest offered button whose title contains the words."""
        for event in reversed(self.seen):
            for button in event.get("buttons") or []:
                if title_part in button["title"]:
                    return self.say(button["title"], payload=button["payload"])
            for order in (event.get("card") or {}).get("orders") or []:
                if title_part in order["order_id"]:
                    return self.say(order["order_id"], payload=order["payload"])
        raise AssertionError(f"no button with {title_part}")


def end_everything(url: str, logins: list[dict[str, Any]]) -> None:
    """Resolve what these agents have, and what waits, and send them home; the last may claim from every group."""
    everybody = [AgentClient(url, login["username"], login["password"]) for login in logins]
    for agent in everybody:
        agent.resolve_own()
    helper = everybody[-1]
    rows = helper.http.get("/api/v1/handoffs", params={"state": "queued"}).json()["handoffs"]
    if rows:
        helper.go_online()
    for row in rows:
        helper.claim(row["id"])
        helper.resolve_own()
    for agent in everybody:
        agent.http.put("/api/v1/agents/me/presence", json={"state": "offline", "force": True})


def texts(event: dict[str, Any]) -> list[str]:
    """What a person reads in an event: text, card words, button titles."""
    found = [event["text"]] if event.get("text") else []
    card = event.get("card")
    if card:
        found.append(str(card))
    found.extend(button["title"] for button in event.get("buttons") or [])
    return found


class AgentClient:
    """An agent signed in over HTTP."""

    def __init__(self, url: str, username: str, password: str) -> None:
        self.http = client(url)
        answer = self.http.post("/api/v1/agents/login", json={"username": username, "password": password})
        assert answer.status_code == 200, answer.text
        self.http.headers["Authorization"] = f"Bearer {answer.json()['token']}"

    def go_online(self) -> None:
        answer = self.http.put("/api/v1/agents/me/presence", json={"state": "online"})
        assert answer.status_code == 200, answer.text

    def handoff_of(self, conversation_id: str) -> dict[str, Any]:
        """The queued handoff of a conversation, with its summary."""
        rows = self.http.get("/api/v1/handoffs", params={"state": "queued"}).json()["handoffs"]
        row = next(row for row in rows if row["conversation_id"] == conversation_id)
        return dict(self.http.get(f"/api/v1/handoffs/{row['id']}").json())

    def resolve_own(self) -> None:
        for row in self.http.get("/api/v1/conversations").json()["conversations"]:
            self.http.post(f"/api/v1/conversations/{row['conversation_id']}/resolve", json={"outcome": "solved"})

    def claim(self, handoff_id: str) -> httpx.Response:
        return self.http.post(f"/api/v1/handoffs/{handoff_id}/claim")

    def say(self, conversation_id: str, text: str) -> httpx.Response:
        body = {"client_id": str(uuid.uuid4()), "text": text}
        return self.http.post(f"/api/v1/conversations/{conversation_id}/messages", json=body)
