"""All SQL about webhooks: endpoints, and one row a delivery."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from desk.kernel.bus import Note
from desk.kernel.database import UtcTime, metadata
from desk.kernel.locks import locks_rows
from desk.kernel.transactions import announce
from desk.webhooks.rules import KEEP_DELIVERED, LEASE_SECONDS, Delivery

_WAITING = sa.text("state = 'waiting'")
_WAITING_WORD: sa.ColumnElement[str] = sa.literal_column("'waiting'")  # a parameter would not match the partial index

endpoints = sa.Table(
    "webhook_endpoints",
    metadata,
    sa.Column("url", sa.String(512), primary_key=True),
    sa.Column("added_at", UtcTime, nullable=False),
)

deliveries = sa.Table(
    "webhook_deliveries",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("url", sa.String(512), nullable=False),
    sa.Column("event_id", sa.String(96), nullable=False),
    sa.Column("event", sa.String(32), nullable=False),
    sa.Column("handoff_id", sa.String(80), nullable=False),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("next_attempt_at", UtcTime, nullable=False),
    sa.Column("lease", sa.String(64)),
    sa.Column("leased_until", UtcTime),
    sa.Column("fault", sa.Text),
    sa.Column("ended_at", UtcTime),
    sa.UniqueConstraint("url", "event_id", name="uq_webhook_deliveries_event"),
    sa.Index(
        "ix_webhook_deliveries_waiting",
        "url",
        "handoff_id",
        "number",
        sqlite_where=_WAITING,
        postgresql_where=_WAITING,
    ),
    sa.Index("ix_webhook_deliveries_state", "state", "url", "next_attempt_at"),
)


@dataclass(frozen=True)
class WebhooksWaiting(Note):
    """Something new is to be sent."""


def urls(connection: sa.Connection) -> list[str]:
    """Who is told."""
    return list(connection.execute(sa.select(endpoints.c.url).order_by(endpoints.c.url)).scalars())


def set_endpoints(connection: sa.Connection, wanted: tuple[str, ...], now: datetime) -> None:
    """From now on these are told and no others; what waits for another one is given up."""
    known = set(urls(connection))
    new = [{"url": url, "added_at": now} for url in wanted if url not in known]
    if new:  # several desks that start at once add the same
        insert = postgresql.insert if locks_rows(connection) else sqlite.insert
        connection.execute(insert(endpoints).on_conflict_do_nothing(), new)
    gone = known - set(wanted)
    if gone:
        connection.execute(endpoints.delete().where(endpoints.c.url.in_(gone)))
        connection.execute(
            deliveries.update()
            .where(deliveries.c.url.in_(gone), deliveries.c.state == "waiting")
            .values(state="dead", fault="endpoint removed", ended_at=now)
        )


def add(connection: sa.Connection, rows: list[dict[str, Any]]) -> None:
    """Deliveries that wait for their first attempt."""
    connection.execute(deliveries.insert(), rows)
    announce(connection, WebhooksWaiting())


def lease(connection: sa.Connection, url: str, token: str, now: datetime, limit: int) -> list[Delivery]:
    """Take what is due for `url`, of each handoff its oldest only; nobody else has it until the lease ends."""
    query = (
        sa.select(deliveries.c.id)
        .where(*_next_of_each_handoff(url), _due_at() <= now)
        .order_by(deliveries.c.next_attempt_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    taken = list(connection.execute(query).scalars())
    if not taken:
        return []
    rows = connection.execute(
        deliveries.update()
        .where(deliveries.c.id.in_(taken))
        .values(lease=token, leased_until=now + timedelta(seconds=LEASE_SECONDS))
        .returning(*(deliveries.c[name] for name in Delivery.__struct_fields__))
    )
    return [Delivery(**row._mapping) for row in rows]


def next_due(connection: sa.Connection, url: str) -> datetime | None:
    """The earliest moment at which something for `url` is due, or None when nothing waits."""
    query = sa.select(_due_at()).where(*_next_of_each_handoff(url)).order_by(_due_at()).limit(1)
    found: datetime | None = connection.execute(query).scalar_one_or_none()
    return found


def _due_at() -> sa.ColumnElement[datetime]:
    """After its back-off, and after the lease of whoever has it."""
    later = deliveries.c.leased_until > deliveries.c.next_attempt_at
    return sa.case((later, deliveries.c.leased_until), else_=deliveries.c.next_attempt_at)


def _next_of_each_handoff(url: str) -> tuple[sa.ColumnElement[bool], ...]:
    """Waiting, with nothing earlier of the same handoff waiting: order per handoff is kept."""
    earlier = deliveries.alias()
    blocked = sa.exists().where(
        earlier.c.url == deliveries.c.url,
        earlier.c.handoff_id == deliveries.c.handoff_id,
        earlier.c.number < deliveries.c.number,
        earlier.c.state == _WAITING_WORD,
    )
    return deliveries.c.url == url, deliveries.c.state == _WAITING_WORD, ~blocked


def settle(connection: sa.Connection, delivery_id: str, token: str, **values: Any) -> bool:
    """The attempt under this lease ended; False when the lease had run out and somebody else took over."""
    done = connection.execute(
        deliveries.update()
        .where(deliveries.c.id == delivery_id, deliveries.c.lease == token, deliveries.c.state == "waiting")
        .values(lease=None, leased_until=None, **values)
    )
    return done.rowcount == 1


def revive(connection: sa.Connection, now: datetime) -> int:
    """Everything dead at endpoints that still exist gets a new day; how many."""
    done = connection.execute(
        deliveries.update()
        .where(deliveries.c.state == "dead", deliveries.c.url.in_(sa.select(endpoints.c.url)))
        .values(state="waiting", attempts=0, created_at=now, next_attempt_at=now, ended_at=None)
    )
    announce(connection, WebhooksWaiting())
    return done.rowcount


def sweep(connection: sa.Connection, now: datetime) -> None:
    """Forget what was delivered long ago."""
    old = deliveries.c.ended_at < now - KEEP_DELIVERED
    connection.execute(deliveries.delete().where(deliveries.c.state == "delivered", old))


def counts(connection: sa.Connection) -> dict[tuple[str, str], int]:
    """{(url, state): deliveries}."""
    query = sa.select(deliveries.c.url, deliveries.c.state, sa.func.count()).group_by(
        deliveries.c.url, deliveries.c.state
    )
    return {(row[0], row[1]): int(row[2]) for row in connection.execute(query)}


def troubled(connection: sa.Connection, limit: int = 50) -> list[sa.Row[Any]]:
    """Deliveries that failed at least once and are not delivered, newest event first."""
    query = (
        sa.select(deliveries)
        .where(deliveries.c.state != "delivered", deliveries.c.fault.is_not(None))
        .order_by(deliveries.c.created_at.desc())
        .limit(limit)
    )
    return list(connection.execute(query))
