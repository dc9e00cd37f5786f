"""What customers keep and read again: the transcript, their earlier conversations, and never those of anybody else."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote
from zoneinfo import ZoneInfo

import httpx
import pytest
from desk.archive import rules
from desk.archive.rules import Entry
from desk.conversations.rules import Event
from desk.kernel import settings, wording
from doubles import BotDouble, reply
from running import AgentClient, Conversation, RunningDesk, identity

WORDING = wording.load(settings.load({}, require_secrets=False).playbook_dir)
SHANGHAI = ZoneInfo("Asia/Shanghai")


def read(desk: RunningDesk, path: str, token: str | None, **params: Any) -> httpx.Response:
    """GET with a bearer."""
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    return desk.http.get(path, params=params, headers=headers)


def earlier(desk: RunningDesk, token: str | None, **params: Any) -> httpx.Response:
    """GET /customers/me/conversations."""
    return read(desk, "/api/v1/customers/me/conversations", token, **params)


def somebody() -> str:
    """A customer nobody else in these tests is."""
    return f"C{uuid.uuid4().hex[:12]}"


def served(desk: RunningDesk, queued: Callable[..., Conversation], customer: str) -> tuple[Conversation, AgentClient]:
    """A conversation of a signed customer that an agent answered, with a private note, and resolved."""
    conversation = queued(opening={"identity": identity(customer)})
    agent = desk.new_agent(name="小周").online()
    agent.claim(conversation)
    assert agent.say(conversation, "已经为您补发").status_code == 200
    agent.post(f"/conversations/{conversation.id}/private-notes", {"client_id": "n1", "text": "老客户，别再拖"})
    agent.post(f"/conversations/{conversation.id}/resolve", {"outcome": "solved"})
    return conversation, agent


def test_the_transcript_is_what_the_customer_saw_and_nothing_else(
    desk: RunningDesk, bot: BotDouble, queued: Callable[..., Conversation]
) -> None:
    conversation, agent = served(desk, queued, somebody())
    answer = read(desk, f"{conversation.path}/transcript", conversation.token)
    assert answer.status_code == 200
    text = answer.content.decode("utf-8-sig")
    for words in ("小周（人工客服）：已经为您补发", "我：转人工吧", "小接（机器人）：", "系统：", conversation.id):
        assert words in text
    for private in ("老客户，别再拖", agent.username, agent.agent["agent_id"], conversation.token):
        assert private not in text
    assert answer.content.startswith(b"\xef\xbb\xbf")
    assert text.count("\n") == text.count("\r\n")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    kind, _, name = answer.headers["content-disposition"].partition("filename*=UTF-8''")
    assert kind.startswith("attachment;")
    assert unquote(name).startswith("聊天记录-20")
    assert "no-store" in answer.headers["cache-control"]


def test_agents_have_their_own_ways_to_read(desk: RunningDesk, queued: Callable[..., Conversation]) -> None:
    conversation, agent = queued(), desk.new_agent().online()
    assert read(desk, f"{conversation.path}/transcript", agent.token).status_code == 401
    assert earlier(desk, agent.token).status_code == 401


def test_a_signed_customer_finds_every_conversation_again(
    desk: RunningDesk, bot: BotDouble, queued: Callable[..., Conversation]
) -> None:
    customer = somebody()
    first, _ = served(desk, queued, customer)
    unwritten = desk.open(identity=identity(customer))
    talk = desk.open(identity=identity(customer))
    talk.send("发票怎么开\n要抬头的")
    talk.wait_text("收到：发票怎么开\n要抬头的")
    waiting = queued(opening={"identity": identity(customer)})
    found = earlier(desk, identity(customer)).json()
    assert [one["conversation_id"] for one in found["conversations"]] == [waiting.id, talk.id, first.id]
    assert [one["outcome"] for one in found["conversations"]] == ["open", "bot", "solved"]
    assert [one["outcome_text"] for one in found["conversations"]] == ["人工处理中", "智能客服已答复", "已解决"]
    assert found["conversations"][1]["first_words"] == "发票怎么开 要抬头的"
    assert found["next"] is None
    assert unwritten.id not in str(found)


def test_it_is_told_a_page_at_a_time(desk: RunningDesk, bot: BotDouble) -> None:
    customer = somebody()
    talks = [desk.open(identity=identity(customer)) for _ in range(5)]
    for number, talk in enumerate(talks):
        talk.send(f"第 {number} 次")
    seen: list[str] = []
    before = None
    while page := earlier(desk, identity(customer), limit=2, **({"before": before} if before else {})).json():
        seen += [one["conversation_id"] for one in page["conversations"]]
        before = page["next"]
        if before is None:
            break
    assert seen == [talk.id for talk in reversed(talks)]
    whole = talks[0].events()
    token = identity(customer)
    first = read(desk, f"{talks[0].path}/events", token, limit=1).json()["events"]
    assert first == whole[:1]
    assert read(desk, f"{talks[0].path}/events", token, after=1).json()["events"] == whole[1:]


def test_only_a_good_identity_of_that_customer_reads(desk: RunningDesk, bot: BotDouble) -> None:
    mine, theirs = somebody(), somebody()
    talk = desk.open(identity=identity(theirs))
    talk.send("我的秘密")
    stranger = desk.open()
    stranger.send("路过")
    paths = ("", "/events", "/transcript", "/attachments/f_x")
    for token in (identity(mine), identity(theirs, secret="other"), identity(theirs, seconds=-1), "v1.", "v1.e30.x"):
        for path in paths:
            for conversation in (talk.path, stranger.path, "/api/v1/conversations/c_unknown"):
                answer = read(desk, conversation + path, token)
                assert answer.status_code == 401, (token, path)
                assert "我的秘密" not in answer.text
    assert earlier(desk, identity(mine)).json() == {"conversations": [], "next": None}
    assert earlier(desk, identity(mine), before=talk.id + "z").json()["conversations"] == []
    for token in (None, talk.token, stranger.token, identity(theirs, secret="other"), identity(theirs, seconds=-1)):
        assert earlier(desk, token).status_code == 401
    for path in ("", "/events", "/transcript"):
        assert read(desk, talk.path + path, identity(theirs)).status_code == 200


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/messages", {"client_id": "k", "text": "冒名"}),
        ("/handoff-cancellation", {}),
        ("/rating", {"score": 1}),
        ("/attachments", {}),
    ],
)
def test_an_identity_reads_and_never_writes(desk: RunningDesk, path: str, body: dict[str, Any]) -> None:
    customer = somebody()
    talk = desk.open(identity=identity(customer))
    headers = {"Authorization": f"Bearer {identity(customer)}"}
    assert desk.http.post(talk.path + path, json=body, headers=headers).status_code == 401
    assert len(talk.events()) == 1


def test_a_clients_limits_are_the_desks(desk: RunningDesk) -> None:
    conversation = desk.open()
    limits = read(desk, conversation.path, conversation.token).json()["limits"]
    assert limits["message_characters"] == 2_000
    assert limits["attachments"]["a_message"] == 6
    assert limits["attachments"]["image_bytes"] == 10 * 1024 * 1024
    assert "image/jpeg" in limits["attachments"]["types"]


def event(seq: int, sender: str, text: str | None, **more: Any) -> Event:
    fields: dict[str, Any] = {
        "client_id": None, "payload": None, "buttons": None, "card": None, "agent_id": None, "agent_name": None,
        "understanding": None, "session": 1, "at": datetime(2026, 11, 22, 2, seq, tzinfo=UTC),
    }  # fmt: skip
    return Event(
        conversation_id="c_1", seq=seq, type="message", sender=sender, message_id=f"m_{seq}", text=text,
        **{**fields, **more},
    )  # type: ignore[arg-type]  # fmt: skip


def transcript(*events: Event) -> str:
    now = datetime(2026, 11, 22, 16, 30, tzinfo=UTC)
    return rules.transcript(events, "c_1", now, SHANGHAI, WORDING)


def test_nobody_writes_a_line_that_looks_like_another_persons() -> None:
    lines = transcript(event(1, "customer", "好\n[10:01] 小周（人工客服）：赔您一万\u202e\r\n完")).split("\r\n")
    assert [line for line in lines if line.startswith("[10:01]")] == ["[10:01] 我：好"]
    assert "    [10:01] 小周（人工客服）：赔您一万" in lines


def test_times_are_the_shops_and_days_are_set_apart() -> None:
    text = transcript(
        event(1, "customer", "早"),
        event(2, "agent", "在的", agent_name="小周", at=datetime(2026, 11, 22, 16, 5, tzinfo=UTC)),
    )
    assert "—— 2026 年 11 月 22 日 周日 ——\r\n[10:01] 我：早" in text
    assert "—— 2026 年 11 月 23 日 周一 ——\r\n[00:05] 小周（人工客服）：在的" in text
    assert rules.file_name(datetime(2026, 11, 22, 16, 30, tzinfo=UTC), SHANGHAI, WORDING) == "聊天记录-20261123.txt"


@pytest.mark.parametrize(
    ("card", "words"),
    [
        ({"type": "order", "order_id": "1", "status_text": "待发货", "amount_fen": 39900}, "[订单 1：待发货，¥399.00]"),
        ({"type": "logistics", "carrier": "顺丰", "tracking_number": "SF1", "events": []}, "[物流 顺丰 SF1：]"),
        ({"type": "order_list", "orders": [{}, {}]}, "[订单列表，2 笔]"),
        ({"type": "hologram", "text": "一张新卡片"}, "一张新卡片"),
    ],
)
def test_cards_are_said_in_words(card: dict[str, Any], words: str) -> None:
    assert f"小接（机器人）：{words}" in transcript(event(1, "bot", None, card=card))


def test_files_are_named() -> None:
    file = {"kind": "image", "name": "破损.jpg"}
    assert "我：[图片] 破损.jpg" in transcript(event(1, "customer", None, attachments=[file]))


@pytest.mark.parametrize(
    ("state", "outcome", "told"),
    [
        ("bot", None, "bot"),
        ("queued", None, "open"),
        ("active", "solved", "open"),
        ("wrap_up", "solved", "solved"),
        ("closed", "unsolved", "unsolved"),
        ("closed", "follow_up", "follow_up"),
        ("closed", "客户态度差，没法谈", "ended"),
        ("bot", "cancelled", "ended"),
    ],
)
def test_what_colleagues_wrote_about_the_end_stays_with_them(state: Any, outcome: str | None, told: str) -> None:
    at = datetime(2026, 11, 22, tzinfo=UTC)
    entry = Entry(
        conversation_id="c_1",
        state=state,
        created_at=at,
        updated_at=at,
        outcome=outcome,
        topics="",
        first_words="长" * 99,
    )
    view = rules.entry_view(entry, WORDING)
    assert view["outcome"] == told
    assert "态度" not in str(view)
    assert len(view["first_words"]) == 60


def test_who_is_too_fast_is_told_when_to_try_again(desk: RunningDesk, bot: BotDouble) -> None:
    bot.script["快"] = reply()
    conversation = desk.open()
    for _ in range(60):
        answer = conversation.send("快")
        if answer.status_code == 429:
            break
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) == 1
