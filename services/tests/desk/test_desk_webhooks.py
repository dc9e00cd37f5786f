"""Webhooks: what other helpdesks are told, as contracts/webhooks.md promises it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import sqlalchemy as sa
from conftest import queue_one
from desk.kernel import settings
from desk.kernel.database import Database
from desk.kernel.engine import create_engine, migrate
from desk.webhooks import rules, store
from doubles import BotDouble
from receivers import SECRET, Receiver, genuine
from running import RunningDesk, wait_until

CONTRACTS = settings.REPOSITORY / "contracts"
SCHEMA = json.loads((CONTRACTS / "webhook.schema.json").read_text(encoding="utf-8"))
MakeDesk = Callable[..., RunningDesk]

OPEN = "a secret that everybody may read"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A receiver in good health."""
    one = Receiver().start()
    yield one
    one.stop()


@pytest.fixture
def desk_with_webhooks(make_desk: MakeDesk, own_bot: BotDouble, tmp_path: Path) -> MakeDesk:
    """Start a desk that tells these addresses."""
    secret = tmp_path / "webhook_secret"
    secret.touch(mode=0o600)
    secret.write_text(SECRET + "\n")

    def make(*urls: str, **environment: str) -> RunningDesk:
        return make_desk(
            own_bot,
            BATON_WEBHOOK_URL=",".join(urls),
            BATON_WEBHOOK_SECRET_FILE=str(secret),
            **environment,
        )

    return make


def _story(desk: RunningDesk, bot: BotDouble) -> str:
    """Queued, claimed, transferred, claimed again and resolved; the conversation's id."""
    conversation, first, second = queue_one(desk, bot), desk.new_agent(name="小周").online(), desk.new_agent().online()
    first.claim(conversation)
    first.post(f"/conversations/{conversation.id}/transfer", {"group": "orders", "note": "换个人"})
    second.claim(conversation)
    answer = second.post(f"/conversations/{conversation.id}/resolve", {"outcome": "solved"})
    assert answer.status_code == 200, answer.text
    return conversation.id


STORY = [f"handoff.{event}" for event in ("created", "claimed", "transferred", "claimed", "resolved")]


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_a_handoff_is_told_in_order_signed_and_to_schema(
    desk_with_webhooks: MakeDesk,
    own_bot: BotDouble,
    receiver: Receiver,
    database: str,
    request: pytest.FixtureRequest,
) -> None:
    environment = {}
    if database == "postgresql":
        url: sa.URL = request.getfixturevalue("fresh_postgres")
        environment["BATON_DESK_DATABASE_URL"] = url.render_as_string(hide_password=False)
    receiver.failures_left = 2  # 500, 500, then 200: nothing is lost, nothing overtakes
    desk = desk_with_webhooks(receiver.url, **environment)
    told = _story(desk, own_bot)
    wait_until(lambda: len(receiver.accepted(told)) == len(STORY), 30)
    bodies = receiver.accepted(told)
    assert [body["event"] for body in bodies] == STORY
    for body in bodies:
        jsonschema.validate(body, SCHEMA)
    states = ["queued", "active", "queued", "active", "resolved"]  # as they were then
    assert [body["handoff"]["state"] for body in bodies] == states
    assert bodies[0]["summary"]["headline"]
    assert bodies[1]["handoff"]["agent"]["display_name"] == "小周"
    assert bodies[-1]["handoff"]["outcome"] == "solved"
    first = [event_id for event_id, _, _ in receiver.attempts][:3]
    assert len(set(first)) == 1  # the same id in every attempt
    assert (receiver.forged, receiver.doubled) == (0, [])
    assert 'baton_webhooks_total{result="delivered"} 5.0' in desk.http.get("/metrics").text


def test_cancelled_handed_back_and_returned_are_told_too(
    desk_with_webhooks: MakeDesk, own_bot: BotDouble, receiver: Receiver
) -> None:
    desk = desk_with_webhooks(receiver.url)
    left, back = queue_one(desk, own_bot), queue_one(desk, own_bot)
    desk.http.post(f"{left.path}/handoff-cancellation", headers=left.headers)
    agent, boss = desk.new_agent().online(), desk.new_agent(role="administrator")
    agent.claim(back)
    disabled = boss.post(f"/accounts/{agent.agent['agent_id']}/disable", {"force": True})
    assert disabled.status_code == 200, disabled.text
    colleague = desk.new_agent().online()
    colleague.claim(back)
    colleague.post(f"/conversations/{back.id}/handback", {"note": "好了"})
    wait_until(lambda: len(receiver.accepted()) == 7, 20)
    assert [body["event"] for body in receiver.accepted(left.id)] == ["handoff.created", "handoff.cancelled"]
    assert [body["event"] for body in receiver.accepted(back.id)] == [
        "handoff.created", "handoff.claimed", "handoff.returned", "handoff.claimed", "handoff.handed_back",
    ]  # fmt: skip


