"""Two desk processes on one PostgreSQL and one Valkey: whoever holds the socket, all are told at once, in order."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from conftest import Valkey, queue_one
from desk.kernel.bus import Bus, Missed, Note
from desk.kernel.fanout import Fanout
from desk.kernel.metrics import Metrics
from doubles import BotDouble
from running import AgentClient, Chat, Conversation, RunningDesk, wait_until

pytestmark = pytest.mark.anyio


@dataclass
class Two:
    """Desk `a` and desk `b`; their bot is one and the same."""

    a: RunningDesk
    b: RunningDesk
    bot: BotDouble

    def at(self, desk: RunningDesk, conversation: Conversation) -> Conversation:
        """The same conversation, its customer calling another desk."""
        return Conversation(desk, conversation.id, conversation.token)

    def active(self, agent: AgentClient) -> Conversation:
        """A conversation, opened at desk a, that the agent has."""
        conversation = queue_one(self.a, self.bot)
        agent.claim(conversation)
        return conversation


def start_two(folder: Path, bot: BotDouble, url: sa.URL, **settings: str) -> Two:
    """Two desks; an agent whose socket is gone has a minute, and offers run for half of one."""
    environment = {
        "BATON_RASA_URL": f"http://127.0.0.1:{bot.port}",
        "BATON_DESK_DATABASE_URL": url.render_as_string(hide_password=False),
        "BATON_BOT_RESCAN_SECONDS": "1",
        **settings,
    }
    desks = []
    for name in ("a", "b"):
        (folder / name).mkdir()
        desks.append(RunningDesk(folder / name, **environment).start())
    return Two(desks[0], desks[1], bot)


@pytest.fixture
def two(tmp_path: Path, own_bot: BotDouble, fresh_postgres: sa.URL, valkey: Valkey) -> Iterator[Two]:
    """Joined by Valkey."""
    desks = start_two(tmp_path, own_bot, fresh_postgres, BATON_REDIS_URL=valkey.url)
    wait_until(lambda: ways(desks) == ["redis", "redis"])
    yield desks
    end(desks)


def end(two: Two) -> None:
    for desk in (two.a, two.b):
        desk.http.close()
        if desk.process is not None and desk.process.poll() is None:
            desk.kill()


def ways(two: Two) -> list[str]:
    """How the desks hear of each other now."""
    return [desk.http.get("/readyz").json()["fanout"] for desk in (two.a, two.b)]


def heard(desk: RunningDesk) -> float:
    """How often this desk had to look at the database because notes may have been missed."""
    lines = desk.http.get("/metrics").text.splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith("baton_fanout_gaps_total"))


async def spoken(chat: Chat, count: int) -> list[str]:
    """The next `count` messages of customer and agent on a socket."""
    found: list[str] = []
    while len(found) < count:
        event = await chat.event(20, type="message")
        if event["sender"] in {"customer", "agent"}:
            found.append(event["text"])
    return found


async def test_a_conversation_between_two_desks(two: Two) -> None:
    agent = two.b.new_agent().online()
    async with two.b.console(agent) as console:
        conversation = queue_one(two.a, two.bot)  # asked for at desk a ...
        offer = await console.expect("offer", 20)  # ... and the agent's socket at desk b is told
        assert offer["handoff"]["conversation_id"] == conversation.id
        async with two.a.customer(conversation) as customer:
            assert agent.post(f"/handoffs/{offer['handoff']['id']}/claim").status_code == 200
            await customer.expect("state", 20, state="active")
            await console.expect("offer_ended", 20, reason="accepted")
            await console.send(type="subscribe", conversation=conversation.id, after=0)
            gaps = heard(two.a), heard(two.b)
            for number in range(20):
                await customer.send(type="send", cid=f"c{number}", text=f"问 {number}")
                assert (await console.event(20, client_id=f"c{number}"))["text"] == f"问 {number}"
                await console.send(type="send", conversation=conversation.id, cid=f"a{number}", text=f"答 {number}")
                assert (await customer.event(20, client_id=f"a{number}"))["text"] == f"答 {number}"
            elsewhere = replace(agent, desk=two.a)  # the same agent's second window
            written = elsewhere.post(
                f"/conversations/{conversation.id}/private-notes", {"client_id": "n1", "text": "老客户"}
            )
            assert (await console.expect("private_note", 20))["note"] == written.json()
            await console.send(type="typing", conversation=conversation.id)
            assert (await customer.expect("typing", 20))["sender"] == "agent"
            assert (heard(two.a), heard(two.b)) == gaps  # told by Redis, not found in the database
    assert len(two.bot.messages) == len({body["message_id"] for body in two.bot.messages})


async def test_places_in_the_queue_move_at_the_other_desk(two: Two) -> None:
    agent = two.b.new_agent(capacity=1).online()
    first = two.active(agent)
    second, third = queue_one(two.a, two.bot), queue_one(two.a, two.bot)
    async with two.a.customer(third) as customer:
        assert customer.welcome["queue"]["position"] == 2
        assert agent.post(f"/conversations/{first.id}/resolve", {"outcome": "solved"}).status_code == 200
        offered = wait_until(lambda: agent.queued(second)["offer"])
        assert offered["agent_id"] == agent.agent["agent_id"]
        agent.claim(second)
        state = await customer.expect("state", 20)
        while state["queue"]["position"] != 1:
            state = await customer.expect("state", 20)


async def test_ending_a_login_at_one_desk_closes_the_socket_at_the_other(two: Two) -> None:
    agent = two.b.new_agent().online()
    async with two.b.console(agent) as console:
        elsewhere = AgentClient(two.a, agent.username, "", agent.token, agent.agent)
        assert elsewhere.post("/agents/logout").status_code == 204
        assert await console.closed(20) == 4401


async def test_without_redis_it_is_slower_and_nothing_is_lost(two: Two, valkey: Valkey) -> None:
    agent = two.b.new_agent().online()
    conversation = two.active(agent)
    async with two.a.customer(conversation) as customer, two.b.console(agent) as console:
        await console.send(type="subscribe", conversation=conversation.id, after=0)
        await customer.send(type="send", cid="before", text="之前")
        await console.event(20, client_id="before")
        valkey.kill()
        for number in range(5):
            await customer.send(type="send", cid=f"away{number}", text=f"断线 {number}")
            await customer.expect("ack", 20, cid=f"away{number}")  # no write waits for Redis
        assert await spoken(console, 5) == [f"断线 {number}" for number in range(5)]
        wait_until(lambda: ways(two) == ["database", "database"], 20)
        other = queue_one(two.a, two.bot)
        assert (await console.expect("offer", 20))["handoff"]["conversation_id"] == other.id
        valkey.start()
        wait_until(lambda: ways(two) == ["redis", "redis"], 20)
        for number in range(20):  # across the moment of its return
            await customer.send(type="send", cid=f"back{number}", text=f"恢复 {number}")
        assert await spoken(console, 20) == [f"恢复 {number}" for number in range(20)]
        seqs = [event["seq"] for event in console.events() if event["conversation"] == conversation.id]
        assert seqs == list(range(1, len(seqs) + 1))


async def test_a_redis_that_refuses_what_is_sent_is_away(two: Two, valkey: Valkey) -> None:
    """Its memory is full, or it is a replica: who listens is answered, with nothing."""
    agent = two.b.new_agent().online()
    conversation = two.active(agent)
    async with two.a.customer(conversation) as customer, two.b.console(agent) as console:
        await console.send(type="subscribe", conversation=conversation.id, after=0)
        assert valkey.command("CONFIG SET maxmemory 1") == "+OK"
        await customer.send(type="send", cid="full", text="满了")
        await console.event(20, client_id="full")
        wait_until(lambda: ways(two) == ["database", "database"], 20)
        assert valkey.command("CONFIG SET maxmemory 0") == "+OK"
        wait_until(lambda: ways(two) == ["redis", "redis"], 20)
        gaps = heard(two.b)
        await customer.send(type="send", cid="room", text="又有地方了")
        await console.event(20, client_id="room")
        assert heard(two.b) == gaps


async def test_what_others_write_into_the_stream_does_no_harm(two: Two, valkey: Valkey) -> None:
    agent = two.b.new_agent().online()
    conversation = two.active(agent)
    async with two.a.customer(conversation) as customer, two.b.console(agent) as console:
        await console.send(type="subscribe", conversation=conversation.id, after=0)
        for fields in ("parcel {}", "other 1", "parcel 1 other 2", 'parcel "[]"'):
            assert valkey.command(f"XADD baton:desk:notes * {fields}").startswith("$")
        await customer.send(type="send", cid="after", text="还在吗")
        await console.event(20, client_id="after")
        assert ways(two) == ["redis", "redis"]


async def test_one_desk_dies_and_the_other_goes_on(two: Two) -> None:
    agent = two.b.new_agent().online()
    conversation = two.active(agent)
    bots = two.a.open()
    async with two.a.customer(conversation) as customer, two.b.console(agent) as console:
        await console.send(type="subscribe", conversation=conversation.id, after=0)
        await customer.send(type="send", cid="k1", text="在吗")
        await console.event(20, client_id="k1")
        cursor = (await customer.event(20, client_id="k1"))["seq"]
        two.bot.delays["订单到哪了"] = 30.0
        assert bots.send("订单到哪了").status_code == 200  # desk a has asked the bot when it dies
        wait_until(lambda: two.bot.asked("订单到哪了"))
        two.a.kill()
        two.bot.delays.clear()
        await console.send(type="send", conversation=conversation.id, cid="r1", text="在的")
        await console.expect("ack", 20, cid="r1")
        async with two.b.customer(conversation, after=cursor) as again:
            assert (await again.event(20))["text"] == "在的"
            await again.send(type="send", cid="k2", text="换了一台")
            await console.event(20, client_id="k2")
        assert two.at(two.b, bots).wait_text("收到：订单到哪了", 20)  # its turn moved to desk b
        assert two.at(two.b, bots).texts("bot")[1:] == ["收到：订单到哪了"]


async def test_two_desks_without_redis_read_the_database(
    tmp_path: Path, own_bot: BotDouble, fresh_postgres: sa.URL
) -> None:
    two = start_two(tmp_path, own_bot, fresh_postgres)
    try:
        assert ways(two) == ["database", "database"]
        agent = two.b.new_agent().online()
        conversation = two.active(agent)
        async with two.b.console(agent) as console:
            await console.send(type="subscribe", conversation=conversation.id, after=0)
            begin = time.monotonic()
            two.at(two.a, conversation).send("您好", "k1")
            assert (await console.event(20, client_id="k1"))["text"] == "您好"
            assert two.at(two.a, conversation).poll(after=0, wait=1)["events"]
            assert time.monotonic() > begin
    finally:
        end(two)


@dataclass(frozen=True)
class Told(Note):
    """A note of this test; `word` may be unwritable."""

    travels = True
    word: str


async def test_a_note_that_cannot_be_written_does_not_stop_those_after_it(valkey: Valkey) -> None:
    heard_words: list[str] = []
    missed: list[Missed] = []
    here, there = Bus(), Bus()
    there.on(Told, lambda note: heard_words.append(note.word))
    there.on(Missed, missed.append)
    fanouts = [Fanout(bus, Metrics(), valkey.url, alone=False) for bus in (here, there)]
    complaints: list[str] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _loop, context: complaints.append(context["message"]))
    async with asyncio.timeout(20):
        for fanout in fanouts:
            await fanout.start()
        while {fanout.way for fanout in fanouts} != {"redis"}:
            await asyncio.sleep(0.05)
        missed.clear()
        here.publish(Told("unwritable \ud800"))
        await asyncio.sleep(0.1)
        here.publish(Told("写得了"))
        while not heard_words:
            await asyncio.sleep(0.05)
    assert heard_words == ["写得了"]
    assert len(missed) == 1  # its number: the database is looked at
    assert len(complaints) == 1
    for fanout in fanouts:
        await fanout.stop()
