"""The customer's HTTP mirror, against a running desk."""

from __future__ import annotations

import re
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from doubles import BotDouble, reply
from running import Conversation, RunningDesk, identity


def test_a_conversation_opens_with_a_greeting_and_the_bot_answers(desk: RunningDesk, bot: BotDouble) -> None:
    bot.script["我那个耳机咋还没到"] = reply("昨天到了杭州。", "预计明天 14:00 前送到。")
    conversation = desk.open(
        page={"url": "https://shop.example/o", "title": "订单详情", "order_id": "20261118000123"},
        device={"system": "iOS 17", "browser": "Safari"},
    )
    answer = conversation.send("我那个耳机咋还没到", client_id="k1")
    assert answer.json() == {"client_id": "k1", "message_id": answer.json()["message_id"], "seq": 2}
    conversation.wait_text("预计明天 14:00 前送到。")
    events = conversation.events()
    assert [event["sender"] for event in events] == ["bot", "customer", "bot", "bot"]
    assert "0123" in events[0]["text"]
    assert {button["payload"] for button in events[0]["buttons"]} >= {"/request_human", "/query_logistics"}
    asked = bot.asked("我那个耳机咋还没到")[0]
    assert asked["conversation_id"] == conversation.id
    assert (asked["session"], asked["payload"]) == (1, None)
    assert asked["context"]["customer"] is None
    assert asked["context"]["page"]["order_id"] == "20261118000123"
    assert asked["context"]["device"] == {"system": "iOS 17", "browser": "Safari"}
    assert not any("understanding" in event for event in events)


def test_the_signed_customer_is_greeted_by_name_and_told_to_the_bot(desk: RunningDesk, bot: BotDouble) -> None:
    known = desk.http.get("/demo/customers").json()["customers"][0]
    conversation = desk.open(identity=known["identity"])
    assert conversation.events()[0]["text"].startswith(known["name"][0])
    conversation.send("我是谁")
    conversation.wait_text("收到：我是谁")
    customer = next(b for b in bot.asked("我是谁") if b["conversation_id"] == conversation.id)["context"]["customer"]
    assert customer == {"customer_id": known["customer_id"], "verified_by": "signed"}


@pytest.mark.parametrize("token", ["", "v1.e30.x", identity(secret="other"), identity(seconds=-1), 5])
def test_a_bad_identity_is_never_silently_anonymous(desk: RunningDesk, token: object) -> None:
    answer = desk.http.post("/api/v1/conversations", json={"identity": token})
    assert answer.status_code in {400, 401}
    assert answer.json()["error"]["code"] in {"identity_invalid", "invalid_request"}
    assert (answer.status_code == 401) == isinstance(token, str)


def test_the_page_of_a_message_replaces_the_one_before(desk: RunningDesk, bot: BotDouble) -> None:
    conversation = desk.open(page={"order_id": "1"})
    conversation.send("换了页面", page={"order_id": "2", "url": "https://shop.example/2"})
    conversation.wait_text("收到：换了页面")
    assert bot.asked("换了页面")[-1]["context"]["page"]["order_id"] == "2"


def test_a_resend_gets_the_same_answer_and_is_stored_once(desk: RunningDesk, bot: BotDouble) -> None:
    conversation = desk.open()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: conversation.send("只说一次", client_id="same").json(), range(16)))
    assert len({(a["message_id"], a["seq"]) for a in answers}) == 1
    conversation.wait_text("收到：只说一次")
    assert conversation.texts("customer") == ["只说一次"]
    assert len([b for b in bot.asked("只说一次") if b["conversation_id"] == conversation.id]) == 1