def test_offline_cases_and_takeovers_are_told_with_a_masked_contact(
    desk_with_webhooks: MakeDesk, own_bot: BotDouble, receiver: Receiver
) -> None:
    desk = desk_with_webhooks(receiver.url)
    case = queue_one(desk, own_bot)  # nobody is online
    case.send("13800138000")
    case.send("先问机器人")
    own_bot.script[f"再转 {case.id}"] = own_bot.script[f"转人工吧 {case.id}"]
    case.send(f"再转 {case.id}")
    case.wait_state("queued")
    boss = desk.new_agent(role="supervisor").online()
    assert boss.post(f"/conversations/{case.id}/takeover").status_code == 200
    wait_until(lambda: len(receiver.accepted(case.id)) == 4, 20)
    told = sorted(receiver.accepted(case.id), key=lambda body: (body["at"], body["event"]))
    assert [(body["event"], body["handoff"]["outcome"]) for body in told] == [
        ("handoff.created", None), ("handoff.cancelled", "superseded"),
        ("handoff.created", None), ("handoff.claimed", None),
    ]  # fmt: skip
    assert {body["handoff"]["kind"] for body in told} == {"offline"}
    assert told[-1]["handoff"]["contact"] == "138****8000"


def test_what_was_not_delivered_survives_a_kill(
    desk_with_webhooks: MakeDesk, own_bot: BotDouble, receiver: Receiver
) -> None:
    receiver.stop()
    desk = desk_with_webhooks(receiver.url)
    told = _story(desk, own_bot)
    assert receiver.attempts == []
    desk.kill()
    receiver.start()
    desk.start()
    wait_until(lambda: [b["event"] for b in receiver.accepted(told)] == STORY, 60)


def test_a_dead_receiver_holds_up_nobody_and_is_shown(
    desk_with_webhooks: MakeDesk, own_bot: BotDouble, receiver: Receiver
) -> None:
    slow, moved = Receiver(delay_seconds=60).start(), receiver.url.replace("/baton", "/moved")
    desk = desk_with_webhooks(slow.url, receiver.url, moved)
    told = _story(desk, own_bot)
    wait_until(lambda: len(receiver.accepted(told)) == len(STORY), 20)  # while the slow one has its first still open
    assert [len(slow.under_way), slow.accepted()] == [1, []]
    boss, agent = desk.new_agent(role="administrator"), desk.new_agent(role="supervisor")
    assert agent.get("/webhooks").status_code == 403

    def shown() -> dict[str, Any]:
        return dict(boss.get("/webhooks").json())

    wait_until(lambda: {row["fault"] for row in shown()["troubled"]} == {"timed out", "HTTP 302"}, 20)
    by_url = {row["url"]: row for row in shown()["endpoints"]}
    assert by_url[receiver.url] == {"url": receiver.url, "waiting": 0, "delivered": 5, "dead": 0}
    assert (by_url[slow.url]["waiting"], by_url[moved]["waiting"]) == (5, 5)
    slow.stop()
    with desk.database() as connection:
        connection.execute(sa.update(store.deliveries).where(store.deliveries.c.url == moved).values(state="dead"))
    assert {row["dead"] for row in shown()["endpoints"] if row["url"] == moved} == {5}
    assert boss.post("/webhooks/retry").json() == {"revived": 5}


