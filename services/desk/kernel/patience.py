"""How long a silent link to PostgreSQL is trusted, at both of its ends: some ten seconds instead of hours.

A host that vanishes says nothing. The server would keep what the lost desk had locked, and the desk would wait for
answers that never come. The same as in addons/shared_database.py, for Rasa.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import sqlalchemy as sa

_OWN_END = {
    "connect_timeout": 3,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
_FAR_END = "-c tcp_keepalives_idle=5 -c tcp_keepalives_interval=2 -c tcp_keepalives_count=3 -c tcp_user_timeout=10000"


def connect_arguments(url: sa.URL) -> dict[str, Any]:
    """libpq's parameters that `url` does not give itself."""
    return {name: value for name, value in {**_OWN_END, "options": _FAR_END}.items() if name not in url.query}
