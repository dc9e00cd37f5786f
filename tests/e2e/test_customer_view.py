"""An agent looks a customer up and acts for them in the shop: a real browser, the real desk and the real shop."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from conftest import System
from people import AgentClient, Customer
from playwright.sync_api import Browser, Locator, Page, expect
from test_agent_tools import no_violations
from test_story import DESKTOP, log_in, open_widget, picture, say


@pytest.fixture
def open_console(browser: Browser, system: System) -> Iterator[Callable[..., Page]]:
    """Consoles, each signed in and online."""
    contexts = []

    def make(role: str = "agent", **options: Any) -> Page:
        settings = {"locale": "zh-CN", "timezone_id": "Asia/Shanghai", "viewport": DESKTOP, **options}
        context = browser.new_context(base_url=system.url, **settings)
        context.set_default_timeout(15_000)
        contexts.append(context)
        page = context.new_page()
        page.goto("/console/")
        log_in(page, system, role)
        return page

    yield make
    for context in contexts:
        context.close()


@pytest.fixture
def agent(system: System) -> AgentClient:
    """The agent of the console, over HTTP."""
    login = system.agent("agent")
    return AgentClient(system.url, login["username"], login["password"])


def waiting_customer(system: System, tier: str) -> Customer:
    """A customer of the shop who has asked for a person."""
    customer = Customer(system.url, system.fixtures["customers"][tier]["identity"])
    customer.say("转人工")
    customer.wait_state("queued")
    return customer


def open_customer(console: Page, customer: Customer) -> Locator:
    """Claims the conversation and opens the pane of its customer."""
    console.goto(f"/console/c/{customer.id}")
    console.locator(".take").get_by_role("button", name="认领").click()
    console.get_by_role("tab", name="客户").click()
    pane = console.locator("#panel-customer")
    expect(pane.get_by_role("heading", name="订单")).to_be_visible()
    return pane


def returnable(agent: AgentClient, customer: Customer) -> str:
    """An order of the customer that can go back without a reason."""
    orders = agent.http.get(f"/api/v1/conversations/{customer.id}/customer").json()["orders"]
    path = f"/api/v1/conversations/{customer.id}/agent-actions/preview"
    for order in orders:
        wanted = {"action": "return", "order_id": order["order_id"], "reason": "x"}
        if agent.http.post(path, json=wanted).status_code == 200:
            return str(order["order_id"])
    raise AssertionError("no order can go back")


def test_a_return_is_filed_from_the_orders_timeline_and_a_coupon_above_authority_is_refused(
    system: System, open_console: Callable[..., Page], agent: AgentClient
) -> None:
    earlier = waiting_customer(system, "silver")
    agent.go_online()
    agent.claim(agent.handoff_of(earlier.id)["id"])
    agent.say(earlier.id, "您好，给您登记了，明天 18:00 前回复。")
    agent.http.post(f"/api/v1/conversations/{earlier.id}/resolve", json={"outcome": "follow_up"})
    customer, console = waiting_customer(system, "silver"), open_console()
    pane = open_customer(console, customer)
    order_id = returnable(agent, customer)

    # the timeline
    entry = pane.locator(".cv-order", has=console.get_by_text(order_id[-4:], exact=False)).first
    if entry.locator(".cv-order-head").get_attribute("aria-expanded") != "true":
        entry.locator(".cv-order-head").click()
    course = entry.get_by_role("list", name="进展")
    expect(course.get_by_text("签收", exact=True)).to_be_visible()
    expect(course.get_by_text("下单", exact=True)).to_be_visible()
    entry.scroll_into_view_if_needed()
    picture(console, "console-customer-order")
    no_violations(console, "customer")

    # a return: filled in, restated, confirmed with the keyboard
    entry.get_by_role("button", name="退货").click()
    dialog = console.get_by_role("dialog")
    dialog.get_by_label("客户的原话或原因").fill("尺码偏小，想退")
    picture(console, "console-return-form")
    dialog.get_by_role("button", name="下一步").click()
    expect(dialog.get_by_text("客户承担")).to_be_visible()
    confirm = dialog.get_by_role("button", name="确认办理")
    expect(confirm).to_be_focused()
    picture(console, "console-return-confirm")
    no_violations(console, "confirm")
    confirm.press("Enter")
    number = dialog.locator("[data-number]")
    expect(number).to_have_text(re.compile(r"^T\d{14}$"))
    return_id = number.inner_text()
    picture(console, "console-return-done")
    dialog.get_by_role("button", name="放进回复").click()
    expect(console.get_by_label("回复内容")).to_have_value(f"退货已经为您申请好了，单号 {return_id}。")
    expect(course.get_by_text("申请退货")).to_be_visible()
    expect(console.get_by_role("note")).to_contain_text(return_id)
    expect(pane.get_by_role("heading", name="本次已办理")).to_be_visible()
    assert return_id not in str(customer.read()) + str(customer.seen)

    # a coupon above the authority
    pane.get_by_role("button", name="送券").click()
    dialog.get_by_label("金额（元）").fill("500")
    dialog.get_by_label("为什么送").fill("包裹晚到两天")
    dialog.get_by_label("为什么送").press("Control+Enter")
    expect(dialog.get_by_role("alert")).to_contain_text("请主管接管")
    picture(console, "console-coupon-refused")
    no_violations(console, "refused")
    dialog.get_by_role("button", name="取消").click()

    # what was said before, to read
    contact = pane.locator(".cv-row", has_text="接待").first
    contact.get_by_role("button").click()
    expect(console.get_by_role("dialog")).to_contain_text("给您登记了，明天 18:00 前回复。")
    console.keyboard.press("Escape")

    # the record
    supervisor = open_console("supervisor")
    supervisor.get_by_role("link", name="办理记录").click()
    row = supervisor.get_by_role("row", name=return_id)
    expect(row).to_contain_text("已办理")
    picture(supervisor, "console-record")
    no_violations(supervisor, "record")
    with supervisor.expect_download() as download:
        supervisor.get_by_role("link", name="下载 CSV").click()
    assert return_id in download.value.path().read_text(encoding="utf-8")


def test_a_coupon_given_by_an_agent_is_a_card_in_the_customers_chat(
    system: System, open_console: Callable[..., Page], agent: AgentClient, browser: Browser
) -> None:
    context = browser.new_context(base_url=system.url, locale="zh-CN", timezone_id="Asia/Shanghai", viewport=DESKTOP)
    shop = context.new_page()
    shop.goto("/")
    chat = open_widget(shop, "李晓雯", system.fixtures["order_shipped"])
    log = chat.get_by_role("log")
    say(chat, "转人工")
    console = open_console()
    row = console.locator("section.queue").get_by_role("listitem").filter(has_text="李*").last
    row.get_by_role("button", name="认领 李*").click()
    console.get_by_role("tab", name="客户").click()
    console.locator("#panel-customer").get_by_role("button", name="送券").click()
    dialog = console.get_by_role("dialog")
    dialog.get_by_label("金额（元）").fill("5")
    dialog.get_by_label("为什么送").fill("包裹晚到两天")
    dialog.get_by_role("button", name="下一步").click()
    dialog.get_by_role("button", name="确认办理").click()
    expect(dialog.locator("[data-number]")).to_be_visible()

    card = log.locator(".b-coupon")
    expect(card).to_have_count(1)
    expect(card).to_contain_text("5 元客服补偿券")
    expect(card).to_contain_text("可使用")
    expect(log).to_contain_text("送您一张 5 元优惠券")
    expect(log).not_to_contain_text("包裹晚到两天")
    picture(shop, "widget-coupon-given")
    no_violations(shop, "coupon given", chat)
    console.keyboard.press("Escape")
    expect(console.get_by_role("log").locator(".b-coupon")).to_have_count(1)
    picture(console, "console-coupon-given")
    context.close()


def test_the_dialog_and_the_pane_in_dark_and_in_english(
    system: System, open_console: Callable[..., Page], agent: AgentClient
) -> None:
    customer, console = waiting_customer(system, "gold"), open_console(color_scheme="dark")
    pane = open_customer(console, customer)
    first = pane.locator(".cv-order-head").first
    if first.get_attribute("aria-expanded") != "true":
        first.click()
    expect(pane.get_by_role("list", name="进展").first).to_be_visible()
    picture(console, "console-customer-dark")
    no_violations(console, "customer, dark")
    for row, language in (("English", "Give coupon"), ("繁體中文", "送券")):
        console.get_by_role("button", name="外观").or_(console.get_by_role("button", name="Appearance")).first.click()
        console.get_by_role("menuitemradio", name=row).click()
        button = pane.get_by_role("button", name=language)
        expect(button).to_be_visible()
        button.click()
        picture(console, f"console-coupon-{row}")
        console.keyboard.press("Escape")
        overflow = pane.evaluate("pane => pane.scrollWidth - pane.clientWidth")
        assert overflow <= 0, row


def test_a_shop_that_is_down_is_told_and_contacts_stay(
    system: System, open_console: Callable[..., Page], agent: AgentClient
) -> None:
    customer, console = waiting_customer(system, "vip"), open_console()
    refused = '{"error": {"code": "shop_unavailable", "message": "-"}}'
    console.route(
        "**/api/v1/conversations/*/customer",
        lambda route: route.fulfill(status=503, content_type="application/json", body=refused),
    )
    console.goto(f"/console/c/{customer.id}")
    console.locator(".take").get_by_role("button", name="认领").click()
    console.get_by_role("tab", name="客户").click()
    pane = console.get_by_role("tabpanel", name="客户")
    expect(pane.get_by_role("alert")).to_contain_text("店铺系统暂时连不上")
    contacts = pane.locator(".cv-block", has=console.get_by_role("heading", name="之前的联系"))
    expect(contacts).to_contain_text(re.compile("没有之前的联系|看记录"))
    expect(pane.get_by_role("alert")).to_have_count(1)
    picture(console, "console-shop-down")
    console.unroute("**/api/v1/conversations/*/customer")
    pane.get_by_role("button", name="重试").click()
    expect(pane.get_by_role("heading", name="订单")).to_be_visible()


def test_the_same_request_over_the_mirror_gives_one_document(system: System, agent: AgentClient) -> None:
    customer = waiting_customer(system, "gold")
    agent.go_online()
    agent.claim(agent.handoff_of(customer.id)["id"])
    path = f"/api/v1/conversations/{customer.id}/agent-actions"
    body = {"client_id": str(uuid.uuid4()), "action": "coupon", "amount_fen": 500, "reason": "包裹晚到"}
    first, again = (agent.http.post(path, json=body) for _ in range(2))
    assert first.status_code == 200, first.text
    assert first.json() == again.json()
