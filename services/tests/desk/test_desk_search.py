"""Search over conversations, on both kinds of database: what answers, who sees it, pages, refusals."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
import sqlalchemy as sa
from conftest import queue_one
from desk.agents import store as agent_store
from desk.agents.rules import Agent
from desk.conversations import store as conversation_store
from desk.handoffs.access import visible
from desk.kernel.errors import NotFoundError
from desk.search import store
from desk.search.rules import Query
from doubles import BotDouble
from running import AgentClient, Conversation, RunningDesk, identity
from summaries import EXAMPLE

ORDER = EXAMPLE["order"]["order_id"]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def own_desk(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, shared_bot: BotDouble, shop_url: str
) -> Iterator[RunningDesk]:
    """A desk whose conversations are those of these tests."""
    extra = {}
    if request.param == "postgresql":
        server: sa.URL = request.getfixturevalue("postgres")
        name = f"t{uuid.uuid4().hex}"
        admin = sa.create_engine(server.set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
        with admin.connect() as connection:
            connection.execute(sa.text(f"CREATE DATABASE {name}"))
        admin.dispose()
        fresh = server.set(drivername="postgresql", database=name)
        extra["BATON_DESK_DATABASE_URL"] = fresh.render_as_string(hide_password=False)
    running = RunningDesk(
        tmp_path_factory.mktemp("desk"),
        BATON_RASA_URL=f"http://127.0.0.1:{shared_bot.port}",
        BATON_SHOP_URL=shop_url,
        BATON_DEMO="1",
        **extra,
    ).start()
    yield running
    running.http.close()
    running.stop()


@pytest.fixture(scope="module")
def supervisor(own_desk: RunningDesk) -> AgentClient:
    return own_desk.new_agent(role="supervisor")


@pytest.fixture
def queued_here(own_desk: RunningDesk, bot: BotDouble) -> Callable[..., Conversation]:
    return lambda **options: queue_one(own_desk, bot, **options)


def search(agent: AgentClient, q: str = "", **filters: str) -> dict[str, Any]:
    answer = agent.get(f"/conversations/search?{urlencode({'q': q, **filters})}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def found(agent: AgentClient, q: str = "", **filters: str) -> list[str]:
    return [result["conversation_id"] for result in search(agent, q, **filters)["results"]]


def said(desk: RunningDesk, *texts: str, **opening: Any) -> Conversation:
    """A conversation with the bot in which the customer said this."""
    conversation = desk.open(**opening)
    for text in texts:
        assert conversation.send(text).status_code == 200
        conversation.wait_text(f"收到：{text}")
    return conversation


def test_words_in_messages_with_their_place(own_desk: RunningDesk, supervisor: AgentClient) -> None:
    word = f"紫砂壶{uuid.uuid4().hex[:6]}"
    conversation = said(own_desk, "你好", f"我的{word}什么时候到")
    (result,) = search(supervisor, word)["results"]
    assert (result["conversation_id"], result["state"], result["matched"]) == (conversation.id, "bot", ["message"])
    event = conversation.wait_text(f"我的{word}什么时候到")
    mine = next(hit for hit in result["hits"] if hit["sender"] == "customer")
    assert (mine["seq"], mine["message_id"]) == (event["seq"], event["message_id"])
    assert mine["snippet"] == [{"text": "我的"}, {"text": word, "hit": True}, {"text": "什么时候到"}]
    assert result["hit_count"] == 2  # the bot said it too
    more = said(own_desk, f"{word} 第一句", f"{word} 红色", f"{word} 第三句", f"{word} 第四句")
    best = next(one for one in search(supervisor, f"{word} 红色")["results"] if one["conversation_id"] == more.id)
    assert [piece["text"] for piece in best["hits"][1]["snippet"]] == [word, " ", "红色"]  # all words before newer ones
    assert best["hit_count"] == 8
    assert found(supervisor, f"你好 {word.upper()}") == [conversation.id]  # every word, in any message, in any case
    assert found(supervisor, f"没人说过 {word}") == []
    assert found(supervisor, "%") == []


def test_the_customer_the_order_and_the_phone(
    own_desk: RunningDesk, supervisor: AgentClient, queued_here: Callable[..., Conversation]
) -> None:
    conversation = queued_here(opening={"identity": identity("C1001"), "page": {"order_id": "20990101555444"}})
    (by_id,) = search(supervisor, "c1001")["results"]
    assert (by_id["conversation_id"], by_id["matched"]) == (conversation.id, ["customer"])
    assert found(supervisor, conversation.id) == [conversation.id]
    assert search(supervisor, "555444")["results"][0]["matched"] == ["order"]
    assert conversation.id in found(supervisor, ORDER)
    ending = str(EXAMPLE["customer"]["masked_phone"])[-4:]
    assert "phone" in search(supervisor, ending)["results"][0]["matched"]
    own_name = search(supervisor, "李晓雯")
    assert (own_name["by_name"], own_name["results"][0]["matched"]) == (True, ["name"])
    with own_desk.database() as connection:
        connection.execute(sa.text("UPDATE handoffs SET contact = '13999998765'"))
    assert conversation.id in found(supervisor, "8765")
    assert conversation.id in found(supervisor, "13999998765")
    assert found(supervisor, "98765") == []  # a masked number is not to be guessed digit by digit


def test_state_group_and_days(
    own_desk: RunningDesk, supervisor: AgentClient, queued_here: Callable[..., Conversation]
) -> None:
    word = f"过滤{uuid.uuid4().hex[:6]}"
    waiting, talking = queued_here(text=word), said(own_desk, word)
    assert found(supervisor, word, state="queued") == [waiting.id]
    assert found(supervisor, word, state="bot") == [talking.id]
    group = supervisor.queued(waiting)["skill_group"]
    assert found(supervisor, word, group=group) == [waiting.id]
    assert found(supervisor, word, group="technical" if group != "technical" else "orders") == []
    today = (own_desk.now() + timedelta(hours=8)).date()
    day = timedelta(days=1)
    assert set(found(supervisor, word, **{"from": str(today), "to": str(today)})) == {waiting.id, talking.id}
    assert found(supervisor, word, **{"from": str(today + day)}) == []
    assert found(supervisor, word, to=str(today - day)) == []


def test_an_agent_finds_own_former_and_waiting_ones_only(
    own_desk: RunningDesk, queued_here: Callable[..., Conversation]
) -> None:
    word = f"范围{uuid.uuid4().hex[:6]}"
    agent, colleague = own_desk.new_agent().online(), own_desk.new_agent().online()
    mine, waiting, theirs, once = (queued_here(text=word) for _ in range(4))
    with_bot = said(own_desk, word)
    agent.claim(mine)
    colleague.claim(theirs)
    agent.claim(once)
    agent.post(f"/conversations/{once.id}/resolve", {"outcome": "solved"})
    assert set(found(agent, word)) == {mine.id, waiting.id, once.id}
    assert set(found(own_desk.new_agent(role="supervisor"), word)) == {
        c.id for c in (mine, waiting, theirs, once, with_bot)
    }
    assert_the_rule_is_that_of_every_other_call(own_desk, agent.username)
    agent.post(f"/conversations/{mine.id}/resolve", {"outcome": "solved"})


def assert_the_rule_is_that_of_every_other_call(desk: RunningDesk, username: str) -> None:
    with desk.database() as connection:
        row = connection.execute(sa.select(agent_store.agents).where(agent_store.agents.c.username == username)).one()
        agent = Agent(**row._mapping)
        everything = connection.execute(sa.select(conversation_store.conversations.c.id)).scalars().all()
        listed = {one.conversation.id for one in store.find(connection, agent, Query(), 10_000)}
        for conversation_id in everything:
            try:
                visible(connection, conversation_id, agent)
                allowed = True
            except NotFoundError:
                allowed = False
            assert allowed == (conversation_id in listed), conversation_id


def test_pages_in_the_order_of_the_last_change(own_desk: RunningDesk, supervisor: AgentClient) -> None:
    word = f"分页{uuid.uuid4().hex[:6]}"
    made = []
    for _ in range(23):
        conversation = own_desk.open()
        conversation.send(word)
        made.append(conversation.id)
    first = search(supervisor, word)
    second = search(supervisor, word, before=first["next"])
    ids = [result["conversation_id"] for page in (first, second) for result in page["results"]]
    assert (len(first["results"]), second["next"]) == (20, None)
    assert sorted(ids) == sorted(made)
    changed = [result["updated_at"] for page in (first, second) for result in page["results"]]
    assert changed == sorted(changed, reverse=True)


def test_what_cannot_be_searched_is_refused(own_desk: RunningDesk, supervisor: AgentClient) -> None:
    for query in ("q=a+b+c+d+e+f", "state=gone", "group=x", "from=yesterday", "to=9999-12-31"):
        answer = supervisor.get(f"/conversations/search?{query}")
        assert (answer.status_code, answer.json()["error"]["code"]) == (422, "search_invalid"), query
    assert supervisor.get("/conversations/search?before=1").json()["error"]["code"] == "invalid_request"
    assert own_desk.http.get("/api/v1/conversations/search?q=a").status_code == 401
    customer = own_desk.open()
    assert own_desk.http.get("/api/v1/conversations/search?q=a", headers=customer.headers).status_code == 401


def test_every_open_conversation_comes_in_pages(own_desk: RunningDesk, supervisor: AgentClient) -> None:
    made = {own_desk.open().id for _ in range(5)}
    listed: list[str] = []
    before = ""
    while True:
        answer = supervisor.get(f"/conversations?{urlencode({'owner': 'all', 'limit': 2, 'before': before})}").json()
        listed += [row["conversation_id"] for row in answer["conversations"]]
        if answer["next"] is None:
            break
        before = answer["next"]
    assert len(listed) == len(set(listed))
    assert made <= set(listed)
    whole = supervisor.get("/conversations?owner=all").json()
    assert ([row["conversation_id"] for row in whole["conversations"]], whole["next"]) == (listed, None)
    for query in ("limit=0", "limit=501", "before=x"):
        assert supervisor.get(f"/conversations?owner=all&{query}").status_code in {400, 422}


def test_private_notes_are_found_by_agents_who_may_see_them(
    own_desk: RunningDesk, shared_bot: BotDouble, supervisor: AgentClient
) -> None:
    conversation, word = queue_one(own_desk, shared_bot), f"暗号{uuid.uuid4().hex[:8]}"
    owner, stranger = own_desk.new_agent(name="小周").online(), own_desk.new_agent()
    owner.claim(conversation)
    body = {"client_id": uuid.uuid4().hex, "text": f"客户要等检测报告，{word}，先别催"}
    assert owner.post(f"/conversations/{conversation.id}/private-notes", body).status_code == 200
    for agent in (owner, supervisor):
        (result,) = agent.get(f"/conversations/search?{urlencode({'q': word})}").json()["results"]
        assert (result["matched"], result["hits"], result["hit_count"]) == (["note"], [], 0)
        (note,) = result["notes"]
        assert (note["agent"], [piece["text"] for piece in note["snippet"] if piece.get("hit")]) == ("小周", [word])
    assert stranger.get(f"/conversations/search?{urlencode({'q': word})}").json()["results"] == []
    both = urlencode({"q": f"{word} {conversation.id}"})
    assert len(owner.get(f"/conversations/search?{both}").json()["results"]) == 1  # one word here, the other there


def test_nobody_reads_a_phone_number_in_a_list_unless_it_is_their_conversation(
    own_desk: RunningDesk, supervisor: AgentClient, queued_here: Callable[..., Conversation]
) -> None:
    word, phone, hidden = f"回拨{uuid.uuid4().hex[:6]}", "13912345678", "139****5678"
    conversation = queued_here(headline=f"{word}请打{phone}")
    first, second = own_desk.new_agent().online(), own_desk.new_agent().online()
    assert conversation.send(f"{word} 还是{phone}，住在桃花源路12号").status_code == 200

    def read(agent: AgentClient) -> str:
        results = search(agent, word)["results"]
        rows = (
            agent.get("/handoffs?state=queued").json()["handoffs"] + agent.get("/conversations").json()["conversations"]
        )
        return str([results, [row for row in rows if row["conversation_id"] == conversation.id]])

    def preview(agent: AgentClient) -> str:
        return str(agent.get(f"/handoffs/{handoff_id}").json()["since_queued"])

    handoff_id = first.queued(conversation)["id"]
    for agent in (first, second, supervisor):
        assert hidden in read(agent) and phone not in read(agent) and "12号" not in read(agent)
        assert hidden in preview(agent) and phone not in preview(agent)
    first.claim(conversation)
    assert phone in read(first) and phone in preview(first)
    assert phone not in read(supervisor)
    note = {"agent_id": second.agent["agent_id"], "note": f"请打{phone}"}
    assert first.post(f"/conversations/{conversation.id}/transfer", note).status_code == 200
    assert first.queued(conversation)["note"] == f"请打{hidden}"
    assert second.claim(conversation)["note"] == f"请打{phone}"
