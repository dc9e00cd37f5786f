"""The whole relay in a real browser: ask, answer from live data, anger, queue, claim, reply, resolve, rate."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe import no_violations
from conftest import System
from playwright.sync_api import Browser, Frame, Page, expect

ANSWER_LIMIT_MS = 30_000
DESKTOP = {"width": 1440, "height": 900}


@pytest.fixture
def open_page(browser: Browser, system: System) -> Iterator[Callable[..., Page]]:
    """Opens pages in separate browser contexts, as two people on two machines would."""
    contexts = []

    def make(path: str, **options: object) -> Page:
        settings = {"locale": "zh-CN", "timezone_id": "Asia/Shanghai", "viewport": DESKTOP, **options}
        context = browser.new_context(base_url=system.url, **settings)
        context.set_default_timeout(15_000)
        contexts.append(context)
        page = context.new_page()
        page.goto(path)
        return page

    yield make
    for context in contexts:
        context.close()


def picture(page: Page, name: str) -> None:
    """Saves a screenshot when BATON_SCREENSHOTS names a folder; the README's pictures are made this way."""
    folder = os.environ.get("BATON_SCREENSHOTS")
    if folder:
        page.wait_for_timeout(700)
        page.screenshot(path=Path(folder) / f"{name}.png")


def open_widget(page: Page, name: str, order_id: str) -> Frame:
    """Signs in to the demo shop as `name` and asks about one order."""
    page.get_by_role("button", name="登录").first.click()
    page.locator(".menu-entry", has_text=name).first.click()
    more = page.locator(".orders-more")
    if more.count():
        more.click()
    page.get_by_role("button", name=order_id[-4:]).click()
    return widget_frame(page)


def widget_frame(page: Page) -> Frame:
    """The chat's frame. The loader keeps it in a closed shadow root, which no selector enters."""
    for _ in range(100):
        found = [frame for frame in page.frames if "/widget/frame" in frame.url]
        if found:
            return found[0]
        page.wait_for_timeout(100)
    raise AssertionError("the widget's frame never opened")


def say(chat: Frame, text: str) -> None:
    box = chat.get_by_role("textbox").first
    box.fill(text)
    box.press("Enter")


def log_in(page: Page, system: System, role: str = "agent") -> None:
    login = system.agent(role)
    page.get_by_label("账号").fill(login["username"])
    page.get_by_label("密码", exact=True).fill(login["password"])
    page.get_by_role("button", name="登录", exact=True).click()
    page.get_by_role("button", name="接待状态").click()
    page.get_by_role("menuitemradio", name="在线").click()
    expect(page.get_by_text("已连接")).to_be_visible()


def test_from_the_first_question_to_the_rating(system: System, open_page: Callable[..., Page]) -> None:
    shop = open_page("/")
    chat = open_widget(shop, "李晓雯", system.fixtures["order_shipped"])
    log = chat.get_by_role("log")

    say(chat, "我那个耳机咋还没到")
    expect(log).to_contain_text("暴雨", timeout=ANSWER_LIMIT_MS)
    expect(log).to_contain_text(system.fixtures["order_shipped"][-4:])
    picture(shop, "widget")
    no_violations(shop, "the shop's page")
    no_violations(shop, "the widget with a card", chat)

    say(chat, "你们太差了，再也不买了")
    expect(chat.locator(".queue")).to_be_visible(timeout=ANSWER_LIMIT_MS)
    picture(shop, "widget-queue")
    no_violations(shop, "the widget in the queue", chat)

    desk = open_page("/console/")
    log_in(desk, system)
    row = desk.locator("section.queue").get_by_role("listitem").filter(has_text="包裹晚到").last
    row.get_by_role("button", name="认领 李*").click()
    for words in ("愤怒", "再也不买", "暴雨", "晚到"):
        expect(desk.locator("#panel-summary")).to_contain_text(words)
    expect(log).to_contain_text("已接入")
    expect(chat.locator(".receipt")).to_have_text("已读")
    picture(desk, "console")

    answers_of_bot = log.locator(".message:not(.is-mine):not(.is-human)")
    before = answers_of_bot.count()
    composer = desk.get_by_label("回复", exact=False).first
    composer.fill("李女士您好，我是小周。昨天该到没到是我们的问题，今天 18:00 前给您派送结果。")
    composer.press("Enter")
    expect(log).to_contain_text("今天 18:00 前给您派送结果", timeout=ANSWER_LIMIT_MS)
    expect(desk.locator(".receipt")).to_have_text("已读", timeout=ANSWER_LIMIT_MS)
    say(chat, "那好吧")
    expect(desk.get_by_role("log")).to_contain_text("那好吧", timeout=ANSWER_LIMIT_MS)
    shop.wait_for_timeout(2_000)
    assert answers_of_bot.count() == before, "the bot spoke while a person owned the conversation"
    picture(shop, "widget-agent")
    no_violations(shop, "the widget with an agent", chat)

    desk.get_by_role("button", name="结单").first.click()
    dialog = desk.get_by_role("dialog")
    dialog.get_by_text("已解决", exact=True).click()
    dialog.get_by_role("button", name="结单").click()
    stars = chat.get_by_role("radio")
    expect(stars).to_have_count(5, timeout=ANSWER_LIMIT_MS)
    no_violations(shop, "the widget's rating", chat)
    stars.nth(4).check(force=True)
    chat.get_by_role("button", name="提交").click()
    expect(log).to_contain_text("谢谢", timeout=ANSWER_LIMIT_MS)
    picture(shop, "widget-rated")


