"""When Rasa is away, refuses, or answers nonsense; and when the desk itself is killed."""

from __future__ import annotations

import signal
import threading
import time
import uuid
from collections.abc import Callable, Iterator

import httpx
import jsonschema
import pytest
from aiohttp import web
from doubles import BotDouble, reply
from running import AgentClient, Conversation, RunningDesk, free_port, wait_until
from summaries import CONTRACTS, summary_for

Make = Callable[..., RunningDesk]
SHORT = {
    "BATON_BOT_NOTICE_AFTER_SECONDS": "0.6",
    "BATON_BOT_HANDOFF_AFTER_SECONDS": "2.5",
    "BATON_BOT_TIMEOUT_SECONDS": "2",
    "BATON_BOT_RESCAN_SECONDS": "1",
}


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RunningDesk, BotDouble]]:
    """A desk that soon gives up on its bot, for tests that break and mend the bot only."""
    double = BotDouble(free_port())
    double.start()
    folder = tmp_path_factory.mktemp("short")
    running = RunningDesk(folder, BATON_RASA_URL=f"http://127.0.0.1:{double.port}", **SHORT).start()
    yield running, double
    running.http.close()
    running.stop()
    double.stop()


@pytest.fixture
def breakable(short: tuple[RunningDesk, BotDouble]) -> Iterator[tuple[RunningDesk, BotDouble]]:
    """The same, with the bot in good health before and after."""
    desk, bot = short
    yield desk, bot
    bot.status = 200
    bot.delays.clear()
    bot.messages.clear()
    bot.stop()
    bot.start()
    mended = desk.open()
    mended.send("好了吗")
    mended.wait_text("收到：好了吗", 20)


def test_a_short_outage_is_waited_out_without_a_word_lost(make_desk: Make, own_bot: BotDouble) -> None:
    desk = make_desk(own_bot, BATON_BOT_NOTICE_AFTER_SECONDS="1", BATON_BOT_HANDOFF_AFTER_SECONDS="60")
    conversation = desk.open()
    own_bot.stop()
    conversation.send("第一条")
    conversation.send("第二条")
    notice = wait_until(lambda: conversation.texts("bot")[1:])[0]
    time.sleep(1.5)
    own_bot.start()
    conversation.wait_text("收到：第二条", 20)
    assert conversation.texts("bot")[1:] == [notice, "收到：第一条", "收到：第二条"]  # one honest line an outage
    assert conversation.types() == ["message"] * 6


@pytest.mark.parametrize("way", ["gone", "503", "hangs"])
def test_a_long_outage_brings_a_person(breakable: tuple[RunningDesk, BotDouble], way: str) -> None:
    desk, own_bot = breakable
    conversation = desk.open(page={"url": "https://shop.example/", "title": "首页"}, device={"system": "iOS 17"})
    if way == "gone":
        own_bot.stop()
    elif way == "503":
        own_bot.status = 503
    else:
        own_bot.delays["我的快递呢"] = 30
    conversation.send("我的快递呢")
    queued = conversation.wait_for("handoff_queued", 15)
    assert queued["text"]
    agent = desk.new_agent().online()
    row = agent.queued(conversation)
    full = agent.get(f"/handoffs/{row['id']}").json()
    schema = httpx.Response(200, content=(CONTRACTS / "escalation_summary.schema.json").read_bytes()).json()
    jsonschema.Draft7Validator(schema).validate(full["summary"])
    assert (full["summary_valid"], full["summary"]["triggers"][0]["code"]) == (True, "bot_unavailable")
    assert "我的快递呢" in row["headline"]
    assert full["summary"]["last_messages"][-1]["text"]
    agent.claim(conversation)
    assert agent.say(conversation, "我来看").status_code == 200


def test_the_wish_for_a_person_is_met_at_once_while_the_bot_is_known_to_be_down(
    make_desk: Make, own_bot: BotDouble
) -> None:
    desk = make_desk(own_bot, BATON_BOT_NOTICE_AFTER_SECONDS="30", BATON_BOT_HANDOFF_AFTER_SECONDS="60")
    first, second = desk.open(), desk.open()
    own_bot.stop()
    first.send("有人能看看吗，我的包裹")
    time.sleep(0.5)
    started = time.monotonic()
    second.send("转人工！")
    second.wait_for("handoff_queued", 5)
    first.send(None, payload="/request_human")
    first.wait_for("handoff_queued", 5)
    assert time.monotonic() - started < 5
    assert first.poll()["state"] == "queued"


def test_who_leaves_the_queue_in_an_outage_gets_a_person_again(breakable: tuple[RunningDesk, BotDouble]) -> None:
    """The handback of the cancellation cannot be delivered either; messages behind it are not stuck."""
    desk, own_bot = breakable
    conversation = desk.open()
    own_bot.stop()
    conversation.send("在吗")
    conversation.wait_for("handoff_queued", 15)
    conversation.send("算了")
    conversation.wait_for("handoff_cancelled")
    conversation.send("那我的退款呢")
    wait_until(lambda: conversation.types().count("handoff_queued") == 2, 20)
    own_bot.start()
    agent = desk.new_agent().online()
    agent.claim(conversation)


