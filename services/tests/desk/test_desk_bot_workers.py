"""Several Rasa workers: one that is away is passed over, its turn is asked elsewhere, and nobody is answered twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from aiohttp import web
from desk.bot.workers import Workers
from desk.kernel import environment, settings
from doubles import BotDouble, reply
from running import Conversation, RunningDesk, free_port, wait_until

Make = Callable[..., RunningDesk]
URLS = ("http://rasa-a:5005", "http://rasa-b:5005", "http://rasa-c:5005")


def test_a_conversation_stays_with_its_worker_and_only_the_lost_ones_move() -> None:
    workers = Workers(URLS)
    keys = [f"c_{number}" for number in range(300)]
    before = {key: workers.for_key(key)[0] for key in keys}
    assert {key: Workers(URLS).for_key(key)[0].url for key in keys} == {key: own.url for key, own in before.items()}
    shares = [sum(own is worker for own in before.values()) for worker in workers.all]
    assert min(shares) > 60, shares
    lost = workers.all[0]
    lost.up = False
    for key in keys:
        now = workers.for_key(key)
        assert lost not in now
        assert now[0] is before[key] or before[key] is lost


def test_when_none_is_up_all_are_tried() -> None:
    workers = Workers(URLS)
    for worker in workers.all:
        worker.up = False
    assert workers.down
    assert len(workers.for_key("c_1")) == 3


def test_the_addresses_are_one_setting() -> None:
    given = {"BATON_RASA_URL": "http://a:5005, http://b:5005"}
    assert settings.load(given, require_secrets=False).rasa_urls == ("http://a:5005", "http://b:5005")
    assert settings.load({}, require_secrets=False).rasa_urls == ("http://127.0.0.1:5005",)
    with pytest.raises(environment.SettingsError):
        settings.load({"BATON_RASA_URL": "http://a:5005,b:5005"}, require_secrets=False)


@pytest.fixture
def bots() -> Iterator[list[BotDouble]]:
    """Two workers. Their doubles do not share a tracker store, so whoever asks both sees it."""
    doubles = [BotDouble(free_port()), BotDouble(free_port())]
    for double in doubles:
        double.start()
    yield doubles
    for double in doubles:
        double.stop()


@pytest.fixture
def served(bots: list[BotDouble], make_desk: Make) -> RunningDesk:
    urls = ",".join(f"http://127.0.0.1:{double.port}" for double in bots)
    return make_desk(
        bots[0], BATON_RASA_URL=urls, BATON_BOT_NOTICE_AFTER_SECONDS="30", BATON_BOT_HANDOFF_AFTER_SECONDS="60"
    )


def of_worker(desk: RunningDesk, bot: BotDouble) -> Conversation:
    """A conversation that this worker answers while all are up."""
    while True:
        conversation = desk.open()
        conversation.send(text := f"你好 {conversation.id}")
        conversation.wait_text(f"收到：{text}")
        if bot.asked(text):
            return conversation


def test_both_work_and_one_that_dies_is_passed_over(served: RunningDesk, bots: list[BotDouble]) -> None:
    mine, others = of_worker(served, bots[0]), of_worker(served, bots[1])
    bots[0].stop()
    for number in range(3):
        mine.send(f"再问 {number}")
        mine.wait_text(f"收到：再问 {number}")
    assert [len(bots[1].asked(f"再问 {number}")) for number in range(3)] == [1, 1, 1]
    assert len([text for text in mine.texts("bot") if "再问" in text]) == 3
    others.send("还在吗")
    others.wait_text("收到：还在吗")

    bots[0].start()
    wait_until(lambda: "a bot worker is back" in served.log_file.read_text(), 15)
    mine.send("回来了")
    mine.wait_text("收到：回来了")
    assert len(bots[0].asked("回来了")) == 1


def test_an_answer_that_was_under_way_comes_from_the_other_worker_once(
    served: RunningDesk, bots: list[BotDouble]
) -> None:
    mine = of_worker(served, bots[0])
    bots[0].delays["慢"] = 30.0
    mine.send("慢")
    wait_until(lambda: bots[0].asked("慢"))
    bots[0].stop()
    mine.wait_text("收到：慢")
    mine.send("然后呢")
    mine.wait_text("收到：然后呢")
    assert [text for text in mine.texts("bot") if "收到" in text][1:] == ["收到：慢", "收到：然后呢"]
    assert bots[1].asked("慢")[0]["message_id"] == bots[0].asked("慢")[0]["message_id"]


def test_a_worker_that_says_nothing_is_not_waited_for(served: RunningDesk, bots: list[BotDouble]) -> None:
    """As when a host's link is cut: nothing refuses, nothing answers, the health check either."""
    mine = of_worker(served, bots[0])
    bots[0].delays["慢"] = bots[0].delays["/health"] = 60.0
    mine.send("慢")
    mine.wait_text("收到：慢", 15)  # the time-out of an answer is 20 s
    assert len(bots[1].asked("慢")) == 1


def test_a_busy_conversation_is_no_reason_to_leave_a_worker(served: RunningDesk, bots: list[BotDouble]) -> None:
    mine = of_worker(served, bots[0])
    body = {"error": {"code": "busy", "message": "another turn is going on"}}
    busy = [web.json_response(body, status=503) for _ in range(2)]
    bots[0].script["忙"] = lambda _body: busy.pop() if busy else reply("收到：忙")
    mine.send("忙")
    mine.wait_text("收到：忙")
    assert len(bots[0].asked("忙")) == 3
    assert not bots[1].asked("忙")
    assert "a bot worker is away" not in served.log_file.read_text()