def test_many_at_once_get_a_gap_free_sequence_and_are_answered_in_order(desk: RunningDesk) -> None:
    conversation = desk.open()
    with ThreadPoolExecutor(10) as pool:
        seqs = sorted(pool.map(lambda n: conversation.send(f"第 {n} 条").json()["seq"], range(18)))
    assert len(set(seqs)) == 18
    said = conversation.texts("customer")
    conversation.wait_text(f"收到：{said[-1]}")
    assert conversation.texts("bot")[1:] == [f"收到：{text}" for text in said]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"text": ""}, 422, "message_empty"),
        ({"text": "  \n"}, 422, "message_empty"),
        ({"text": None}, 422, "message_empty"),
        ({"text": "长" * 2_001}, 422, "message_too_long"),
        ({"text": "a\x00b"}, 422, "message_invalid_characters"),
        ({"text": "转人工", "payload": "/handoff"}, 422, "payload_not_offered"),
        ({"text": "x", "payload": ""}, 422, "payload_not_offered"),
        ({"text": "x", "client_id": "y" * 65}, 422, "client_id_invalid"),
        ({"text": "x", "client_id": ""}, 422, "client_id_invalid"),
        ({"text": "x", "client_id": "desk:x"}, 422, "client_id_invalid"),
        ({"text": 5}, 400, "invalid_request"),
        ({"text": "x", "page": {"url": "u" * 3_000}}, 400, "invalid_request"),
    ],
)
def test_bad_messages_get_a_clear_error_and_change_nothing(
    desk: RunningDesk, body: dict[str, object], status: int, code: str
) -> None:
    conversation = desk.open()
    answer = desk.http.post(
        f"{conversation.path}/messages", json={"client_id": "k", **body}, headers=conversation.headers
    )
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert answer.json()["error"]["message"]
    assert len(conversation.events()) == 1


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b'"x"', b'{"client_id":"a","text":"\\ud800"}', b"\xff\xfe", b"null"])
def test_bodies_that_are_no_message(desk: RunningDesk, raw: bytes) -> None:
    conversation = desk.open()
    headers = {**conversation.headers, "Content-Type": "application/json"}
    answer = desk.http.post(f"{conversation.path}/messages", content=raw, headers=headers)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "invalid_request"


def test_a_body_over_64_kb_is_refused(desk: RunningDesk) -> None:
    conversation = desk.open()
    answer = conversation.send("长" * 40_000)
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "body_too_large")


@pytest.mark.parametrize(
    "text",
    ["<script>alert(1)</script>", "/restart", '/handoff{"x":1}', "{{7*7}} ${x} {name}", "'; DROP TABLE events; --"],
)
def test_what_is_typed_is_text_and_stays_text(desk: RunningDesk, bot: BotDouble, text: str) -> None:
    conversation = desk.open()
    conversation.send(text)
    conversation.wait_text(f"收到：{text}")
    assert conversation.texts("customer") == [text]
    asked = bot.asked(text)[-1]
    assert (asked["text"], asked["payload"]) == (text, None)


def test_only_an_offered_payload_is_a_payload(desk: RunningDesk, bot: BotDouble) -> None:
    offer = '/inform{"order_id":"20261118000123"}'
    card = {"type": "order_list", "orders": [{"order_id": "20261118000123", "title": "云听降噪耳机", "payload": offer}]}
    bot.script["哪个订单"] = {**reply(), "replies": [{"text": "选一个：", "card": card}]}
    conversation, other = desk.open(), desk.open()
    assert conversation.send("x", payload=offer).status_code == 422
    conversation.send("哪个订单")
    conversation.wait_text("选一个：")
    answer = conversation.send(None, payload=offer)
    assert answer.status_code == 200
    conversation.wait_text("收到：云听降噪耳机")
    assert bot.asked("云听降噪耳机")[-1]["payload"] == offer
    assert other.send("x", payload=offer).json()["error"]["code"] == "payload_not_offered"
    assert conversation.send("x", payload=offer + " ").status_code == 422


def test_the_long_poll_returns_as_soon_as_something_happens(desk: RunningDesk) -> None:
    conversation = desk.open()
    threading.Timer(0.5, lambda: conversation.send("叫醒你")).start()
    started = time.monotonic()
    page = conversation.poll(after=1, wait=20)
    assert time.monotonic() - started < 10
    assert page["events"][0]["text"] == "叫醒你"
    assert (page["state"], page["queue"], page["agent"]) == ("bot", None, None)


