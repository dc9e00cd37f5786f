"""The database that several Rasa processes share: its address, and how long a dead link to it is trusted."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping

import sqlalchemy as sa

SETTING = "BATON_TRACKER_DATABASE_URL"
# A host that vanishes says nothing. Without these the server keeps its locks, and this process its hope, for hours.
_PATIENCE = {
    "connect_timeout": "3",
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "keepalives_count": "3",
    "tcp_user_timeout": "10000",
}
_PATIENCE_OF_THE_SERVER = (
    "-c tcp_keepalives_idle=5 -c tcp_keepalives_interval=2 -c tcp_keepalives_count=3 -c tcp_user_timeout=10000"
)


def url(environment: Mapping[str, str] = os.environ) -> sa.engine.URL | None:
    """The address that the setting names, None when endpoints.yml decides. What it says itself about patience stays."""
    text = environment.get(SETTING, "").strip()
    if not text:
        return None
    address = sa.engine.make_url(text)
    if not address.drivername.startswith("postgres"):
        return address
    options = {**_PATIENCE, "options": _PATIENCE_OF_THE_SERVER, **address.query}
    return address.set(drivername="postgresql", query=options)


def number(key: str) -> int:
    """What PostgreSQL's advisory locks take: 64 bits, with a sign."""
    return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest(), "big", signed=True)
