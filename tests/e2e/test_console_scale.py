"""2,000 open conversations and one of 5,000 messages: only what is looked at is in the page, and all of it can be."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from filled import Filled, Plan, console, running
from playwright.sync_api import Browser, Locator, Page, expect

PLAN = Plan()  # 1 long, 499 in the queue, 1,500 with the bot
MOST_ROWS = 80
LOAD_LIMIT_MS = 90_000  # a busy machine; how quick it is: bench/console.py
# Scrolls until the end (or the beginning) is reached; the most rows there were, and the numbers that were shown.
SCROLL = """async ([list, screens]) => {
  const seen = new Set();
  let most = 0, still = 0, last = -1;
  const frame = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  const view = list.getBoundingClientRect();
  while (still < 30) {
    await frame();
    const all = [...list.querySelectorAll(".row, .message, .day")];
    most = Math.max(most, all.length);
    const middle = document.elementFromPoint(view.left + view.width / 2, view.top + view.height / 2);
    if (!list.contains(middle)) throw new Error("nothing is shown in the middle of the list");
    for (const row of all) {
      const at = row.getBoundingClientRect();
      if (at.bottom > view.top && at.top < view.bottom) seen.add(row.innerText.replace(/\\s+/g, " "));
    }
    list.scrollBy(0, screens * list.clientHeight);
    if (list.scrollTop === last) { still += 1; await new Promise((done) => setTimeout(done, 100)); } else still = 0;
    last = list.scrollTop;
  }
  return { most, seen: [...seen] };
}"""

TURN_LIMIT_MS = 300_000  # one way through 5,000 messages; a quiet machine needs twenty seconds
LONGEST_TASK_MS = 4_000  # a page that hangs hangs longer, however busy the machine is
# Turns the wheel until the first (or the last) message is reached: a step each frame, as fast as the list can be drawn.
# Scrolling without the wheel's event would be the list's own, which it takes back to follow the newest words.
# -> numbers seen, what on a screen was not the next number, the most rows in the page, the longest task in ms.
WHEEL = """async ([list, screens, limit]) => {
  const seen = new Set(), wrong = [];
  let most = 0, still = 0, last = -1, longest = 0;
  const watcher = new PerformanceObserver((tasks) => {
    for (const task of tasks.getEntries()) longest = Math.max(longest, task.duration);
  });
  watcher.observe({ entryTypes: ["longtask"] });
  const frame = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  const view = list.getBoundingClientRect(), until = performance.now() + limit;
  while (still < 10) {
    if (performance.now() > until) throw new Error(`not through after ${seen.size} messages, at ${list.scrollTop}`);
    await frame();
    const shown = [];
    const rows = list.querySelectorAll(".message");
    for (const row of rows) {
      const at = row.getBoundingClientRect();
      if (at.bottom <= view.top || at.top >= view.bottom) continue;
      const number = Number(/第 (\\d+) 条：/.exec(row.textContent)?.[1]);
      if (number) shown.push([at.top, number]);
    }
    most = Math.max(most, rows.length);
    const numbers = shown.sort((one, other) => one[0] - other[0]).map(([, number]) => number);
    numbers.forEach((number, index) => {
      seen.add(number);
      if (index > 0 && number !== numbers[index - 1] + 1) wrong.push([numbers[index - 1], number]);
    });
    list.dispatchEvent(new WheelEvent("wheel", { deltaY: screens * list.clientHeight }));
    list.scrollBy(0, screens * list.clientHeight);
    still = Math.abs(list.scrollTop - last) < 1 ? still + 1 : 0;
    last = list.scrollTop;
  }
  watcher.disconnect();
  return { seen: [...seen], wrong: wrong.slice(0, 5), most, longest };
}"""


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filled]:
    with running(tmp_path_factory.mktemp("full"), PLAN) as desk:
        yield desk


@pytest.fixture(scope="module")
def supervisor(browser: Browser, filled: Filled) -> Iterator[Page]:
    with console(browser, filled) as page:
        yield page


def scroll(area: Locator, screens: float) -> set[str]:
    """What was on the screen on the way, so many screens a step; never more rows in the page than the bound."""
    found = area.evaluate(f"(list) => ({SCROLL})([list, {screens}])")
    assert 0 < found["most"] <= MOST_ROWS
    return set(found["seen"])


def numbers(texts: set[str], pattern: str) -> set[int]:
    return {int(match[1]) for text in texts for match in re.finditer(pattern, text)}


def test_the_queue_to_its_end_and_back(supervisor: Page) -> None:
    queue = supervisor.locator(".queue .rows")
    expect(queue.locator(".row").first).to_be_visible()
    expect(supervisor.locator(".queue .count")).to_have_text(str(PLAN.queued))
    everyone = set(range(1 + PLAN.with_bot, 1 + PLAN.with_bot + PLAN.queued))
    for screens in (0.6, -0.6):
        assert numbers(scroll(queue, screens), r"第 (\d+) 位") == everyone


def test_every_open_conversation_to_the_end_and_back(supervisor: Page) -> None:
    supervisor.get_by_role("button", name="全部会话").click()
    area = supervisor.locator(".queue .rows")
    expect(area.locator(".row").first).to_be_visible()  # the first page, before anything else was read
    assert area.locator(".row").count() <= MOST_ROWS
    downwards = scroll(area, 0.6)
    assert numbers(downwards, r"第 (\d+) 位") == {0, *range(1 + PLAN.with_bot, 1 + PLAN.with_bot + PLAN.queued)}
    assert len([text for text in downwards if "机器人接待" in text]) == PLAN.with_bot
    scroll(area, -5)
    assert area.evaluate("(list) => list.scrollTop") == 0


def test_five_thousand_messages_open_at_their_end(supervisor: Page, filled: Filled) -> None:
    supervisor.goto(f"/console/c/{filled.world.long_id}")
    log = supervisor.get_by_role("log")
    expect(log.get_by_text(f"第 {PLAN.long_messages} 条：")).to_be_in_viewport(timeout=LOAD_LIMIT_MS)
    assert log.locator(".message").count() <= MOST_ROWS


def test_five_thousand_messages_to_the_first_and_back(supervisor: Page, filled: Filled) -> None:
    supervisor.goto(f"/console/c/{filled.world.long_id}")
    log = supervisor.get_by_role("log")
    expect(log.get_by_text(f"第 {PLAN.long_messages} 条：")).to_be_in_viewport(timeout=LOAD_LIMIT_MS)
    everything = list(range(1, PLAN.long_messages + 1))
    for screens in (-0.7, 0.7):
        found = log.evaluate(f"(list) => ({WHEEL})([list, {screens}, {TURN_LIMIT_MS}])")
        assert found["wrong"] == []
        assert sorted(found["seen"]) == everything
        assert 0 < found["most"] <= MOST_ROWS
        assert found["longest"] < LONGEST_TASK_MS
    log.focus()
    for key, number in (("Home", 1), ("End", PLAN.long_messages)):
        supervisor.keyboard.press(key)
        expect(log.get_by_text(f"第 {number} 条：")).to_be_in_viewport(timeout=LOAD_LIMIT_MS)


def test_a_hit_in_the_middle_of_five_thousand_is_on_the_screen(supervisor: Page, filled: Filled) -> None:
    supervisor.goto("/console/")
    expect(supervisor.locator(".link.is-open")).to_be_visible()
    supervisor.keyboard.press("Control+k")
    supervisor.get_by_label("搜索内容").fill("2345")
    supervisor.locator(".search .entry", has_text="第 2345 条").click()
    expect(supervisor.get_by_role("log").get_by_text("第 2345 条：")).to_be_in_viewport(timeout=LOAD_LIMIT_MS)
