"""From the bot to a person and back: queue, claims, what ends a handoff, ratings."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import queue_one
from doubles import BotDouble, reply
from running import Conversation, RunningDesk, wait_until

Queued = Callable[..., Conversation]


@pytest.fixture(autouse=True)
def empty_queue(desk: RunningDesk, bot: BotDouble) -> None:
    """Each test begins with nobody waiting."""
    supervisor = desk.new_agent(role="supervisor", capacity=100)
    supervisor.online()
    for row in supervisor.get("/handoffs?state=queued").json()["handoffs"]:
        assert supervisor.post(f"/handoffs/{row['id']}/claim").status_code == 200
        assert (
            supervisor.post(f"/conversations/{row['conversation_id']}/resolve", {"outcome": "solved"}).status_code
            == 200
        )
    supervisor.put("/agents/me/presence", {"state": "offline"})


def test_the_whole_story(desk: RunningDesk, bot: BotDouble, queued: Queued) -> None:
    conversation = queued()
    events = conversation.events()
    assert [event["type"] for event in events[-2:]] == ["message", "handoff_queued"]
    assert conversation.poll()["queue"]["position"] == 1
    agent = desk.new_agent(name="小周").online()
    row = agent.queued(conversation)
    full = agent.get(f"/handoffs/{row['id']}").json()
    assert full["summary_valid"] is True
    assert full["summary"]["conversation_id"] == conversation.id
    assert row["headline"] == full["summary"]["headline"]
    assert row["emotion"]["family"] == full["summary"]["emotion"]["family"]
    claimed = agent.claim(conversation)
    assert (claimed["state"], claimed["agent"]["display_name"]) == ("active", "小周")
    joined = conversation.wait_for("agent_joined")
    assert joined["text"].startswith("小周已接入")
    assert conversation.poll()["agent"] == {"display_name": "小周"}
    assert agent.say(conversation, "王先生，我是小周。").status_code == 200
    said = conversation.wait_text("王先生，我是小周。")
    assert (said["sender"], said["agent"]) == ("agent", {"display_name": "小周"})
    before = len(bot.messages)
    conversation.send("好的谢谢")
    time.sleep(0.5)
    assert len(bot.messages) == before  # the bot never speaks while a human owns the conversation
    mine = agent.get("/conversations?owner=me").json()["conversations"]
    assert [c["conversation_id"] for c in mine] == [conversation.id]
    assert agent.post(f"/conversations/{conversation.id}/resolve", {"outcome": "solved"}).json()["state"] == "closed"
    assert conversation.types()[-2:] == ["conversation_resolved", "rating_requested"]
    assert agent.get("/conversations?owner=me").json()["conversations"] == []
    assert agent.say(conversation, "还在吗").json()["error"]["code"] == "not_owner"


def test_a_summary_that_is_wrong_still_reaches_the_queue(desk: RunningDesk, bot: BotDouble) -> None:
    agent = desk.new_agent()
    for changes in (
        {"headline": None},
        {"priority": "asap"},
        {"handoff_id": "h_other"},
        {"conversation_id": "c_other"},
    ):
        conversation = queue_one(desk, bot, **changes)
        row = agent.queued(conversation)
        full = agent.get(f"/handoffs/{row['id']}").json()
        assert (row["priority"], full["summary_valid"]) == ("high", False)
        assert row["headline"]
    assert "summary not to schema" in desk.log_file.read_text()


def test_the_queue_is_in_order_of_priority_then_waiting(desk: RunningDesk, bot: BotDouble) -> None:
    order = [queue_one(desk, bot, priority=p) for p in ("low", "normal", "urgent", "high", "urgent")]
    agent = desk.new_agent()
    rows = agent.get("/handoffs?state=queued").json()["handoffs"]
    wanted = [order[2], order[4], order[3], order[1], order[0]]
    assert [row["conversation_id"] for row in rows] == [c.id for c in wanted]
    assert [c.poll()["queue"]["position"] for c in wanted] == [1, 2, 3, 4, 5]


def test_who_waits_is_told_of_every_move(desk: RunningDesk, bot: BotDouble) -> None:
    first, second = queue_one(desk, bot), queue_one(desk, bot)

    async def follow() -> None:
        async with desk.customer(second) as chat:
            assert chat.welcome["queue"]["position"] == 2
            await asyncio.to_thread(desk.http.post, f"{first.path}/handoff-cancellation", headers=first.headers)
            state = await chat.expect("state")
            assert (state["state"], state["queue"]["position"]) == ("queued", 1)

    asyncio.run(follow())


@pytest.mark.parametrize("way", ["http", "socket", "words"])
def test_the_customer_leaves_the_queue(desk: RunningDesk, bot: BotDouble, queued: Queued, way: str) -> None:
    conversation = queued()

    async def by_socket() -> None:
        async with desk.customer(conversation) as chat:
            await chat.send(type="cancel_handoff")
            await chat.expect("state", state="bot")

    if way == "http":
        assert (
            desk.http.post(f"{conversation.path}/handoff-cancellation", headers=conversation.headers).status_code == 204
        )
        again = desk.http.post(f"{conversation.path}/handoff-cancellation", headers=conversation.headers)
        assert (again.status_code, again.json()["error"]["code"]) == (409, "not_queued")
    elif way == "socket":
        asyncio.run(by_socket())
    else:
        conversation.send("算了。")
    conversation.wait_for("handoff_cancelled")
    assert conversation.poll()["state"] == "bot"
    told = wait_until(lambda: [h for h in bot.handbacks if h["conversation_id"] == conversation.id])
    assert told[0]["session"] == 1
    conversation.send("那你接着说")
    conversation.wait_text("收到：那你接着说")
    assert "算了。" not in [body["text"] for body in bot.messages]


def test_thirty_claim_one_and_exactly_one_gets_it(desk: RunningDesk, queued: Queued) -> None:
    conversation = queued()
    agents = [desk.new_agent().online() for _ in range(30)]
    row = agents[0].queued(conversation)
    with ThreadPoolExecutor(30) as pool:
        answers = list(pool.map(lambda agent: agent.post(f"/handoffs/{row['id']}/claim"), agents))
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 29
    assert {a.json()["error"]["code"] for a in answers if a.status_code == 409} == {"already_claimed"}
    assert conversation.types().count("agent_joined") == 1
    winner = next(agent for agent, answer in zip(agents, answers, strict=True) if answer.status_code == 200)
    assert winner.post(f"/handoffs/{row['id']}/claim").status_code == 200  # a repeated call of the winner


def test_capacity_is_never_exceeded(desk: RunningDesk, bot: BotDouble) -> None:
    waiting = [queue_one(desk, bot) for _ in range(8)]
    agents = [desk.new_agent(capacity=2).online() for _ in range(3)]
    ids = [agents[0].queued(conversation)["id"] for conversation in waiting]
    with ThreadPoolExecutor(12) as pool:
        calls = [(agent, handoff) for handoff in ids for agent in agents]
        answers = list(pool.map(lambda call: call[0].post(f"/handoffs/{call[1]}/claim"), calls))
    codes = [answer.json().get("error", {}).get("code") for answer in answers]
    assert codes.count(None) == 6
    assert set(codes) <= {None, "already_claimed", "capacity_full"}
    loads = {a["agent_id"]: a["load"] for a in agents[0].get("/agents").json()["agents"]}
    assert [loads[agent.agent["agent_id"]] for agent in agents] == [2, 2, 2]
    mine = agents[0].get("/conversations").json()["conversations"]
    agents[0].post(f"/conversations/{mine[0]['conversation_id']}/resolve", {"outcome": "solved"})
    left = agents[0].get("/handoffs?state=queued").json()["handoffs"]
    assert agents[0].post(f"/handoffs/{left[0]['id']}/claim").status_code == 200


@pytest.mark.parametrize("presence", ["offline", "busy", "break"])
def test_only_who_is_online_can_claim(desk: RunningDesk, queued: Queued, presence: str) -> None:
    conversation, agent = queued(), desk.new_agent()
    agent.put("/agents/me/presence", {"state": presence})
    answer = agent.post(f"/handoffs/{agent.queued(conversation)['id']}/claim")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "not_online")
    assert conversation.poll()["state"] == "queued"


def test_a_bot_reply_that_comes_too_late_is_discarded(desk: RunningDesk, bot: BotDouble) -> None:
    """The owner changes while the bot is still thinking: what it then says must not appear."""
    conversation = desk.open()
    bot.script["慢慢想"] = reply("我想好了！")
    bot.delays["慢慢想"] = 1.5
    conversation.send("慢慢想")
    wait_until(lambda: [b for b in bot.asked("慢慢想") if b["conversation_id"] == conversation.id])
    with desk.database() as connection:
        # What a second desk process would do meanwhile: hand the conversation over.
        _hand_over_behind_the_back(connection, conversation)
    time.sleep(2.0)
    assert "我想好了！" not in conversation.texts("bot")
    assert "late bot reply discarded" in desk.log_file.read_text()
    supervisor = desk.new_agent(role="supervisor")
    events = supervisor.get(f"/conversations/{conversation.id}/events").json()["events"]
    assert next(e for e in events if e.get("text") == "慢慢想")["understanding"]  # yet it was understood


def test_understanding_is_for_agents_only_and_live_while_a_human_answers(desk: RunningDesk, queued: Queued) -> None:
    conversation, agent = queued(), desk.new_agent().online()
    agent.claim(conversation)

    async def follow() -> None:
        async with desk.console(agent) as console, desk.customer(conversation) as chat:
            await console.send(type="subscribe", conversation=conversation.id, after=0)
            await console.expect("state")
            await chat.send(type="send", cid="angry", text="我真的很生气")
            ack = await chat.expect("ack")
            understood = await console.expect("understanding")
            assert understood["message_id"] == ack["message_id"]
            assert understood["understanding"]["emotion"]["family"] == "angry"
            while (await console.expect("handoff"))["handoff"]["emotion"] != {"family": "angry", "intensity": 2}:
                pass  # as it was when the console came
            await chat.quiet()
            assert "understanding" not in str(chat.frames)

    asyncio.run(follow())
    events = agent.get(f"/conversations/{conversation.id}/events").json()["events"]
    assert next(e for e in events if e.get("text") == "我真的很生气")["understanding"]["emotion"]["intensity"] == 2
    assert "understanding" not in str(conversation.events())


def test_hand_back_tells_the_bot_even_when_it_was_away(desk: RunningDesk, bot: BotDouble, queued: Queued) -> None:
    conversation, agent = queued(), desk.new_agent(name="小周").online()
    agent.claim(conversation)
    agent.say(conversation, "退款已提交。")
    bot.handback_status = 503
    answer = agent.post(f"/conversations/{conversation.id}/handback", {"note": "已退", "settled": ["退款已提交"]})
    assert (answer.status_code, answer.json()["state"]) == (200, "bot")
    conversation.wait_for("handed_back")
    conversation.send("还有一件事")
    time.sleep(0.5)
    assert bot.asked("还有一件事") == []  # the bot must first know what was settled
    bot.handback_status = 204
    conversation.wait_text("收到：还有一件事", 15)
    told = [h for h in bot.handbacks if h["conversation_id"] == conversation.id]
    assert len(told) == 1
    assert (told[0]["note"], told[0]["settled"]) == ("已退", ["退款已提交"])
    assert {"sender": "agent", "text": "退款已提交。", "at": told[0]["messages"][-1]["at"]} in told[0]["messages"]
    loads = {a["agent_id"]: a["load"] for a in agent.get("/agents").json()["agents"]}
    assert loads[agent.agent["agent_id"]] == 0


def test_transfer_goes_to_the_front_with_its_note(desk: RunningDesk, bot: BotDouble) -> None:
    first, urgent = queue_one(desk, bot, priority="low"), queue_one(desk, bot, priority="urgent")
    agent, colleague = desk.new_agent(name="小周").online(), desk.new_agent(name="小林").online()
    agent.claim(first)
    path = f"/conversations/{first.id}/transfer"
    assert agent.post(path, {"note": "x"}).json()["error"]["code"] == "transfer_target_missing"
    assert agent.post(path, {"note": "x", "group": "nobody"}).json()["error"]["code"] == "group_unknown"
    assert agent.post(path, {"note": "x", "agent_id": "a_x"}).json()["error"]["code"] == "agent_unknown"
    assert colleague.post(path, {"note": "x", "group": "orders"}).json()["error"]["code"] == "not_owner"
    moved = agent.post(path, {"note": "要查仓库", "group": "logistics", "agent_id": colleague.agent["agent_id"]})
    assert moved.status_code == 200
    waiting = colleague.get("/handoffs?state=queued").json()["handoffs"]
    rows = [row for row in waiting if row["conversation_id"] in {first.id, urgent.id}]  # others left some, too
    assert [row["conversation_id"] for row in rows] == [first.id, urgent.id]
    assert (rows[0]["note"], rows[0]["skill_group"]) == ("要查仓库", "logistics")
    assert rows[0]["target_agent_id"] == colleague.agent["agent_id"]
    assert first.types()[-2:] == ["agent_left", "handoff_queued"]
    assert "要查仓库" not in str(first.events())
    colleague.claim(first)
    assert first.poll()["agent"] == {"display_name": "小林"}


def test_rating_is_asked_once_and_given_once(desk: RunningDesk, queued: Queued) -> None:
    conversation, agent = queued(), desk.new_agent().online()

    def rate(score: object, **more: object) -> tuple[int, str]:
        answer = desk.http.post(
            f"{conversation.path}/rating", json={"score": score, **more}, headers=conversation.headers
        )
        return answer.status_code, answer.json()["error"]["code"] if answer.content else ""

    assert rate(5) == (409, "not_rateable")
    agent.claim(conversation)
    agent.post(f"/conversations/{conversation.id}/resolve", {"outcome": "solved"})
    assert rate(0) == (422, "rating_invalid")
    assert rate(6) == (422, "rating_invalid")
    assert rate(5, reasons=["x"] * 11) == (422, "rating_invalid")
    assert rate(5, comment="x" * 1_001) == (422, "rating_invalid")
    conversation.send("谢谢")  # starts a new session; the question stays open
    assert rate(5, reasons=["解决快"], comment="很好\n谢谢") == (204, "")
    assert rate(4) == (409, "not_rateable")
    assert conversation.types().count("rated") == 1


def test_a_closed_conversation_starts_again_with_the_bot(desk: RunningDesk, bot: BotDouble, queued: Queued) -> None:
    conversation, agent = queued(), desk.new_agent(name="小周").online()
    agent.claim(conversation)
    conversation.send("给人看的")
    agent.post(f"/conversations/{conversation.id}/resolve", {"outcome": "solved", "note": "已补发"})
    assert conversation.poll()["state"] == "closed"
    conversation.send("又有问题")
    conversation.wait_text("收到：又有问题")
    kinds = conversation.types()
    assert kinds[kinds.index("conversation_reopened") :] == ["conversation_reopened", "message", "message"]
    asked = next(b for b in bot.asked("又有问题") if b["conversation_id"] == conversation.id)
    assert asked["session"] == 2
    assert asked["context"]["previous_agent_id"] == agent.agent["agent_id"]
    assert bot.asked("给人看的") == []


def test_the_bot_hears_of_earlier_contacts(desk: RunningDesk, bot: BotDouble) -> None:
    known = desk.http.get("/demo/customers").json()["customers"][3]
    earlier, agent = queue_one(desk, bot, opening={"identity": known["identity"]}), desk.new_agent(name="小陈").online()
    agent.claim(earlier)
    agent.post(f"/conversations/{earlier.id}/resolve", {"outcome": "solved", "note": "再坏直接退"})
    later = desk.open(identity=known["identity"])
    later.send("又坏了")
    later.wait_text("收到：又坏了")
    context = next(b for b in bot.asked("又坏了") if b["conversation_id"] == later.id)["context"]
    assert context["contacts_last_30_days"] >= 1
    assert context["previous_agent_id"] == agent.agent["agent_id"]
    assert context["previous_contacts"][0]["conversation_id"] == earlier.id
    assert (context["previous_contacts"][0]["agent"], context["previous_contacts"][0]["outcome"]) == (
        "小陈",
        "再坏直接退",
    )


def test_customer_panel_by_right(desk: RunningDesk, bot: BotDouble) -> None:
    known = desk.http.get("/demo/customers").json()["customers"][0]
    conversation = queue_one(desk, bot, opening={"identity": known["identity"]})
    owner, other = desk.new_agent().online(), desk.new_agent()
    supervisor = desk.new_agent(role="supervisor")
    path = f"/conversations/{conversation.id}/customer"
    waiting = other.get(path).json()
    assert "****" in waiting["customer"]["phone"]
    assert known["phone"] not in str(waiting)
    owner.claim(conversation)
    mine = owner.get(path).json()
    assert mine["customer"]["phone"] == known["phone"]
    assert {"customer", "orders", "points", "coupons"} <= mine.keys()
    assert mine["orders"][0]["order_id"]
    assert other.get(path).status_code == 404
    assert supervisor.get(path).json()["customer"]["customer_id"] == known["customer_id"]
    anonymous = queue_one(desk, bot)
    assert other.get(f"/conversations/{anonymous.id}/customer").json()["customer"] is None


def test_agents_see_their_own_and_the_waiting_only(desk: RunningDesk, queued: Queued) -> None:
    conversation, owner, other = queued(), desk.new_agent().online(), desk.new_agent().online()
    row = owner.claim(conversation)
    assert owner.get(f"/conversations/{conversation.id}").json()["handoff"]["id"] == row["id"]
    for path in (
        f"/conversations/{conversation.id}",
        f"/conversations/{conversation.id}/events",
        f"/handoffs/{row['id']}",
    ):
        assert other.get(path).status_code == 404
        assert owner.get(path).status_code == 200
    assert other.get("/handoffs?state=active").json()["handoffs"] == []
    assert other.get("/conversations?owner=all").status_code == 403
    for path, body in (("resolve", {"outcome": "x"}), ("handback", {}), ("transfer", {"note": "", "group": "orders"})):
        assert other.post(f"/conversations/{conversation.id}/{path}", body).json()["error"]["code"] == "not_owner"
    supervisor = desk.new_agent(role="supervisor")
    assert conversation.id in str(supervisor.get("/conversations?owner=all").json())
    assert supervisor.post(f"/conversations/{conversation.id}/resolve", {"outcome": "solved"}).status_code == 200


def test_a_console_may_ask_for_all_that_waits_in_one_frame(desk: RunningDesk, queued: Queued) -> None:
    waiting, mine = queued(), queued()
    agent, other = desk.new_agent().online(), desk.new_agent().online()
    agent.claim(mine)

    async def come() -> None:
        async with desk.console(agent, handoffs_in_one=True) as console:
            told = (await console.expect("handoffs"))["handoffs"]
            states = {row["conversation_id"]: row["state"] for row in told}
            assert (states[waiting.id], states[mine.id]) == ("queued", "active")
            await asyncio.to_thread(other.claim, waiting)  # what was told in one is followed like the rest
            while True:
                changed = (await console.expect("handoff"))["handoff"]
                if (changed["conversation_id"], changed["state"]) == (waiting.id, "active"):
                    return

    asyncio.run(come())


def test_the_console_lives(desk: RunningDesk, bot: BotDouble, queued: Queued) -> None:
    conversation = queued()
    agent, other = desk.new_agent(name="小周").online(), desk.new_agent().online()

    async def follow() -> None:
        async with (
            desk.console(agent) as console,
            desk.console(other) as elsewhere,
            desk.customer(conversation) as chat,
        ):
            shown = (await console.expect("handoff"))["handoff"]
            assert (shown["conversation_id"], shown["state"]) == (conversation.id, "queued")
            await elsewhere.expect("handoff")
            await asyncio.to_thread(agent.claim, conversation)
            gone = (await elsewhere.expect("handoff"))["handoff"]
            while gone["state"] == "queued":  # it may be told once more that it was queued a moment ago
                gone = (await elsewhere.expect("handoff"))["handoff"]
            assert (gone["state"], gone["agent"]["display_name"]) == ("active", "小周")
            await chat.expect("state", state="active", agent={"display_name": "小周"})
            await console.send(type="subscribe", conversation=conversation.id, after=0)
            await console.event(type="agent_joined")
            state = await console.expect("state")
            assert (state["conversation"], state["state"]) == (conversation.id, "active")
            await console.send(type="typing", conversation=conversation.id)
            assert await chat.expect("typing", sender="agent") == {"type": "typing", "sender": "agent"}
            await console.send(type="send", conversation=conversation.id, cid="r1", text="您好")
            ack = await console.expect("ack")
            assert (ack["conversation"], ack["cid"]) == (conversation.id, "r1")
            await chat.event(text="您好", sender="agent")
            await elsewhere.send(type="send", conversation=conversation.id, cid="r2", text="我也来")
            error = await elsewhere.expect("error")
            assert (error["error"]["code"], error["cid"]) == ("not_owner", "r2")
            await elsewhere.send(type="subscribe", conversation=conversation.id, after=0)
            assert (await elsewhere.expect("error"))["error"]["code"] == "conversation_not_found"

    asyncio.run(follow())


def _hand_over_behind_the_back(connection: object, conversation: Conversation) -> None:
    import sqlalchemy as sa
    from desk.conversations.tables import conversations

    connection.execute(
        sa.update(conversations)
        .where(conversations.c.id == conversation.id)
        .values(owner_kind="none", state="closed", fence=conversations.c.fence + 1)
    )
