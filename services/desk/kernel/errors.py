"""Errors of the desk.

DeskError            something the caller can be told: a code, an HTTP status, and words from the wording file
├── UnauthorizedError     who is calling is not known                      401
├── ForbiddenError        known, but not allowed                           403
├── NotFoundError         no such thing, or not theirs to see              404
├── ConflictError         the thing is in another state than expected      409
├── TooLargeError         larger than what is taken                       413
├── InvalidError          what was sent cannot be accepted                 422
├── TooManyError          slow down                                        429
└── UnavailableError      a system behind the desk does not answer         503
"""

from __future__ import annotations

import math
from typing import ClassVar


class DeskError(Exception):
    """Base: `code` is stable and names the sentence under `errors:` in playbook/desk_messages.yml.

    `values` fill the sentence; `details` are facts a program may tell on, named as in the contract.
    """

    status: ClassVar[int] = 500

    def __init__(self, code: str, *, details: dict[str, object] | None = None, **values: object) -> None:
        super().__init__(code)
        self.code = code
        self.values = values
        self.details = details


class UnauthorizedError(DeskError):
    """Who is calling is not known."""

    status = 401


class ForbiddenError(DeskError):
    """Known, but not allowed."""

    status = 403


class NotFoundError(DeskError):
    """No such thing, or not theirs to see."""

    status = 404


class ConflictError(DeskError):
    """The thing is in another state than expected."""

    status = 409


class TooLargeError(DeskError):
    """Larger than what is taken."""

    status = 413


class InvalidError(DeskError):
    """What was sent cannot be accepted."""

    status = 422


class TooManyError(DeskError):
    """Slow down; `retry_after_seconds` is when trying again can succeed."""

    status = 429

    def __init__(self, code: str, *, retry_after_seconds: float = 1.0, **values: object) -> None:
        super().__init__(code, details=None, **values)
        self.retry_after_seconds = max(1, math.ceil(retry_after_seconds))


class UnavailableError(DeskError):
    """A system behind the desk does not answer."""

    status = 503
