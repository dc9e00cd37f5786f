"""Shops' own pages around the widget: strict content policy, hostile style sheets, single-page apps, no storage."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Callable, Iterator

import pytest
from conftest import System, free_ports
from playwright.sync_api import Browser, Page, expect
from test_story import ANSWER_LIMIT_MS, picture, say, widget_frame

HOSTILE = """
* { color: magenta !important; font: 40px/3 cursive !important; display: block !important;
    pointer-events: none !important; visibility: hidden !important; position: static !important;
    z-index: -1 !important; animation: none !important }
:not(html) { all: revert; transform: rotate(3deg) !important; opacity: .2 !important }
iframe, button, div, svg, baton-launcher { width: 7px !important; height: 7px !important;
    filter: blur(9px) !important; clip-path: inset(50%) !important; display: none !important }
"""
ICON = '<link rel=icon href="data:,">'  # or the browser asks for one and complains
QUEUE = "window.Baton = window.Baton || function () { (Baton.q = Baton.q || []).push(arguments) };"


class Pages:
    """A shop on an origin of its own; each page is HTML and the content policy it is served with."""

    def __init__(self) -> None:
        self.pages: dict[str, tuple[str, str]] = {}
        pages = self.pages

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                html, policy = pages.get(self.path.partition("?")[0], ("", ""))
                body = html.encode()
                self.send_response(200 if html else 404)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                if policy:
                    self.send_header("Content-Security-Policy", policy)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """A test's own traffic is not worth a line."""

        self.port = free_ports(1)[0]
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.url = f"http://localhost:{self.port}"  # another site than the desk's 127.0.0.1
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def add(self, path: str, desk: str, *, head: str = "", body: str = "<h1>店铺</h1>", policy: str = "") -> str:
        """A page with the loader; its address."""
        script = f'<script async src="{desk}/widget/loader.js" data-site="host"></script>'
        self.pages[path] = (f"<!doctype html><meta charset=utf-8><title>店铺</title>{ICON}{head}{script}{body}", policy)
        return self.url + path


@pytest.fixture
def shop() -> Iterator[Pages]:
    pages = Pages()
    yield pages
    pages.server.shutdown()
    pages.server.server_close()


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Opens an address in a fresh browser; collects what the browser complains of."""
    contexts = []

    def open_one(url: str) -> Page:
        context = browser.new_context(locale="zh-CN", viewport={"width": 1280, "height": 800})
        context.set_default_timeout(15_000)
        contexts.append(context)
        page = context.new_page()
        page.complaints = []  # type: ignore[attr-defined]
        page.on("console", lambda line: page.complaints.append(line.text) if line.type == "error" else None)  # type: ignore[attr-defined]
        page.on("pageerror", lambda error: page.complaints.append(str(error)))  # type: ignore[attr-defined]
        page.goto(url)
        page.wait_for_selector("baton-launcher", state="attached")
        return page

    yield open_one
    for context in contexts:
        context.close()


def chat_works(page: Page, words: str) -> None:
    """A real click where the launcher belongs opens the chat, and it answers."""
    page.mouse.click(1280 - 24 - 28, 800 - 24 - 28)
    chat = widget_frame(page)
    expect(chat.locator(".bubble").first).to_be_visible(timeout=ANSWER_LIMIT_MS)
    say(chat, words)
    expect(chat.locator(".message:not(.is-mine)").nth(1)).to_be_visible(timeout=ANSWER_LIMIT_MS)


def test_a_strict_content_policy_needs_only_two_sources(
    system: System, shop: Pages, visit: Callable[..., Page]
) -> None:
    sources = f"script-src {system.url}; frame-src {system.url}"
    policy = f"default-src 'none'; img-src data:; {sources}; require-trusted-types-for 'script'"
    page = visit(shop.add("/strict", system.url, policy=policy))
    chat_works(page, "运费怎么算")
    picture(page, "widget-host-strict")
    assert page.complaints == []  # type: ignore[attr-defined]


def test_a_hostile_style_sheet_changes_nothing(system: System, shop: Pages, visit: Callable[..., Page]) -> None:
    page = visit(shop.add("/hostile", system.url, head=f"<style>{HOSTILE}</style>"))
    picture(page, "widget-host-hostile-launcher")
    chat_works(page, "运费怎么算")
    picture(page, "widget-host-hostile")
    box = widget_frame(page).evaluate("() => [innerWidth, innerHeight]")
    assert box == [400, 680]


def test_a_single_page_shop_keeps_the_chat_and_tells_where_the_customer_went(
    system: System, shop: Pages, visit: Callable[..., Page]
) -> None:
    body = f"<div id=app>列表</div><script>{QUEUE} Baton('page', {{ title: '列表' }});</script>"
    page = visit(shop.add("/spa", system.url, body=body))
    chat_works(page, "运费怎么算")
    chat = widget_frame(page)
    said = chat.locator(".message.is-mine").count()
    page.evaluate(
        """order => {
          history.pushState({}, '', '/spa/order');
          document.body.innerHTML = '<div id=app>订单</div>';
          Baton('page', { order_id: order, title: '订单详情' });
        }""",
        system.fixtures["order_shipped"],
    )
    expect(chat.locator(".about")).to_contain_text(system.fixtures["order_shipped"][-4:])
    assert chat.locator(".message.is-mine").count() == said
    assert page.locator("baton-launcher").count() == 1


def test_loaded_twice_there_is_one_launcher(system: System, shop: Pages, visit: Callable[..., Page]) -> None:
    again = f'<script async src="{system.url}/widget/loader.js" data-site="host"></script>'
    page = visit(shop.add("/twice", system.url, body=again + again))
    page.wait_for_load_state("networkidle")
    assert page.locator("baton-launcher").count() == 1


def test_without_storage_the_chat_works_all_the_same(system: System, shop: Pages, visit: Callable[..., Page]) -> None:
    forbid = (
        "<script>for (const name of ['localStorage', 'sessionStorage']) Object.defineProperty(window, name,"
        " { get() { throw new DOMException('no', 'SecurityError') } });</script>"
    )
    page = visit(shop.add("/bare", system.url, head=forbid))
    chat_works(page, "运费怎么算")
    assert page.complaints == []  # type: ignore[attr-defined]


def test_pointing_at_the_launcher_starts_no_conversation(
    system: System, shop: Pages, visit: Callable[..., Page]
) -> None:
    page = visit(shop.add("/point", system.url))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(f"{request.method} {request.url}"))
    page.mouse.move(1280 - 24 - 28, 800 - 24 - 28)
    frame = widget_frame(page)
    frame.wait_for_selector(".chat", state="attached")
    page.wait_for_load_state("networkidle")
    assert not [line for line in asked if "/api/" in line]
    assert page.evaluate("() => localStorage.length") == 0
    chat_works(page, "运费怎么算")
    assert len([line for line in asked if line.startswith("POST") and line.endswith("/api/v1/conversations")]) == 1
