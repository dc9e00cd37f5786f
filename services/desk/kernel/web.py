"""Shared by every HTTP face: injected parts, the error shape, security headers, the caller's address."""

from __future__ import annotations

import ipaddress
import re
import secrets
from http import HTTPStatus
from typing import Annotated, Any

import structlog
from litestar import Request, Response, WebSocket
from litestar.connection import ASGIConnection
from litestar.datastructures import State
from litestar.exceptions import HTTPException, ValidationException
from litestar.params import Dependency
from structlog.contextvars import bind_contextvars, clear_contextvars

from desk.kernel.context import Context
from desk.kernel.environment import Network
from desk.kernel.errors import DeskError, InvalidError, TooManyError

log = structlog.get_logger("desk.http")

PART = Dependency(skip_validation=True)  # parts of the desk are injected as they are
Ctx = Annotated[Context, PART]
DeskRequest = Request[Any, Any, State]
DeskSocket = WebSocket[Any, Any, State]
Connection = ASGIConnection[Any, Any, Any, State]

SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(), microphone=(), camera=()",
    # For everything that is no page: whatever a browser takes it for, nothing in it loads, runs or is framed.
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}
_REQUEST_ID = re.compile(r"[0-9A-Za-z-]{8,64}")
_IPV6_SITE_BITS = 64  # what one household or one server has of its own
_CODES = {
    404: "not_found",
    405: "method_not_allowed",
    413: "body_too_large",
    401: "unauthorized",
    403: "forbidden",
}


def error_body(code: str, message: str, details: dict[str, object] | None = None) -> dict[str, dict[str, object]]:
    """The error shape of contracts/README.md."""
    told: dict[str, object] = {"code": code, "message": message}
    return {"error": told if details is None else {**told, "details": details}}


def error_response(ctx: Context, error: DeskError) -> Response[dict[str, dict[str, object]]]:
    """A DeskError as the client sees it; with 429 also when to try again."""
    ctx.metrics.errors.labels(error.code).inc()
    wait = {"Retry-After": str(error.retry_after_seconds)} if isinstance(error, TooManyError) else {}
    body = error_body(error.code, ctx.wording.error(error), error.details)
    return Response(body, status_code=error.status, headers={**SECURITY_HEADERS, **wait})


def handle_error(request: DeskRequest, error: Exception) -> Response[dict[str, dict[str, object]]]:
    """Every exception in the error shape; what is not expected is logged and told as `internal`."""
    ctx: Context = request.app.state.ctx
    if isinstance(error, DeskError):
        return error_response(ctx, error)
    if isinstance(error, RecursionError):  # JSON nested deeper than any decoder goes
        return error_response(ctx, InvalidError("invalid_request"))
    if isinstance(error, HTTPException):
        fallback = "invalid_request" if error.status_code < HTTPStatus.INTERNAL_SERVER_ERROR else "internal"
        code = "invalid_request" if isinstance(error, ValidationException) else _CODES.get(error.status_code, fallback)
        message = ctx.wording.error(DeskError(code))
        return Response(error_body(code, message), status_code=error.status_code, headers=SECURITY_HEADERS)
    ctx.metrics.errors.labels("internal").inc()
    log.error("request failed", path=request.url.path, method=request.method, exc_info=error)
    body = error_body("internal", ctx.wording.error(DeskError("internal")))
    return Response(body, status_code=500, headers=SECURITY_HEADERS)


def begin_call(request: Connection) -> None:
    """Every log line of this call carries its id, a proxy's where it sent one, and the conversation it is about."""
    told = request.headers.get("x-request-id", "")
    about = request.path_params.get("conversation_id")
    clear_contextvars()
    bind_contextvars(request=told if _REQUEST_ID.fullmatch(told) else secrets.token_hex(8))
    if about:
        bind_contextvars(conversation=about)


async def begin_request(request: DeskRequest) -> None:
    """The same as Litestar's hook; a plain function would run in a thread, whose context nobody sees."""
    begin_call(request)


def bearer(connection: Connection) -> str | None:
    """The bearer token of a request, or None."""
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None


def client_address(connection: Connection) -> str:
    """The caller's address; proxies are believed only when uvicorn was told to trust them."""
    return connection.client.host if connection.client else "unknown"


def address_group(connection: Connection) -> str | None:
    """Under what limits by address count a caller: an IPv4 address, the /64 of an IPv6 one; None for this machine."""
    host = client_address(connection)
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host[:64]
    if address.is_loopback:
        return None
    if isinstance(address, ipaddress.IPv6Address):
        mapped = address.ipv4_mapped
        return str(mapped or ipaddress.ip_network((address, _IPV6_SITE_BITS), strict=False).network_address)
    return str(address)


def may_read_metrics(connection: Connection, networks: tuple[Network, ...]) -> bool:
    """This machine, or one of these networks; whom a trusted proxy speaks for counts, not the proxy."""
    if is_loopback(connection):
        return True
    try:
        address = ipaddress.ip_address(client_address(connection))
    except ValueError:
        return False
    return any(address in network for network in networks)


def is_loopback(connection: Connection) -> bool:
    """Whether a call comes from this machine itself and not through a proxy on it."""
    if any(connection.headers.get(name) for name in ("x-forwarded-for", "forwarded", "x-real-ip")):
        return False
    try:
        return ipaddress.ip_address(client_address(connection)).is_loopback
    except ValueError:
        return False
