"""All SQL about agents, their sessions and login attempts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import sqlalchemy as sa

from desk.agents.rules import Agent, Presence
from desk.kernel.bus import Note
from desk.kernel.database import Json, UtcTime, metadata
from desk.kernel.locks import hold as hold_rows
from desk.kernel.locks import locks_rows
from desk.kernel.transactions import announce

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

agents = sa.Table(
    "agents",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("username", sa.String(64), nullable=False, unique=True),
    sa.Column("display_name", sa.Text, nullable=False),
    sa.Column("role", sa.String(16), nullable=False),
    sa.Column("groups", Json, nullable=False),
    sa.Column("capacity", sa.Integer, nullable=False),
    sa.Column("load", sa.Integer, nullable=False),
    sa.Column("presence", sa.String(16), nullable=False),
    sa.Column("presence_until", UtcTime),
    sa.Column("lapsed_from", sa.String(16)),
    sa.Column("password_hash", sa.Text, nullable=False),
    sa.Column("disabled", sa.Boolean, nullable=False),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("tags", Json, nullable=False),
    sa.Column("idle_since", UtcTime),
    sa.Column("missed_offers", sa.Integer, nullable=False),
    sa.Column("must_change_password", sa.Boolean, nullable=False),
)

ON_DUTY = sa.and_(agents.c.presence == "online", agents.c.disabled.is_(False))

sessions = sa.Table(
    "agent_sessions",
    metadata,
    sa.Column("token_hash", sa.String(64), primary_key=True),
    sa.Column("agent_id", sa.String(64), sa.ForeignKey("agents.id"), nullable=False, index=True),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("expires_at", UtcTime, nullable=False),
    sa.Column("revoked_at", UtcTime),
    sa.Column("address", sa.String(64)),
    sa.Column("device", sa.String(256)),
)

login_attempts = sa.Table(
    "login_attempts",
    metadata,
    sa.Column("key", sa.String(160), primary_key=True),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("window_started_at", UtcTime, nullable=False),
)

# Which desk process holds a console of which agent; see agents.connections.
connections = sa.Table(
    "agent_connections",
    metadata,
    sa.Column("desk_id", sa.String(64), primary_key=True),
    sa.Column("agent_id", sa.String(64), sa.ForeignKey("agents.id"), primary_key=True, index=True),
)


# The statement of every call and heartbeat of an agent, built once: building it anew costs more than running it.
_BY_SESSION = (
    sa.select(agents)
    .join(sessions, sessions.c.agent_id == agents.c.id)
    .where(
        sessions.c.token_hash == sa.bindparam("p_token_hash"),
        sessions.c.expires_at > sa.bindparam("p_now", type_=UtcTime),
        sessions.c.revoked_at.is_(None),
        agents.c.disabled.is_(False),
    )
)


@dataclass(frozen=True)
class AgentChanged(Note):
    """Presence, load or account of an agent changed."""

    travels: ClassVar[bool] = True

    agent_id: str

    @property
    def key(self) -> str:
        """The agent."""
        return self.agent_id


@dataclass(frozen=True)
class PresenceTaken(Note):
    """The desk itself changed an agent's presence, and why: `missed_offers`."""

    travels: ClassVar[bool] = True

    agent_id: str
    presence: Presence
    reason: str

    @property
    def key(self) -> str:
        """The agent."""
        return self.agent_id


@dataclass(frozen=True)
class SessionsRevoked(Note):
    """Logins of an agent ended: their sockets must close. `token_hash` None means all of them."""

    travels: ClassVar[bool] = True

    agent_id: str
    token_hash: str | None = None

    @property
    def key(self) -> str:
        """The agent."""
        return self.agent_id


def _agent(row: sa.Row[Any] | None) -> Agent | None:
    return None if row is None else Agent(**row._mapping)


def get(connection: sa.Connection, agent_id: str, *, lock: bool = False) -> Agent | None:
    """The agent, or None; `lock` holds the row until the write job ends (SQLite has one writer anyway)."""
    query = sa.select(agents).where(agents.c.id == agent_id)
    return _agent(connection.execute(query.with_for_update(key_share=True) if lock else query).one_or_none())


