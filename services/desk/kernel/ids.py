"""Identifiers: a prefix that names the kind, then 26 characters that sort by time (ULID)."""

from __future__ import annotations

import secrets
from collections import deque
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

_CROCKFORD = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_OF_BYTE = bytes(_CROCKFORD[byte % len(_CROCKFORD)] for byte in range(256))  # the lowest five bits count
_MOMENT_CHARACTERS, _RANDOM_CHARACTERS = 10, 16
_DRAWN_AT_ONCE = 256
_drawn: deque[str] = deque()


def ulid(moment: datetime, random_bits: int | None = None) -> str:
    """26 characters: 48 bits of milliseconds, 80 random bits."""
    chance = _chance() if random_bits is None else _characters(random_bits, _RANDOM_CHARACTERS)
    return _moment(int(moment.timestamp() * 1000)) + chance


@lru_cache(maxsize=16)
def _moment(milliseconds: int) -> str:
    return _characters(milliseconds, _MOMENT_CHARACTERS)


def _characters(value: int, count: int) -> str:
    return bytes(_CROCKFORD[(value >> shift) & 31] for shift in range((count - 1) * 5, -1, -5)).decode("ascii")


def _chance() -> str:
    try:
        return _drawn.pop()
    except IndexError:
        _drawn.extend(_draw())
        return _drawn.pop()


def _draw() -> list[str]:
    """From the system's randomness, drawn ahead: each call of the system gives the interpreter to another thread."""
    drawn = secrets.token_bytes(_RANDOM_CHARACTERS * _DRAWN_AT_ONCE).translate(_OF_BYTE).decode("ascii")
    return [drawn[at : at + _RANDOM_CHARACTERS] for at in range(0, len(drawn), _RANDOM_CHARACTERS)]


def conversation_id(moment: datetime) -> str:
    """A new conversation's id, `c_…`."""
    return "c_" + ulid(moment)


def message_id(moment: datetime) -> str:
    """A new message's id, `m_…`."""
    return "m_" + ulid(moment)


def agent_id(moment: datetime) -> str:
    """A new agent's id, `a_…`."""
    return "a_" + ulid(moment)


def attachment_id(moment: datetime) -> str:
    """A new attachment's id, `f_…`."""
    return "f_" + ulid(moment)


def agent_action_id(moment: datetime) -> str:
    """The id of what an agent had done in the shop, `x_…`."""
    return "x_" + ulid(moment)


def desk_id(moment: datetime) -> str:
    """The id of a desk process from its start to its end, `d_…`."""
    return "d_" + ulid(moment)


def handoff_id(message: str) -> str:
    """The id of the handoff that `message` caused; the same message always names the same handoff."""
    return "h_" + message
