"""The console against a desk full of conversations: search, undo, keys, notifications, accessibility of every page."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from axe import no_violations
from filled import SMALL, Filled, console, running
from playwright.sync_api import Browser, Page, expect
from test_story import picture

UNDO_MS = 5_000
LONG_LIMIT_MS = 60_000  # a conversation of 5,000 messages on a busy machine
# Notes the titles of notifications, which a headless browser shows nowhere.
NOTED = """() => {
  window.shown = [];
  const Real = Notification;
  window.Notification = class extends Real {
    constructor(title, more) { super(title, more); window.shown.push(title); }
  };
}"""


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filled]:
    with running(tmp_path_factory.mktemp("filled"), SMALL) as desk:
        yield desk


@pytest.fixture
def supervisor(browser: Browser, filled: Filled) -> Iterator[Page]:
    with console(browser, filled) as page:
        yield page


@pytest.fixture
def agent(browser: Browser, filled: Filled) -> Iterator[Page]:
    with console(browser, filled, "agent") as page:
        yield page


def state_of(filled: Filled, conversation_id: str) -> str:
    """What the desk says, asked as its customer."""
    headers = {"Authorization": f"Bearer {filled.world.long_token}"}
    answer = httpx.get(f"{filled.url}/api/v1/conversations/{conversation_id}", headers=headers, timeout=10)
    return str(answer.json()["state"])


def search(page: Page, words: str) -> None:
    page.keyboard.press("Control+k")
    page.get_by_label("搜索内容").fill(words)


def test_the_search_opens_a_conversation_at_the_hit(supervisor: Page, filled: Filled) -> None:
    search(supervisor, "第 17 条")
    hits = supervisor.locator(".search [role=option]")
    expect(hits.first).to_contain_text("第 17 条")
    expect(hits.first.locator("mark").first).to_have_text("第")
    picture(supervisor, "console-search")
    supervisor.keyboard.press("ArrowDown")
    expect(hits.nth(1)).to_have_attribute("aria-selected", "true")
    supervisor.keyboard.press("ArrowUp")
    supervisor.keyboard.press("Enter")
    expect(supervisor.locator(".search")).to_have_count(0)
    assert filled.world.long_id in supervisor.url
    message = supervisor.get_by_role("log").get_by_text("第 17 条：", exact=False)
    expect(message).to_be_in_viewport()
    expect(supervisor.get_by_label("回复内容")).to_have_count(0)  # a colleague's: to be read only
    supervisor.reload()
    expect(message).to_be_in_viewport()  # the hit is in the address


def test_the_search_has_filters_and_says_what_it_found(supervisor: Page) -> None:
    supervisor.keyboard.press("/")
    supervisor.get_by_label("会话状态").select_option("closed")
    groups = supervisor.locator(".search .group")
    expect(groups).to_have_count(3)
    supervisor.get_by_label("搜索内容").fill("C10002")
    expect(groups).to_have_count(1)
    expect(groups).to_contain_text("客户编号")
    supervisor.get_by_label("会话状态").select_option("")
    supervisor.get_by_label("搜索内容").fill("张三丰")
    expect(supervisor.get_by_text("下面是姓名相符的 张*")).to_be_visible()
    supervisor.get_by_label("搜索内容").fill("没有人说过的话")
    expect(supervisor.get_by_text("没有找到")).to_be_visible()
    supervisor.keyboard.press("Escape")
    expect(supervisor.locator(".search")).to_have_count(0)


def test_an_agent_does_not_find_what_is_not_theirs(agent: Page) -> None:
    search(agent, "耳机")
    expect(agent.locator(".search .group").first).to_be_visible()
    assert "机器人接待" not in agent.locator(".search .list").inner_text()


def test_resolving_can_be_taken_back_with_the_mouse_and_with_a_key(agent: Page, filled: Filled) -> None:
    agent.goto(f"/console/c/{filled.world.long_id}")
    for take_back in (lambda: agent.get_by_role("button", name="撤销").click(), lambda: agent.keyboard.press("z")):
        agent.get_by_role("button", name="结单").click()
        agent.get_by_role("dialog").get_by_role("button", name="结单").click()
        expect(agent.get_by_text("即将结单：王*").first).to_be_visible()
        expect(agent.locator(".mine")).to_contain_text("即将结单")
        expect(agent.get_by_label("回复内容")).to_have_count(0)
        picture(agent, "console-undo")
        no_violations(agent, "undo")
        take_back()
        expect(agent.locator(".act")).to_have_count(0)
        expect(agent.get_by_label("回复内容")).to_be_visible()
    agent.wait_for_timeout(UNDO_MS)
    assert state_of(filled, filled.world.long_id) == "active"


def test_every_key_of_the_help_sheet_works(supervisor: Page, filled: Filled) -> None:
    """What takes something away is tried as far as its window."""
    page = supervisor
    rows = page.locator(".row[class*='is-selected']")
    expect(page.locator("section.queue").get_by_role("listitem").first).to_be_visible()
    page.keyboard.press("j")
    expect(rows).to_have_count(1)
    first = page.url
    page.keyboard.press("Alt+ArrowDown")
    expect(page).not_to_have_url(first)
    page.keyboard.press("k")
    expect(page).to_have_url(first)
    page.keyboard.press("Alt+ArrowUp")
    expect(page).not_to_have_url(first)
    page.keyboard.press("n")
    expect(page.get_by_label("内部备注内容")).to_be_focused()
    page.keyboard.press("Escape")
    page.goto(f"/console/c/{filled.world.long_id}")
    expect(page.get_by_role("button", name="加入会话")).to_be_visible()
    for key in ("e", "t", "b"):
        for pressed in (key, f"Alt+{key}"):
            page.keyboard.press(pressed)
            expect(page.get_by_role("dialog")).to_be_visible()
            page.keyboard.press("Escape")
            expect(page.get_by_role("dialog")).to_have_count(0)
    page.get_by_role("button", name="加入会话").click()
    reply = page.get_by_label("回复内容")
    expect(reply).to_be_focused()
    reply.press("Escape")
    expect(reply).not_to_be_focused()
    page.keyboard.press("r")
    expect(reply).to_be_focused()
    reply.press_sequentially("/")
    expect(page.locator(".picker [role=option], [role=listbox] [role=option]").first).to_be_visible()
    reply.press("Escape")
    reply.fill("您好")
    reply.press("Shift+Enter")
    expect(reply).to_have_value("您好\n")
    reply.fill("您好，今天 18:00 前给您答复。")
    reply.press("Enter")
    expect(reply).to_have_value("")
    page.get_by_role("button", name="退出会话").click()
    expect(page.locator(".act")).to_contain_text("即将退出会话")
    page.keyboard.press("Alt+z")
    expect(page.locator(".act")).to_have_count(0)
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="快捷键")).to_be_visible()
    no_violations(page, "help")
    page.keyboard.press("Escape")
    for elsewhere in ("accounts", "wall", "reports", "playbook"):
        page.goto(f"/console/{elsewhere}")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        page.keyboard.press("?")
        expect(page.get_by_role("dialog", name="快捷键")).not_to_contain_text("认领")
        page.keyboard.press("Escape")
        page.keyboard.press("/")
        expect(page.get_by_label("搜索内容")).to_be_focused()
        page.keyboard.press("Escape")


def test_the_focus_can_be_seen_wherever_the_tab_key_leads(supervisor: Page, filled: Filled) -> None:
    supervisor.goto(f"/console/c/{filled.world.long_id}")
    expect(supervisor.get_by_role("button", name="结单")).to_be_visible(timeout=LONG_LIMIT_MS)
    seen = set()
    for _ in range(60):
        supervisor.keyboard.press("Tab")
        name, visible = supervisor.evaluate(
            """() => {
              const at = document.activeElement;
              const marked = (one) => one && getComputedStyle(one).outlineStyle !== "none";
              const about = `${at.tagName} ${at.getAttribute("aria-label") ?? at.textContent.trim().slice(0, 20)}`;
              const around = [at, at.closest(".row"), at.parentElement];
              return [about, at === document.body || around.some(marked)];
            }"""
        )
        assert visible, name
        seen.add(name)
    assert len(seen) > 15


def test_notifications_and_sound_are_explained_and_tried(browser: Browser, filled: Filled) -> None:
    with console(browser, filled, "agent") as page:
        page.get_by_role("button", name="通知和提示音").click()
        panel = page.get_by_role("dialog", name="通知和提示音")
        expect(panel).to_contain_text("还没有允许")
        panel.get_by_role("button", name="试一试").click()
        expect(panel).to_contain_text("没有弹通知")
        no_violations(page, "alerts")
        page.keyboard.press("Escape")
        expect(panel).to_have_count(0)
        page.context.grant_permissions(["notifications"])
        page.evaluate(NOTED)
        page.get_by_role("button", name="通知和提示音").click()
        expect(panel).to_contain_text("已允许")
        panel.get_by_role("button", name="试一试").click()
        expect(panel).to_contain_text("弹出了一条通知")
        assert page.evaluate("() => window.shown") == ["接力工作台"]
        panel.get_by_label("新客户和新消息时响一声").uncheck()
        panel.get_by_role("button", name="试一试").click()
        expect(panel).to_contain_text("提示音关着")


def test_no_page_has_a_violation(browser: Browser, supervisor: Page, filled: Filled) -> None:
    anonymous = browser.new_context(base_url=filled.url, locale="zh-CN").new_page()
    anonymous.goto("/console/")
    expect(anonymous.get_by_label("账号")).to_be_visible()
    no_violations(anonymous, "sign-in")
    anonymous.context.close()
    no_violations(supervisor, "work place")
    search(supervisor, "耳机")
    expect(supervisor.locator(".search .group").first).to_be_visible()
    no_violations(supervisor, "search")
    supervisor.keyboard.press("Escape")
    supervisor.get_by_role("button", name="全部会话").click()
    no_violations(supervisor, "all conversations")
    supervisor.goto(f"/console/c/{filled.world.long_id}")
    expect(supervisor.get_by_role("button", name="结单")).to_be_visible(timeout=LONG_LIMIT_MS)
    no_violations(supervisor, "conversation")
    supervisor.get_by_role("tab", name="客户").click()
    no_violations(supervisor, "customer")
    for key in ("e", "t", "b"):
        supervisor.keyboard.press(key)
        expect(supervisor.get_by_role("dialog")).to_be_visible()
        no_violations(supervisor, f"window of {key}")
        supervisor.keyboard.press("Escape")
    for name in ("accounts", "wall", "reports", "playbook"):
        supervisor.goto(f"/console/{name}")
        expect(supervisor.get_by_role("heading", level=1)).to_be_visible()
        supervisor.wait_for_load_state("networkidle")
        no_violations(supervisor, name)
    supervisor.goto("/console/accounts")
    supervisor.get_by_role("button", name="新建账号").click()
    no_violations(supervisor, "new account")


def test_a_hit_in_a_private_note_opens_the_conversation_at_the_note(supervisor: Page, filled: Filled) -> None:
    path = f"/api/v1/conversations/{filled.world.long_id}"
    note = supervisor.request.post(
        f"{path}/private-notes",
        data={"client_id": "the-note", "text": "仓库回电：外箱压坏，周三补寄"},
        headers={"X-Baton-Console": "1"},
    )
    assert note.ok, note.text()
    with httpx.Client(base_url=filled.url, timeout=10) as customer:
        customer.headers["Authorization"] = f"Bearer {filled.world.long_token}"
        for number in range(30):  # so that the note is far above the newest words
            body = {"client_id": f"after-{number}", "text": f"补一句 {number}"}
            assert customer.post(f"{path}/messages", json=body).status_code == 200
    search(supervisor, "外箱压坏")
    hit = supervisor.locator(".search [role=option]").first
    expect(hit.locator("mark").first).to_have_text("外箱压坏")
    picture(supervisor, "console-search-note")
    hit.click()
    shown = supervisor.get_by_role("note").filter(has_text="周三补寄")
    expect(shown).to_be_in_viewport()
    expect(supervisor.get_by_text("补一句 29")).not_to_be_in_viewport()
    assert f"at={note.json()['note_id']}" in supervisor.url
    supervisor.reload()
    expect(shown).to_be_in_viewport()  # also when the notes come after the messages
