"""All SQL about attachments."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import sqlalchemy as sa

from desk.attachments.rules import Attachment
from desk.kernel.database import UtcTime, metadata

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from desk.attachments.rules import Author

attachments = sa.Table(
    "attachments",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("conversation_id", sa.String(64), sa.ForeignKey("conversations.id"), nullable=False),
    sa.Column("uploader", sa.String(16), nullable=False),
    sa.Column("agent_id", sa.String(64)),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("media_type", sa.String(64), nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("bytes", sa.BigInteger, nullable=False),
    sa.Column("width", sa.Integer),
    sa.Column("height", sa.Integer),
    sa.Column("file_key", sa.String(64), nullable=False, unique=True),
    sa.Column("thumbnail_key", sa.String(64), unique=True),
    sa.Column("message_id", sa.String(64)),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Index("ix_attachments_conversation", "conversation_id", "created_at"),
    sa.Index("ix_attachments_created", "created_at"),
)


def create(connection: sa.Connection, attachment: Attachment) -> None:
    """Store a new one."""
    values = {name: getattr(attachment, name) for name in Attachment.__struct_fields__}
    connection.execute(attachments.insert().values(**values))


def get(connection: sa.Connection, conversation_id: str, attachment_id: str) -> Attachment | None:
    """One of this conversation, or None."""
    query = sa.select(attachments).where(
        attachments.c.id == attachment_id, attachments.c.conversation_id == conversation_id
    )
    row = connection.execute(query).one_or_none()
    return None if row is None else Attachment(**row._mapping)


def named(connection: sa.Connection, conversation_id: str, ids: Sequence[str]) -> list[Attachment]:
    """Those of this conversation, in the order of `ids`; unknown ones are left out."""
    query = sa.select(attachments).where(
        attachments.c.conversation_id == conversation_id, attachments.c.id.in_(list(ids))
    )
    found = {row.id: Attachment(**row._mapping) for row in connection.execute(query)}
    return [found[one] for one in ids if one in found]


def take(connection: sa.Connection, ids: Sequence[str], message_id: str) -> bool:
    """They belong to this message from now on; False when one of them belonged to another already."""
    done = connection.execute(
        attachments.update()
        .where(attachments.c.id.in_(list(ids)), attachments.c.message_id.is_(None))
        .values(message_id=message_id)
    )
    return done.rowcount == len(ids)


class Recent(NamedTuple):
    """How many files, and when the first of them came."""

    files: int
    first_at: datetime | None


def uploaded_since(connection: sa.Connection, conversation_id: str, author: Author, since: datetime) -> Recent:
    """What this author uploaded to the conversation since then."""
    query = sa.select(sa.func.count(), sa.func.min(attachments.c.created_at)).where(
        attachments.c.conversation_id == conversation_id,
        attachments.c.uploader == author.kind,
        attachments.c.created_at >= since,
        sa.true() if author.agent_id is None else attachments.c.agent_id == author.agent_id,
    )
    count, first_at = connection.execute(query).one()
    return Recent(int(count), first_at)


def of_conversation(connection: sa.Connection, conversation_id: str) -> list[Attachment]:
    """All of a conversation, the oldest first; for export and erasure."""
    query = (
        sa.select(attachments)
        .where(attachments.c.conversation_id == conversation_id)
        .order_by(attachments.c.created_at, attachments.c.id)
    )
    return [Attachment(**row._mapping) for row in connection.execute(query)]


def unsent_before(connection: sa.Connection, before: datetime, limit: int) -> list[Attachment]:
    """Uploaded before then and never sent, at most `limit`."""
    query = (
        sa.select(attachments).where(attachments.c.created_at < before, attachments.c.message_id.is_(None)).limit(limit)
    )
    return [Attachment(**row._mapping) for row in connection.execute(query)]


def remove_unsent(connection: sa.Connection, ids: Iterable[str]) -> list[str]:
    """Remove those of `ids` that are still unsent; the keys of their files."""
    gone = connection.execute(
        attachments.delete()
        .where(attachments.c.id.in_(list(ids)), attachments.c.message_id.is_(None))
        .returning(attachments.c.file_key, attachments.c.thumbnail_key)
    )
    return [key for row in gone for key in row if key is not None]


def remove_of_conversation(connection: sa.Connection, conversation_id: str) -> list[str]:
    """Remove all of a conversation; the keys of their files."""
    gone = connection.execute(
        attachments.delete()
        .where(attachments.c.conversation_id == conversation_id)
        .returning(attachments.c.file_key, attachments.c.thumbnail_key)
    )
    return [key for row in gone for key in row if key is not None]


def known_keys(connection: sa.Connection, keys: Sequence[str]) -> set[str]:
    """Those of `keys` that a row names."""
    wanted = list(keys)
    query = sa.select(attachments.c.file_key, attachments.c.thumbnail_key).where(
        sa.or_(attachments.c.file_key.in_(wanted), attachments.c.thumbnail_key.in_(wanted))
    )
    return {key for row in connection.execute(query) for key in row if key is not None}
