"""Pages: built files, their cache and security headers, and what happens without them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from desk.kernel.settings import REPOSITORY
from running import RunningDesk

LONG = "export const words = '再长一点';\n" * 100


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDesk]:
    """A desk with front ends of known content."""
    web = tmp_path_factory.mktemp("web")
    for name, text in {
        "widget/dist/demo.html": "<html><script src=/widget/loader.js></script></html>",
        "widget/dist/frame.html": "<html>frame</html>",
        "widget/dist/loader.js": "1",
        "widget/dist/assets/a-123.js": "2",
        "widget/dist/assets/long-789.js": LONG,
        "console/dist/index.html": "<html>console</html>",
        "console/dist/assets/c-456.css": "b{}",
        "secret.txt": "nobody's business",
    }.items():
        (web / name).parent.mkdir(parents=True, exist_ok=True)
        (web / name).write_text(text)
    running = RunningDesk(
        tmp_path_factory.mktemp("pages"),
        BATON_WEB_DIR=str(web),
        BATON_WIDGET_FRAME_ANCESTORS="https://shop.example",
        BATON_RASA_URL="http://127.0.0.1:9",
    ).start()
    yield running
    running.http.close()
    running.stop()


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [("gzip, deflate, br", "gzip"), ("br;q=1, gzip;q=0.5", "gzip"), ("gzip;q=0", None), ("br", None), ("", None)],
)
def test_what_is_long_travels_compressed_to_whoever_takes_it(
    pages: RunningDesk, accepted: str, encoding: str | None
) -> None:
    path, asked = "/widget/assets/long-789.js", {"Accept-Encoding": accepted}
    answer = pages.http.get(path, headers=asked)
    assert answer.text == LONG
    assert answer.headers.get("content-encoding") == encoding
    assert answer.headers["vary"] == "Accept-Encoding"
    assert (int(answer.headers["content-length"]) < len(LONG.encode())) == (encoding is not None)
    again = pages.http.get(path, headers={**asked, "If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304
    other = {"Accept-Encoding": "identity" if encoding else "gzip", "If-None-Match": answer.headers["etag"]}
    assert pages.http.get(path, headers=other).status_code == 200
    assert "content-encoding" not in pages.http.get("/widget/loader.js", headers=asked).headers


def test_pages_and_their_headers(pages: RunningDesk) -> None:
    for path, cache in {
        "/": "no-cache",
        "/widget/frame": "no-cache",
        "/widget/loader.js": "public, max-age=300",
        "/widget/assets/a-123.js": "public, max-age=31536000, immutable",
        "/console": "no-cache",
        "/console/": "no-cache",
        "/console/queue/c_1": "no-cache",
        "/console/assets/c-456.css": "public, max-age=31536000, immutable",
    }.items():
        answer = pages.http.get(path)
        assert (answer.status_code, answer.headers["cache-control"]) == (200, cache), path
        assert answer.headers["x-content-type-options"] == "nosniff"
        again = pages.http.get(path, headers={"If-None-Match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")


def test_who_may_frame_what(pages: RunningDesk) -> None:
    def ancestors(path: str) -> str:
        found = re.search(r"frame-ancestors ([^;]+)", pages.http.get(path).headers["content-security-policy"])
        return found.group(1) if found else ""

    assert ancestors("/widget/frame") == "'self' https://shop.example"
    assert ancestors("/console") == "'none'"
    assert ancestors("/") == "'self'"


def test_no_inline_script_may_run(pages: RunningDesk) -> None:
    for path in ("/", "/console", "/widget/frame"):
        assert "script-src 'self';" in pages.http.get(path).headers["content-security-policy"]


def test_no_built_page_needs_one() -> None:
    built = sorted((REPOSITORY / "web").glob("*/dist/*.html"))
    assert len(built) > 2
    for page in built:
        assert not re.search(r"<script(?![^>]* src=)|\son[a-z]+=", page.read_text(encoding="utf-8")), page


@pytest.mark.parametrize(
    "path",
    [
        "/widget/../../secret.txt",
        "/widget/..%2f..%2fsecret.txt",
        "/widget/%2e%2e/%2e%2e/secret.txt",
        "/widget//etc/passwd.txt",
        "/widget/assets",
        "/widget/a%00.js",
        "/console/missing.js",
    ],
)
def test_nothing_outside_is_served(pages: RunningDesk, path: str) -> None:
    answer = pages.http.get(path)
    assert answer.status_code == 404, answer.text
    assert answer.json()["error"]["code"] == "not_found"


def test_without_the_demo_there_is_no_list_of_customers(pages: RunningDesk) -> None:
    assert pages.http.get("/demo/customers").status_code == 404


def test_pages_that_are_not_built_say_so(pages: RunningDesk) -> None:
    web = Path(pages.environment["BATON_WEB_DIR"])
    for part in ("widget", "console"):
        (web / part).rename(web / f"{part}.away")
    for path in ("/", "/widget/frame", "/widget/loader.js", "/console", "/console/a.js"):
        answer = pages.http.get(path)
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "page_not_built")
    for part in ("widget", "console"):
        (web / f"{part}.away").rename(web / part)
