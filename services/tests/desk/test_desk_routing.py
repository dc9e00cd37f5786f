"""Routing as agents, supervisors and customers meet it, against running desks."""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from conftest import queue_one
from desk.agents.store import agents
from desk.conversations.tables import conversations
from desk.handoffs.tables import handoffs, steps
from doubles import BotDouble
from running import AgentClient, Conversation, RunningDesk, wait_until

PLAYBOOK = Path(__file__).resolve().parents[3] / "playbook"
Desk = Callable[..., RunningDesk]


@pytest.fixture
def routed(make_desk: Desk, own_bot: BotDouble, tmp_path: Path) -> Desk:
    """A desk of one's own; `rules` change lines of routing.yml."""

    def make(environment: dict[str, str] | None = None, **rules: Any) -> RunningDesk:
        folder = tmp_path / "playbook"
        shutil.copytree(PLAYBOOK, folder)
        text = (folder / "routing.yml").read_text(encoding="utf-8")
        for name, value in rules.items():
            text, found = re.subn(rf"(?m)^{name}: \S+", f"{name}: {str(value).lower()}", text)
            assert found == 1, name
        (folder / "routing.yml").write_text(text, encoding="utf-8")
        return make_desk(own_bot, BATON_PLAYBOOK_DIR=str(folder), **(environment or {}))

    return make


def offered_to(agent: AgentClient, conversation: Conversation) -> str | None:
    """Whom the queue's row says it is offered to."""
    offer = agent.queued(conversation)["offer"]
    return None if offer is None else str(offer["agent_id"])


def presence(watcher: AgentClient, agent: AgentClient) -> str:
    """How colleagues see the agent."""
    found = watcher.get("/agents").json()["agents"]
    return str(next(one["presence"] for one in found if one["agent_id"] == agent.agent["agent_id"]))


def code(answer: Any) -> tuple[int, str]:
    """Status and error code."""
    return answer.status_code, answer.json()["error"]["code"]


def test_an_offer_reaches_the_console_is_declined_and_goes_on(routed: Desk, own_bot: BotDouble) -> None:
    desk = routed()
    first, second = desk.new_agent(name="小周").online(), desk.new_agent(name="小林").online()
    watcher = desk.new_agent()

    async def follow() -> None:
        async with desk.console(first) as one, desk.console(second) as two:
            conversation = await asyncio.to_thread(queue_one, desk, own_bot)
            offer = await one.expect("offer")  # idle for longer
            assert offer["handoff"]["conversation_id"] == conversation.id
            assert offer["handoff"]["offer"] == {"agent_id": first.agent["agent_id"], "expires_at": offer["expires_at"]}
            handoff_id = offer["handoff"]["id"]
            assert code(await asyncio.to_thread(second.post, f"/handoffs/{handoff_id}/decline")) == (409, "not_offered")
            declined = await asyncio.to_thread(first.post, f"/handoffs/{handoff_id}/decline", {"reason": "在忙"})
            assert declined.json()["offer"] is None
            assert (await one.expect("offer_ended"))["reason"] == "passed"
            await two.expect("offer")
            claimed = await asyncio.to_thread(second.post, f"/handoffs/{handoff_id}/claim")
            assert claimed.json()["state"] == "active"
            assert (await two.expect("offer_ended"))["reason"] == "accepted"

    asyncio.run(follow())
    with desk.database() as connection:
        kinds = list(connection.execute(sa.select(steps.c.kind).order_by(steps.c.number)).scalars())
        evidence = connection.execute(sa.select(steps.c.note).where(steps.c.kind == "offered")).scalars().first()
    assert kinds == ["queued", "offered", "declined", "offered", "claimed"]
    assert "rule_version" in str(evidence)
    assert watcher.get("/handoffs?state=queued").json() == {"handoffs": []}


def test_others_may_claim_what_is_offered_unless_the_file_says_no(routed: Desk, own_bot: BotDouble) -> None:
    desk = routed(others_may_claim=False)
    first, second = desk.new_agent().online(), desk.new_agent().online()
    conversation = queue_one(desk, own_bot)
    wait_until(lambda: offered_to(second, conversation) == first.agent["agent_id"])
    handoff_id = second.queued(conversation)["id"]
    assert code(second.post(f"/handoffs/{handoff_id}/claim")) == (409, "not_offered")
    assert first.post(f"/handoffs/{handoff_id}/claim").status_code == 200


def test_in_pull_mode_nobody_is_asked(routed: Desk, own_bot: BotDouble) -> None:
    desk = routed(mode="pull")
    agent = desk.new_agent().online()
    conversation = queue_one(desk, own_bot)
    agent.claim(conversation)
    with desk.database() as connection:
        assert "offered" not in set(connection.execute(sa.select(steps.c.kind)).scalars())


