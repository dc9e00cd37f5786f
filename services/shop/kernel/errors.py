"""Typed errors of the shop; each carries the HTTP status and the code that clients act on.

ShopError
├── NotFoundError      404  the thing asked for does not exist
├── ConflictError      409  the thing exists, its state does not allow this
├── InvalidError       422  the request is well formed but makes no sense
├── RefusedError       429  too many attempts
└── UnauthorisedError  401  no or wrong bearer token
SettingsError          the process cannot start; the message is one sentence for a person
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

Details = Mapping[str, object]  # values as in documents: texts, numbers, aware times, lists of such


class ShopError(Exception):
    """An error a client can act on: `code` is stable snake_case, `message` is for a person.

    `details` are the facts behind the refusal that a client may tell on (due times, amounts in fen, ids of open
    documents); their names are fixed for each code in contracts/shop_api.md.
    """

    status: ClassVar[int] = 500

    def __init__(self, code: str, message: str, details: Details | None = None) -> None:
        """Keep them; none may hold personal data."""
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = dict(details) if details else None


class UnauthorisedError(ShopError):
    """The bearer token is missing or wrong."""

    status = 401


class NotFoundError(ShopError):
    """The thing asked for does not exist."""

    status = 404


class ConflictError(ShopError):
    """The state of the thing does not allow what was asked."""

    status = 409


class InvalidError(ShopError):
    """The values of the request cannot be accepted."""

    status = 422


class RefusedError(ShopError):
    """Too many attempts."""

    status = 429


class SettingsError(Exception):
    """A setting, secret or policy file makes starting impossible."""
