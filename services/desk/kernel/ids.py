"""Identifiers: a prefix that names the kind, then 26 characters that sort by time (ULID)."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32
_RANDOM_BITS = 80


def ulid(moment: datetime, random_bits: int | None = None) -> str:
    """26 characters: 48 bits of milliseconds, 80 random bits."""
    bits = secrets.randbits(_RANDOM_BITS) if random_bits is None else random_bits
    value = (int(moment.timestamp() * 1000) << _RANDOM_BITS) | bits
    return "".join(_ALPHABET[(value >> shift) & 31] for shift in range(125, -1, -5))


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


def handoff_id(message: str) -> str:
    """The id of the handoff that `message` caused; the same message always names the same handoff."""
    return "h_" + message
