"""A desk full of conversations without bot and shop, and people signed in to its console."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from playwright.sync_api import Browser, Page, expect

_BENCH = str(Path(__file__).resolve().parents[2] / "bench")
if _BENCH not in sys.path:
    sys.path.append(_BENCH)
from console_world import Login, Plan, World, start  # noqa: E402

expect.set_options(timeout=15_000)
SMALL = Plan(with_bot=6, queued=6, closed=3, messages_each=7, long_messages=40)
START_SECONDS = 60.0


@dataclass(frozen=True)
class Filled:
    """Its address and what is in it."""

    url: str
    world: World

    def login(self, role: str) -> Login:
        return self.world.supervisor if role == "supervisor" else self.world.agent


@contextmanager
def running(folder: Path, plan: Plan) -> Iterator[Filled]:
    """A desk filled by `plan`, until the end of the block."""
    desk, world = start(folder, plan)
    try:
        deadline = time.monotonic() + START_SECONDS
        while not healthy(desk.url):
            assert time.monotonic() < deadline, (folder / "desk.log").read_text()
            time.sleep(0.1)
        yield Filled(desk.url, world)
    finally:
        desk.stop()


def healthy(url: str) -> bool:
    try:
        return httpx.get(f"{url}/healthz", timeout=2).status_code == 200
    except httpx.TransportError:
        return False


@contextmanager
def console(
    browser: Browser, filled: Filled, role: str = "supervisor", *, locale: str = "zh-CN", width: int = 1280
) -> Iterator[Page]:
    """Signed in and connected, in a browser of their own."""
    context = browser.new_context(
        base_url=filled.url, locale="zh-CN", timezone_id="Asia/Shanghai", viewport={"width": width, "height": 800}
    )
    context.set_default_timeout(15_000)
    context.add_init_script(f"localStorage['baton.console.preferences'] ??= '{{\"locale\": \"{locale}\"}}'")
    login = filled.login(role)
    answer = context.request.post(
        "/api/v1/agents/login", data={"username": login.agent.username, "password": login.password}
    )
    assert answer.ok, answer.text()
    page = context.new_page()
    page.goto("/console/")
    expect(page.locator(".link.is-open")).to_be_visible()
    try:
        yield page
    finally:
        context.close()
