"""What an operator relies on: health, readiness and metrics tell the truth, alerts name them, an end loses nothing."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
import yaml
from conftest import queue_one
from desk.handoffs.tables import handoffs
from desk.kernel import settings
from doubles import BotDouble
from running import Conversation, RunningDesk, identity, wait_until
from websockets.exceptions import ConnectionClosed

RULES = settings.REPOSITORY / "deploy" / "alerts.yml"
MakeDesk = Callable[..., RunningDesk]


def figures(desk: RunningDesk) -> dict[str, float]:
    """Every sample of /metrics by its name with labels."""
    answer = desk.http.get("/metrics")
    assert answer.status_code == 200, answer.text
    lines = (line.rsplit(" ", 1) for line in answer.text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, value in lines}


def test_the_queue_the_clocks_and_the_agents_are_in_the_metrics(
    make_desk: MakeDesk, own_bot: BotDouble, shop_url: str
) -> None:
    desk = make_desk(own_bot, BATON_SHOP_URL=shop_url)
    before = figures(desk)
    assert before["baton_agent_capacity_free"] == 0
    assert {value for name, value in before.items() if name.startswith("baton_queue_waiting")} == {0}
    conversation = queue_one(desk, own_bot)
    agent = desk.new_agent(capacity=3).online()
    group = agent.queued(conversation)["skill_group"]
    waiting = figures(desk)
    assert waiting[f'baton_queue_waiting{{group="{group}"}}'] == 1
    assert (waiting['baton_agents{presence="online"}'], waiting["baton_agent_capacity_free"]) == (1, 3)
    assert waiting['baton_commit_seconds_count{sender="customer"}'] == 1
    assert waiting["baton_bot_turn_seconds_count"] == 1
    assert [waiting[f"baton_{part}_up"] for part in ("database", "bot", "shop")] == [1, 1, 1]
    wait_until(lambda: figures(desk)[f'baton_queue_longest_wait_seconds{{group="{group}"}}'] >= 1)
    with desk.database() as connection:  # as if it had been queued long ago
        connection.execute(sa.update(handoffs).values(queued_at=desk.now() - timedelta(hours=9), summary={}))
    assert figures(desk)['baton_clocks{clock="first_response",state="late"}'] == 1
    agent.claim(conversation)
    active = figures(desk)
    assert active[f'baton_queue_waiting{{group="{group}"}}'] == 0
    assert active[f'baton_cases_active{{group="{group}"}}'] == 1
    assert active["baton_agent_capacity_free"] < 3


@pytest.mark.anyio
async def test_who_comes_back_is_counted(make_desk: MakeDesk, own_bot: BotDouble) -> None:
    desk = await asyncio.to_thread(make_desk, own_bot)

    async def reconnects(kind: str) -> float:
        return (await asyncio.to_thread(figures, desk)).get(f'baton_reconnects_total{{kind="{kind}"}}', 0)

    conversation = await asyncio.to_thread(desk.open)
    async with desk.customer(conversation) as chat:
        await chat.send(type="send", cid=uuid.uuid4().hex, text="你好")
        acknowledged = await chat.expect("ack")
    assert await reconnects("customer") == 0
    async with desk.customer(conversation, after=acknowledged["seq"]):
        assert await reconnects("customer") == 1
    agent = await asyncio.to_thread(desk.new_agent)
    async with desk.console(agent):
        await asyncio.to_thread(agent.online)
        assert await reconnects("agent") == 0
    async with desk.console(agent):
        assert await reconnects("agent") == 1


def test_only_this_machine_and_the_networks_named_read_the_metrics(make_desk: MakeDesk, own_bot: BotDouble) -> None:
    desk = make_desk(own_bot, BATON_TRUSTED_PROXIES="127.0.0.1", BATON_METRICS_FROM="203.0.113.0/24, 2001:db8::7")

    def status(address: str | None) -> int:
        return desk.http.get("/metrics", headers={"X-Forwarded-For": address} if address else {}).status_code

    assert [status(address) for address in (None, "203.0.113.9", "2001:db8::7")] == [200, 200, 200]
    assert [status(address) for address in ("198.51.100.9", "127.0.0.1", "2001:db8::8", "nobody")] == [403] * 4
    with pytest.raises(settings.SettingsError, match="BATON_METRICS_FROM takes addresses and networks"):
        settings.load({"BATON_METRICS_FROM": "10.0.0.1/8"}, require_secrets=False)


def test_readiness_follows_the_database_and_health_does_not(
    make_desk: MakeDesk, own_bot: BotDouble, postgres: sa.URL, fresh_postgres: sa.URL
) -> None:
    url = fresh_postgres.render_as_string(hide_password=False)
    desk = make_desk(own_bot, BATON_DESK_DATABASE_URL=url)
    admin = sa.create_engine(postgres.set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")

    def allow(connections: bool) -> None:
        with admin.connect() as connection:
            connection.execute(sa.text(f"ALTER DATABASE {fresh_postgres.database} ALLOW_CONNECTIONS {connections}"))
            connection.execute(
                sa.text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"),
                {"name": fresh_postgres.database},
            )

    def ready() -> httpx.Response:
        assert desk.http.get("/healthz").status_code == 200
        return desk.http.get("/readyz")

    assert (ready().status_code, ready().json()["bot"], figures(desk)["baton_database_up"]) == (200, True, 1)
    own_bot.status = 503
    assert (ready().status_code, ready().json()["bot"], figures(desk)["baton_bot_up"]) == (200, False, 0)
    allow(False)
    wait_until(lambda: ready().status_code == 503, 20)
    assert (ready().json()["status"], ready().json()["database"]) == ("unavailable", False)
    assert figures(desk)["baton_database_up"] == 0
    allow(True)
    wait_until(lambda: ready().status_code == 200, 20)
    assert desk.open().send("还在吗").status_code == 200
    admin.dispose()


@pytest.mark.anyio
async def test_an_end_by_signal_loses_nothing_that_was_acknowledged(make_desk: MakeDesk, own_bot: BotDouble) -> None:
    desk = await asyncio.to_thread(
        make_desk, own_bot, BATON_MESSAGE_RATE_PER_SECOND="10000", BATON_MESSAGE_BURST="10000"
    )
    conversations = [await asyncio.to_thread(desk.open) for _ in range(8)]
    acknowledged: dict[str, list[tuple[str, int]]] = {conversation.id: [] for conversation in conversations}
    many = asyncio.Event()

    async def write(conversation: Conversation) -> int:
        """Until the desk hangs up; with which code it did."""
        async with desk.customer(conversation) as chat:
            try:
                for number in range(100_000):
                    await chat.send(type="send", cid=f"{number:06d}", text=f"第{number}句")
                    ack = await chat.expect("ack")
                    acknowledged[conversation.id].append((ack["message_id"], ack["seq"]))
                    if number == 20:
                        many.set()
            except ConnectionClosed as closed:
                return int(closed.rcvd.code) if closed.rcvd else 0
        return -1

    writers = [asyncio.create_task(write(conversation)) for conversation in conversations]
    await asyncio.wait_for(many.wait(), 30)
    assert await asyncio.to_thread(desk.stop) in {0, -signal.SIGTERM}
    codes = await asyncio.gather(*writers)
    assert set(codes) == {1012}  # service restart: clients reconnect at once
    assert "Traceback" not in desk.log_file.read_text()
    await asyncio.to_thread(desk.start)
    for conversation in conversations:
        events = await asyncio.to_thread(conversation.events)
        stored = {(event["message_id"], event["seq"]) for event in events if event["type"] == "message"}
        assert acknowledged[conversation.id] and set(acknowledged[conversation.id]) <= stored


def test_every_line_of_the_log_says_which_call_and_conversation_it_belongs_to(
    make_desk: MakeDesk, own_bot: BotDouble
) -> None:
    desk = make_desk(own_bot, BATON_LOG_JSON="1")  # its shop is away, which the log tells

    def lines(event: str) -> list[dict[str, Any]]:
        found = [json.loads(line) for line in desk.log_file.read_text().splitlines()]  # nothing is not JSON
        return [line for line in found if line["event"] == event]

    def opened(**headers: str) -> str:
        answer = desk.http.post("/api/v1/conversations", json={"identity": identity()}, headers=headers)
        assert answer.status_code == 201
        return str(lines("greeting without the customer's name")[-1]["request"])

    assert opened(**{"X-Request-Id": "0123456789abcdef"}) == "0123456789abcdef"
    made = [opened(), opened(**{"X-Request-Id": 'x"} event=forged'})]
    assert len(set(made)) == 2 and all(re.fullmatch(r"[0-9a-f]{16}", one) for one in made)
    conversation = queue_one(desk, own_bot, opening={"identity": identity()})
    agent = desk.new_agent().online()
    agent.claim(conversation)
    assert agent.get(f"/conversations/{conversation.id}/canned-responses").status_code == 200
    (told,) = lines("canned responses without the customer's name")
    assert (told["conversation"], told["level"]) == (conversation.id, "warning")


def rules() -> list[dict[str, Any]]:
    document = yaml.safe_load(RULES.read_text(encoding="utf-8"))
    assert list(document) == ["groups"]
    return [rule for group in document["groups"] for rule in group["rules"]]


def test_every_alert_has_what_prometheus_and_an_operator_need() -> None:
    told = (settings.REPOSITORY / "docs" / "operations.md").read_text(encoding="utf-8")
    names = [rule["alert"] for rule in rules()]
    assert len(set(names)) == len(names)
    for rule in rules():
        assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
        assert rule["labels"]["severity"] in {"page", "warn"} and rule["annotations"]["summary"]
        assert re.fullmatch(r"\d+[smh]", rule.get("for", "1m"))
        assert rule["expr"].count("(") == rule["expr"].count(")")
        assert f"| {rule['alert']} |" in told, f"docs/operations.md does not say what to do about {rule['alert']}"


def test_every_metric_an_alert_names_is_exported_by_a_running_desk(desk: RunningDesk) -> None:
    text = desk.http.get("/metrics").text
    kinds = dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE))
    exported = set(kinds) | {f"{name}{part}" for name in kinds for part in ("_bucket", "_count", "_sum")}
    expressions = " ".join(rule["expr"] for rule in rules())
    named = set(re.findall(r"\bbaton_\w+", expressions))
    assert named and named <= exported, named - exported
    for needed in ("queue", "clocks", "commit_seconds", "bot_failures", "reconnects"):
        assert any(needed in name for name in named)
    values = re.findall(r'(baton_\w+)\{(\w+)="(\w+)"\}', expressions)
    source = "".join(path.read_text(encoding="utf-8") for path in (settings.REPOSITORY / "services/desk").rglob("*.py"))
    for name, _label, value in values:
        assert f'"{value}"' in source, f"nothing ever sets {name} to {value}"
