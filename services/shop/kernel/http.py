"""What every HTTP face of the shop shares: the bearer guard and the error document."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from typing import Annotated, Any

import msgspec
from litestar.connection import ASGIConnection
from litestar.handlers.base import BaseRouteHandler
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import HeaderParameter

from shop.kernel.errors import UnauthorisedError


class ErrorBody(msgspec.Struct, omit_defaults=True):
    """`code` is stable snake_case, `message` is for a person; `details`, where the code has some, are facts."""

    code: str
    message: str
    details: dict[str, Any] | None = None


class ErrorDocument(msgspec.Struct):
    """What every failed call answers."""

    error: ErrorBody


def failures(codes: Mapping[int, str]) -> dict[int, ResponseSpec]:
    """OpenAPI entries of the failures of a call: status -> the error codes it may carry."""
    return {
        status: ResponseSpec(data_container=ErrorDocument, description=text, generate_examples=False)
        for status, text in codes.items()
    }


def bearer_guard(token: str) -> Callable[[ASGIConnection[Any, Any, Any, Any], BaseRouteHandler], None]:
    """A guard that lets pass only calls with `Authorization: Bearer <token>`; compared in constant time."""
    expected = f"Bearer {token}".encode()

    def check(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        given = connection.headers.get("authorization", "").encode()
        if not token or not hmac.compare_digest(given, expected):
            raise UnauthorisedError("token_invalid", "The bearer token is missing or wrong.")

    return check


IdempotencyKey = Annotated[
    str,
    HeaderParameter(
        name="Idempotency-Key",
        description="Chosen by the caller; the same key and request again give the same document.",
    ),
]
