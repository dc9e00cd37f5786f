"""What may be remembered for the length of one turn, in the process that runs the turn."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

_MEMORY: ContextVar[dict[Any, Any] | None] = ContextVar("turn_memory", default=None)


@contextmanager
def one_turn() -> Iterator[None]:
    """Remember within; actions that run inside Rasa (see addons.local_actions) share it, an action server has none."""
    token = _MEMORY.set({})
    try:
        yield
    finally:
        _MEMORY.reset(token)


def remembered() -> dict[Any, Any] | None:
    """The memory of the turn that is going on here, None outside of turns."""
    return _MEMORY.get()
