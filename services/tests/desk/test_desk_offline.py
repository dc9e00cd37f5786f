"""Nobody on duty: what the customer hears, what they can do, and who gets their case."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import yaml
from conftest import queue_one
from desk.handoffs.contact import contact_in
from desk.kernel import settings, wording
from doubles import BotDouble
from running import AgentClient, Conversation, RunningDesk, free_port, wait_until

Make = Callable[..., RunningDesk]
PLAYBOOK = settings.load({}, require_secrets=False).playbook_dir
WORDING = wording.load(PLAYBOOK)
PHONE = "13800138000"
MASKED = "138****8000"
TODAY = date(2026, 11, 20)
EVENING = datetime(2026, 11, 20, 12, tzinfo=UTC)  # 20:00 in Shanghai
OPENING = datetime(2026, 11, 21, 0, tzinfo=UTC)  # 08:00 in Shanghai
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
CLOSED_UNTIL_TOMORROW = {
    "time_zone": "Asia/Shanghai",
    "weekly": {day: [] for day in WEEKDAYS},
    "years": {TODAY.year: {}},
    "special_days": {TODAY + timedelta(days=1): ["08:00-20:00"]},
    "groups": {"technical": {"special_days": {TODAY + timedelta(days=1): ["10:00-18:00"]}}},
}
ALWAYS_OPEN = {
    "time_zone": "Asia/Shanghai",
    "weekly": {day: ["00:00-24:00"] for day in WEEKDAYS},
    "years": {TODAY.year: {}},
}


def playbook_with(folder: Path, hours: dict[str, Any]) -> str:
    """The shipped playbook with other business hours."""
    shutil.copytree(PLAYBOOK, folder)
    (folder / "business_hours.yml").write_text(yaml.safe_dump(hours), encoding="utf-8")
    return str(folder)


def desk_with(folder: Path, bot: BotDouble, hours: dict[str, Any], **environment: str) -> RunningDesk:
    return RunningDesk(
        folder,
        at=EVENING,
        BATON_RASA_URL=f"http://127.0.0.1:{bot.port}",
        BATON_PLAYBOOK_DIR=playbook_with(folder / "playbook", hours),
        BATON_AWAY_NOTICE_SECONDS="0.6",
        **environment,
    ).start()


@pytest.fixture(scope="module")
def night_bot() -> Iterator[BotDouble]:
    """The bot of the two desks below."""
    double = BotDouble(free_port())
    double.start()
    yield double
    double.stop()


@pytest.fixture(scope="module")
def desks(tmp_path_factory: pytest.TempPathFactory, night_bot: BotDouble) -> Iterator[dict[str, RunningDesk]]:
    """A desk that is closed until tomorrow at eight, and one that never closes."""
    running = {
        "closed": desk_with(tmp_path_factory.mktemp("closed"), night_bot, CLOSED_UNTIL_TOMORROW),
        "open": desk_with(tmp_path_factory.mktemp("open"), night_bot, ALWAYS_OPEN),
    }
    yield running
    for desk in running.values():
        desk.http.close()
        desk.stop()


@pytest.fixture
def night(desks: dict[str, RunningDesk]) -> Iterator[RunningDesk]:
    """The closed desk with nobody online, before and after."""
    agents: list[AgentClient] = []
    desk = desks["closed"]
    new_agent = desk.new_agent
    desk.new_agent = lambda **options: agents.append(new_agent(**options)) or agents[-1]  # type: ignore[method-assign]
    yield desk
    desk.new_agent = new_agent  # type: ignore[method-assign]
    for agent in agents:
        agent.put("/agents/me/presence", {"state": "offline", "force": True})


def press(conversation: Conversation, payload: str) -> None:
    assert conversation.send(None, payload=payload).status_code == 200


def leave(conversation: Conversation) -> int:
    path = f"{conversation.path}/handoff-cancellation"
    return conversation.desk.http.post(path, headers=conversation.headers).status_code


def row_of(agent: AgentClient, conversation: Conversation) -> list[dict[str, Any]]:
    rows = agent.get("/handoffs?state=queued").json()["handoffs"]
    return [row for row in rows if row["conversation_id"] == conversation.id]


def test_out_of_hours_the_customer_hears_when_and_keeps_the_place(night: RunningDesk, night_bot: BotDouble) -> None:
    conversation = queue_one(night, night_bot)
    said = conversation.wait_for("handoff_queued")
    assert "明天 08:00" in said["text"]
    assert "不用再讲一遍" in said["text"]
    assert [button["payload"] for button in said["buttons"]] == ["desk:ask_bot", "desk:leave_queue"]
    queue = conversation.poll()["queue"]
    assert (queue["on_duty"], queue["contact"], queue["expected_wait_seconds"]) == (False, None, None)
    assert datetime.fromisoformat(queue["next_open_at"]) == OPENING
    hours = night.http.get("/api/v1/service-hours").json()
    assert (hours["open"], hours["on_duty"], hours["next_open_at"]) == (False, False, queue["next_open_at"])
    assert "明天 08:00" in hours["words"]
    agent = night.new_agent()
    (row,) = row_of(agent, conversation)
    assert (row["kind"], row["contact"]) == ("offline", None)
    assert conversation.send("还有，包裹也少了一件").status_code == 200  # it goes on taking messages
    assert conversation.poll()["state"] == "queued"


def test_open_with_nobody_there_no_time_is_invented(desks: dict[str, RunningDesk], night_bot: BotDouble) -> None:
    conversation = queue_one(desks["open"], night_bot)
    said = conversation.wait_for("handoff_queued")["text"]
    assert "同事这会儿都不在" in said
    assert "回复就发在这里" in said
    assert ":" not in said
    queue = conversation.poll()["queue"]
    assert (queue["on_duty"], queue["next_open_at"]) == (False, None)
    hours = desks["open"].http.get("/api/v1/service-hours").json()
    assert (hours["open"], hours["on_duty"], hours["next_open_at"]) == (True, False, None)


def test_who_is_online_is_on_duty_whatever_the_calendar_says(night: RunningDesk, night_bot: BotDouble) -> None:
    night.new_agent().online()
    assert night.http.get("/api/v1/service-hours").json()["on_duty"] is True
    conversation, agent = queue_one(night, night_bot), night.new_agent()
    assert row_of(agent, conversation)[0]["kind"] == "live"
    assert "buttons" not in conversation.wait_for("handoff_queued")
    queue = conversation.poll()["queue"]
    assert queue["on_duty"] is True
    assert queue["expected_wait_seconds"]


def test_a_phone_number_becomes_the_contact(night: RunningDesk, night_bot: BotDouble) -> None:
    conversation, agent = queue_one(night, night_bot), night.new_agent()
    conversation.send("订单号是 20261118000123")
    conversation.send(f"我的手机号 {PHONE}")
    assert MASKED in conversation.wait_for("contact_noted")["text"]
    conversation.send(PHONE)  # said again: nothing new
    assert conversation.types().count("contact_noted") == 1
    assert conversation.poll()["queue"]["contact"] == MASKED
    (row,) = row_of(agent, conversation)
    assert row["contact"] == MASKED
    assert agent.get(f"/handoffs/{row['id']}").json()["contact"] == MASKED
    assert agent.online().claim(conversation)["contact"] == MASKED
    assert agent.get(f"/handoffs/{row['id']}").json()["contact"] == PHONE
    conversation.send("13900139000")  # told to the agent, who is there
    assert conversation.types().count("contact_noted") == 1


@pytest.mark.parametrize("way", ["button", "words"])
def test_the_customer_asks_the_bot_and_the_agent_takes_over(night: RunningDesk, night_bot: BotDouble, way: str) -> None:
    conversation, agent = queue_one(night, night_bot), night.new_agent()
    if way == "button":
        press(conversation, "desk:ask_bot")
    else:
        conversation.send("先问机器人吧。")
    state = conversation.wait_state("bot")
    assert state["queue"]["position"] >= 1  # the place is kept
    assert conversation.wait_for("case_kept")["buttons"][0]["payload"] == "desk:leave_queue"
    conversation.send("运费谁出")
    conversation.wait_text("收到：运费谁出")
    (row,) = row_of(agent, conversation)
    for path in (f"/conversations/{conversation.id}", f"/conversations/{conversation.id}/events"):
        assert agent.get(path).status_code == 200  # who may claim may read
    assert agent.get(f"/conversations/{conversation.id}/customer").status_code == 200
    agent.online()
    conversation.wait_for("service_resumed")
    assert agent.claim(conversation)["id"] == row["id"]
    assert conversation.poll()["state"] == "active"
    conversation.send(f"终于等到您 {way}")
    agent.say(conversation, "我是小周，退款已经在办。")
    conversation.wait_text("我是小周，退款已经在办。")
    assert night_bot.asked(f"终于等到您 {way}") == []
    assert night_bot.asked("先问机器人吧。") == []


def test_asking_for_a_person_again_keeps_place_and_contact(night: RunningDesk, night_bot: BotDouble) -> None:
    first, agent = queue_one(night, night_bot), night.new_agent()
    first.send(PHONE)
    first.wait_for("contact_noted")
    (before,) = row_of(agent, first)
    behind = queue_one(night, night_bot)
    press(first, "desk:ask_bot")
    night_bot.script[f"再转 {first.id}"] = night_bot.script[f"转人工吧 {first.id}"]
    first.send(f"再转 {first.id}")
    first.wait_state("queued")
    (after,) = row_of(agent, first)
    assert after["id"] != before["id"]
    assert (after["queued_at"], after["contact"], after["kind"]) == (before["queued_at"], MASKED, "offline")
    supervisor = night.new_agent(role="supervisor")
    assert supervisor.get(f"/handoffs/{before['id']}").json()["state"] == "cancelled"
    assert first.poll()["queue"]["position"] < behind.poll()["queue"]["position"]


@pytest.mark.parametrize("where", ["queue", "bot"])
@pytest.mark.parametrize("way", ["button", "http"])
def test_the_customer_gives_the_case_up(night: RunningDesk, night_bot: BotDouble, where: str, way: str) -> None:
    conversation, agent = queue_one(night, night_bot), night.new_agent()
    if where == "bot":
        press(conversation, "desk:ask_bot")
        conversation.wait_state("bot")
    if way == "button":
        press(conversation, "desk:leave_queue")
    else:
        assert leave(conversation) == 204
    conversation.wait_for("handoff_cancelled")
    assert (conversation.poll()["state"], conversation.poll()["queue"]) == ("bot", None)
    assert row_of(agent, conversation) == []
    assert leave(conversation) == 409
    if way == "button":
        press(conversation, "desk:leave_queue")  # pressed again: nothing waits any more
    conversation.send("你好")
    conversation.wait_text("收到：你好")
    assert not [body for body in night_bot.messages if (body["payload"] or "").startswith("desk:")]
    assert [b["note"] for b in night_bot.handbacks if b["conversation_id"] == conversation.id] == [
        WORDING.text("bot.cancelled_note")
    ]


def test_a_button_that_was_not_offered_does_nothing(night: RunningDesk) -> None:
    conversation = night.open()
    answer = conversation.send(None, payload="desk:leave_queue")
    assert answer.json()["error"]["code"] == "payload_not_offered"


def test_who_waits_hears_when_everybody_is_gone_and_when_somebody_is_back(
    night: RunningDesk, night_bot: BotDouble
) -> None:
    agent = night.new_agent().online()
    conversation = queue_one(night, night_bot)
    agent.put("/agents/me/presence", {"state": "break"})
    paused = conversation.wait_for("service_paused")
    assert "明天 08:00" in paused["text"]
    assert row_of(agent, conversation)[0]["kind"] == "offline"
    conversation.send(PHONE)
    conversation.wait_for("contact_noted")
    agent.online()
    assert "同事上线了" in conversation.wait_for("service_resumed")["text"]
    assert conversation.poll()["queue"]["on_duty"] is True
    kinds = conversation.types()
    assert (kinds.count("service_paused"), kinds.count("service_resumed")) == (1, 1)


def test_the_bot_is_told_who_is_there(night: RunningDesk, night_bot: BotDouble) -> None:
    queue_one(night, night_bot)
    conversation = night.open()
    conversation.send("几点上班")
    conversation.wait_text("收到：几点上班")
    service = next(b for b in night_bot.asked("几点上班") if b["conversation_id"] == conversation.id)["service"]
    assert (service["on_duty"], service["open"], service["next_open_words"]) == (False, False, "明天 08:00")
    assert service["queue_length"] >= 1
    assert service["groups"] == {"technical": {"open": False, "next_open_words": "明天 10:00"}}
    night.new_agent().online()
    conversation.send("有人了吗")
    conversation.wait_text("收到：有人了吗")
    assert next(b for b in night_bot.asked("有人了吗"))["service"]["on_duty"] is True


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_a_case_survives_restarts_until_somebody_is_there(
    request: pytest.FixtureRequest, make_desk: Make, own_bot: BotDouble, tmp_path: Path, database: str
) -> None:
    environment = {"BATON_PLAYBOOK_DIR": playbook_with(tmp_path / "playbook", CLOSED_UNTIL_TOMORROW)}
    if database == "postgresql":
        fresh: sa.URL = request.getfixturevalue("fresh_postgres")
        environment["BATON_DESK_DATABASE_URL"] = fresh.render_as_string(hide_password=False)
    desk = make_desk(own_bot, at=EVENING, **environment)
    kept, waiting = queue_one(desk, own_bot), queue_one(desk, own_bot, priority="urgent")
    press(kept, "desk:ask_bot")
    waiting.send(PHONE)
    waiting.wait_for("contact_noted")
    desk.kill()
    desk.start()
    agent = desk.new_agent().online()
    assert "接下来就看您这条" in waiting.wait_for("service_resumed")["text"]
    assert "前面还有 1 位" in kept.wait_for("service_resumed")["text"]
    rows = agent.get("/handoffs?state=queued").json()["handoffs"]
    assert [row["conversation_id"] for row in rows] == [waiting.id, kept.id]  # by priority and age like all others
    for conversation in (waiting, kept):
        agent.claim(conversation)
        wait_until(lambda c=conversation: c.poll()["agent"])


def test_an_opening_that_brings_nobody_is_admitted_once(make_desk: Make, own_bot: BotDouble, tmp_path: Path) -> None:
    playbook = playbook_with(tmp_path / "playbook", CLOSED_UNTIL_TOMORROW)
    desk = make_desk(own_bot, at=EVENING, BATON_PLAYBOOK_DIR=playbook, BATON_AWAY_NOTICE_SECONDS="60")
    conversation = queue_one(desk, own_bot)
    assert "明天 08:00" in conversation.wait_for("handoff_queued")["text"]
    desk.move_clock_to(OPENING + timedelta(seconds=61))
    late = conversation.wait_for("service_late", 30)
    assert "还没有上线" in late["text"]
    assert ":" not in late["text"]  # no second promise of a time
    assert late["buttons"]
    desk.move_clock_to(OPENING + timedelta(hours=2))
    desk.new_agent().online()
    conversation.wait_for("service_resumed")
    assert conversation.types().count("service_late") == 1
    assert conversation.poll()["state"] == "queued"


# Which number is the customer's own.

MINE, NOT_MINE = WORDING.words("contact.mine"), WORDING.words("contact.not_mine")


@pytest.mark.parametrize(
    "text",
    [
        "13800138000",
        "138 0013 8000",
        "138-0013-8000",
        "+86 13800138000",
        "１３８００１３８０００",
        "我的电话13800138000",
        "电话:13800138000，谢谢",
        "我急着用，包裹一直没到，麻烦上班后打给我，13800138000",
        "13800138000 或者 138-0013-8000",
    ],
)
def test_a_number_that_is_the_customers_own(text: str) -> None:
    assert contact_in(text, MINE, NOT_MINE) == PHONE


@pytest.mark.parametrize("text", ["010-88886666", "我的电话 0755-88886666", "01088886666"])
def test_a_landline_is_a_contact_too(text: str) -> None:
    assert contact_in(text, MINE, NOT_MINE) in {"01088886666", "075588886666"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "在吗",
        "20261118000123",
        "订单 202611138001380001",
        "SF13800138000123",
        "YT13800138000",
        "快递员电话 13800138000 一直打不通",
        "骑手 13800138000",
        "昨天下单时留的号码好像写错成了 13800138000 会不会收不到货",
        "13800138000 和 13900139000",
        "12315",
        "1380013800",
        "收件人 13800138000",
        "3.13800138000",
    ],
)
def test_a_number_that_is_not(text: str) -> None:
    assert contact_in(text, MINE, NOT_MINE) is None
