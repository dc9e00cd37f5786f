"""Identifiers: a prefix that names the kind, then 26 characters that sort by time (ULID)."""

from __future__ import annotations

import secrets
from base64 import b32hexencode
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

_CROCKFORD = bytes.maketrans(b"0123456789ABCDEFGHIJKLMNOPQRSTUV", b"0123456789ABCDEFGHJKMNPQRSTVWXYZ")
_RANDOM_BITS = 80
_CHARACTERS = 26
_UNUSED_BITS = 30  # of the 160 that 32 characters take
_DRAWN_AT_ONCE = 256
_drawn: deque[int] = deque()


def ulid(moment: datetime, random_bits: int | None = None) -> str:
    """26 characters: 48 bits of milliseconds, 80 random bits."""
    bits = _random_bits() if random_bits is None else random_bits
    value = (int(moment.timestamp() * 1000) << _RANDOM_BITS) | bits
    encoded = b32hexencode((value << _UNUSED_BITS).to_bytes(20, "big"))
    return encoded.translate(_CROCKFORD)[:_CHARACTERS].decode("ascii")


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
