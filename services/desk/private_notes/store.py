"""All SQL about private notes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import sqlalchemy as sa

from desk.kernel.bus import Note
from desk.kernel.database import UtcTime, metadata
from desk.kernel.transactions import announce
from desk.private_notes.rules import PrivateNote

private_notes = sa.Table(
    "private_notes",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("conversation_id", sa.String(64), sa.ForeignKey("conversations.id"), nullable=False),
    sa.Column("client_id", sa.String(64), nullable=False),
    sa.Column("after_seq", sa.BigInteger, nullable=False),
    sa.Column("agent_id", sa.String(64), nullable=False),
    sa.Column("agent_name", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("at", UtcTime, nullable=False),
    sa.UniqueConstraint("conversation_id", "client_id", name="uq_private_notes_client_id"),
)


@dataclass(frozen=True)
class PrivateNoteWritten(Note):
    """A note was committed; only agents' sockets listen."""

    travels: ClassVar[bool] = True

    note: PrivateNote

    @property
    def key(self) -> str:
        """The conversation."""
        return self.note.conversation_id


def add(connection: sa.Connection, note: PrivateNote) -> None:
    """Store a note and announce it."""
    connection.execute(private_notes.insert().values(**{n: getattr(note, n) for n in PrivateNote.__struct_fields__}))
    announce(connection, PrivateNoteWritten(note))


def of_conversation(connection: sa.Connection, conversation_id: str) -> list[PrivateNote]:
    """All notes of a conversation, oldest first."""
    rows = connection.execute(
        sa.select(private_notes)
        .where(private_notes.c.conversation_id == conversation_id)
        .order_by(private_notes.c.at, private_notes.c.id)
    )
    return [PrivateNote(**row._mapping) for row in rows]


def by_client_id(connection: sa.Connection, conversation_id: str, client_id: str) -> PrivateNote | None:
    """The note a console already sent under this id, or None."""
    row = connection.execute(
        sa.select(private_notes).where(
            private_notes.c.conversation_id == conversation_id, private_notes.c.client_id == client_id
        )
    ).one_or_none()
    return None if row is None else PrivateNote(**row._mapping)
