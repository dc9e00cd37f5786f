"""Pages: the demo shop, the widget's frame and files, and the console, as built into web/*/dist."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import mimetypes
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from litestar import Response, Router, get

from desk.customers.shop import ShopClient
from desk.kernel.context import Context
from desk.kernel.errors import NotFoundError, UnavailableError
from desk.kernel.sites import ancestors_of
from desk.kernel.web import PART, Ctx, DeskRequest

if TYPE_CHECKING:
    from pathlib import Path

    from desk.kernel.settings import Settings

_FOREVER = "public, max-age=31536000, immutable"  # file names under assets/ carry a hash
_SHORT = "public, max-age=300"
_ALWAYS_ASK = "no-cache"
_SQUEEZED = {".html", ".js", ".css", ".svg", ".json"}
_SMALL_BYTES = 600  # below that the headers weigh more than what is saved
_KEPT_FILES = 256


def content_security_policy(frame_ancestors: str) -> str:
    """The desk's own script files only; styles may be inline because Vue and charts set them."""
    return "; ".join(
        (
            "default-src 'self'",
            "script-src 'self'",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "connect-src 'self'",
            "frame-src 'self'",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            f"frame-ancestors {frame_ancestors}",
        )
    )


def safe_file(folder: Path, relative: str) -> Path | None:
    """The file below `folder`, or None: never outside of it, never a folder."""
    if "\x00" in relative:
        return None
    path = (folder / relative).resolve()
    return path if path.is_relative_to(folder.resolve()) and path.is_file() else None


def content_type(path: Path) -> str:
    """The media type by the file's name."""
    kind = {".js": "text/javascript", ".mjs": "text/javascript"}.get(path.suffix) or mimetypes.guess_type(path.name)[0]
    return kind or "application/octet-stream"


class Built(NamedTuple):
    """A built file as it travels; `squeezed` is its gzip form when that is worth it."""

    data: bytes
    squeezed: bytes | None
    digest: str


@lru_cache(maxsize=_KEPT_FILES)
def built(path: Path, _changed_ns: int) -> Built:
    """The file, read and compressed once; `_changed_ns` is when it was written, so that a new build is seen."""
    data = path.read_bytes()
    worth_it = path.suffix in _SQUEEZED and len(data) > _SMALL_BYTES
    return Built(data, gzip.compress(data, 9, mtime=0) if worth_it else None, hashlib.sha256(data).hexdigest()[:20])


def accepts_gzip(header: str) -> bool:
    """Whether an Accept-Encoding header takes gzip: named, and not with a weight of nothing."""
    for part in header.lower().split(","):
        name, _, weight = part.strip().partition(";")
        if name.strip() == "gzip":
            return not re.fullmatch(r"\s*q=0(\.0*)?\s*", weight)
    return False


async def _serve(request: DeskRequest, path: Path, cache: str, frame_ancestors: str) -> Response[bytes]:
    file = await asyncio.to_thread(lambda: built(path, path.stat().st_mtime_ns))
    squeeze = file.squeezed is not None and accepts_gzip(request.headers.get("accept-encoding", ""))
    etag = f'"{file.digest}{"-gz" if squeeze else ""}"'
    headers = {"Cache-Control": cache, "ETag": etag}
    if path.suffix == ".html":
        headers["Content-Security-Policy"] = content_security_policy(frame_ancestors)
    if file.squeezed is not None:
        headers["Vary"] = "Accept-Encoding"
    if request.headers.get("if-none-match") == etag:
        return Response(b"", status_code=304, headers=headers)
    if not squeeze or file.squeezed is None:
        return Response(file.data, media_type=content_type(path), headers=headers)
    return Response(file.squeezed, media_type=content_type(path), headers={**headers, "Content-Encoding": "gzip"})


async def _page(ctx: Context, request: DeskRequest, part: str, name: str, frame_ancestors: str) -> Response[bytes]:
    path = safe_file(ctx.settings.web_dir / part / "dist", name)
    if path is None:
        raise UnavailableError("page_not_built")
    return await _serve(request, path, _ALWAYS_ASK, frame_ancestors)


async def _asset(ctx: Context, request: DeskRequest, part: str, relative: str) -> Response[bytes]:
    folder = ctx.settings.web_dir / part / "dist"
    path = safe_file(folder, relative)
    if path is None:
        if not folder.is_dir():
            raise UnavailableError("page_not_built")
        raise NotFoundError("not_found")
    cache = _FOREVER if relative.startswith("assets/") else _SHORT
    return await _serve(request, path, _ALWAYS_ASK if path.suffix == ".html" else cache, "'self'")


def widget_ancestors(settings: Settings, site: str) -> str:
    """Who may embed the widget: with BATON_SITES_FILE the origins of this very site, else those of the setting.

    The desk's own page may where it is the demo shop, and always without a file of sites.
    """
    if settings.sites:
        own = ["'self'"] if settings.demo else []
        return " ".join([*own, *ancestors_of(settings.sites, site)]) or "'none'"
    configured = settings.frame_ancestors
    return configured if "'self'" in configured or configured == "*" else f"'self' {configured}"


@get("/", include_in_schema=False)
async def demo_page(ctx: Ctx, request: DeskRequest) -> Response[bytes]:
    """The demo shop's page with the widget."""
    return await _page(ctx, request, "widget", "demo.html", "'self'")


@get("/widget/frame", include_in_schema=False)
async def widget_frame(ctx: Ctx, request: DeskRequest, site: str = "") -> Response[bytes]:
    """What the loader puts into its iframe; `site` is the shop's `data-site`."""
    return await _page(ctx, request, "widget", "frame.html", widget_ancestors(ctx.settings, site))


@get("/widget/{path:path}", include_in_schema=False)
async def widget_file(ctx: Ctx, request: DeskRequest, path: str) -> Response[bytes]:
    """The loader and the widget's assets; other sites may load them."""
    response = await _asset(ctx, request, "widget", path.lstrip("/"))
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


@get(["/console", "/console/{path:path}"], include_in_schema=False)
async def console(ctx: Ctx, request: DeskRequest, path: str = "") -> Response[bytes]:
    """The console's files; every other address is one of its own pages."""
    relative = path.lstrip("/")
    if "." in relative.rpartition("/")[2]:
        return await _asset(ctx, request, "console", relative)
    return await _page(ctx, request, "console", "index.html", "'none'")


@get("/demo/customers", include_in_schema=False)
async def demo_customers(ctx: Ctx, shop: Annotated[ShopClient, PART]) -> dict[str, Any]:
    """The demo shop's customers with fresh identities; 404 unless BATON_DEMO=1."""
    if not ctx.settings.demo:
        raise NotFoundError("not_found")
    return await shop.demo_customers()


router = Router(
    "/",
    route_handlers=[demo_page, widget_frame, widget_file, console, demo_customers],
)
