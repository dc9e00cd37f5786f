"""How quick the console is with 2,000 conversations: `services/.venv/bin/python bench/console.py`.

Starts a desk of its own (SQLite, no bot, no shop) filled by console_world, opens the console in the machine's Chromium,
and measures first paint, how long until the work place is ready (connected, lists shown), the times of the frames while
the lists and a conversation of 5,000 messages are scrolled, and the time from a customer's `send` to the moment the
message is drawn on the agent's screen. Prints figures, judges nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import aiohttp
from console_world import Login, Plan, World, start
from desk_process import BenchError, call, machine, wait_healthy
from playwright.async_api import Browser, Page, async_playwright

LOADS = 5
REST_SECONDS = 2.0
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run")
READY = (
    """() => document.querySelector('.link.is-open') && document.querySelector('.queue .row') && performance.now()"""
)
PAINT = "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0"
# One step of a wheel in each frame; the time between frames is what a person sees.
FRAMES = """async ([selector, steps, by]) => {
  const list = document.querySelector(selector);
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  const times = [];
  let before = await frame(), most = 0;
  for (let step = 0; step < steps; step += 1) {
    list.scrollBy(0, by);
    const now = await frame();
    times.push(now - before);
    before = now;
    most = Math.max(most, list.querySelectorAll('.row, .message, .day').length);
  }
  return { times, most };
}"""
# Resolves with the page's clock in the frame after the one in which the words were put into the page.
DRAWN = """(words) => new Promise((done) => {
  const look = () => document.querySelector('[role=log]').innerText.includes(words);
  const said = () => requestAnimationFrame(() => setTimeout(() => done(performance.timeOrigin + performance.now())));
  if (look()) return said();
  const watcher = new MutationObserver(() => { if (look()) { watcher.disconnect(); said(); } });
  watcher.observe(document.querySelector('[role=log]'), { subtree: true, childList: true, attributes: true });
})"""


def chromium() -> str:
    """The machine's own."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not found:
        raise BenchError("no Chromium on this machine: make setup-tests")
    return found


def line(name: str, values: list[float], unit: str = "ms") -> str:
    """Median, 95th percentile, worst."""
    ordered = sorted(values)
    late = ordered[min(len(ordered) - 1, round(0.95 * len(ordered)))]
    return f"{name:<52} p50 {statistics.median(ordered):7.1f} {unit}, p95 {late:7.1f}, worst {ordered[-1]:7.1f}"


async def open_console(browser: Browser, url: str, login: Login, path: str = "/console/") -> Page:
    """A page of a signed-in person in a context of its own: nothing is cached.

    Chromium builds the pages of its own window (address bar and the like) in the first seconds of a context, with as
    much work as ours: an agent opens the console in a browser that is already there.
    """
    context = await browser.new_context(base_url=url, viewport={"width": 1440, "height": 900}, locale="zh-CN")
    body = {"username": login.agent.username, "password": login.password}
    answer = await context.request.post("/api/v1/agents/login", data=body)
    if not answer.ok:
        raise BenchError(f"sign-in refused: {answer.status}")
    page = await context.new_page()
    await asyncio.sleep(REST_SECONDS)
    await page.goto(path, wait_until="commit")
    return page


async def loads(browser: Browser, url: str, login: Login) -> tuple[list[float], list[float]]:
    """First paint and ready, each load with an empty cache; ms since the navigation began."""
    paints, ready = [], []
    for _ in range(LOADS):
        page = await open_console(browser, url, login)
        handle = await page.wait_for_function(READY, timeout=60_000, polling="raf")
        ready.append(float(await handle.json_value()))
        paints.append(float(await page.evaluate(PAINT)))
        await page.context.close()
    return paints, ready


async def frames(page: Page, selector: str, steps: int, by: int) -> dict[str, Any]:
    """{times ms between frames, most rows in the page}."""
    await page.wait_for_selector(f"{selector} .row, {selector} .message", timeout=30_000)
    return dict(await page.evaluate(FRAMES, [selector, steps, by]))


async def messages(page: Page, http: aiohttp.ClientSession, url: str, world: World, count: int) -> list[float]:
    """ms from the customer's POST to the drawn message, one after the other."""
    times = []
    for number in range(count):
        words = f"量一下 {number:04d} 号"
        drawn = asyncio.create_task(page.evaluate(DRAWN, words))
        await asyncio.sleep(0.05)
        started = time.time()
        path = f"{url}/api/v1/conversations/{world.long_id}/messages"
        await call(http, "POST", path, world.long_token, {"client_id": f"bench-{number}", "text": words})
        try:
            times.append(float(await asyncio.wait_for(drawn, 30)) - started * 1000)
        except TimeoutError as error:
            raise BenchError(f"message {number} was not drawn within 30 s") from error
    return times


async def measure(url: str, world: World, count: int) -> None:
    """Everything, one thing after the other."""
    async with aiohttp.ClientSession() as http, async_playwright() as playwright:
        await wait_healthy(http, url)
        browser = await playwright.chromium.launch(executable_path=chromium(), args=list(ARGUMENTS))
        paints, ready = await loads(browser, url, world.supervisor)
        print(line(f"first paint, {LOADS} loads without a cache", paints))
        print(line("work place ready (connected, queue of 499 shown)", ready))
        page = await open_console(browser, url, world.supervisor)
        for name, press, selector, steps, by in (
            ("frames, the queue", None, ".queue .rows", 300, 120),
            ("frames, all 2,000 conversations", "全部会话", ".queue .rows", 600, 200),
        ):
            if press:
                await page.get_by_role("button", name=press).click()
            found = await frames(page, selector, steps, by)
            print(line(f"{name} (at most {found['most']} rows in the page)", found["times"]))
        await page.context.close()
        page = await open_console(browser, url, world.agent, f"/console/c/{world.long_id}")
        newest = page.get_by_role("log").get_by_text(f"第 {Plan().long_messages} 条：")
        await newest.wait_for(timeout=60_000)
        found = await frames(page, "[role=log]", 600, -300)
        print(line(f"frames, 5,000 messages (at most {found['most']} rows)", found["times"]))
        await page.reload()
        await newest.wait_for(timeout=60_000)
        delays = await messages(page, http, url, world, count)
        print(line(f"customer's message to the agent's screen, {count} times", delays))
        await browser.close()


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--messages", type=int, default=100, help="messages of the customer that are timed")
    asked = options.parse_args()
    plan = Plan()
    print(f"console | {machine()}")
    with tempfile.TemporaryDirectory(prefix="baton-console-") as folder:
        desk, world = start(Path(folder), plan)
        try:
            asyncio.run(measure(desk.url, world, asked.messages))
        finally:
            desk.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
