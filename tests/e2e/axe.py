"""Accessibility of what is on the screen, by axe-core, which `npm ci` in web/ brings."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from playwright.sync_api import Frame, Page

SCRIPT = Path(__file__).resolve().parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
# Experimental in axe, but people who speak to their computer need it: a button answers to the words on it.
RULES = {"label-content-name-mismatch": {"enabled": True}}
# A colour on its way from light to dark is nobody's colour. A sheet made by script is no business of the page's CSP.
STILL = """() => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync("*, *::before, *::after { transition: none !important; animation: none !important; }");
  document.adoptedStyleSheets = [sheet];
  return new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
}"""


@cache
def _source() -> str:
    assert SCRIPT.exists(), "axe-core is missing: python3 scripts/web.py packages"
    return SCRIPT.read_text(encoding="utf-8")


def no_violations(page: Page, where: str, frame: Frame | None = None) -> None:
    """Neither in light nor in dark; `frame` is looked at instead of the page itself."""
    for scheme in ("dark", "light"):
        looked_at = frame or page
        looked_at.evaluate(STILL)
        page.emulate_media(color_scheme=scheme)
        looked_at.evaluate(STILL)
        found = _violations(looked_at)
        looked_at.evaluate("() => { document.adoptedStyleSheets = [] }")
        assert not found, f"{where}, {scheme}: {found}"


def _violations(looked_at: Page | Frame) -> list[Any]:
    looked_at.evaluate(_source())
    options = {"resultTypes": ["violations"], "rules": RULES}
    found = looked_at.evaluate("(options) => axe.run(document, options)", options)["violations"]
    return [(one["id"], [(node["target"], node["failureSummary"]) for node in one["nodes"]]) for one in found]