@pytest.mark.parametrize("status", [400, 401, 409, 422])
def test_what_the_bot_refuses_is_not_repeated(breakable: tuple[RunningDesk, BotDouble], status: int) -> None:
    desk, own_bot = breakable
    conversation, calls = desk.open(), own_bot.calls
    own_bot.status = status
    conversation.send("怪话")
    sorry = wait_until(lambda: [e for e in conversation.events()[2:] if e["sender"] == "bot"])[0]
    assert sorry["buttons"] == [{"title": "找人工", "payload": "/request_human"}]
    assert own_bot.calls == calls + 1
    own_bot.status = 200
    conversation.send("正常话")
    conversation.wait_text("收到：正常话")
    assert "怪话" not in [body["text"] for body in own_bot.messages]


@pytest.mark.parametrize(
    "answer",
    [
        web.Response(text="<html>not json", content_type="text/html"),
        web.json_response({"message_id": "m"}),
        web.json_response({"message_id": "m", "replies": "hello"}),
        {"replies": [], "handoff": None, "understanding": None},
        {"replies": [{"text": ""}], "handoff": None, "understanding": None},
    ],
    ids=["html", "no replies", "replies no list", "nothing", "an empty bubble"],
)
def test_an_answer_that_is_none_becomes_an_offer_of_a_person(desk: RunningDesk, bot: BotDouble, answer: object) -> None:
    text = f"怪答 {uuid.uuid4().hex}"
    bot.script[text] = lambda _body: answer
    conversation = desk.open()
    conversation.send(text)
    sorry = wait_until(lambda: conversation.events()[2:])[0]
    assert sorry["buttons"][0]["payload"] == "/request_human"
    conversation.send("下一条")
    conversation.wait_text("收到：下一条")


def test_the_handoff_and_the_reply_are_one_transaction(make_desk: Make, own_bot: BotDouble) -> None:
    """The desk is killed again and again around handoffs: each reply has its queue entry, each entry its reply."""
    desk = make_desk(own_bot, BATON_BOT_RESCAN_SECONDS="1")
    own_bot.script["转人工"] = lambda body: reply("这就转。", handoff=summary_for(body))
    conversations = [desk.open() for _ in range(12)]
    for conversation in conversations:
        conversation.send("转人工")
    desk.kill()
    desk.start()
    for conversation in conversations:
        conversation.wait_state("queued", 20)
        assert conversation.types() == ["message", "message", "message", "handoff_queued"]
    agent = desk.new_agent()
    assert len(agent.get("/handoffs?state=queued").json()["handoffs"]) == 12


class Writer(threading.Thread):
    """Writes one message after the other, resending each until it is acknowledged."""

    def __init__(self, conversation: Conversation, count: int) -> None:
        super().__init__()
        self.conversation, self.count = conversation, count
        self.client = httpx.Client(base_url=conversation.desk.http.base_url, timeout=5)
        self.acknowledged: dict[str, dict[str, object]] = {}

    def run(self) -> None:
        """Send them all."""
        for number in range(self.count):
            body = {"client_id": f"k{number}", "text": f"第 {number} 条"}
            while f"k{number}" not in self.acknowledged:
                try:
                    answer = self.client.post(
                        f"{self.conversation.path}/messages", json=body, headers=self.conversation.headers
                    )
                except httpx.TransportError:
                    time.sleep(0.1)
                    continue
                if answer.status_code == 200:
                    self.acknowledged[f"k{number}"] = answer.json()
                else:
                    time.sleep(0.1)
        self.client.close()


def test_killed_in_the_middle_nothing_is_lost_and_nothing_doubled(make_desk: Make, own_bot: BotDouble) -> None:
    desk = make_desk(own_bot, BATON_BOT_RESCAN_SECONDS="1", BATON_MESSAGE_BURST="1000")
    writers = [Writer(desk.open(), 40) for _ in range(5)]
    for writer in writers:
        writer.start()
    for _ in range(2):
        time.sleep(0.4)
        desk.kill()
        desk.start()
    for writer in writers:
        writer.join(60)
        assert len(writer.acknowledged) == 40
    for writer in writers:
        conversation = writer.conversation
        conversation.wait_text("收到：第 39 条", 30)
        events = conversation.events()
        said = {e["client_id"]: (e["message_id"], e["seq"]) for e in events if e["sender"] == "customer"}
        assert said == {k: (a["message_id"], a["seq"]) for k, a in writer.acknowledged.items()}
        assert conversation.texts("customer") == [f"第 {number} 条" for number in range(40)]
        assert conversation.texts("bot")[1:] == [f"收到：第 {number} 条" for number in range(40)]


def test_a_restart_delivers_what_the_bot_was_not_told_and_a_stop_is_clean(make_desk: Make, own_bot: BotDouble) -> None:
    desk = make_desk(own_bot)
    own_bot.script["转人工"] = lambda body: reply("这就转。", handoff=summary_for(body))
    conversation = desk.open()
    conversation.send("转人工")
    conversation.wait_state("queued")
    agent: AgentClient = desk.new_agent().online()
    agent.claim(conversation)
    own_bot.handback_status = 503
    assert agent.post(f"/conversations/{conversation.id}/handback", {"note": "好了"}).status_code == 200
    desk.kill()
    own_bot.handback_status = 204
    desk.start()
    wait_until(lambda: own_bot.handbacks)
    assert own_bot.handbacks[0]["note"] == "好了"
    assert agent.get("/agents/me").status_code == 200  # the login outlives the desk's process
    own_bot.delays["慢"] = 20
    conversation.send("慢")
    started = time.monotonic()
    assert desk.stop() in {0, -signal.SIGTERM}  # also in the middle of a turn
    assert time.monotonic() - started < 10
    assert "Traceback" not in desk.log_file.read_text()
