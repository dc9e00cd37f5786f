"""Private notes: agents see them where they belong in the conversation; the customer and the bot never do."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from desk.agents import store as agent_store
from doubles import BotDouble
from running import AgentClient, Conversation, RunningDesk, wait_until

Queued = Callable[..., Conversation]
SECRET = "客户上次投诉过快递，语气放软，别提系统故障"


def write(agent: AgentClient, conversation: Conversation, text: str = SECRET, client_id: str = "") -> httpx.Response:
    body = {"client_id": client_id or uuid.uuid4().hex, "text": text}
    return agent.post(f"/conversations/{conversation.id}/private-notes", body)


def notes_of(agent: AgentClient, conversation: Conversation) -> list[dict[str, Any]]:
    return list(agent.get(f"/conversations/{conversation.id}/private-notes").json()["notes"])


def put_in_groups(desk: RunningDesk, agent: AgentClient, groups: list[str]) -> AgentClient:
    with desk.database() as connection:
        connection.execute(
            agent_store.agents.update().where(agent_store.agents.c.username == agent.username).values(groups=groups)
        )
    return agent


def test_a_note_has_its_place_and_takes_no_number(desk: RunningDesk, queued: Queued) -> None:
    conversation, agent = queued(), desk.new_agent(name="小周").online()
    agent.claim(conversation)
    last = conversation.events()[-1]["seq"]
    note = write(agent, conversation).json()
    assert (note["text"], note["after_seq"], note["agent"]["display_name"]) == (SECRET, last, "小周")
    assert conversation.poll()["events"][-1]["seq"] == last  # the customer's sequence has no hole
    agent.say(conversation, "王先生，我在。")
    assert conversation.events()[-1]["seq"] == last + 1
    assert notes_of(agent, conversation) == [note]


def test_a_note_sent_again_is_one_note(desk: RunningDesk, queued: Queued) -> None:
    conversation, agent = queued(), desk.new_agent().online()
    agent.claim(conversation)
    first, again = (write(agent, conversation, client_id="n1").json() for _ in range(2))
    assert first == again
    assert len(notes_of(agent, conversation)) == 1
    supervisor = desk.new_agent(role="supervisor")
    assert write(supervisor, conversation, client_id="n1").json()["error"]["code"] == "client_id_taken"
    assert write(agent, conversation, "   ").json()["error"]["code"] == "message_empty"
    assert write(agent, conversation, "长" * 2001).json()["error"]["code"] == "message_too_long"


def test_owner_supervisor_and_group_write_nobody_else(desk: RunningDesk, queued: Queued) -> None:
    conversation = queued()
    group = desk.new_agent().queued(conversation)["skill_group"]
    colleague = put_in_groups(desk, desk.new_agent(name="小陈"), [group])
    stranger = put_in_groups(desk, desk.new_agent(), [one for one in ("orders", "technical") if one != group])
    supervisor = desk.new_agent(role="supervisor", name="组长")
    assert write(colleague, conversation).status_code == 200  # it waits: the group prepares it
    assert write(stranger, conversation).status_code == 403
    assert notes_of(stranger, conversation)  # who may see the conversation may read
    owner = desk.new_agent(name="小周").online()
    owner.claim(conversation)
    assert write(owner, conversation).status_code == 200
    assert write(supervisor, conversation).status_code == 200
    assert write(stranger, conversation).status_code == 404  # no longer theirs to see
    assert stranger.get(f"/conversations/{conversation.id}/private-notes").status_code == 404
    assert [note["agent"]["display_name"] for note in notes_of(owner, conversation)] == ["小陈", "小周", "组长"]


def test_notes_go_along_with_a_transfer_and_stay_in_history(desk: RunningDesk, queued: Queued) -> None:
    conversation, first, second = queued(), desk.new_agent().online(), desk.new_agent(name="小陈").online()
    first.claim(conversation)
    write(first, conversation)
    body = {"agent_id": second.agent["agent_id"], "note": "请接手"}
    assert first.post(f"/conversations/{conversation.id}/transfer", body).status_code == 200
    second.claim(conversation)
    assert [note["text"] for note in notes_of(second, conversation)] == [SECRET]
    second.post(f"/conversations/{conversation.id}/resolve", {"outcome": "solved"})
    assert [note["text"] for note in notes_of(first, conversation)] == [SECRET]
    assert [note["text"] for note in notes_of(second, conversation)] == [SECRET]


@pytest.mark.anyio
async def test_agents_hear_of_it_at_once_and_the_customer_of_nothing(
    desk: RunningDesk, bot: BotDouble, queued: Queued
) -> None:
    conversation = await asyncio.to_thread(queued)
    agent = (await asyncio.to_thread(desk.new_agent)).online()
    agent.claim(conversation)
    async with desk.customer(conversation) as customer, desk.console(agent) as console:
        await console.send(type="subscribe", conversation=conversation.id, after=0)
        await console.expect("state", conversation=conversation.id)
        note = (await asyncio.to_thread(write, agent, conversation)).json()
        assert (await console.expect("private_note"))["note"] == note
        await asyncio.to_thread(agent.say, conversation, "您好，我在查。")
        await customer.event(text="您好，我在查。")
        await customer.send(type="send", cid="c1", text="好的")
        await customer.expect("ack")
        await customer.send(type="resend_from", after=0)
        await customer.event(text="好的")
        await customer.quiet()
        assert SECRET not in json.dumps(customer.frames, ensure_ascii=False)
        assert SECRET in json.dumps(console.frames, ensure_ascii=False)


def test_no_way_of_the_customer_and_no_call_of_the_bot_carries_it(
    desk: RunningDesk, bot: BotDouble, queued: Queued
) -> None:
    conversation, agent = queued(), desk.new_agent().online()
    agent.claim(conversation)
    write(agent, conversation)
    for path in ("", "/events", "/private-notes"):
        answer = desk.http.get(conversation.path + path, headers=conversation.headers)
        assert SECRET not in answer.text
    assert desk.http.get(f"{conversation.path}/private-notes", headers=conversation.headers).status_code == 401
    body = {"client_id": "x", "text": "客户写的"}
    assert (
        desk.http.post(f"{conversation.path}/private-notes", json=body, headers=conversation.headers).status_code == 401
    )
    assert desk.http.get(f"{conversation.path}/private-notes").status_code == 401
    agent.post(f"/conversations/{conversation.id}/handback", {"note": "已办好"})
    conversation.wait_state("bot")
    wait_until(lambda: [one for one in bot.handbacks if one["conversation_id"] == conversation.id])
    conversation.send("再问一句")
    conversation.wait_text("再问一句")
    heard = [*bot.messages, *bot.understood, *bot.handbacks]
    assert SECRET not in json.dumps(heard, ensure_ascii=False)