def test_who_sees_offers_and_lets_them_go_is_sent_to_a_break(routed: Desk, own_bot: BotDouble) -> None:
    desk = routed(offer_seconds=1, offer_pause_seconds=1, missed_offers_to_break=2)
    agent, watcher = desk.new_agent().online(), desk.new_agent()

    async def follow() -> None:
        async with desk.console(agent) as console:
            await asyncio.to_thread(queue_one, desk, own_bot)
            taken = await console.expect("presence", seconds=20)
            assert (taken["presence"], taken["reason"]) == ("break", "missed_offers")
            assert [frame["type"] for frame in console.frames].count("offer") == 2

    asyncio.run(follow())
    assert presence(watcher, agent) == "break"


def test_who_only_uses_http_keeps_working_however_many_offers_run_out(routed: Desk, own_bot: BotDouble) -> None:
    desk = routed(offer_seconds=0.2, offer_pause_seconds=0, missed_offers_to_break=1)
    agent = desk.new_agent().online()
    conversation = queue_one(desk, own_bot)

    def asked() -> int:
        with desk.database() as connection:
            return int(connection.execute(sa.select(handoffs.c.offer_count)).scalar_one())

    wait_until(lambda: asked() >= 3, 20)
    assert agent.claim(conversation)["state"] == "active"


def test_a_lost_agents_customers_go_to_the_front(routed: Desk, own_bot: BotDouble) -> None:
    desk = routed({"BATON_PRESENCE_GRACE_SECONDS": "1"})
    agent, watcher = desk.new_agent(name="小周").online(), desk.new_agent()
    lost, urgent = queue_one(desk, own_bot, priority="low"), queue_one(desk, own_bot, priority="urgent")
    waited_since = agent.queued(lost)["waited_since"]
    agent.claim(lost)

    async def come_and_go() -> None:
        async with desk.console(agent) as console:
            await console.send(type="ping")
            await console.expect("pong")

    asyncio.run(come_and_go())
    lost.wait_state("queued", 15)
    rows = watcher.get("/handoffs?state=queued").json()["handoffs"]
    assert [row["conversation_id"] for row in rows] == [lost.id, urgent.id]
    assert rows[0]["waited_since"] == waited_since
    assert any("掉线" in reason for reason in rows[0]["priority_reasons"])
    assert lost.types()[-2:] == ["agent_left", "handoff_queued"]
    assert {a["load"] for a in watcher.get("/agents").json()["agents"]} == {0}
    agent.online()
    wait_until(lambda: offered_to(watcher, lost) == agent.agent["agent_id"])


def test_going_offline_with_open_conversations_needs_force(routed: Desk, own_bot: BotDouble) -> None:
    desk = routed()
    agent = desk.new_agent().online()
    conversation = queue_one(desk, own_bot)
    agent.claim(conversation)
    assert code(agent.put("/agents/me/presence", {"state": "offline"})) == (409, "conversations_open")
    assert agent.put("/agents/me/presence", {"state": "offline", "force": True}).json() == {"state": "offline"}
    conversation.wait_state("queued")
    assert agent.queued(conversation)["agent"] is None


def test_a_transfer_is_accepted_or_comes_back_with_a_word(routed: Desk, own_bot: BotDouble) -> None:
    desk = routed()
    sender, colleague = desk.new_agent(name="小周").online(), desk.new_agent(name="小林")
    conversation = queue_one(desk, own_bot)
    handoff_id = sender.claim(conversation)["id"]
    path = f"/conversations/{conversation.id}/transfer"
    to_colleague = {"note": "查仓库", "agent_id": colleague.agent["agent_id"]}
    assert code(sender.post(path, to_colleague)) == (409, "agent_not_online")
    assert code(sender.post(path, {"note": "", "agent_id": sender.agent["agent_id"]})) == (422, "transfer_to_oneself")
    colleague.online()

    async def follow() -> None:
        async with desk.console(sender) as one, desk.console(colleague) as two:
            moved = (await asyncio.to_thread(sender.post, path, to_colleague)).json()["handoff"]
            assert moved["offer"]["agent_id"] == colleague.agent["agent_id"]
            offer = await two.expect("offer")
            assert offer["handoff"]["note"] == "查仓库"
            await asyncio.to_thread(colleague.post, f"/handoffs/{handoff_id}/decline", {"reason": "不会"})
            back = await one.expect("transfer_ended")
            assert (back["reason"], back["note"], back["agent"]["display_name"]) == ("declined", "不会", "小林")

    asyncio.run(follow())
    row = sender.queued(conversation)
    assert (row["state"], row["target_agent_id"]) == ("queued", None)
    assert "小林" in str(conversation.wait_for("handoff_queued")["text"])