def get_unless_busy(connection: sa.Connection, agent_id: str) -> Agent | None:
    """The agent, their row held; None also while another transaction holds it."""
    query = sa.select(agents).where(agents.c.id == agent_id).with_for_update(key_share=True, skip_locked=True)
    return _agent(connection.execute(query).one_or_none())


def hold(connection: sa.Connection, agent_ids: Iterable[str]) -> None:
    """Lock the rows of several agents until the write job ends (see the lock order in kernel.locks)."""
    if locks_rows(connection):
        hold_rows(connection, agents.c.id, agents.c.id.in_(sorted(agent_ids)))


def by_username(connection: sa.Connection, username: str) -> Agent | None:
    """The agent with this username, or None."""
    return _agent(connection.execute(sa.select(agents).where(agents.c.username == username)).one_or_none())


def everybody(connection: sa.Connection) -> list[Agent]:
    """All agents, by username."""
    return [Agent(**row._mapping) for row in connection.execute(sa.select(agents).order_by(agents.c.username))]


def create(connection: sa.Connection, agent: Agent) -> None:
    """Store a new agent; IntegrityError when the username is taken."""
    connection.execute(agents.insert().values(**{name: getattr(agent, name) for name in Agent.__struct_fields__}))


def update(connection: sa.Connection, agent_id: str, **values: Any) -> None:
    """Change columns of an agent."""
    connection.execute(agents.update().where(agents.c.id == agent_id).values(**values))
    announce(connection, AgentChanged(agent_id))


def renew_hash(connection: sa.Connection, agent_id: str, before: str, after: str) -> None:
    """The same password under newer hashing parameters, unless it was changed meanwhile."""
    connection.execute(
        agents.update().where(agents.c.id == agent_id, agents.c.password_hash == before).values(password_hash=after)
    )


def set_presence(
    connection: sa.Connection, agent_id: str, presence: Presence, until: datetime | None, at: datetime | None = None
) -> bool:
    """Set presence, `at` this moment; True when it is another one than before. Missed offers count anew."""
    before = get(connection, agent_id, lock=True)
    changed = before is not None and before.presence != presence
    values: dict[str, Any] = {"presence": presence, "presence_until": until, "lapsed_from": None, "missed_offers": 0}
    if changed and presence == "online" and at is not None:
        values["idle_since"] = at
    connection.execute(agents.update().where(agents.c.id == agent_id).values(**values))
    if changed:
        announce(connection, AgentChanged(agent_id))
    return changed


def renew_presence(connection: sa.Connection, agent_id: str, until: datetime) -> None:
    """Sign of life: the presence holds at least until then."""
    connection.execute(
        agents.update()
        .where(agents.c.id == agent_id, agents.c.presence != "offline", agents.c.presence_until < until)
        .values(presence_until=until)
    )


def shorten_presence(connection: sa.Connection, agent_id: str, until: datetime) -> None:
    """The last socket is gone: the presence holds no longer than until then."""
    connection.execute(agents.update().where(agents.c.id == agent_id).values(presence_until=until))


def shorten_presences(connection: sa.Connection, whose: sa.ColumnElement[bool], until: datetime) -> None:
    """Those agents have until then to show up again."""
    there = hold_rows(connection, agents.c.id, sa.and_(whose, agents.c.presence_until > until))
    connection.execute(agents.update().where(agents.c.id.in_(there)).values(presence_until=until))


def lapse_presences(connection: sa.Connection, now: datetime) -> list[str]:
    """Everybody whose presence ran out goes offline; their ids."""
    gone = hold_rows(connection, agents.c.id, sa.and_(agents.c.presence != "offline", agents.c.presence_until < now))
    connection.execute(
        agents.update()
        .where(agents.c.id.in_(gone))
        .values(lapsed_from=agents.c.presence, presence="offline", presence_until=None)
    )
    for agent_id in gone:
        announce(connection, AgentChanged(agent_id))
    return gone