def test_the_long_poll_ends_empty_after_its_time(desk: RunningDesk) -> None:
    conversation = desk.open()
    started = time.monotonic()
    assert conversation.poll(after=1, wait=0.6)["events"] == []
    assert 0.5 < time.monotonic() - started < 5


CUSTOMER_ROUTES = [
    ("GET", "", None),
    ("GET", "/events", None),
    ("POST", "/messages", {"client_id": "k", "text": "x"}),
    ("POST", "/handoff-cancellation", {}),
    ("POST", "/rating", {"score": 5}),
    ("PUT", "/read-mark", {"seq": 1}),
    ("POST", "/attachments", {}),
    ("GET", "/attachments/a_x", None),
    ("GET", "/attachments/a_x/thumbnail", None),
    ("GET", "/transcript", None),
]
IDENTITY_ROUTES = [("GET", "/api/v1/customers/me/conversations")]  # see test_desk_archive
AGENT_ROUTES = [
    ("GET", "/api/v1/agents/me", None),
    ("GET", "/api/v1/agents", None),
    ("PUT", "/api/v1/agents/me/presence", {"state": "online"}),
    ("POST", "/api/v1/agents/logout", {}),
    ("GET", "/api/v1/handoffs", None),
    ("GET", "/api/v1/handoffs/h_x", None),
    ("POST", "/api/v1/handoffs/h_x/claim", {}),
    ("POST", "/api/v1/handoffs/h_x/confirm-history", {}),
    ("POST", "/api/v1/handoffs/h_x/decline", {}),
    ("GET", "/api/v1/conversations", None),
    ("GET", "/api/v1/conversations/{id}/customer", None),
    ("GET", "/api/v1/conversations/{id}/customer/orders/o_x", None),
    ("GET", "/api/v1/conversations/{id}/customer/tickets", None),
    ("GET", "/api/v1/conversations/{id}/contacts", None),
    ("GET", "/api/v1/conversations/{id}/agent-actions", None),
    ("POST", "/api/v1/conversations/{id}/agent-actions/preview", {"action": "coupon", "reason": "x"}),
    ("POST", "/api/v1/conversations/{id}/agent-actions", {"client_id": "k", "action": "coupon", "reason": "x"}),
    ("GET", "/api/v1/agent-actions", None),
    ("GET", "/api/v1/agent-actions/csv", None),
    ("POST", "/api/v1/conversations/{id}/resolve", {"outcome": "solved"}),
    ("POST", "/api/v1/conversations/{id}/handback", {}),
    ("POST", "/api/v1/conversations/{id}/transfer", {"note": "x", "group": "orders"}),
    ("POST", "/api/v1/conversations/{id}/takeover", {}),
    ("POST", "/api/v1/conversations/{id}/join", {}),
    ("POST", "/api/v1/conversations/{id}/leave", {}),
    ("GET", "/api/v1/conversations/{id}/private-notes", None),
    ("POST", "/api/v1/conversations/{id}/private-notes", {"client_id": "k", "text": "x"}),
    ("GET", "/api/v1/conversations/{id}/canned-responses", None),
    ("GET", "/api/v1/wording-rules", None),
    ("GET", "/api/v1/wall", None),
    ("GET", "/api/v1/wall/cases", None),
    ("GET", "/api/v1/reports", None),
    ("GET", "/api/v1/playbook", None),
    ("GET", "/api/v1/audit", None),
    ("GET", "/api/v1/conversations/search", None),
]


def _call(desk: RunningDesk, method: str, path: str, body: object, token: str | None) -> httpx.Response:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    return desk.http.request(method, path, json=body, headers=headers)


@pytest.mark.parametrize(("method", "path", "body"), CUSTOMER_ROUTES)
def test_a_conversation_opens_to_its_own_token_only(desk: RunningDesk, method: str, path: str, body: object) -> None:
    mine, theirs = desk.open(), desk.open()
    for token in (mine.token, None, "ct_x", "as_x", theirs.token + "x", theirs.token.removeprefix("ct_")):
        answer = _call(desk, method, theirs.path + path, body, token)
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "unauthorized"), token
        unknown = _call(desk, method, "/api/v1/conversations/c_unknown" + path, body, token)
        assert unknown.json() == answer.json()
    assert len(theirs.events()) == 1