def test_a_supervisor_takes_over_from_bot_queue_and_agent(routed: Desk, own_bot: BotDouble) -> None:
    desk = routed()
    boss, agent = desk.new_agent(role="supervisor", name="班长", capacity=5), desk.new_agent(name="小周").online()
    talking, waiting, owned = desk.open(), queue_one(desk, own_bot), queue_one(desk, own_bot)
    agent.claim(owned)
    assert code(agent.post(f"/conversations/{waiting.id}/takeover")) == (403, "forbidden")
    assert code(boss.post(f"/conversations/{talking.id}/takeover")) == (409, "not_online")
    boss.online()
    for conversation in (talking, waiting, owned):
        taken = boss.post(f"/conversations/{conversation.id}/takeover")
        assert (taken.status_code, taken.json()["handoff"]["state"]) == (200, "active")
        assert conversation.poll()["agent"] == {"display_name": "班长"}
        assert boss.say(conversation, "我来处理。").status_code == 200
    assert code(agent.say(owned, "还在")) == (409, "not_owner")
    loads = {a["display_name"]: a["load"] for a in boss.get("/agents").json()["agents"]}
    assert loads == {"班长": 3, "小周": 0}
    boss.post(f"/conversations/{talking.id}/resolve", {"outcome": "solved"})
    assert code(boss.post(f"/conversations/{talking.id}/takeover")) == (409, "conversation_closed")


def test_a_supervisor_joins_writes_and_leaves(routed: Desk, own_bot: BotDouble) -> None:
    desk = routed()
    boss, agent = desk.new_agent(role="supervisor", name="班长"), desk.new_agent(name="小周").online()
    conversation = queue_one(desk, own_bot)
    assert code(boss.post(f"/conversations/{conversation.id}/join")) == (409, "not_active")
    agent.claim(conversation)
    assert code(boss.say(conversation, "大家好")) == (409, "not_owner")
    assert code(agent.post(f"/conversations/{conversation.id}/join")) == (403, "forbidden")
    assert boss.post(f"/conversations/{conversation.id}/join").json() == {"joined": True}
    assert boss.say(conversation, "我也在看。").status_code == 200
    assert conversation.wait_text("我也在看。")["agent"] == {"display_name": "班长"}
    assert agent.say(conversation, "好的").status_code == 200
    assert boss.post(f"/conversations/{conversation.id}/leave").json() == {"joined": False}
    assert code(boss.say(conversation, "再说一句")) == (409, "not_owner")
    boss.post(f"/conversations/{conversation.id}/join")
    agent.post(f"/conversations/{conversation.id}/transfer", {"note": "", "group": "orders"})
    agent.claim(conversation)
    assert code(boss.say(conversation, "还在吗")) == (409, "not_owner")  # another ownership, not joined
    assert {"supervisor_joined", "supervisor_left"} <= set(conversation.types())


def test_a_closed_page_keeps_its_place_for_a_while(routed: Desk, own_bot: BotDouble) -> None:
    desk = routed(place_kept_seconds=2)
    promised = queue_one(desk, own_bot)  # nobody is online: somebody will look at it first thing
    agent = desk.new_agent().online()
    gone = queue_one(desk, own_bot)

    def ended() -> Any:
        with desk.database() as connection:
            found = sa.select(handoffs.c.outcome).where(handoffs.c.conversation_id == gone.id)
            return connection.execute(found).scalar_one()

    assert wait_until(ended, 20) == "customer_left"
    assert gone.poll()["state"] == "bot"
    assert gone.types()[-1] == "handoff_cancelled"
    assert agent.queued(promised)["state"] == "queued"


def test_words_that_may_be_anger_are_asked_about(routed: Desk, own_bot: BotDouble) -> None:
    desk = routed()
    conversation, agent = queue_one(desk, own_bot), desk.new_agent()
    conversation.send("不等了，我要投诉")
    conversation.send("不等了！")
    asked = conversation.wait_text("位置还给您留着。要继续等人工同事，还是先不用了？")
    assert [button["title"] for button in asked["buttons"]] == ["继续等", "不用了"]
    conversation.send(None, payload="desk:keep_waiting")
    assert conversation.poll()["state"] == "queued"
    full = agent.get(f"/handoffs/{agent.queued(conversation)['id']}").json()
    assert full["since_queued"]["messages_while_waiting"] == 3
    assert [said["text"] for said in full["since_queued"]["last"]] == ["不等了，我要投诉", "不等了！", "继续等"]
    conversation.send(None, payload="desk:leave_queue")
    conversation.wait_state("bot")
    conversation.send(None, payload="desk:leave_queue")  # an old button: to the bot it is only its words
    conversation.wait_text("收到：不用了")
    assert not [body for body in own_bot.messages if body["payload"]]


def test_routing_survives_a_kill(routed: Desk, own_bot: BotDouble) -> None:
    desk = routed(offer_seconds=1)
    agent, watcher = desk.new_agent().online(), desk.new_agent()
    conversation = queue_one(desk, own_bot)
    wait_until(lambda: offered_to(watcher, conversation))
    desk.kill()
    with desk.database() as connection:
        connection.execute(sa.update(agents).where(agents.c.id == agent.agent["agent_id"]).values(presence="busy"))
    desk.start()
    wait_until(lambda: offered_to(watcher, conversation) is None)
    agent.online()
    wait_until(lambda: offered_to(watcher, conversation) == agent.agent["agent_id"])
    with desk.database() as connection:
        seen = connection.execute(sa.select(conversations.c.customer_seen_at)).scalars().first()
    assert seen is not None
