"""The same desk on PostgreSQL, as a whole."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa
from conftest import queue_one
from doubles import BotDouble
from running import RunningDesk


def test_the_whole_story_on_postgresql(
    make_desk: Callable[..., RunningDesk], own_bot: BotDouble, fresh_postgres: sa.URL
) -> None:
    url = fresh_postgres.render_as_string(hide_password=False)
    desk = make_desk(own_bot, BATON_DESK_DATABASE_URL=url, BATON_BOT_RESCAN_SECONDS="1")
    conversation = queue_one(desk, own_bot)
    agent = desk.new_agent(name="小周").online()
    agent.claim(conversation)
    agent.say(conversation, "我是小周。")
    conversation.send("好的")
    desk.kill()
    desk.start()
    assert agent.post(f"/conversations/{conversation.id}/handback", {"note": "已退款"}).status_code == 200
    conversation.send("还有一个问题")
    conversation.wait_text("收到：还有一个问题", 15)
    assert own_bot.handbacks[0]["note"] == "已退款"
    assert conversation.texts("customer")[1:] == ["好的", "还有一个问题"]
    _check_values_no_database_can_hold(desk)


def _check_values_no_database_can_hold(desk: RunningDesk) -> None:
    """They are the sender's mistake, not the desk's."""
    conversation, agent = desk.open(), desk.new_agent()
    for answer in (
        desk.http.get("/api/v1/conversations/c_%00/events", headers=conversation.headers),
        desk.http.post("/api/v1/agents/login", json={"username": "a\x00b", "password": "x"}),
        desk.http.post("/api/v1/conversations", json={"locale": "zh\x00"}),
        agent.get("/handoffs/h_%00"),
        agent.post(f"/conversations/{conversation.id}/resolve", {"outcome": "a\x00"}),
    ):
        assert 400 <= answer.status_code < 500, answer.text
        assert answer.json()["error"]["code"]
    assert conversation.send("还在").status_code == 200
