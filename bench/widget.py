"""How soon the widget is there on a cheap phone: `services/.venv/bin/python bench/widget.py`.

Starts a desk of its own (no bot, no shop) and a shop's page on another origin, and opens it in Chromium as a phone of
360 x 740 with DevTools' network emulation (slow 4G as Lighthouse names it: 1.6 Mbit/s down, 750 kbit/s up, 150 ms
for each request) and a processor slowed down four times. Prints medians, judges nothing.

- launcher: from the moment the browser asks for loader.js until the launcher has been painted
- usable: from the finger on the launcher until the field to write in is enabled and painted
- greeting: from the finger until the first bubble has been painted
- page, script, asked, opened: from the finger until the frame's page and its script had come, the conversation was
  asked for, and the desk had answered

`cold` is a browser that has never been there; `warm` the next visit of one whose conversation was forgotten.
"""

from __future__ import annotations

import argparse
import asyncio
import functools
import http.server
import shutil
import statistics
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

import aiohttp
from desk_process import BenchError, ServiceProcess, clean_environment, free_ports, machine, wait_healthy
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

PHONE = {"viewport": {"width": 360, "height": 740}, "device_scale_factor": 3, "is_mobile": True, "has_touch": True}
SLOW_4G = {"offline": False, "latency": 150, "downloadThroughput": 1_600_000 / 8, "uploadThroughput": 750_000 / 8}
SLOWDOWN = 4
LAUNCHER_CENTRE = (360 - 24 - 28, 740 - 24 - 28)
LIMIT_MS = 20_000

# In every frame: when the things we wait for were painted, in milliseconds of one clock.
WATCH = """
window.seen = {};
const now = () => performance.timeOrigin + performance.now();
const painted = (name) => {
  seen[name] = 0;
  requestAnimationFrame(() => requestAnimationFrame(() => (seen[name] = now())));
};
const wanted = {
  launcher: 'baton-launcher',
  usable: 'textarea:not([disabled])',
  greeting: '.bubble',
};
const look = () => {
  for (const name in wanted) if (!(name in seen) && document.querySelector(wanted[name])) painted(name);
};
new MutationObserver(look).observe(document, { subtree: true, childList: true, attributes: true });
addEventListener('touchstart', () => (seen.finger ??= now()), { capture: true });
"""


# What the way to a usable chat consists of, by the frame's own clock.
STEPS = """() => {
  const at = (time) => performance.timeOrigin + time;
  const [page] = performance.getEntriesByType('navigation');
  const all = performance.getEntriesByType('resource');
  const script = all.find(({ name }) => name.includes('/assets/frame') && name.endsWith('.js'));
  const opened = all.find(({ name }) => name.endsWith('/api/v1/conversations'));
  return {
    page: at(page.responseEnd),
    script: at(script.responseEnd),
    asked: at(opened.startTime),
    opened: at(opened.responseEnd),
  };
}"""
FROM_THE_FINGER = ("page", "script", "asked", "opened", "usable", "greeting")


class ShopPage(http.server.BaseHTTPRequestHandler):
    """A shop's page with a strict content policy and the loader, as the README says to embed it."""

    def __init__(self, desk: str, *rest: Any) -> None:
        self._desk = desk
        super().__init__(*rest)

    def do_GET(self) -> None:
        found = self.path == "/"
        body = (
            "<!doctype html><meta charset=utf-8><meta name=viewport content='width=device-width'><title>shop</title>"
            f"<h1>shop</h1><script async src='{self._desk}/widget/loader.js' data-site=bench></script>"
        ).encode()
        self.send_response(200 if found else 404)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body) if found else 0))
        self.send_header(
            "Content-Security-Policy", f"default-src 'none'; script-src {self._desk}; frame-src {self._desk}"
        )
        self.end_headers()
        if found:
            self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Nothing of a bench's own traffic is worth a line."""


