"""All SQL about accounts beyond the agents' own rows: what was done to them, their administrators, their sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from desk.agents.account_rules import AccountEvent, Session
from desk.agents.store import agents, sessions
from desk.kernel.database import Json, UtcTime, metadata
from desk.kernel.locks import hold

if TYPE_CHECKING:
    from datetime import datetime

account_events = sa.Table(
    "account_events",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("at", UtcTime, nullable=False),
    sa.Column("kind", sa.String(32), nullable=False),
    sa.Column("actor_id", sa.String(64)),
    sa.Column("actor_name", sa.Text, nullable=False),
    sa.Column("agent_id", sa.String(64), sa.ForeignKey("agents.id"), nullable=False),
    sa.Column("details", Json, nullable=False),
    sa.Index("ix_account_events_agent", "agent_id", "id"),
)


def add_event(connection: sa.Connection, event: AccountEvent) -> None:
    """Write down what was done to an account."""
    values = {name: getattr(event, name) for name in AccountEvent.__struct_fields__}
    connection.execute(account_events.insert().values(**values))


def events_of(connection: sa.Connection, agent_id: str, limit: int = 200) -> list[AccountEvent]:
    """What was done to an account, newest first."""
    query = (
        sa.select(account_events)
        .where(account_events.c.agent_id == agent_id)
        .order_by(account_events.c.at.desc(), account_events.c.id.desc())
        .limit(limit)
    )
    return [AccountEvent(**row._mapping) for row in connection.execute(query)]


def lock_administrators(connection: sa.Connection) -> set[str]:
    """Ids of the enabled administrators; their rows stay locked until the end of the write job."""
    return set(hold(connection, agents.c.id, sa.and_(agents.c.role == "administrator", agents.c.disabled.is_(False))))


def open_sessions(connection: sa.Connection, agent_id: str, now: datetime) -> list[Session]:
    """Logins of an agent that still count, newest first."""
    query = (
        sa.select(sessions)
        .where(sessions.c.agent_id == agent_id, sessions.c.revoked_at.is_(None), sessions.c.expires_at > now)
        .order_by(sessions.c.created_at.desc())
    )
    return [_session(row) for row in connection.execute(query)]


def signed_in_from(connection: sa.Connection, username: str, address: str, since: datetime) -> bool:
    """Whether this username has signed in from this address since then."""
    query = (
        sa.select(sa.literal(1))
        .select_from(sessions.join(agents, agents.c.id == sessions.c.agent_id))
        .where(agents.c.username == username, sessions.c.address == address, sessions.c.created_at > since)
        .limit(1)
    )
    return connection.execute(query).first() is not None


def _session(row: sa.Row[Any]) -> Session:
    return Session(row.token_hash, row.created_at, row.expires_at, row.address, row.device)