def test_two_desks_on_one_database_send_nothing_twice(
    desk_with_webhooks: MakeDesk,
    own_bot: BotDouble,
    receiver: Receiver,
    fresh_postgres: sa.URL,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    receiver.delay_seconds = 0.05
    url = fresh_postgres.render_as_string(hide_password=False)
    first = desk_with_webhooks(receiver.url, BATON_DESK_DATABASE_URL=url)
    second = RunningDesk(
        tmp_path_factory.mktemp("second"),
        **{k: v for k, v in first.environment.items() if k.startswith("BATON_") and k != "BATON_DESK_PORT"},
    )
    second.environment["BATON_DESK_PORT"] = str(second.port)
    second.start()
    try:
        told = [_story(desk, own_bot) for _ in range(4) for desk in (first, second)]
        wait_until(lambda: len(receiver.accepted()) == len(told) * len(STORY), 60)
    finally:
        second.http.close()
        second.kill()
    assert all([body["event"] for body in receiver.accepted(one)] == STORY for one in told)
    assert receiver.doubled == []
    assert len(receiver.attempts) == len(told) * len(STORY)  # nor one after the other


def test_the_examples_of_the_contract_fit_its_schema() -> None:
    examples = sorted((CONTRACTS / "examples" / "webhooks").glob("*.json"))
    assert {path.stem for path in examples} == {event.partition(".")[2] for event in rules.EVENTS.values()}
    for path in examples:
        jsonschema.validate(json.loads(path.read_text(encoding="utf-8")), SCHEMA)
    contract = (CONTRACTS / "webhooks.md").read_text(encoding="utf-8")
    assert all(f"`{event}`" in contract for event in rules.EVENTS.values())
    assert set(SCHEMA["properties"]["event"]["enum"]) == set(rules.EVENTS.values())


def test_a_signature_counts_for_its_body_its_secret_and_its_time() -> None:
    header = rules.signature(SECRET, 1_000, '{"a":"接力"}')
    body = '{"a":"接力"}'.encode()
    assert genuine(SECRET, header, body, 1_100)
    assert not genuine("other", header, body, 1_100)
    assert not genuine(SECRET, header, body + b" ", 1_100)
    assert not genuine(SECRET, header, body, 1_301)


def test_retries_grow_to_an_hour_and_end_after_a_day() -> None:
    created = now = datetime(2026, 11, 22, tzinfo=UTC)
    waits = []
    while (again := rules.next_attempt_at(len(waits) + 1, created, now, 1.0)) is not None:
        waits.append((again - now).total_seconds())
        now = again
    assert waits[:4] == [2, 4, 8, 16]
    assert max(waits) == waits[-1] == 3_600
    assert timedelta(hours=23) < now - created < timedelta(hours=24)
    assert rules.next_attempt_at(1, created, created, 0.0) == created + timedelta(seconds=1)


def test_a_receiver_that_does_not_work_is_left_alone_ever_longer_but_one_bad_event_is_not_its_fault() -> None:
    down = {status: fault.down for status in (200, 302, 400, 410, 429, 500, 503) if (fault := rules.fault_of(status))}
    assert down == {302: False, 400: False, 410: False, 429: True, 500: True, 503: True}
    assert [rules.pause_seconds(rounds) for rounds in (0, 1, 2, 3, 9, 1_000)] == [0, 0.5, 1, 2, 60, 60]


@pytest.mark.parametrize(
    ("url", "secret", "words"),
    [
        ("ftp://example.com/x", SECRET, "http:// or https://"),
        ("file:///etc/passwd", SECRET, "http:// or https://"),
        ("https://user:pass@example.com", SECRET, "without a name"),
        ("https://example.com", None, "BATON_WEBHOOK_SECRET_FILE is not set"),
        ("https://example.com", "short", "at least 16"),
        ("https://example.com", OPEN, "BATON_WEBHOOK_SECRET_FILE may be read by everybody on this machine"),
    ],
)
def test_bad_settings_stop_the_desk_with_one_sentence(tmp_path: Path, url: str, secret: str | None, words: str) -> None:
    environment = dict.fromkeys(("BATON_SHOP_TOKEN", "BATON_BOT_TOKEN", "BATON_IDENTITY_SECRET"), "x")
    environment["BATON_WEBHOOK_URL"] = url
    if secret is not None:
        (tmp_path / "s").touch(mode=0o644 if secret == OPEN else 0o600)
        (tmp_path / "s").write_text(secret)
        environment["BATON_WEBHOOK_SECRET_FILE"] = str(tmp_path / "s")
    with pytest.raises(settings.SettingsError, match=words):
        settings.load(environment)


@pytest.mark.anyio
async def test_two_desks_that_start_at_once_may_add_the_same_endpoints(fresh_postgres: sa.URL) -> None:
    url, wanted, now = fresh_postgres.render_as_string(hide_password=False), ("https://a.example/x",), datetime.now(UTC)
    migrate(url)
    one, other = create_engine(url, writer=True), Database(url, lambda _note: None)
    other.start()
    waiting = sa.text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    with one.begin() as first:
        store.set_endpoints(first, wanted, now)
        second = asyncio.create_task(other.write(lambda c: store.set_endpoints(c, wanted, now)))
        while not await other.read(lambda c: c.execute(waiting).scalar_one()):
            assert not second.done()
    await second
    assert await other.read(store.urls) == list(wanted)
    await other.stop()
    one.dispose()