def visit(context: BrowserContext, url: str) -> dict[str, float]:
    """Milliseconds to the launcher, and from the finger to the field and to the greeting."""
    page = context.new_page()
    devtools = context.new_cdp_session(page)
    devtools.send("Network.enable")
    devtools.send("Network.emulateNetworkConditions", SLOW_4G)
    devtools.send("Emulation.setCPUThrottlingRate", {"rate": SLOWDOWN})
    page.goto(url)
    page.wait_for_function("() => seen.launcher > 0", timeout=LIMIT_MS)
    asked = page.evaluate(
        "() => performance.timeOrigin + performance.getEntriesByType('resource')"
        ".find(({ name }) => name.includes('loader.js')).startTime"
    )
    launcher = page.evaluate("() => seen.launcher")
    page.wait_for_timeout(500)  # nobody opens a chat in the very moment its button comes
    page.touchscreen.tap(*LAUNCHER_CENTRE)
    frame = frame_of(page)
    frame.wait_for_function("() => seen.usable > 0 && seen.greeting > 0", timeout=LIMIT_MS)
    finger = page.evaluate("() => seen.finger")
    inside = frame.evaluate("() => seen") | frame.evaluate(STEPS)
    page.evaluate("() => localStorage.clear()")
    page.close()
    times = {name: inside[name] - finger for name in FROM_THE_FINGER}
    return {"launcher": launcher - asked, **times}


def frame_of(page: Page) -> Any:
    """The chat's frame; the closed shadow root hides it from selectors."""
    for _ in range(LIMIT_MS // 20):
        for frame in page.frames:
            if "/widget/frame" in frame.url:
                return frame
        page.wait_for_timeout(20)
    raise BenchError("the chat's frame never opened")


def measure(browser: Browser, url: str, rounds: int) -> dict[str, list[dict[str, float]]]:
    """`rounds` first visits and as many second ones."""
    found: dict[str, list[dict[str, float]]] = {"cold": [], "warm": []}
    for _ in range(rounds):
        context = browser.new_context(**PHONE, locale="zh-CN")
        context.add_init_script(WATCH)
        for kind in ("cold", "warm"):
            found[kind].append(visit(context, url))
        context.close()
    return found


async def _ready(url: str) -> None:
    async with aiohttp.ClientSession() as http_client:
        await wait_healthy(http_client, url)


def run(rounds: int) -> None:
    """Start everything, measure, print."""
    desk_port, shop_port = free_ports(2)
    with tempfile.TemporaryDirectory(prefix="baton-bench-") as name:
        folder = Path(name)
        shop_url = f"http://127.0.0.1:{shop_port}"
        environment = clean_environment(folder) | {
            "BATON_DESK_PORT": str(desk_port),
            "BATON_DESK_HOST": "127.0.0.1",
            "BATON_WIDGET_FRAME_ANCESTORS": shop_url,
            "BATON_RASA_URL": "http://127.0.0.1:9",
            "BATON_SHOP_URL": "http://127.0.0.1:9",
        }
        desk = ServiceProcess("desk", folder, environment, desk_port)
        handler = functools.partial(ShopPage, desk.url)
        server = http.server.ThreadingHTTPServer(("127.0.0.1", shop_port), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        desk.start()
        try:
            asyncio.run(_ready(desk.url))
            show(browse(shop_url, rounds))
        finally:
            desk.stop()
            server.shutdown()


def browse(url: str, rounds: int) -> dict[str, list[dict[str, float]]]:
    """The figures of a Chromium started for this."""
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        raise BenchError("no Chromium on this machine: run 'make setup-tests'")
    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=flags)
        try:
            return measure(browser, url, rounds)
        finally:
            browser.close()


def show(found: dict[str, list[dict[str, float]]]) -> None:
    """One line for each figure."""
    for kind, visits in found.items():
        for name in ("launcher", *FROM_THE_FINGER):
            values = sorted(visit[name] for visit in visits)
            middle = statistics.median(values)
            print(f"{kind} {name:9} median {middle:6.0f} ms, fastest {values[0]:6.0f}, slowest {values[-1]:6.0f}")


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=10, help="visits of each kind")
    options = parser.parse_args()
    print(f"widget on slow 4G, processor 1/{SLOWDOWN} | {machine()}")
    try:
        run(options.rounds)
    except BenchError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
