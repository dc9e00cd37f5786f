"""Attachments against a running desk: uploaded, sent once, seen by the right people only, swept."""

from __future__ import annotations

import asyncio
import io
import os
import signal
import socket
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from desk.attachments.store import attachments
from desk.export import lines
from desk.kernel.engine import create_engine
from doubles import BotDouble
from PIL import Image
from running import AgentClient, Conversation, RunningDesk, wait_until

MP4 = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + b"\0" * 5_000
PDF = b"%PDF-1.7\n" + b"x" * 500


def photo(side: int = 900) -> bytes:
    """A JPEG that says where it was taken."""
    exif = Image.Exif()
    exif[0x010F] = "SECRETCAM"
    out = io.BytesIO()
    Image.effect_noise((side, side // 2), 40).convert("RGB").save(out, "JPEG", exif=exif)
    return out.getvalue()


def upload(
    person: Conversation | AgentClient,
    conversation: Conversation,
    data: bytes | None = None,
    media_type: str = "image/jpeg",
    name: str = "破损.jpg",
    **headers: str,
) -> httpx.Response:
    """POST /attachments."""
    return conversation.desk.http.post(
        f"{conversation.path}/attachments",
        params={"name": name},
        content=photo() if data is None else data,
        headers={**person.headers, "Content-Type": media_type, **headers},
    )


def uploaded(person: Conversation | AgentClient, conversation: Conversation, **options: Any) -> dict[str, Any]:
    """The attachment of a good upload."""
    answer = upload(person, conversation, **options)
    assert answer.status_code == 201, answer.text
    assert answer.json()["attachment_id"] == answer.json()["attachment"]["id"]
    return dict(answer.json()["attachment"])


def refused(answer: httpx.Response, status: int, code: str) -> None:
    """The error, with words for a person."""
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code), answer.text
    assert "{" not in answer.json()["error"]["message"]


def files_of(desk: RunningDesk) -> list[Path]:
    """Every finished file the desk stores."""
    return [path for path in (desk.folder / "attachments").rglob("*") if path.is_file()]


def active(desk: RunningDesk, queued: Callable[..., Conversation]) -> tuple[Conversation, AgentClient]:
    """A conversation with the agent who has it."""
    conversation, agent = queued(), desk.new_agent().online()
    agent.claim(conversation)
    return conversation, agent


def test_a_photo_is_sent_and_everybody_of_the_conversation_sees_it(
    desk: RunningDesk, bot: BotDouble, queued: Callable[..., Conversation]
) -> None:
    conversation, agent = active(desk, queued)
    file = uploaded(conversation, conversation)
    assert (file["kind"], file["name"], file["width"], file["height"]) == ("image", "破损.jpg", 900, 450)
    sent = conversation.send("", attachments=[file["id"]], client_id="k1")
    assert sent.status_code == 200, sent.text
    assert conversation.send("", attachments=[file["id"]], client_id="k1").json() == sent.json()
    event = conversation.events()[-1]
    assert event["attachments"] == [file]
    assert "text" not in event
    for person in (conversation, agent):
        picture = desk.http.get(file["url"], headers=person.headers)
        assert picture.status_code == 200
        assert b"SECRETCAM" not in picture.content
        assert picture.headers["x-content-type-options"] == "nosniff"
        assert picture.headers["content-disposition"] == "inline; filename*=UTF-8''%E7%A0%B4%E6%8D%9F.jpg"
        assert "sandbox" in picture.headers["content-security-policy"]
        assert picture.headers["cache-control"].startswith("private")
        assert "Authorization" in picture.headers["vary"]
        assert len(picture.content) == int(picture.headers["content-length"]) == file["bytes"]
        small = desk.http.get(file["thumbnail_url"], headers=person.headers)
        assert max(Image.open(io.BytesIO(small.content)).size) == 480
    seen = agent.get(f"/conversations/{conversation.id}/events").json()["events"]
    assert seen[-1]["attachments"] == [file]


@pytest.mark.anyio
async def test_both_sockets_carry_attachments_and_a_resend_is_stored_once(
    desk: RunningDesk, bot: BotDouble, queued: Callable[..., Conversation]
) -> None:
    conversation, agent = await asyncio.to_thread(active, desk, queued)
    mine = await asyncio.to_thread(uploaded, conversation, conversation)
    theirs = await asyncio.to_thread(
        lambda: uploaded(agent, conversation, data=PDF, media_type="application/pdf", name="说明书.pdf")
    )
    async with desk.customer(conversation) as customer, desk.console(agent) as console:
        await console.send(type="subscribe", conversation=conversation.id, after=0)
        await customer.send(type="send", cid="c1", text="你看", attachments=[mine["id"]])
        first = await customer.expect("ack", cid="c1")
        await customer.send(type="send", cid="c1", text="你看", attachments=[mine["id"]])
        again = await customer.expect("ack", cid="c1")
        assert (first["message_id"], first["seq"]) == (again["message_id"], again["seq"])
        assert (await console.event(sender="customer", text="你看"))["attachments"] == [mine]
        await console.send(type="send", conversation=conversation.id, cid="a1", attachments=[theirs["id"]])
        await console.expect("ack", cid="a1")
        assert (await customer.event(sender="agent"))["attachments"] == [theirs]
        await customer.send(type="send", cid="c2", text="又来", attachments=[mine["id"]])
        assert (await customer.expect("error", cid="c2"))["error"]["code"] == "attachment_used"
    document = desk.http.get(theirs["url"], headers=conversation.headers)
    assert document.headers["content-disposition"].startswith("attachment;")
    assert document.content == PDF


def test_the_bot_is_told_and_a_file_without_words_is_said_in_words_elsewhere(
    desk: RunningDesk, bot: BotDouble, queued: Callable[..., Conversation]
) -> None:
    conversation = desk.open()
    file = uploaded(conversation, conversation)
    assert conversation.send(None, attachments=[file["id"]]).status_code == 200
    told = wait_until(lambda: [b for b in bot.messages if b["conversation_id"] == conversation.id])[0]
    assert (told["text"], told["attachments"]) == ("[图片]", [file])
    waiting = queued()
    file = uploaded(waiting, waiting)
    waiting.send(None, attachments=[file["id"]])
    agent = desk.new_agent().online()
    row = agent.queued(waiting)
    last = agent.get(f"/handoffs/{row['id']}").json()["since_queued"]["last"]
    assert [one["text"] for one in last] == ["[图片]"]


@pytest.mark.parametrize(
    ("data", "media_type", "status", "code"),
    [
        (PDF, "image/jpeg", 422, "attachment_mismatch"),
        (b"<svg onload=alert(1)>", "image/svg+xml", 422, "attachment_type_refused"),
        (b"<html>", "text/html", 422, "attachment_type_refused"),
        (b"<html><script>alert(1)</script>", "application/pdf", 422, "attachment_mismatch"),
        (b"", "image/png", 422, "attachment_empty"),
        (b"\xff\xd8\xff" + b"\0" * 50, "image/jpeg", 422, "attachment_damaged"),
        (photo(100)[:700], "image/jpeg", 422, "attachment_damaged"),
        (b"%PDF-" + b"x" * (10 * 1024 * 1024), "application/pdf", 413, "attachment_too_large"),
    ],
)
def test_a_wrong_file_is_refused_in_words_and_leaves_nothing(
    desk: RunningDesk, data: bytes, media_type: str, status: int, code: str
) -> None:
    conversation, before = desk.open(), len(files_of(desk))
    refused(upload(conversation, conversation, data, media_type), status, code)
    assert len(files_of(desk)) == before


def test_a_body_that_does_not_say_how_long_it_is_is_stopped_at_the_limit(desk: RunningDesk) -> None:
    conversation, before = desk.open(), len(files_of(desk))

    def endless() -> Any:
        yield b"%PDF-1.7\n"
        for _ in range(60):
            yield b"x" * 256 * 1024

    headers = {**conversation.headers, "Content-Type": "application/pdf"}
    answer = desk.http.post(f"{conversation.path}/attachments", content=endless(), headers=headers)
    refused(answer, 413, "attachment_too_large")
    assert len(files_of(desk)) == before


def test_an_upload_that_breaks_off_leaves_nothing(desk: RunningDesk) -> None:
    conversation, before = desk.open(), len(files_of(desk))
    head = (
        f"POST {conversation.path}/attachments HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {conversation.token}\r\n"
        "Content-Type: image/jpeg\r\nContent-Length: 100000\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", desk.port)) as half:
        half.sendall(head.encode() + photo()[:5_000])
        wait_until(lambda: len(files_of(desk)) > before)
    wait_until(lambda: len(files_of(desk)) == before)


