"""The customer's socket, against a running desk."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable

import pytest
from doubles import BotDouble, reply
from running import Conversation, RunningDesk

pytestmark = pytest.mark.anyio


async def test_the_whole_way_of_a_message(desk: RunningDesk, bot: BotDouble) -> None:
    conversation = await asyncio.to_thread(desk.open)
    async with desk.customer(conversation) as chat:
        limits = chat.welcome.pop("limits")
        assert (limits["message_characters"], limits["attachments"]["a_message"]) == (2_000, 6)
        nothing_read = {"customer": 0, "agent": 0}
        expected = {"type": "welcome", "seq": 1, "state": "bot", "queue": None, "agent": None, "read": nothing_read}
        assert chat.welcome == expected
        assert (await chat.event())["seq"] == 1
        await chat.send(type="send", cid="c1", text="在吗")
        ack = await chat.expect("ack")
        assert (ack["cid"], ack["seq"]) == ("c1", 2)
        await chat.event(text="收到：在吗")
        assert [event["seq"] for event in chat.events()] == [1, 2, 3]
        assert chat.events()[1]["client_id"] == "c1"
        assert chat.events()[1]["message_id"] == ack["message_id"]
        assert {"type": "typing", "sender": "bot"} in chat.frames


async def test_a_resent_message_gets_the_same_ack_even_on_another_socket(desk: RunningDesk) -> None:
    conversation = await asyncio.to_thread(desk.open)
    async with desk.customer(conversation) as chat:
        await chat.send(type="send", cid="c1", text="一次")
        first = await chat.expect("ack")
        await chat.send(type="send", cid="c1", text="一次")
        assert await chat.expect("ack") == first
    async with desk.customer(conversation) as chat:
        await chat.send(type="send", cid="c1", text="一次")
        assert await chat.expect("ack") == first
    assert await asyncio.to_thread(conversation.texts, "customer") == ["一次"]


async def test_a_cursor_brings_exactly_what_was_missed(desk: RunningDesk) -> None:
    conversation = await asyncio.to_thread(desk.open)
    async with desk.customer(conversation) as chat:
        await chat.send(type="send", cid="c1", text="前")
        await chat.event(text="收到：前")
    await asyncio.to_thread(conversation.send, "离线时")
    await asyncio.to_thread(conversation.wait_text, "收到：离线时")
    async with desk.customer(conversation, after=3) as chat:
        await chat.event(text="收到：离线时")
        assert [event["seq"] for event in chat.events()] == [4, 5]
        await chat.send(type="resend_from", after=1)
        await chat.event(seq=5)
        assert [event["seq"] for event in chat.events()] == [4, 5, 2, 3, 4, 5]
    async with desk.customer(conversation, after=99) as chat:
        assert await chat.quiet() == []


async def test_everything_sent_in_one_breath_is_taken_in_order(desk: RunningDesk, bot: BotDouble) -> None:
    conversation = await asyncio.to_thread(desk.open)
    async with desk.socket("/ws/customer") as chat:
        frames: list[dict[str, object]] = [
            {"type": "hello", "token": conversation.token, "conversation": conversation.id}
        ]
        for number in range(12):
            frames += [
                {"type": "send", "cid": f"b{number}", "text": f"第 {number} 句"},
                {"type": "read", "seq": number + 1},  # takes its time
            ]
        for frame in [*frames, {"type": "ping"}]:
            await chat.send(**frame)
        await chat.expect("welcome")
        seqs = [(await chat.expect("ack", cid=f"b{number}"))["seq"] for number in range(12)]
    assert seqs == sorted(seqs)


async def test_a_message_does_not_overtake_the_command_before_it(
    desk: RunningDesk, queued: Callable[..., Conversation]
) -> None:
    conversation = await asyncio.to_thread(queued)
    async with desk.socket("/ws/customer") as chat:  # all three are there before the first is done
        await chat.send(type="hello", token=conversation.token, conversation=conversation.id)
        await chat.send(type="cancel_handoff")
        await chat.send(type="send", cid="behind", text="那我再看看")
        behind = (await chat.expect("ack", cid="behind"))["seq"]
    cancelled = await asyncio.to_thread(conversation.wait_for, "handoff_cancelled")
    assert cancelled["seq"] < behind


async def test_a_desk_that_stops_says_goodbye_to_every_socket(
    make_desk: Callable[..., RunningDesk], own_bot: BotDouble
) -> None:
    desk = await asyncio.to_thread(make_desk, own_bot)
    conversation = await asyncio.to_thread(desk.open)
    agent = await asyncio.to_thread(lambda: desk.new_agent().online())
    async with desk.customer(conversation) as chat, desk.console(agent) as console:
        await chat.send(type="send", cid="last", text="最后一句")
        await chat.expect("ack", cid="last")
        stopped = asyncio.create_task(asyncio.to_thread(desk.stop))
        assert [await chat.closed(), await console.closed()] == [1012, 1012]
        assert await stopped in {0, -signal.SIGTERM}


async def test_two_sockets_see_the_same_sequence(desk: RunningDesk, bot: BotDouble) -> None:
    bot.script["多说几句"] = reply(*[f"第 {number} 句" for number in range(1, 451)])
    conversation = await asyncio.to_thread(desk.open)
    async with desk.customer(conversation) as one, desk.customer(conversation) as two:
        await one.send(type="send", cid="c", text="多说几句")
        await asyncio.gather(one.event(text="第 450 句", seconds=20), two.event(text="第 450 句", seconds=20))
        assert [event["seq"] for event in one.events()] == list(range(1, 453))
        assert one.events() == two.events()
    async with desk.customer(conversation) as late:
        await late.event(seq=452, seconds=20)
        assert late.events() == one.events()


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("hello", "frame_not_json"),
        ("[]", "frame_invalid"),
        ("{}", "frame_invalid"),
        ('{"type":5}', "frame_invalid"),
        ('{"type":"dance"}', "frame_unknown_type"),
        ('{"type":"send"}', "frame_invalid"),
        ('{"type":"send","cid":"x","text":5}', "frame_invalid"),
        ('{"type":"send","cid":"x","text":""}', "message_empty"),
        ('{"type":"send","cid":"x"}', "message_empty"),
        ('{"type":"send","cid":"x","text":"\\ud83d"}', "frame_not_json"),
        ('{"type":"send","cid":"x","text":"\\u0000"}', "message_invalid_characters"),
        ('{"type":"send","cid":"x","text":"' + "长" * 2_001 + '"}', "message_too_long"),
        ('{"type":"send","cid":"x","text":"a","payload":"/restart"}', "payload_not_offered"),
        ('{"type":"send","cid":"x","text":"' + "x" * 70_000 + '"}', "frame_too_large"),
        ('{"type":"cancel_handoff"}', "not_queued"),
        ('{"type":"rate","score":5}', "not_rateable"),
        ('{"type":"rate","score":"5"}', "frame_invalid"),
        ('{"type":"rate","score":6}', "rating_invalid"),
        ('{"type":"resend_from"}', "frame_invalid"),
        ("[" * 5_000, "frame_not_json"),
        (b"\x00\x01", "frame_not_json"),
    ],
)
async def test_bad_frames_get_an_error_and_the_socket_stays_open(
    desk: RunningDesk, frame: str | bytes, code: str
) -> None:
    conversation = await asyncio.to_thread(desk.open)
    async with desk.customer(conversation) as chat:
        await chat.connection.send(frame)
        error = await chat.expect("error")
        assert error["error"]["code"] == code
        assert error["error"]["message"]
        if isinstance(frame, str) and '"cid":"x"' in frame and code not in {"frame_not_json", "frame_too_large"}:
            assert error["cid"] == "x"
        await chat.send(type="ping")
        await chat.expect("pong")
    assert await asyncio.to_thread(conversation.types) == ["message"]


@pytest.mark.parametrize(
    ("first", "code"),
    [
        ('{"type":"ping"}', 4400),
        ("nonsense", 4400),
        ('{"type":"hello"}', 4400),
        ('{"type":"hello","token":"ct_x","conversation":"c_x"}', 4401),
        ('{"type":"hello","token":"","conversation":"c_x","after":0}', 4401),
    ],
)
async def test_without_a_good_hello_the_socket_closes(desk: RunningDesk, first: str, code: int) -> None:
    async with desk.socket("/ws/customer") as chat:
        await chat.connection.send(first)
        error = await chat.expect("error")
        assert error["error"]["code"] == ("unauthorized" if code == 4401 else "hello_expected")
        assert await chat.closed() == code


async def test_the_token_of_another_conversation_opens_nothing(desk: RunningDesk) -> None:
    mine, theirs = await asyncio.to_thread(desk.open), await asyncio.to_thread(desk.open)
    async with desk.socket("/ws/customer") as chat:
        await chat.send(type="hello", token=mine.token, conversation=theirs.id, after=0)
        assert await chat.closed() == 4401
    async with desk.socket("/ws/agent") as chat:
        await chat.send(type="hello", token=mine.token)
        assert await chat.closed() == 4401


async def test_a_flood_is_slowed_down_and_told(desk: RunningDesk) -> None:
    conversation = await asyncio.to_thread(desk.open)
    async with desk.customer(conversation) as chat:
        for number in range(60):
            await chat.send(type="send", cid=f"n{number}", text=f"第 {number} 条")
        answered: dict[str, str] = {}
        while len(answered) < 60:
            frame = await chat.receive()
            if frame["type"] in {"ack", "error"}:
                answered[frame["cid"]] = frame["type"] if frame["type"] == "ack" else frame["error"]["code"]
        acked = [cid for cid, what in answered.items() if what == "ack"]
        assert set(answered.values()) == {"ack", "too_many_messages"}
        assert 20 <= len(acked) < 60
        await asyncio.sleep(1.3)  # longer than a bucket stays closed after it has refused (desk.kernel.ratelimit)
        await chat.send(type="send", cid="n59", text="第 59 条")  # the refused one comes through later
        await chat.expect("ack", cid="n59")


async def test_typing_reaches_the_agent_only_as_fast_as_agreed(desk: RunningDesk) -> None:
    conversation = await asyncio.to_thread(desk.open)
    supervisor = await asyncio.to_thread(lambda: desk.new_agent(role="supervisor"))
    async with desk.customer(conversation) as chat, desk.console(supervisor) as console:
        await console.send(type="subscribe", conversation=conversation.id, after=0)
        await console.expect("state", conversation=conversation.id)
        for _ in range(5):
            await chat.send(type="typing")
        typing = await console.expect("typing")
        assert typing == {"type": "typing", "sender": "customer", "conversation": conversation.id}
        assert not [frame for frame in await console.quiet() if frame["type"] == "typing"]


async def test_who_looked_at_a_waiting_customer_hears_nothing_once_another_agent_has_them(
    desk: RunningDesk, queued: Callable[..., Conversation]
) -> None:
    conversation = await asyncio.to_thread(queued)
    owner, colleague = [await asyncio.to_thread(lambda: desk.new_agent().online()) for _ in range(2)]
    supervisor = await asyncio.to_thread(lambda: desk.new_agent(role="supervisor"))
    async with desk.console(colleague) as looking, desk.console(supervisor) as leading:
        for console in (looking, leading):
            await console.send(type="subscribe", conversation=conversation.id, after=0)
            await console.expect("state", conversation=conversation.id)
        await asyncio.to_thread(owner.claim, conversation)
        while (await looking.expect("handoff"))["handoff"]["state"] != "active":
            pass  # it was queued a moment ago; who has them is no secret
        await looking.quiet()
        await asyncio.to_thread(conversation.send, "我的身份证号只告诉您")
        await leading.event(text="我的身份证号只告诉您")
        assert not [frame for frame in await looking.quiet() if frame["type"] == "event"]


async def test_a_reader_that_never_reads_is_hung_up_on_and_resumes_whole(desk: RunningDesk, bot: BotDouble) -> None:
    long_text = "很长的一句话。" * 250
    bot.script["请说很多"] = reply(*[long_text for _ in range(2_000)])  # 10 MB: more than the network buffers hold
    conversation = await asyncio.to_thread(desk.open)
    async with desk.socket("/ws/customer", max_queue=1, close_timeout=1) as lazy:
        await lazy.send(type="hello", token=conversation.token, conversation=conversation.id, after=0)
        before = (await asyncio.to_thread(desk.http.get, "/metrics")).text
        assert 'baton_sockets{kind="customer"} 0.0' not in before
        await asyncio.to_thread(conversation.send, "请说很多")
        gone = 'baton_sockets{kind="customer"} 0.0'
        async with asyncio.timeout(20):  # nobody reads: the desk gives this socket up and others do not notice
            while gone not in (await asyncio.to_thread(desk.http.get, "/metrics")).text:
                await asyncio.sleep(0.2)
        other = await asyncio.to_thread(desk.open)
        assert (await asyncio.to_thread(other.send, "别人呢")).status_code == 200
    async with desk.customer(conversation, after=0) as chat:
        await chat.event(seq=2_002, seconds=30)
        assert [event["seq"] for event in chat.events()] == list(range(1, 2_003))
