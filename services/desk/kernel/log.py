"""Logs: one readable line an event, never the text of a message, a token or a phone number."""

from __future__ import annotations

import logging
import sys

import structlog

_FORBIDDEN = frozenset({"text", "token", "password", "phone", "comment", "identity", "payload"})


def _drop_private(_logger: object, _method: str, event: structlog.types.EventDict) -> structlog.types.EventDict:
    """Last line of defence: a field that may hold what people wrote never reaches the log."""
    for name in _FORBIDDEN & event.keys():
        event[name] = "(hidden)"
    return event


def configure(level: str) -> None:
    """Send structlog and the standard library's loggers to stderr at `level`."""
    number = logging.getLevelNamesMapping().get(level.upper(), logging.INFO)
    logging.basicConfig(level=number, stream=sys.stderr, format="%(asctime)s %(levelname)-7s %(name)s: %(message)s")
    for chatty in ("alembic", "asyncio", "uvicorn.error"):
        logging.getLogger(chatty).setLevel(max(number, logging.WARNING))
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            _drop_private,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
            ),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
