"""Logs: one readable line an event, never the text of a message, a token, a secret or what names a person."""

from __future__ import annotations

import json
import logging
import re
import sys
import unicodedata
from datetime import UTC, datetime
from typing import Any

import structlog

from desk.kernel.masking import mask_text

_FORBIDDEN = frozenset({"text", "token", "password", "phone", "comment", "identity", "payload", "secret", "cookie"})
_HIDDEN = "(hidden)"
# Our two kinds of token, signed identities, a bearer header, and the password inside an address.
_SECRETS = re.compile(
    r"\b(?:ct|as)_[A-Za-z0-9_-]{16,}"
    r"|\bv1\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{16,}"
    r"|(?<=[Bb]earer )[^\s'\",]+"
    r"|(?<=://)[^/\s@]*:[^/\s@]*(?=@)"
)
# What would begin a new line or turn the reading direction, so that a log could be made to say what never happened.
_BREAKING = {"Cc", "Cf", "Zl", "Zp", "Cs"}


def _drop_private(_logger: object, _method: str, event: structlog.types.EventDict) -> structlog.types.EventDict:
    """Last line of defence: a field that may hold what people wrote never reaches the log."""
    for name in _FORBIDDEN & event.keys():
        event[name] = _HIDDEN
    return event


def _one_line(_logger: object, _method: str, event: structlog.types.EventDict) -> structlog.types.EventDict:
    """No value that somebody sent begins a line of its own."""
    for name, value in event.items():
        if isinstance(value, str):
            event[name] = one_line(value)
    return event


def one_line(text: str) -> str:
    """The text with control, direction and line characters written as what they are: `\\n`, `\\u202e`."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        character.encode("unicode_escape").decode() if unicodedata.category(character) in _BREAKING else character
        for character in text
    )


def redacted(text: str) -> str:
    """The text without tokens, passwords and personal data."""
    return mask_text(_SECRETS.sub(_HIDDEN, text))


def _redact_values(_logger: object, _method: str, event: structlog.types.EventDict) -> structlog.types.EventDict:
    """Before they are written as JSON, so that what is hidden cannot break it."""
    return {name: redacted(value) if isinstance(value, str) else value for name, value in event.items()}


def _redact(_logger: object, _method: str, line: Any) -> str:
    return redacted(str(line))


class _Formatter(logging.Formatter):
    """What other libraries log, redacted as well: their tracebacks may quote what was sent."""

    def format(self, record: logging.LogRecord) -> str:
        return redacted(super().format(record))


class _JsonFormatter(_Formatter):
    """The same as one object a line."""

    def format(self, record: logging.LogRecord) -> str:
        line = {"event": super().format(record), "level": record.levelname.lower(), "logger": record.name}
        return _as_json({**line, "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat()})


def _as_json(event: Any, **_options: object) -> str:
    return json.dumps(event, ensure_ascii=False, default=str)


_LINES: tuple[Any, ...] = (
    structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback),
    _redact,
)
_JSON: tuple[Any, ...] = (
    structlog.processors.format_exc_info,
    _redact_values,
    structlog.processors.JSONRenderer(serializer=_as_json),
)


def configure(level: str, *, as_json: bool = False) -> None:
    """Send structlog and the standard library's loggers to stderr at `level`, for people or as one object a line."""
    number = logging.getLevelNamesMapping().get(level.upper(), logging.INFO)
    handler = logging.StreamHandler(sys.stderr)
    plain = _Formatter("%(asctime)s %(levelname)-7s %(name)s: %(message)s")
    handler.setFormatter(_JsonFormatter() if as_json else plain)
    logging.basicConfig(level=number, handlers=[handler])
    for chatty in ("alembic", "asyncio", "uvicorn.error"):
        logging.getLogger(chatty).setLevel(max(number, logging.WARNING))
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            _drop_private,
            _one_line,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *(_JSON if as_json else _LINES),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
