"""All SQL about the nonces of identities that may be used once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from desk.kernel.database import UtcTime, metadata

if TYPE_CHECKING:
    from datetime import datetime

identity_nonces = sa.Table(
    "identity_nonces",
    metadata,
    sa.Column("hash", sa.String(64), primary_key=True),
    sa.Column("expires_at", UtcTime, nullable=False, index=True),
)


def use(connection: sa.Connection, nonce: str, expires_at: datetime) -> None:
    """It is used from now on; IntegrityError when it already was."""
    connection.execute(identity_nonces.insert().values(hash=nonce, expires_at=expires_at))


def forget_expired(connection: sa.Connection, now: datetime) -> int:
    """Remove those whose identities no longer count anyway."""
    return connection.execute(identity_nonces.delete().where(identity_nonces.c.expires_at <= now)).rowcount