def take_load(connection: sa.Connection, agent_id: str, weight: int, at: datetime) -> bool:
    """One more conversation for the agent, only if online and with room for it. One conditional statement."""
    done = connection.execute(
        agents.update()
        .where(
            agents.c.id == agent_id,
            agents.c.presence == "online",
            agents.c.disabled.is_(False),
            agents.c.load + weight <= agents.c.capacity,
        )
        .values(load=agents.c.load + weight, idle_since=at, missed_offers=0)
    )
    if done.rowcount == 1:
        announce(connection, AgentChanged(agent_id))
    return done.rowcount == 1


def drop_load(connection: sa.Connection, agent_id: str, weight: int, at: datetime) -> None:
    """One conversation less for the agent: exactly what was taken for it is dropped."""
    connection.execute(
        agents.update().where(agents.c.id == agent_id).values(load=agents.c.load - weight, idle_since=at)
    )
    announce(connection, AgentChanged(agent_id))


def set_missed_offers(connection: sa.Connection, agent_id: str, count: int) -> None:
    """How many offers in a row the agent was shown and let go."""
    connection.execute(agents.update().where(agents.c.id == agent_id).values(missed_offers=count))


def take_a_break(connection: sa.Connection, agent_id: str) -> None:
    """Offers are not answered: the agent goes to `break` until they say otherwise, and is told."""
    connection.execute(
        agents.update()
        .where(agents.c.id == agent_id, agents.c.presence == "online")
        .values(presence="break", missed_offers=0)
    )
    announce(connection, AgentChanged(agent_id))
    announce(connection, PresenceTaken(agent_id, "break", "missed_offers"))


def open_session(
    connection: sa.Connection,
    token_hash: str,
    agent_id: str,
    now: datetime,
    expires_at: datetime,
    *,
    address: str | None = None,
    device: str | None = None,
) -> None:
    """Keep the hash of a new login, and from where and with what it was made."""
    connection.execute(
        sessions.insert().values(
            token_hash=token_hash,
            agent_id=agent_id,
            created_at=now,
            expires_at=expires_at,
            address=address,
            device=device,
        )
    )


def by_session(connection: sa.Connection, token_hash: str, now: datetime) -> Agent | None:
    """The agent of a login that is neither expired nor revoked, and whose account is enabled."""
    row = connection.execute(_BY_SESSION, {"p_token_hash": token_hash, "p_now": now}).one_or_none()
    return _agent(row)


def revoke_sessions(connection: sa.Connection, agent_id: str, now: datetime, token_hash: str | None = None) -> None:
    """End one login, or all of an agent."""
    query = sessions.update().where(sessions.c.agent_id == agent_id, sessions.c.revoked_at.is_(None))
    if token_hash is not None:
        query = query.where(sessions.c.token_hash == token_hash)
    connection.execute(query.values(revoked_at=now))
    announce(connection, SessionsRevoked(agent_id, token_hash))


def attempts(connection: sa.Connection, key: str) -> tuple[int, datetime] | None:
    """(attempts, start of the window) of a username or address."""
    row = connection.execute(sa.select(login_attempts).where(login_attempts.c.key == key)).one_or_none()
    return None if row is None else (row.attempts, row.window_started_at)


def put_attempts(connection: sa.Connection, key: str, count: int, window_started_at: datetime) -> None:
    """Store the counter of a username or address."""
    changed = connection.execute(
        login_attempts.update()
        .where(login_attempts.c.key == key)
        .values(attempts=count, window_started_at=window_started_at)
    )
    if changed.rowcount == 0:
        connection.execute(login_attempts.insert().values(key=key, attempts=count, window_started_at=window_started_at))


def forget_logins(connection: sa.Connection, username: str) -> None:
    """The username may be tried again from everywhere."""
    own = login_attempts.c.key.startswith(f"user:{username}@", autoescape=True)
    connection.execute(login_attempts.delete().where((login_attempts.c.key == f"user:{username}") | own))


def forget_attempts(connection: sa.Connection, key: str) -> None:
    """A success: the counter starts again."""
    connection.execute(login_attempts.delete().where(login_attempts.c.key == key))