def test_an_unfinished_composition_is_not_sent(system: System, open_page: Callable[..., Page]) -> None:
    shop = open_page("/")
    chat = open_widget(shop, "李晓雯", system.fixtures["order_shipped"])
    box = chat.get_by_role("textbox").first
    box.click()
    keyboard = shop.context.new_cdp_session(shop)
    keyboard.send("Input.imeSetComposition", {"text": "ni hao", "selectionStart": 6, "selectionEnd": 6})
    keyboard.send("Input.dispatchKeyEvent", {"type": "rawKeyDown", "key": "Process", "windowsVirtualKeyCode": 229})
    shop.wait_for_timeout(500)
    expect(chat.locator(".message.is-mine")).to_have_count(0)
    keyboard.send("Input.insertText", {"text": "你好"})
    box.press("Enter")
    expect(chat.locator(".message.is-mine")).to_have_count(1)
    expect(chat.locator(".message.is-mine")).to_contain_text("你好")


def test_a_cut_connection_loses_nothing(system: System, open_page: Callable[..., Page]) -> None:
    shop = open_page("/")
    chat = open_widget(shop, "李晓雯", system.fixtures["order_delivered"])
    log = chat.get_by_role("log")
    expect(log).to_contain_text("小接", timeout=ANSWER_LIMIT_MS)
    shop.context.set_offline(True)
    say(chat, "我还有多少积分")
    expect(chat.locator(".message.is-mine")).to_have_count(1)
    shop.wait_for_timeout(1_500)
    shop.context.set_offline(False)
    expect(log).to_contain_text("积分", timeout=60_000)
    expect(chat.locator(".message.is-mine")).to_have_count(1)


def test_script_in_a_message_is_shown_as_text(system: System, open_page: Callable[..., Page]) -> None:
    shop = open_page("/")
    chat = open_widget(shop, "李晓雯", system.fixtures["order_delivered"])
    attack = "<img src=x onerror=\"document.title='broken in'\"><script>document.title='broken in'</script>"
    say(chat, attack)
    expect(chat.locator(".message.is-mine")).to_contain_text("<script>")
    shop.wait_for_timeout(800)
    assert shop.title() != "broken in"
    assert all(frame.title() != "broken in" for frame in shop.frames)


def test_the_widget_on_a_phone(system: System, open_page: Callable[..., Page]) -> None:
    shop = open_page("/", has_touch=True, is_mobile=True, device_scale_factor=2)
    shop.set_viewport_size({"width": 390, "height": 844})
    chat = open_widget(shop, "李晓雯", system.fixtures["order_shipped"])
    say(chat, "到哪了")
    expect(chat.get_by_role("log")).to_contain_text("暴雨", timeout=ANSWER_LIMIT_MS)
    picture(shop, "widget-phone")
    width = chat.locator("body").evaluate("body => body.scrollWidth - window.innerWidth")
    assert width <= 0, "the page scrolls sideways on a phone"
