"""Identifiers: a prefix that names the kind, then 26 characters that sort by time (ULID)."""

from __future__ import annotations

import secrets
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = [first + second for first in _CROCKFORD for second in _CROCKFORD]  # of ten bits each
_PAIR_BITS = 10
_RANDOM_BITS = 80
_MOMENT_BITS = 50  # ten characters; the milliseconds take 48 of them
_DRAWN_AT_ONCE = 256
_drawn: deque[int] = deque()


def ulid(moment: datetime, random_bits: int | None = None) -> str:
    """26 characters: 48 bits of milliseconds, 80 random bits."""
    bits = _random_bits() if random_bits is None else random_bits
    value = (int(moment.timestamp() * 1000) << _RANDOM_BITS) | bits
    return "".join([_PAIRS[(value >> shift) & 0x3FF] for shift in _SHIFTS])


_SHIFTS = range(_MOMENT_BITS + _RANDOM_BITS - _PAIR_BITS, -1, -_PAIR_BITS)


def _random_bits() -> int:
    """From the system's randomness, drawn ahead: each call of the system gives the interpreter to another thread."""
    try:
        return _drawn.pop()
    except IndexError:
        size = _RANDOM_BITS // 8
        drawn = secrets.token_bytes(size * _DRAWN_AT_ONCE)
        _drawn.extend(int.from_bytes(drawn[at : at + size], "big") for at in range(size, len(drawn), size))
        return int.from_bytes(drawn[:size], "big")


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