def test_other_peoples_files_cannot_be_sent_or_read(
    desk: RunningDesk, bot: BotDouble, queued: Callable[..., Conversation]
) -> None:
    conversation, agent = active(desk, queued)
    stranger, colleague, supervisor = desk.open(), desk.new_agent(), desk.new_agent(role="supervisor")
    mine, theirs = uploaded(conversation, conversation), uploaded(agent, conversation)
    refused(stranger.send("x", attachments=[mine["id"]]), 422, "attachment_unknown")
    refused(conversation.send("x", attachments=[theirs["id"]]), 422, "attachment_unknown")
    refused(conversation.send("x", attachments=["f_nothing"]), 422, "attachment_unknown")
    refused(conversation.send("x", attachments=[mine["id"]] * 2), 422, "attachment_unknown")
    refused(conversation.send("x", attachments=[str(n) for n in range(7)]), 422, "attachments_too_many")
    taken = agent.post(
        f"/conversations/{conversation.id}/messages", {"client_id": uuid.uuid4().hex, "attachments": [mine["id"]]}
    )
    refused(taken, 422, "attachment_unknown")
    # Only uploaded: nobody but the uploader sees it.
    refused(desk.http.get(mine["url"], headers=agent.headers), 404, "attachment_unknown")
    refused(desk.http.get(theirs["url"], headers=conversation.headers), 404, "attachment_unknown")
    assert conversation.send(None, attachments=[mine["id"]]).status_code == 200
    for url in (mine["url"], mine["thumbnail_url"]):
        refused(desk.http.get(url, headers=stranger.headers), 401, "unauthorized")
        refused(desk.http.get(url), 401, "unauthorized")
        refused(desk.http.get(url, headers=colleague.headers), 404, "conversation_not_found")
        assert desk.http.get(url, headers=agent.headers).status_code == 200
        assert desk.http.get(url, headers=supervisor.headers).status_code == 200
    foreign = mine["url"].replace(conversation.id, stranger.id)
    refused(desk.http.get(foreign, headers=stranger.headers), 404, "attachment_unknown")
    refused(upload(stranger, conversation), 401, "unauthorized")
    refused(upload(colleague, conversation), 404, "conversation_not_found")
    refused(upload(supervisor, conversation), 409, "not_owner")


