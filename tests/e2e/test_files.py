"""Photos in a real browser: picked or pasted, looked at, sent, seen by the bot and by the agent, opened large."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import System
from playwright.sync_api import FilePayload, Frame, Page, expect
from test_story import ANSWER_LIMIT_MS, log_in, open_page, open_widget, picture, say

__all__ = ["open_page"]  # the fixture
PHONE = {"width": 390, "height": 844}


def png(red: int, green: int, blue: int, width: int = 640, height: int = 480) -> bytes:
    """A picture with a slope of colour, so that a screenshot shows whether it is the right one."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(
        b"\0" + b"".join(bytes((red * x // width, green * y // height, blue)) for x in range(width))
        for y in range(height)
    )
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def photo(name: str, *colour: int) -> FilePayload:
    return {"name": name, "mimeType": "image/png", "buffer": png(*colour)}


def attach(chat: Frame | Page, *files: FilePayload) -> None:
    chat.get_by_label("添加图片或文件").set_input_files(list(files))


def loaded(chat: Frame | Page, selector: str) -> None:
    """The pictures are there and were decoded."""
    chat.wait_for_function(
        "s => { const all = [...document.querySelectorAll(s)];"
        " return all.length > 0 && all.every(i => i.complete && i.naturalWidth > 0) }",
        arg=selector,
    )


@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_a_customer_shows_a_photo_and_the_agent_opens_it(
    system: System, open_page: Callable[..., Page], size: str
) -> None:
    options = {"viewport": PHONE, "has_touch": True, "is_mobile": True} if size == "phone" else {}
    shop = open_page("/", **options)
    errors: list[str] = []
    shop.on("pageerror", lambda error: errors.append(str(error)))
    chat = open_widget(shop, "李晓雯", system.fixtures["order_delivered"])
    log = chat.get_by_role("log")

    attach(chat, photo("破损一.png", 250, 120, 60), photo("破损二.png", 40, 160, 220))
    tray = chat.get_by_role("region", name="待发送的文件")
    expect(tray.get_by_role("listitem")).to_have_count(2)
    picture(shop, f"files-tray-{size}")
    tray.get_by_role("button", name="移除 破损二.png").click()
    expect(tray.get_by_role("listitem")).to_have_count(1)
    chat.get_by_role("button", name="发送", exact=True).click()
    expect(tray).to_have_count(0)
    expect(log).to_contain_text("照片收到了", timeout=ANSWER_LIMIT_MS)
    loaded(chat, ".bf-thumb img")
    picture(shop, f"files-sent-{size}")

    chat.get_by_role("button", name="查看大图：破损一.png").click()
    loaded(chat, ".bf-box img")
    picture(shop, f"files-large-{size}")
    chat.get_by_role("button", name="关闭", exact=True).press("Escape")
    expect(chat.get_by_role("dialog")).to_have_count(0)
    expect(log).to_be_visible()  # Escape closed the picture, not the chat

    attach(chat, {"name": "坏的.svg", "mimeType": "image/svg+xml", "buffer": b"<svg onload=alert(1)>"})
    expect(chat.get_by_text("只能发图片、MP4 视频或 PDF")).to_be_visible()
    picture(shop, f"files-refused-{size}")
    chat.get_by_role("button", name="移除 坏的.svg").click()

    say(chat, "转人工")
    expect(chat.locator(".queue")).to_be_visible(timeout=ANSWER_LIMIT_MS)
    desk = open_page("/console/")
    log_in(desk, system)
    desk.locator("section.queue").get_by_role("button", name="认领 李*").last.click()
    thumbnail = desk.get_by_role("button", name="查看大图：破损一.png").first
    expect(thumbnail).to_be_visible()
    loaded(desk, ".bf-thumb img")
    expect(desk.locator("#panel-summary")).to_contain_text("破损一.png")
    picture(desk, f"files-console-{size}")
    thumbnail.click()
    loaded(desk, ".bf-box img")
    picture(desk, f"files-console-large-{size}")
    desk.keyboard.press("Escape")
    expect(desk.get_by_role("dialog")).to_have_count(0)

    attach(desk, {"name": "退货流程.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7\n" + b"x" * 2_000})
    composer = desk.get_by_label("回复", exact=False).first
    composer.fill("照片看到了，按这份流程寄回就行。")
    picture(desk, f"files-console-tray-{size}")
    composer.press("Enter")
    expect(log).to_contain_text("按这份流程寄回", timeout=ANSWER_LIMIT_MS)
    with shop.expect_download() as saved:
        chat.get_by_role("button", name="保存 退货流程.pdf").click()
    assert saved.value.suggested_filename == "退货流程.pdf"
    assert Path(saved.value.path()).read_bytes().startswith(b"%PDF-1.7")
    picture(shop, f"files-agent-{size}")
    desk.get_by_role("button", name="结单").click()
    dialog = desk.get_by_role("dialog")
    dialog.get_by_text("已解决", exact=True).click()
    dialog.get_by_role("button", name="结单").click()
    expect(dialog).to_have_count(0)
    assert errors == []
