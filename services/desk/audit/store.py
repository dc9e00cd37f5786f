"""All SQL about the audit trail. The database itself refuses to change a record, or to delete a young one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from msgspec import Struct

from desk.audit.rules import Actor, AuditRecord, Subject
from desk.kernel import ids
from desk.kernel.database import Json, UtcTime, metadata

if TYPE_CHECKING:
    from datetime import datetime

audit_records = sa.Table(
    "audit_records",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("at", UtcTime, nullable=False),
    sa.Column("event", sa.String(48), nullable=False),
    sa.Column("actor_kind", sa.String(16), nullable=False),
    sa.Column("actor_id", sa.String(64)),
    sa.Column("actor_name", sa.Text, nullable=False),
    sa.Column("subject_kind", sa.String(24), nullable=False),
    sa.Column("subject_id", sa.String(96)),
    sa.Column("address", sa.String(64)),
    sa.Column("details", Json, nullable=False),
    sa.Index("ix_audit_records_subject", "subject_id", "at"),
    sa.Index("ix_audit_records_actor", "actor_id", "at"),
    sa.Index("ix_audit_records_at", "at"),
)


class Wanted(Struct, frozen=True, kw_only=True):
    """Which records: None for any; `before` is the id of the last one that was shown."""

    event: str | None = None
    actor_id: str | None = None
    subject_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    before: str | None = None
    limit: int = 100


def record(
    connection: sa.Connection,
    event: str,
    actor: Actor,
    subject: Subject,
    now: datetime,
    *,
    address: str | None = None,
    details: dict[str, Any] | None = None,
) -> None:
    """Write down what happened, in the transaction in which it does."""
    connection.execute(
        audit_records.insert().values(
            id="au_" + ids.ulid(now),
            at=now,
            event=event,
            actor_kind=actor.kind,
            actor_id=actor.id,
            actor_name=actor.name,
            subject_kind=subject.kind,
            subject_id=subject.id,
            address=None if address is None else address[:64],
            details=details or {},
        )
    )


def known_since(connection: sa.Connection, event: str, actor: Actor, subject: Subject, since: datetime) -> bool:
    """Whether this person did this to the same thing since then."""
    query = (
        sa.select(sa.literal(1))
        .where(
            audit_records.c.subject_id == subject.id,
            audit_records.c.at > since,
            audit_records.c.event == event,
            audit_records.c.actor_id == actor.id,
        )
        .limit(1)
    )
    return connection.execute(query).first() is not None


def newest_of(connection: sa.Connection, event: str, subject: Subject) -> AuditRecord | None:
    """The last time this happened to the subject."""
    query = (
        sa.select(audit_records)
        .where(audit_records.c.subject_id == subject.id, audit_records.c.event == event)
        .order_by(audit_records.c.at.desc(), audit_records.c.id.desc())
        .limit(1)
    )
    row = connection.execute(query).one_or_none()
    return None if row is None else AuditRecord(**row._mapping)


def page(connection: sa.Connection, wanted: Wanted) -> list[AuditRecord]:
    """The newest records first."""
    table = audit_records.c
    conditions = [
        column == value
        for column, value in (
            (table.event, wanted.event),
            (table.actor_id, wanted.actor_id),
            (table.subject_id, wanted.subject_id),
        )
        if value is not None
    ]
    if wanted.since is not None:
        conditions.append(table.at >= wanted.since)
    if wanted.until is not None:
        conditions.append(table.at < wanted.until)
    if wanted.before is not None:
        conditions.append(table.id < wanted.before)
    query = sa.select(audit_records).where(*conditions).order_by(table.id.desc()).limit(wanted.limit)
    return [AuditRecord(**row._mapping) for row in connection.execute(query)]


def about(connection: sa.Connection, subject_id: str) -> list[AuditRecord]:
    """Everything that was done to one subject, oldest first."""
    query = sa.select(audit_records).where(audit_records.c.subject_id == subject_id).order_by(audit_records.c.id)
    return [AuditRecord(**row._mapping) for row in connection.execute(query)]


def remove_before(connection: sa.Connection, before: datetime) -> int:
    """Forget what is older; the database refuses what is younger than six months."""
    return connection.execute(audit_records.delete().where(audit_records.c.at < before)).rowcount
