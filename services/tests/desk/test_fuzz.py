"""A minute of fuzzing: both HTTP APIs and both sockets are sent what nobody would write; nothing answers 500.

The long version, with schemathesis, is `make fuzz`.
"""

from __future__ import annotations

import json
import os
import re
from typing import Any
from urllib.parse import quote

import httpx
import msgspec
import pytest
from conftest import queue_one
from doubles import BotDouble
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from running import SHOP_TOKEN, RunningDesk
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

EXAMPLES = int(os.environ.get("BATON_FUZZ_EXAMPLES", "60"))
CALM = settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
# Ending the login that asks would turn the rest of the run into one long 401.
LEFT_OUT = re.compile(r"logout|me/sessions|me/password")

ODD = st.sampled_from(
    ["", " ", "\x00", "\n", "\u202e", "\u200b", "😀", "'", '"', "%00", "%", "/", "..", "-1", "1e999", "NaN", "null",
     "９", "9" * 40, "x" * 3000, "2026-13-45", "0001-01-01", "9999-12-31", "c_01ARZ3NDEKTSV4RRFFQ69G5FAV", "queued"],
)  # fmt: skip
LEAF = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(allow_nan=False), st.text(max_size=30), ODD
)
VALUE = st.recursive(
    LEAF, lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(ODD, inner, max_size=3))
)


COMMANDS = ["send", "read", "typing", "resend_from", "cancel_handoff", "rate", "subscribe", "unsubscribe"]
Operation = tuple[str, str, dict[str, Any]]


def operations(http: httpx.Client) -> list[Operation]:
    """(method, path, names of its query and body) of everything the service documents."""
    document = http.get("/docs/openapi.json").json()
    found = []
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if LEFT_OUT.search(path):
                continue
            content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            reference = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
            fields = document["components"]["schemas"].get(reference, {}).get("properties", {})
            query = [one["name"] for one in operation.get("parameters", ()) if one["in"] == "query"]
            found.append((method.upper(), path, {"query": query, "fields": list(fields), "body": bool(content)}))
    return found


def sent(
    http: httpx.Client, draw: st.DataObject, operation: tuple[str, str, dict[str, Any]], ids: dict[str, str]
) -> None:
    """One call with drawn values; AssertionError when it answers 5xx (503: a system behind it is away)."""
    method, path, names = operation

    def value(name: str) -> str:
        known = ids.get(name)
        drawn = draw.draw(ODD if known is None else st.one_of(st.just(known), ODD))
        return quote(drawn, safe="") or "%20"

    url = re.sub(r"\{(\w+)[^}]*\}", lambda found: value(found[1]), path)
    params = {name: draw.draw(ODD) for name in names["query"] if draw.draw(st.booleans())}
    request: dict[str, Any] = {"params": params}
    if names["body"]:
        named = st.dictionaries(st.sampled_from(names["fields"] or ["a"]), VALUE, max_size=6)
        request["content"] = json.dumps(draw.draw(st.one_of(named, VALUE)))
        request["headers"] = {"Content-Type": "application/json"}
    answer = http.request(method, url, **request)
    assert answer.status_code < 500 or answer.status_code == 503, f"{method} {url} {request}: {answer.text}"


def test_the_desk_never_answers_500(desk: RunningDesk, bot: BotDouble) -> None:
    conversation, administrator = queue_one(desk, bot), desk.new_agent(role="administrator").online()
    ids = {
        "conversation_id": conversation.id,
        "handoff_id": administrator.queued(conversation)["id"],
        "agent_id": desk.new_agent().agent["agent_id"],
    }
    callers = [conversation.headers, administrator.headers]
    with httpx.Client(base_url=desk.http.base_url, timeout=40) as http:
        known = operations(http)
        assert len(known) > 40

        @CALM
        @given(st.data())
        def ask(draw: st.DataObject) -> None:
            http.headers = httpx.Headers(draw.draw(st.sampled_from(callers)))
            for operation in draw.draw(st.lists(st.sampled_from(known), min_size=5, max_size=5)):
                sent(http, draw, operation, ids)

        ask()


def test_the_shop_never_answers_500(shop_url: str) -> None:
    with httpx.Client(base_url=shop_url, timeout=40, headers={"Authorization": f"Bearer {SHOP_TOKEN}"}) as http:
        known = operations(http)
        customer = http.get("/api/v1/demo/customers").json()["customers"][0]
        ids = {"customer_id": customer["customer_id"], "order_id": customer["orders"][0]["order_id"]}

        @CALM
        @given(st.data())
        def ask(draw: st.DataObject) -> None:
            for operation in draw.draw(st.lists(st.sampled_from(known), min_size=5, max_size=5)):
                sent(http, draw, operation, ids)

        ask()


FRAME = st.one_of(
    st.fixed_dictionaries(
        {"type": st.sampled_from(COMMANDS)},
        optional={
            "cid": LEAF, "text": LEAF, "payload": LEAF, "after": LEAF, "score": LEAF, "reasons": VALUE,
            "comment": LEAF, "page": VALUE, "attachments": VALUE, "conversation": LEAF,
        },
    ),
    st.dictionaries(st.text(max_size=8), VALUE, max_size=4),
    VALUE,
)  # fmt: skip


def answers(connection: ClientConnection, frames: list[Any]) -> None:
    """Every frame is done or refused, and the socket lives on: a ping is answered. Never `internal`."""
    for frame in frames:
        connection.send(json.dumps(frame))
    connection.send('{"type":"ping"}')
    while True:
        told = msgspec.json.decode(connection.recv(20))
        assert told.get("error", {}).get("code") != "internal", (frames, told)
        if told["type"] == "pong":
            return


@pytest.mark.parametrize("path", ["/ws/customer", "/ws/agent"])
def test_no_frame_is_answered_internal_by_a_socket(desk: RunningDesk, bot: BotDouble, path: str) -> None:
    conversation, agent = queue_one(desk, bot), desk.new_agent().online()
    token = conversation.token if path == "/ws/customer" else agent.token
    hello = json.dumps({"type": "hello", "token": token, "conversation": conversation.id})
    with connect(f"ws://127.0.0.1:{desk.port}{path}", max_queue=None) as connection:
        connection.send(hello)

        @CALM
        @given(st.lists(FRAME, max_size=4))
        def talk(frames: list[Any]) -> None:
            answers(connection, frames)

        talk()


@pytest.mark.parametrize("path", ["/ws/customer", "/ws/agent"])
def test_whatever_comes_first_a_socket_ends_properly(desk: RunningDesk, path: str) -> None:
    @settings(CALM, max_examples=min(EXAMPLES, 40))
    @given(st.one_of(st.binary(max_size=50), st.text(max_size=50), VALUE.map(json.dumps)))
    def greet(first: str | bytes) -> None:
        with connect(f"ws://127.0.0.1:{desk.port}{path}") as connection:
            connection.send(first)
            try:
                while True:
                    connection.recv(20)
            except ConnectionClosed as closed:
                assert closed.rcvd is not None
                assert closed.rcvd.code in {4400, 4401, 4403}

    greet()
