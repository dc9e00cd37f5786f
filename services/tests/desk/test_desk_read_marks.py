"""Read marks: the customer sees what a person has read, agents what the customer has read; one number a side."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa
from conftest import Valkey
from desk.conversations.tables import conversations
from doubles import BotDouble
from running import AgentClient, Chat, Conversation, RunningDesk
from test_desk_fanout import Two, end, start_two

pytestmark = pytest.mark.anyio

Queued = Callable[..., Conversation]


def mark(conversation: Conversation, seq: int, by: AgentClient | None = None) -> httpx.Response:
    headers = conversation.headers if by is None else by.headers
    return conversation.desk.http.put(f"{conversation.path}/read-mark", json={"seq": seq}, headers=headers)


def marks(conversation: Conversation) -> dict[str, int]:
    return dict(conversation.poll()["read"])


async def told(chat: Chat, **read: int) -> None:
    """The next state that says this."""
    while (await chat.expect("state"))["read"] != read:
        pass


@pytest.fixture
async def active(desk: RunningDesk, queued: Queued) -> tuple[Conversation, AgentClient, int]:
    """A conversation that an agent has, and its last number."""
    conversation, agent = await asyncio.to_thread(queued), desk.new_agent().online()
    agent.claim(conversation)
    return conversation, agent, conversation.events()[-1]["seq"]


async def test_each_side_sees_how_far_the_other_has_read(
    desk: RunningDesk, active: tuple[Conversation, AgentClient, int]
) -> None:
    conversation, agent, last = active
    async with desk.customer(conversation) as customer, desk.console(agent) as console:
        assert customer.welcome["read"] == {"customer": 0, "agent": 0}
        await console.send(type="subscribe", conversation=conversation.id, after=0)
        state = await console.expect("state", conversation=conversation.id, read={"customer": 0, "agent": 0})
        assert state["agent"]["agent_id"] == agent.agent["agent_id"]  # by which a console knows that it is to tell
        assert "agent_id" not in customer.welcome["agent"]
        await console.send(type="read", conversation=conversation.id, seq=last)
        await told(customer, customer=0, agent=last)
        await customer.send(type="read", seq=last - 1)
        await told(console, customer=last - 1, agent=last)


async def test_a_mark_only_grows_and_never_passes_what_was_said(
    active: tuple[Conversation, AgentClient, int],
) -> None:
    conversation, agent, last = active
    assert [mark(conversation, seq).status_code for seq in (3, 2, last + 1)] == [204, 204, 204]
    assert mark(conversation, -1).status_code == 400
    assert mark(conversation, last, by=agent).status_code == 204
    assert marks(conversation) == {"customer": 3, "agent": last}


async def test_who_only_looks_has_not_read_it_for_the_customer(desk: RunningDesk, queued: Queued) -> None:
    conversation, agent = await asyncio.to_thread(queued), desk.new_agent().online()
    async with desk.console(agent) as console:
        await console.send(type="subscribe", conversation=conversation.id, after=0)
        await console.send(type="read", conversation=conversation.id, seq=1)
        assert (await console.expect("error"))["error"]["code"] == "not_owner"
        agent.claim(conversation)
        supervisor = desk.new_agent(role="supervisor")
        assert mark(conversation, 1, by=supervisor).json()["error"]["code"] == "not_owner"
        assert marks(conversation)["agent"] == 0
        await console.send(type="read", conversation=conversation.id, seq=1)
        await console.expect("state", read={"customer": 0, "agent": 1})


async def test_two_tabs_and_a_reconnect_agree_and_what_is_no_news_is_not_told(
    desk: RunningDesk, active: tuple[Conversation, AgentClient, int]
) -> None:
    conversation, agent, last = active
    async with desk.customer(conversation) as one, desk.customer(conversation) as other:
        await one.send(type="read", seq=last)
        await told(other, customer=last, agent=0)
        await other.send(type="read", seq=last)  # the other tab has seen it too
        await other.send(type="read", seq=last - 1)
        await other.send(type="ping")
        await other.expect("pong")
        assert not [frame for frame in await one.quiet() if frame["type"] == "state" and frame["read"]["agent"]]
    async with desk.customer(conversation, after=last) as again:
        assert again.welcome["read"] == {"customer": last, "agent": 0}
        mark(conversation, last, by=agent)
        await told(again, customer=last, agent=last)


async def test_reading_changes_nothing_but_the_marks(
    desk: RunningDesk, active: tuple[Conversation, AgentClient, int]
) -> None:
    conversation, _, last = active
    query = sa.select(conversations).where(conversations.c.id == conversation.id)
    with desk.database() as connection:
        before = connection.execute(query).one()._asdict()
    mark(conversation, last)
    with desk.database() as connection:
        after = connection.execute(query).one()._asdict()
    assert after == {**before, "customer_read_seq": last}


@pytest.fixture(params=["redis", "database"])
def two(
    request: pytest.FixtureRequest, tmp_path: Path, own_bot: BotDouble, fresh_postgres: sa.URL, valkey: Valkey
) -> Iterator[Two]:
    """Two desks on PostgreSQL that hear each other by Valkey, or only by looking at the database."""
    url = valkey.url if request.param == "redis" else ""
    desks = start_two(tmp_path, own_bot, fresh_postgres, BATON_REDIS_URL=url)
    yield desks
    end(desks)


async def test_the_mark_set_at_one_desk_is_seen_at_the_other(two: Two) -> None:
    agent = (await asyncio.to_thread(two.a.new_agent)).online()
    conversation = await asyncio.to_thread(two.active, agent)
    last = conversation.events()[-1]["seq"]
    async with two.b.customer(conversation, after=last) as customer, two.a.console(agent) as console:
        await console.send(type="subscribe", conversation=conversation.id, after=last)
        await console.send(type="read", conversation=conversation.id, seq=last)
        await told(customer, customer=0, agent=last)
        await customer.send(type="read", seq=last)
        await told(console, customer=last, agent=last)
