"""How far each side has read: one number a side, which only grows and never passes the last event."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from desk.conversations.tables import conversations
from desk.kernel.bus import Note
from desk.kernel.errors import ConflictError
from desk.kernel.transactions import announce

if TYPE_CHECKING:
    import sqlalchemy as sa

    from desk.conversations.rules import Conversation

Side = Literal["customer", "agent"]

_COLUMNS = {"customer": conversations.c.customer_read_seq, "agent": conversations.c.agent_read_seq}


@dataclass(frozen=True)
class ReadMarkMoved(Note):
    """One side has read further."""

    travels: ClassVar[bool] = True

    conversation_id: str

    @property
    def key(self) -> str:
        """The conversation."""
        return self.conversation_id


def marks_view(conversation: Conversation) -> dict[str, int]:
    """{customer, agent}: the number of the last event each has read, 0 for none."""
    return {"customer": conversation.customer_read_seq, "agent": conversation.agent_read_seq}


def check_reader(conversation: Conversation | None, agent_id: str) -> None:
    """Only who has the conversation reads it for the customer; ConflictError `not_owner` for whoever looks on."""
    if conversation is None or conversation.owner_agent_id != agent_id:
        raise ConflictError("not_owner")


def move(connection: sa.Connection, conversation_id: str, side: Side, seq: int) -> None:
    """This side has read up to `seq`: written and announced only when that is news, so it may be said twice."""
    column = _COLUMNS[side]
    done = connection.execute(
        conversations.update()
        .where(conversations.c.id == conversation_id, column < seq, conversations.c.last_seq >= seq)
        .values({column: seq})
    )
    if done.rowcount == 1:
        announce(connection, ReadMarkMoved(conversation_id))