def test_a_file_belongs_to_one_message_whoever_is_first(desk: RunningDesk) -> None:
    conversation = desk.open()
    file = uploaded(conversation, conversation)
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda n: conversation.send(f"第 {n}", attachments=[file["id"]]), range(6)))
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 5
    assert sum("attachments" in event for event in conversation.events()) == 1


def test_names_are_text_and_videos_are_only_to_be_saved(desk: RunningDesk) -> None:
    conversation = desk.open()
    name = '../../a"\r\nX-Evil: 1\u202egpj.exe'
    file = uploaded(conversation, conversation, data=MP4, media_type="video/mp4", name=name)
    assert file == {
        "id": file["id"],
        "kind": "video",
        "name": "aX-Evil 1gpj.mp4",
        "bytes": len(MP4),
        "url": file["url"],
    }
    served = desk.http.get(file["url"], headers=conversation.headers)
    assert served.headers["content-disposition"] == "attachment; filename*=UTF-8''aX-Evil%201gpj.mp4"
    assert "x-evil" not in served.headers
    refused(desk.http.get(f"{file['url']}/thumbnail", headers=conversation.headers), 404, "attachment_unknown")


def test_uploads_are_limited_by_the_hour_and_survive_a_kill(
    make_desk: Callable[..., RunningDesk], own_bot: BotDouble
) -> None:
    desk = make_desk(own_bot, BATON_ATTACHMENTS_AN_HOUR="3", BATON_ATTACHMENT_UNSENT_HOURS="0")
    conversation = desk.open()
    sent, unsent = uploaded(conversation, conversation), uploaded(conversation, conversation)
    conversation.send("看图", attachments=[sent["id"]])
    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda _: upload(conversation, conversation), range(3)))
    assert [a.status_code for a in answers].count(201) == 1
    assert {a.json()["error"]["code"] for a in answers if a.status_code != 201} <= {
        "too_many_attachments",
        "attachments_busy",
    }
    (desk.folder / "attachments" / "ab").mkdir(exist_ok=True)
    orphan = desk.folder / "attachments" / "ab" / ("ab" * 20)
    orphan.write_bytes(b"left over")
    os.utime(orphan, (1, 1))
    desk.kill()
    desk.start()
    wait_until(lambda: len(files_of(desk)) == 2)  # the picture that was sent and its thumbnail
    assert desk.http.get(sent["url"], headers=conversation.headers).status_code == 200
    refused(desk.http.get(unsent["url"], headers=conversation.headers), 404, "attachment_unknown")
    assert conversation.events()[1]["attachments"] == [sent]


def test_a_full_disk_is_said_in_words_and_the_chat_goes_on(
    make_desk: Callable[..., RunningDesk], own_bot: BotDouble
) -> None:
    desk = make_desk(own_bot, BATON_ATTACHMENT_MIN_FREE_MB="999999999")
    conversation = desk.open()
    refused(upload(conversation, conversation), 503, "attachment_not_stored")
    assert conversation.send("那我打字").status_code == 200


def test_postgresql_keeps_attachments_too(
    make_desk: Callable[..., RunningDesk], own_bot: BotDouble, fresh_postgres: sa.URL
) -> None:
    desk = make_desk(own_bot, BATON_DESK_DATABASE_URL=fresh_postgres.render_as_string(hide_password=False))
    conversation = desk.open()
    file = uploaded(conversation, conversation)
    assert conversation.send(None, attachments=[file["id"]]).status_code == 200
    refused(conversation.send("again", attachments=[file["id"]]), 409, "attachment_used")
    assert conversation.events()[1]["attachments"] == [file]


def test_the_export_names_files_without_addresses(make_desk: Callable[..., RunningDesk], own_bot: BotDouble) -> None:
    desk = make_desk(own_bot)
    conversation = desk.open()
    file = uploaded(conversation, conversation, name="13800138000.jpg")
    conversation.send(None, attachments=[file["id"]])
    conversation.wait_text("收到：[图片]")
    assert desk.stop() in {0, -signal.SIGTERM}
    engine = create_engine(desk.database_url)
    with engine.connect() as connection:
        exported = b"".join(lines(connection)).decode()
        assert connection.execute(sa.select(sa.func.count()).select_from(attachments)).scalar_one() == 1
    engine.dispose()
    assert file["id"] in exported
    assert "13800138000" not in exported
    assert "/api/v1" not in exported
