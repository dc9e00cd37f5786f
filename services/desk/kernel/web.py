"""Shared by every HTTP face: injected parts, the error shape, security headers, the caller's address."""

from __future__ import annotations

import ipaddress
from http import HTTPStatus
from typing import Annotated, Any

import structlog
from litestar import Request, Response, WebSocket
from litestar.connection import ASGIConnection
from litestar.datastructures import State
from litestar.exceptions import HTTPException, ValidationException
from litestar.params import Dependency

from desk.kernel.context import Context
from desk.kernel.errors import DeskError

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
}
_CODES = {
    404: "not_found",
    405: "method_not_allowed",
    413: "body_too_large",
    401: "unauthorized",
    403: "forbidden",
}


def error_body(code: str, message: str) -> dict[str, dict[str, str]]:
    """The error shape of contracts/README.md."""
    return {"error": {"code": code, "message": message}}


def error_response(ctx: Context, error: DeskError) -> Response[dict[str, dict[str, str]]]:
    """A DeskError as the client sees it."""
    ctx.metrics.errors.labels(error.code).inc()
    return Response(
        error_body(error.code, ctx.wording.error(error)), status_code=error.status, headers=SECURITY_HEADERS
    )


def handle_error(request: DeskRequest, error: Exception) -> Response[dict[str, dict[str, str]]]:
    """Every exception in the error shape; what is not expected is logged and told as `internal`."""
    ctx: Context = request.app.state.ctx
    if isinstance(error, DeskError):
        return error_response(ctx, error)
    if isinstance(error, HTTPException):
        fallback = "invalid_request" if error.status_code < HTTPStatus.INTERNAL_SERVER_ERROR else "internal"
        code = "invalid_request" if isinstance(error, ValidationException) else _CODES.get(error.status_code, fallback)
        message = ctx.wording.error(DeskError(code))
        return Response(error_body(code, message), status_code=error.status_code, headers=SECURITY_HEADERS)
    log.error("request failed", path=request.url.path, method=request.method, exc_info=error)
    body = error_body("internal", ctx.wording.error(DeskError("internal")))
    return Response(body, status_code=500, headers=SECURITY_HEADERS)


def bearer(connection: Connection) -> str | None:
    """The bearer token of a request, or None."""
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None


def client_address(connection: Connection) -> str:
    """The caller's address; proxies are believed only when uvicorn was told to trust them."""
    return connection.client.host if connection.client else "unknown"


def is_loopback(connection: Connection) -> bool:
    """Whether a call comes from this machine itself and not through a proxy on it."""
    if any(connection.headers.get(name) for name in ("x-forwarded-for", "forwarded", "x-real-ip")):
        return False
    try:
        return ipaddress.ip_address(client_address(connection)).is_loopback
    except ValueError:
        return False
