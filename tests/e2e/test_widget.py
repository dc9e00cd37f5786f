"""The widget as customers meet it: menu, transcript, earlier conversations, emoji, large letters, tabs, offline."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from axe import no_violations
from conftest import System
from people import Customer
from playwright.sync_api import Frame, Page, expect
from test_story import ANSWER_LIMIT_MS, open_page, open_widget, picture, say, widget_frame

__all__ = ["open_page"]  # the fixture
PHONE: dict[str, Any] = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
NAME = "李晓雯"


def more(chat: Frame) -> None:
    chat.get_by_role("button", name="更多", exact=True).click()
    expect(chat.get_by_role("menu")).to_be_visible()


def accessible(shop: Page, chat: Frame, where: str) -> None:
    """axe finds nothing, in light and in dark; the page then looks as before."""
    dark = shop.evaluate("() => matchMedia('(prefers-color-scheme: dark)').matches")
    no_violations(shop, where, chat)
    shop.emulate_media(color_scheme="dark" if dark else "light")


def fits(chat: Frame) -> None:
    """Nothing scrolls sideways, and only what should scroll scrolls: header and composer stay where they are."""
    assert chat.evaluate("() => document.documentElement.scrollWidth - innerWidth") <= 0
    assert (
        chat.evaluate("() => { const c = document.querySelector('.chat'); return c.scrollHeight - c.clientHeight }")
        <= 1
    )


@pytest.mark.parametrize(("size", "scheme"), [("phone", "light"), ("phone", "dark"), ("desktop", "dark")])
def test_what_was_said_can_be_kept_and_read_again(
    system: System, open_page: Callable[..., Page], size: str, scheme: str
) -> None:
    earlier = Customer(system.url, system.fixtures["customers"]["normal"]["identity"])
    earlier.say("我那个耳机咋还没到")
    shop = open_page("/", color_scheme=scheme, **(PHONE if size == "phone" else {}))
    chat = open_widget(shop, NAME, system.fixtures["order_shipped"])
    expect(chat.get_by_role("log")).to_contain_text("小接", timeout=ANSWER_LIMIT_MS)
    picture(shop, f"widget-start-{size}-{scheme}")
    say(chat, "到哪了")
    expect(chat.get_by_role("log")).to_contain_text("暴雨", timeout=ANSWER_LIMIT_MS)
    picture(shop, f"widget-answer-{size}-{scheme}")

    more(chat)
    picture(shop, f"widget-menu-{size}-{scheme}")
    accessible(shop, chat, "menu")
    with shop.expect_download() as saved:
        chat.get_by_role("menuitem", name="下载聊天记录").click()
    assert re.fullmatch(r"聊天记录-20\d{6}\.txt", saved.value.suggested_filename)
    text = Path(saved.value.path()).read_text(encoding="utf-8-sig")
    assert "我：到哪了" in text
    assert "小接（机器人）：" in text
    expect(chat.get_by_text("聊天记录已保存")).to_be_visible()

    chat.get_by_role("menuitem", name="历史会话").click()
    history = chat.get_by_role("dialog", name="历史会话")
    rows = history.get_by_role("listitem")
    expect(rows.first).to_contain_text("我那个耳机咋还没到")
    picture(shop, f"widget-history-{size}-{scheme}")
    accessible(shop, chat, "history")
    fits(chat)
    rows.first.get_by_role("button").click()
    expect(history).to_contain_text("暴雨")
    fits(chat)
    expect(history.locator(".b-button")).to_have_count(0)
    picture(shop, f"widget-past-{size}-{scheme}")
    accessible(shop, chat, "past")
    history.get_by_role("button", name="返回").press("Escape")
    expect(rows.first).to_be_visible()
    history.get_by_role("button", name="关闭").click()
    expect(history).to_have_count(0)
    expect(chat.get_by_role("button", name="更多", exact=True)).to_be_focused()


def test_a_visitor_has_no_history_to_open(system: System, open_page: Callable[..., Page]) -> None:
    shop = open_page("/", **PHONE)
    shop.evaluate("() => Baton('open')")
    chat = widget_frame(shop)
    expect(chat.get_by_role("log")).to_contain_text("小接", timeout=ANSWER_LIMIT_MS)
    more(chat)
    expect(chat.get_by_role("menuitem", name="历史会话")).to_have_count(0)
    expect(chat.get_by_role("menuitem", name="下载聊天记录")).to_be_visible()


@pytest.mark.parametrize("size", ["phone", "desktop"])
def test_emoji_and_large_letters(system: System, open_page: Callable[..., Page], size: str) -> None:
    shop = open_page("/", **(PHONE if size == "phone" else {}))
    chat = open_widget(shop, NAME, system.fixtures["order_shipped"])
    chat.get_by_role("button", name="表情").click()
    picker = chat.get_by_role("group", name="表情")
    picker.get_by_role("button", name="🙏").click()
    expect(chat.get_by_role("textbox").first).to_have_value("🙏")
    picture(shop, f"widget-emoji-{size}")
    accessible(shop, chat, "emoji")
    fits(chat)
    chat.get_by_role("textbox").first.press("Enter")
    expect(chat.locator(".message.is-mine")).to_contain_text("🙏")
    more(chat)
    before = chat.locator(".head-name").bounding_box()
    chat.get_by_role("menuitemcheckbox", name="大字显示").click()
    after = chat.locator(".head-name").bounding_box()
    assert before is not None
    assert after is not None
    assert after["height"] > before["height"] * 1.15
    chat.get_by_role("menu").press("Escape")
    picture(shop, f"widget-large-{size}")
    fits(chat)
    send = chat.get_by_role("button", name="发送", exact=True).bounding_box()
    height = chat.evaluate("() => innerHeight")
    frame_top = shop.viewport_size["height"] - height if size == "phone" and shop.viewport_size else None
    assert send is not None
    assert frame_top is None or send["y"] + send["height"] <= shop.viewport_size["height"] + 1  # type: ignore[index]


@pytest.mark.parametrize("locale", ["zh-CN", "zh-TW", "en"])
def test_every_language_fits_and_has_all_its_words(system: System, open_page: Callable[..., Page], locale: str) -> None:
    shop = open_page("/", **PHONE)
    shop.evaluate("locale => Baton('config', { locale })", locale)
    shop.evaluate("() => Baton('open')")
    chat = widget_frame(shop)
    expect(chat.locator(".bubble").first).to_be_visible(timeout=ANSWER_LIMIT_MS)
    expect(chat.locator("html")).to_have_attribute("lang", locale)
    chat.locator(".head .icon").first.click()
    expect(chat.get_by_role("menu")).to_be_visible()
    words = chat.locator("body").inner_text()
    assert not re.search(r"\b(widget|who|queue|error|card|connection)\.[a-z_]+", words), words
    fits(chat)
    picture(shop, f"widget-language-{locale}")


def test_a_waiting_customer_out_of_hours_leaves_a_number(system: System, open_page: Callable[..., Page]) -> None:
    """Nobody is online: the form notes a number, and leaving is one tap."""
    shop = open_page("/", **PHONE)
    chat = open_widget(shop, NAME, system.fixtures["order_delivered"])
    expect(chat.get_by_role("log")).to_contain_text("小接", timeout=ANSWER_LIMIT_MS)
    chat.get_by_role("button", name="转人工").first.click()
    form = chat.locator(".queue-form")
    expect(form).to_be_visible(timeout=ANSWER_LIMIT_MS)
    picture(shop, "widget-offline-case")
    accessible(shop, chat, "offline case")
    field = chat.get_by_label("手机号")
    field.fill("123")
    form.get_by_role("button", name="留下号码").click()
    expect(form.get_by_role("alert")).to_have_text("请填 11 位手机号")
    field.fill("138 1234 8000")
    form.get_by_role("button", name="留下号码").click()
    expect(chat.locator(".queue")).to_contain_text("138****8000", timeout=ANSWER_LIMIT_MS)
    expect(form).to_have_count(0)
    picture(shop, "widget-offline-noted")
    chat.get_by_role("button", name="取消排队").click()
    expect(chat.locator(".queue")).to_have_count(0, timeout=ANSWER_LIMIT_MS)


def test_offline_is_said_and_what_is_written_waits(system: System, open_page: Callable[..., Page]) -> None:
    shop = open_page("/", **PHONE)
    chat = open_widget(shop, NAME, system.fixtures["order_shipped"])
    expect(chat.get_by_role("log")).to_contain_text("小接", timeout=ANSWER_LIMIT_MS)
    shop.context.set_offline(True)
    say(chat, "还在吗")
    expect(chat.get_by_text("网络已断开")).to_be_visible()
    picture(shop, "widget-offline")
    shop.context.set_offline(False)
    expect(chat.get_by_text("网络已断开")).to_have_count(0, timeout=60_000)
    expect(chat.locator(".message.is-mine")).to_have_count(1)
    expect(chat.locator(".sending")).to_have_count(0, timeout=ANSWER_LIMIT_MS)


def test_two_tabs_are_one_conversation(system: System, open_page: Callable[..., Page]) -> None:
    first = open_page("/")
    chat = open_widget(first, NAME, system.fixtures["order_shipped"])
    expect(chat.get_by_role("log")).to_contain_text("小接", timeout=ANSWER_LIMIT_MS)
    second = first.context.new_page()
    second.goto("/")
    other = widget_frame(second)  # fetched by itself: there is a conversation to hear of
    say(chat, "第一个标签里问")
    second.evaluate("() => Baton('open')")
    expect(other.locator(".message.is-mine")).to_contain_text("第一个标签里问", timeout=ANSWER_LIMIT_MS)
    say(other, "第二个标签里答")
    expect(chat.get_by_role("log")).to_contain_text("第二个标签里答")
    assert chat.locator(".message.is-mine").count() == other.locator(".message.is-mine").count() == 2


def test_too_fast_is_said_plainly_and_everything_arrives_in_order(
    system: System, open_page: Callable[..., Page]
) -> None:
    count = 60  # far above the burst of 20, however slow the machine
    shop = open_page("/", **PHONE)
    chat = open_widget(shop, NAME, system.fixtures["order_shipped"])
    expect(chat.get_by_role("log")).to_contain_text("小接", timeout=ANSWER_LIMIT_MS)
    chat.evaluate(
        """() => {
          const box = document.querySelector('textarea');
          const write = Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, 'value').set;
          let n = 0;
          const next = () => {
            write.call(box, `第 ${n} 条`);
            box.dispatchEvent(new Event('input'));
            box.form.requestSubmit();
            if (++n < COUNT) n % 10 ? next() : setTimeout(next);
          };
          next();
        }""".replace("COUNT", str(count))
    )
    expect(chat.get_by_text("发得太快了")).to_be_visible(timeout=ANSWER_LIMIT_MS)
    picture(shop, "widget-too-fast")
    mine = chat.locator(".message.is-mine .bubble")
    expect(mine).to_have_count(count, timeout=60_000)
    expect(chat.locator(".sending")).to_have_count(0, timeout=60_000)
    assert mine.all_inner_texts() == [f"第 {n} 条" for n in range(count)]


@pytest.mark.parametrize(("size", "scheme"), [("phone", "light"), ("phone", "dark"), ("desktop", "light")])
def test_coupons_come_as_cards(system: System, open_page: Callable[..., Page], size: str, scheme: str) -> None:
    shop = open_page("/", color_scheme=scheme, **(PHONE if size == "phone" else {}))
    chat = open_widget(shop, NAME, system.fixtures["order_delivered"])
    log = chat.get_by_role("log")
    expect(log).to_contain_text("小接", timeout=ANSWER_LIMIT_MS)
    say(chat, "我有哪些优惠券")
    coupons = log.locator(".b-coupon")
    expect(coupons.first).to_be_visible(timeout=ANSWER_LIMIT_MS)
    expect(coupons.first).to_contain_text("可使用")
    expect(coupons.first).to_contain_text("到期")
    picture(shop, f"widget-coupons-{size}-{scheme}")
    accessible(shop, chat, "coupons")
    fits(chat)
