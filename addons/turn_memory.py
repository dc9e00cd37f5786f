"""What may be remembered for the length of one turn, in the process that runs the turn."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any


@dataclass
class TurnMemory:
    """What one turn asked, and what it was answered; several threads of the turn use it at once."""

    conversation_id: str = ""
    context: Mapping[str, Any] = field(default_factory=dict)  # as contracts/bot_channel.md describes it
    answers: dict[Any, Any] = field(default_factory=dict)
    asked: list[Any] = field(default_factory=list)


_MEMORY: ContextVar[TurnMemory | None] = ContextVar("turn_memory", default=None)
_AT_START: list[Callable[[TurnMemory], None]] = []


@contextmanager
def one_turn(conversation_id: str = "", context: Mapping[str, Any] | None = None) -> Iterator[None]:
    """Remember within; actions that run inside Rasa (see addons.local_actions) share it, an action server has none."""
    memory = TurnMemory(conversation_id, context or {})
    token = _MEMORY.set(memory)
    try:
        for begin in _AT_START:
            begin(memory)
        yield
    finally:
        _MEMORY.reset(token)


def at_start(begin: Callable[[TurnMemory], None]) -> None:
    """Have every later turn begin with this call; it must return at once."""
    if begin not in _AT_START:
        _AT_START.append(begin)


def remembered() -> TurnMemory | None:
    """The memory of the turn that is going on here, None outside of turns."""
    return _MEMORY.get()
