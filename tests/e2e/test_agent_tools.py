"""What helps agents and supervisors at work, in a real browser: private notes, the picker behind "/", the live wall."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from axe import no_violations
from conftest import System
from people import Customer
from playwright.sync_api import Browser, Locator, Page, expect
from test_story import DESKTOP, log_in, picture

A_GAP = re.compile("【.+】")
SECRET = "客户上周为这单来过，先兑现同事的承诺"


@pytest.fixture
def open_console(browser: Browser, system: System) -> Iterator[Callable[..., Page]]:
    """Consoles of several people, each signed in and online."""
    contexts = []

    def make(role: str, path: str = "/console/") -> Page:
        context = browser.new_context(
            base_url=system.url, locale="zh-CN", timezone_id="Asia/Shanghai", viewport=DESKTOP
        )
        context.set_default_timeout(15_000)
        contexts.append(context)
        page = context.new_page()
        page.goto("/console/")
        log_in(page, system, role)
        if path != "/console/":
            page.goto(path)
        return page

    yield make
    for context in contexts:
        context.close()


@pytest.fixture
def waiting(system: System) -> Customer:
    """A customer who has asked for a person."""
    customer = Customer(system.url, system.fixtures["customers"]["normal"]["identity"])
    customer.say("转人工")
    customer.wait_state("queued")
    return customer


def take(console: Page, customer: Customer) -> Locator:
    """Opens the customer's conversation, claims it and gives the reply's field."""
    console.goto(f"/console/c/{customer.id}")
    console.locator(".take").get_by_role("button", name="认领").click()
    field = console.get_by_label("回复内容")
    expect(field).to_be_visible()
    return field


def test_a_private_note_is_seen_by_colleagues_and_never_by_the_customer(
    waiting: Customer, open_console: Callable[..., Page]
) -> None:
    console = open_console("agent")
    take(console, waiting)
    console.get_by_role("button", name="内部备注", exact=True).click()
    field = console.get_by_label("内部备注内容")
    field.fill(SECRET)
    field.press("Enter")
    expect(console.get_by_role("note")).to_contain_text(SECRET)
    expect(field).to_have_value("")
    picture(console, "console-note")
    no_violations(console, "note")
    supervisor = open_console("supervisor", f"/console/c/{waiting.id}")
    expect(supervisor.get_by_role("note")).to_contain_text(SECRET)
    console.get_by_role("button", name="回复客户", exact=True).click()
    reply = console.get_by_label("回复内容")
    reply.fill("您好，我现在查，今天 18:00 前给您答复。")
    reply.press("Enter")
    expect(console.get_by_role("log")).to_contain_text("今天 18:00 前给您答复")
    while "今天 18:00 前给您答复" not in str(waiting.seen):
        waiting.read(wait=5)
    assert SECRET not in str(waiting.seen)
    assert SECRET not in str(waiting.snapshot)


def test_a_canned_response_is_found_by_its_letters_filled_and_checked(
    waiting: Customer, open_console: Callable[..., Page]
) -> None:
    console = open_console("agent")
    field = take(console, waiting)
    field.click()
    field.press_sequentially("/")
    options = console.get_by_role("option")
    expect(options.first).to_be_visible()
    no_violations(console, "picker")
    field.press_sequentially("fpzk")
    expect(options).to_have_count(1)
    expect(options.first).to_contain_text("发票重开")
    picture(console, "console-picker")
    field.press("Escape")
    expect(options).to_have_count(0)
    expect(field).to_have_value("/fpzk")
    field.fill("")
    field.press_sequentially("/tk")
    expect(options.first).to_contain_text("退款")
    field.press("ArrowDown")
    field.press("ArrowUp")
    field.press("Enter")
    expect(field).to_have_value(A_GAP)
    field.press("Enter")  # a gap is not sent
    expect(field).to_have_value(A_GAP)
    field.fill("我保证今天到。")
    expect(console.get_by_text("改好后才能发送")).to_be_visible()
    field.press("Enter")
    expect(field).to_have_value("我保证今天到。")
    field.fill("我现在查，今天 18:00 前给您答复。")
    expect(console.get_by_text("改好后才能发送")).to_have_count(0)
    field.press("Enter")
    expect(field).to_have_value("")
    expect(console.get_by_role("log")).to_contain_text("我现在查，今天 18:00 前给您答复。")


def test_every_figure_of_the_wall_opens_its_list_and_the_list_its_conversation(
    waiting: Customer, open_console: Callable[..., Page]
) -> None:
    wall = open_console("supervisor", "/console/wall")
    queue = wall.locator("section", has=wall.locator("#wall-queue"))
    expect(queue).to_be_visible()
    picture(wall, "console-wall")
    no_violations(wall, "wall")
    queue.locator(".big").click()
    rows = wall.locator(".cases .case")
    expect(rows.first).to_be_visible()
    assert "state=queued" in wall.url
    expect(wall.locator("#wall-cases .count")).to_have_text(queue.locator(".big").inner_text())
    wall.locator(f".case a[href$='{waiting.id}']").click()
    expect(wall.get_by_role("button", name="接管")).to_have_count(0)  # who waits is claimed, not taken over
    expect(wall.locator(".take")).to_be_visible()
    wall.goto("/console/reports")
    expect(wall.locator(".place svg").first).to_be_visible()
    wall.get_by_text("看表格").first.click()
    expect(wall.get_by_role("table").first).to_be_visible()
    with wall.expect_download() as download:
        wall.get_by_role("button", name="下载每天的会话的 CSV").click()
    assert download.value.suggested_filename.endswith(".csv")
    picture(wall, "console-reports")
    no_violations(wall, "reports")


def test_a_supervisor_joins_and_takes_over(waiting: Customer, open_console: Callable[..., Page]) -> None:
    console = open_console("agent")
    take(console, waiting)
    supervisor = open_console("supervisor", f"/console/c/{waiting.id}")
    supervisor.get_by_role("button", name="加入会话").click()
    field = supervisor.get_by_label("回复内容")
    field.fill("您好，我和同事一起为您处理，今天 18:00 前给您结果。")
    field.press("Enter")
    expect(console.get_by_role("log")).to_contain_text("我和同事一起为您处理")
    supervisor.get_by_role("button", name="接管").click()
    expect(supervisor.get_by_role("button", name="结单").first).to_be_visible()
    expect(console.get_by_text("接管了您与")).to_be_visible()


def test_two_agents_reach_for_one_customer_and_one_gets_them(
    waiting: Customer, open_console: Callable[..., Page]
) -> None:
    consoles = [open_console(role, f"/console/c/{waiting.id}") for role in ("agent", "supervisor")]
    for console in consoles:
        expect(console.locator(".take").get_by_role("button", name="认领")).to_be_visible()
    together = consoles[0].evaluate("() => Date.now() + 1000")
    for console in consoles:
        console.evaluate(
            "(at) => void setTimeout(() => document.querySelector('.take button').click(), at - Date.now())", together
        )
    waiting.wait_state("active")
    (joined,) = [event for event in waiting.seen if event["type"] == "agent_joined"]
    won = [console.get_by_label("回复内容").or_(console.get_by_text("正在接待")) for console in consoles]
    for shown in won:
        expect(shown.first).to_be_visible()
    fields = [console.get_by_label("回复内容").count() for console in consoles]
    assert sorted(fields) == [0, 1]
    loser = consoles[fields.index(0)]
    expect(loser.get_by_text(f"{joined['agent']['display_name']}正在接待")).to_be_visible()
