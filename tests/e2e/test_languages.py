"""Every language fits: no text leaves its box, no key is shown in place of words, on wide and narrow screens."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from conftest import System
from filled import SMALL, Filled, console, running
from playwright.sync_api import Browser, Frame, Page, expect
from test_story import picture

LANGUAGES = ("zh-CN", "zh-TW", "en")
WINDOWS = {"e": "resolving", "t": "transfer", "b": "handing back", "?": "keys"}
# Texts that reach beyond their own box, the control they name, or the page; and keys that stand where words should.
LOOSE = r"""() => {
  const found = [];
  const seen = (one) => one.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true });
  const scrolls = (style) => /auto|scroll/.test(style.overflowX);
  for (const one of document.querySelectorAll("body *")) {
    if (one.closest("svg, script, style, option") || !seen(one)) continue;
    const text = [...one.childNodes].filter((node) => node.nodeType === 3 && node.textContent.trim());
    if (text.length === 0) continue;
    const words = text.map((node) => node.textContent.trim()).join(" ");
    if (/^[a-z_]+(\.[a-z_A-Z]+)+$/.test(words) && !/\.(yml|md|json)$/.test(words)) found.push(["key", words]);
    const style = getComputedStyle(one);
    if (style.clipPath !== "none" || one.closest(".visually-hidden, .b-hidden")) continue;
    const cuts = style.textOverflow === "ellipsis" || style.webkitLineClamp !== "none" || scrolls(style);
    if (style.display !== "inline" && !cuts && one.scrollWidth > one.clientWidth + 1) {
      found.push(["wider than its box", words]);
    }
    const range = document.createRange();
    range.selectNodeContents(one);
    const at = range.getBoundingClientRect();
    const control = one.closest("button, a[href], [role=option], th, kbd");
    const box = control?.getBoundingClientRect();
    const inline = control && getComputedStyle(control).display === "inline";
    const sideways = box && (at.right > box.right + 1 || at.left < box.left - 1);
    const upright = box && (at.bottom > box.bottom + 2 || at.top < box.top - 2);
    if ((sideways || upright) && !cuts && !inline) found.push(["out of its control", words]);
    let holder = one, scrollable = false;
    for (; holder; holder = holder.parentElement) {
      const around = getComputedStyle(holder);
      scrollable ||= scrolls(around) || around.textOverflow === "ellipsis";
    }
    const outside = at.width > 0 && (at.right > innerWidth + 1 || at.left < -1);
    if (outside && !scrollable) found.push(["out of the page", words]);
  }
  return found;
}"""


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filled]:
    with running(tmp_path_factory.mktemp("languages"), SMALL) as desk:
        yield desk


def fits(shown: Page | Frame, where: str, name: str) -> None:
    """`name` is that of its picture."""
    shown.wait_for_timeout(200)  # fonts and lazily fetched words have come
    picture(shown.page if isinstance(shown, Frame) else shown, f"{name}-{where.replace(' ', '-')}")
    found: list[Any] = shown.evaluate(LOOSE)
    assert not found, f"{where}: {found}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_of_the_console_fits(browser: Browser, filled: Filled, language: str) -> None:
    with console(browser, filled, locale=language) as page:
        fits(page, "work place", language)
        page.goto(f"/console/c/{filled.world.long_id}")
        expect(page.get_by_role("log").locator(".message").last).to_be_visible()
        expect(page.locator("html")).to_have_attribute("lang", language)
        fits(page, "conversation", language)
        for key, name in WINDOWS.items():
            page.keyboard.press(key)
            expect(page.locator("dialog[open]")).to_be_visible()
            fits(page, f"window of {name}", language)
            page.keyboard.press("Escape")
        page.keyboard.press("Control+k")
        page.locator(".search input").first.fill("耳机")
        expect(page.locator(".search .group").first).to_be_visible()
        fits(page, "search", language)
        page.keyboard.press("Escape")
        page.locator(".bell button").first.click()
        expect(page.locator(".bell .panel h2").first).to_be_visible()
        page.locator(".bell .panel button").last.click()
        fits(page, "notifications", language)
        for name in ("accounts", "wall", "reports", "playbook"):
            page.goto(f"/console/{name}")
            expect(page.get_by_role("heading", level=1)).to_be_visible()
            page.wait_for_load_state("networkidle")
            fits(page, name, language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_in_a_narrow_window_the_side_pane_folds_away(browser: Browser, filled: Filled, language: str) -> None:
    with console(browser, filled, "agent", locale=language, width=768) as page:
        page.goto(f"/console/c/{filled.world.long_id}")
        expect(page.get_by_role("log").locator(".message").last).to_be_in_viewport()
        expect(page.locator(".composer textarea")).to_be_in_viewport(ratio=1)
        side, opener = page.locator("#side"), page.locator("[aria-controls=side]")
        expect(side).to_be_hidden()
        fits(page, "narrow", language)
        opener.click()
        expect(side).to_be_in_viewport(ratio=1)
        expect(side.get_by_role("tab").first).to_be_focused()
        fits(page, "narrow with side pane", language)
        page.keyboard.press("Escape")
        expect(side).to_be_hidden()
        expect(opener).to_be_focused()
        opener.click()
        side.locator(".step-reply").first.click()  # what is put into the reply is seen there
        expect(side).to_be_hidden()
        expect(page.locator(".composer textarea")).not_to_have_value("")
    with console(browser, filled, locale=language, width=768) as page:
        for name in ("accounts", "wall", "reports", "playbook", "actions"):
            page.goto(f"/console/{name}")
            expect(page.get_by_role("heading", level=1)).to_be_visible()
            page.wait_for_load_state("networkidle")
            fits(page, f"narrow {name}", language)


@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("language", LANGUAGES)
def test_signing_in_and_searching_fit_a_phone_too(browser: Browser, filled: Filled, language: str, width: int) -> None:
    with console(browser, filled, locale=language, width=width) as page:
        page.keyboard.press("Control+k")
        page.locator(".search input").first.fill("耳机")
        expect(page.locator(".search .group").first).to_be_visible()
        assert not [one for one in page.locator(".search").evaluate(LOOSE_INSIDE) if one], "search"
        page.context.clear_cookies()
        page.goto("/console/login")
        expect(page.locator("form")).to_be_visible()
        fits(page, "sign-in", f"{language}-{width}")
        assert not [one for one in page.locator("body").evaluate(LOOSE_INSIDE) if one], "sign-in"


LOOSE_INSIDE = """(window) => [...window.querySelectorAll("*")].filter((one) => {
  const at = one.getBoundingClientRect();
  return at.width > 0 && (at.right > innerWidth + 1 || at.left < -1);
}).map((one) => one.className)"""


@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_widget_fits(browser: Browser, system: System, language: str, width: int) -> None:
    context = browser.new_context(base_url=system.url, locale=language, viewport={"width": width, "height": 740})
    try:
        page = context.new_page()
        page.goto("/")
        fits(page, "shop", f"{language}-{width}")
        page.evaluate("(locale) => { Baton('config', { locale }); Baton('open'); }", language)
        page.wait_for_function("() => document.activeElement !== null")
        frames: list[Frame] = []
        for _ in range(100):
            frames = [frame for frame in page.frames if "/widget/frame" in frame.url]
            if frames:
                break
            page.wait_for_timeout(100)
        expect(frames[0].get_by_role("log")).to_be_visible()
        expect(frames[0].locator("html")).to_have_attribute("lang", language)
        fits(frames[0], "widget", f"{language}-{width}")
    finally:
        context.close()
