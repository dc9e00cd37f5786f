"""Pages: the demo shop, the widget's frame and files, and the console, as built into web/*/dist."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import mimetypes
import re
from typing import TYPE_CHECKING, Annotated, Any

from litestar import Response, Router, get

from desk.customers.shop import ShopClient
from desk.kernel.context import Context
from desk.kernel.errors import NotFoundError, UnavailableError
from desk.kernel.web import PART, Ctx, DeskRequest

if TYPE_CHECKING:
    from pathlib import Path

_FOREVER = "public, max-age=31536000, immutable"  # file names under assets/ carry a hash
_SHORT = "public, max-age=300"
_ALWAYS_ASK = "no-cache"
_INLINE_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)


def inline_script_hashes(page: str) -> list[str]:
    """CSP sources for exactly the inline scripts that the built page carries."""
    digests = (hashlib.sha256(script.encode()).digest() for script in _INLINE_SCRIPT.findall(page))
    return [f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests]


def content_security_policy(frame_ancestors: str, script_hashes: list[str]) -> str:
    """The desk's own scripts only; styles may be inline because Vue and charts set them."""
    return "; ".join(
        (
            "default-src 'self'",
            " ".join(["script-src 'self'", *script_hashes]),
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


async def _serve(request: DeskRequest, path: Path, cache: str, frame_ancestors: str) -> Response[bytes]:
    data = await asyncio.to_thread(path.read_bytes)
    etag = f'"{hashlib.sha256(data).hexdigest()[:20]}"'
    headers = {"Cache-Control": cache, "ETag": etag}
    if path.suffix == ".html":
        headers["Content-Security-Policy"] = content_security_policy(
            frame_ancestors, inline_script_hashes(data.decode("utf-8"))
        )
    if request.headers.get("if-none-match") == etag:
        return Response(b"", status_code=304, headers=headers)
    return Response(data, media_type=content_type(path), headers=headers)


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


def _widget_ancestors(ctx: Context) -> str:
    """The shop's pages by setting, and always the desk's own demo page."""
    configured = ctx.settings.frame_ancestors
    return configured if "'self'" in configured or configured == "*" else f"'self' {configured}"


@get("/", include_in_schema=False)
async def demo_page(ctx: Ctx, request: DeskRequest) -> Response[bytes]:
    """The demo shop's page with the widget."""
    return await _page(ctx, request, "widget", "demo.html", "'self'")


@get("/widget/frame", include_in_schema=False)
async def widget_frame(ctx: Ctx, request: DeskRequest) -> Response[bytes]:
    """What the loader puts into its iframe."""
    return await _page(ctx, request, "widget", "frame.html", _widget_ancestors(ctx))


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