@pytest.mark.parametrize(("method", "path", "body"), AGENT_ROUTES)
def test_agents_routes_are_closed_to_customers_and_strangers(
    desk: RunningDesk, method: str, path: str, body: object
) -> None:
    conversation = desk.open()
    for token in (conversation.token, None, "as_x"):
        answer = _call(desk, method, path.replace("{id}", conversation.id), body, token)
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "unauthorized")


def test_every_route_under_api_is_in_one_of_the_two_lists(desk: RunningDesk) -> None:
    named = {"h_x": "{handoff_id}", "o_x": "{order_id}"}
    known = {(method, re.sub("[ho]_x", lambda found: named[found[0]], path)) for method, path, _ in AGENT_ROUTES}
    of_customers = {(method, path.replace("a_x", "{attachment_id}")) for method, path, _ in CUSTOMER_ROUTES}
    known |= {(method, "/api/v1/conversations/{id}" + path) for method, path in of_customers}
    known |= {
        *IDENTITY_ROUTES,
        ("POST", "/api/v1/conversations"),
        ("POST", "/api/v1/agents/login"),
        ("GET", "/api/v1/service-hours"),
    }
    schema = desk.http.get("/docs/openapi.json").json()
    served = {
        (method.upper(), path.replace("{conversation_id}", "{id}"))
        for path, operations in schema["paths"].items()
        for method in operations
        if not re.match("/api/v1/(accounts|webhooks|agents/me/(password|sessions))", path)  # see test_desk_accounts
    }
    assert served == known


def test_too_many_messages_at_once_are_refused_and_nothing_is_lost(desk: RunningDesk) -> None:
    conversation = desk.open()
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda n: conversation.send(f"快 {n}", client_id=f"f{n}"), range(60)))
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    assert refused[0].json()["error"]["code"] == "too_many_messages"
    assert len(conversation.texts("customer")) == 60 - len(refused)


def test_errors_have_one_shape_everywhere(desk: RunningDesk) -> None:
    for method, path, status, code in (
        ("GET", "/api/v1/nothing", 404, "not_found"),
        ("DELETE", "/api/v1/conversations", 405, "method_not_allowed"),
        ("GET", "/api/v1/conversations/c_x/events?after=-1", 400, "invalid_request"),
        ("GET", "/api/v1/conversations/c_x/events?after=x", 400, "invalid_request"),
    ):
        answer = desk.http.request(method, path)
        assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_health_readiness_and_metrics(desk: RunningDesk, bot: BotDouble) -> None:
    assert desk.http.get("/healthz").json() == {"status": "ok"}
    assert desk.http.get("/readyz").json() == {
        "status": "ok",
        "database": True,
        "bot": True,
        "shop": True,
        "fanout": "none",
    }
    assert "baton_messages_total" in desk.http.get("/metrics").text
    assert desk.http.get("/metrics", headers={"X-Forwarded-For": "127.0.0.1"}).status_code == 403
    assert "/api/v1/conversations" in desk.http.get("/docs").text


def test_logs_hold_no_text_no_token_and_no_phone(desk: RunningDesk) -> None:
    marker = uuid.uuid4().hex
    conversation = desk.open()
    conversation.send(f"我的电话 13812345678 {marker}")
    conversation.send("x" * 3_000)
    log = desk.log_file.read_text()
    assert marker not in log
    assert conversation.token not in log
    assert "13812345678" not in log


def test_conversation_view_of_the_customer_holds_nothing_for_agents(
    desk: RunningDesk, queued: Callable[..., Conversation]
) -> None:
    conversation = queued()
    view = desk.http.get(conversation.path, headers=conversation.headers).json()
    assert view["state"] == "queued"
    assert view["queue"]["position"] >= 1
    assert not {"handoff", "page", "device", "customer_id"} & view.keys()
