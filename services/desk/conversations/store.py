"""All SQL about conversations and their events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa

from desk.conversations.notes import ConversationChanged, EventStored, UnderstandingStored
from desk.conversations.rules import Conversation, Event, NewEvent, offered_title
from desk.kernel.database import Json, UtcTime, announce, metadata
from desk.kernel.locks import hold as hold_rows
from desk.kernel.locks import locks_rows

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

# Spelled out, so that SQLite recognises the condition of the partial index in the query.
_WAITING = sa.text("owner_kind = 'bot' AND last_customer_seq > bot_cursor")

conversations = sa.Table(
    "conversations",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("owner_kind", sa.String(8), nullable=False),
    sa.Column("owner_agent_id", sa.String(64)),
    sa.Column("owner_agent_name", sa.Text),
    sa.Column("fence", sa.BigInteger, nullable=False),
    sa.Column("session", sa.Integer, nullable=False),
    sa.Column("last_seq", sa.BigInteger, nullable=False),
    sa.Column("last_customer_seq", sa.BigInteger, nullable=False),
    sa.Column("bot_cursor", sa.BigInteger, nullable=False),
    sa.Column("rating_session", sa.Integer),
    sa.Column("customer_id", sa.String(64)),
    sa.Column("customer_name", sa.Text),
    sa.Column("token_hash", sa.String(64), nullable=False),
    sa.Column("page", Json),
    sa.Column("device", Json),
    sa.Column("locale", sa.String(32), nullable=False),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("updated_at", UtcTime, nullable=False),
    sa.Column("customer_seen_at", UtcTime),
    sa.Index("ix_conversations_owner", "owner_kind", "owner_agent_id"),
    sa.Index("ix_conversations_customer", "customer_id", "created_at"),
    sa.Index("ix_conversations_waiting", "id", sqlite_where=_WAITING, postgresql_where=_WAITING),
)

events = sa.Table(
    "events",
    metadata,
    sa.Column("conversation_id", sa.String(64), sa.ForeignKey("conversations.id"), primary_key=True),
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("type", sa.String(32), nullable=False),
    sa.Column("sender", sa.String(16), nullable=False),
    sa.Column("message_id", sa.String(64), nullable=False, unique=True),
    sa.Column("client_id", sa.String(128)),
    sa.Column("text", sa.Text),
    sa.Column("payload", sa.Text),
    sa.Column("buttons", Json),
    sa.Column("card", Json),
    sa.Column("agent_id", sa.String(64)),
    sa.Column("agent_name", sa.Text),
    sa.Column("understanding", Json),
    sa.Column("session", sa.Integer, nullable=False),
    sa.Column("at", UtcTime, nullable=False),
    sa.Column("attachments", Json),
    sa.UniqueConstraint("conversation_id", "client_id", name="uq_events_client_id"),
)


# The statements of every message, built once: building them anew costs more than running them.
_GET = sa.select(conversations).where(conversations.c.id == sa.bindparam("p_id"))
_GET_LOCKED = _GET.with_for_update(key_share=True)
_NEXT_SEQ = {"last_seq": conversations.c.last_seq + 1, "updated_at": sa.bindparam("p_at", type_=UtcTime)}
_APPEND = (
    conversations.update()
    .where(conversations.c.id == sa.bindparam("p_id"))
    .values(_NEXT_SEQ)
    .returning(conversations.c.last_seq, conversations.c.session)
)
_APPEND_FROM_CUSTOMER = _APPEND.values(last_customer_seq=conversations.c.last_seq + 1)
_INSERT_EVENT = events.insert()
_BY_CLIENT_ID = sa.select(events).where(
    events.c.conversation_id == sa.bindparam("p_id"), events.c.client_id == sa.bindparam("p_client_id")
)
_EVENTS_AFTER = (
    sa.select(events)
    .where(events.c.conversation_id == sa.bindparam("p_id"), events.c.seq > sa.bindparam("p_after"))
    .order_by(events.c.seq)
    .limit(sa.bindparam("p_limit", type_=sa.Integer))
)
_NEXT_CUSTOMER_MESSAGE = (
    sa.select(events)
    .where(
        events.c.conversation_id == sa.bindparam("p_id"),
        events.c.seq > sa.bindparam("p_after"),
        events.c.sender == "customer",
    )
    .order_by(events.c.seq)
    .limit(1)
)


def get(connection: sa.Connection, conversation_id: str, *, lock: bool = False) -> Conversation | None:
    """The conversation, or None; `lock` holds its row until the write job ends (SQLite has one writer anyway)."""
    row = connection.execute(_GET_LOCKED if lock else _GET, {"p_id": conversation_id}).one_or_none()
    return None if row is None else Conversation(**row._mapping)


def hold(connection: sa.Connection, conversation_ids: Iterable[str]) -> None:
    """Lock the rows of several conversations until the write job ends (see the lock order in kernel.locks)."""
    if locks_rows(connection):
        hold_rows(connection, conversations.c.id, conversations.c.id.in_(sorted(conversation_ids)))


class Mark(NamedTuple):
    """How far a conversation is: its last event, and whose it is."""

    last_seq: int
    fence: int


def marks(connection: sa.Connection, conversation_ids: list[str]) -> dict[str, Mark]:
    """How far these conversations are."""
    query = sa.select(conversations.c.id, conversations.c.last_seq, conversations.c.fence)
    rows = connection.execute(query.where(conversations.c.id.in_(conversation_ids)))
    return {row.id: Mark(row.last_seq, row.fence) for row in rows}


def create(connection: sa.Connection, conversation: Conversation) -> None:
    """Store a new conversation."""
    values = {column.name: getattr(conversation, column.name) for column in conversations.columns}
    connection.execute(conversations.insert().values(**values))


def append(connection: sa.Connection, conversation_id: str, new: NewEvent, at: datetime) -> Event:
    """Store `new` as the next event and announce it; LookupError for an unknown conversation.

    The UPDATE locks the conversation's row until the commit, so the sequence has no gaps and no doubles.
    """
    statement = _APPEND_FROM_CUSTOMER if new.sender == "customer" else _APPEND
    place = connection.execute(statement, {"p_id": conversation_id, "p_at": at}).one_or_none()
    if place is None:
        raise LookupError(conversation_id)
    event = Event(
        conversation_id=conversation_id,
        seq=place.last_seq,
        type=new.type,
        sender=new.sender,
        message_id=new.message_id,
        client_id=new.client_id,
        text=new.text,
        payload=new.payload,
        buttons=new.buttons,
        card=new.card,
        agent_id=new.agent_id,
        agent_name=new.agent_name,
        understanding=None,
        session=place.session,
        at=at,
        attachments=new.attachments,
    )
    connection.execute(_INSERT_EVENT, {name: getattr(event, name) for name in Event.__struct_fields__})
    announce(connection, EventStored(event))
    return event


def change_owner(connection: sa.Connection, before: Conversation, at: datetime, **changes: Any) -> bool:
    """Compare-and-set of the owner: only if nobody changed it since `before` was read; the fence grows."""
    done = connection.execute(
        conversations.update()
        .where(
            conversations.c.id == before.id,
            conversations.c.fence == before.fence,
            conversations.c.owner_kind == before.owner_kind,
        )
        .values(fence=conversations.c.fence + 1, updated_at=at, **changes)
    )
    if done.rowcount != 1:
        return False
    announce(connection, ConversationChanged(before.id))
    return True


def advance_bot_cursor(connection: sa.Connection, before: Conversation, seq: int) -> bool:
    """Mark `seq` as done by the bot: only while the owner is still the bot of `before` and nobody did it yet."""
    done = connection.execute(
        conversations.update()
        .where(
            conversations.c.id == before.id,
            conversations.c.fence == before.fence,
            conversations.c.owner_kind == "bot",
            conversations.c.bot_cursor < seq,
        )
        .values(bot_cursor=seq)
    )
    return done.rowcount == 1


def take_rating_session(connection: sa.Connection, conversation_id: str, session: int) -> bool:
    """The question about `session` is answered; False when it was not open."""
    done = connection.execute(
        conversations.update()
        .where(conversations.c.id == conversation_id, conversations.c.rating_session == session)
        .values(rating_session=None)
    )
    return done.rowcount == 1


def set_page(connection: sa.Connection, conversation_id: str, page: dict[str, Any]) -> None:
    """The page the customer is on now."""
    connection.execute(conversations.update().where(conversations.c.id == conversation_id).values(page=page))


def customers_seen(connection: sa.Connection, ids: list[str] | None, at: datetime) -> None:
    """These customers, or all (None), are there now; written down only for those who wait in the queue."""
    waiting = conversations.c.owner_kind == "queue"
    if ids is not None:
        waiting = sa.and_(waiting, conversations.c.id.in_(ids))
    if locks_rows(connection):
        waiting = conversations.c.id.in_(hold_rows(connection, conversations.c.id, waiting))
    connection.execute(conversations.update().where(waiting).values(customer_seen_at=at))


def events_after(connection: sa.Connection, conversation_id: str, after: int, limit: int = 200) -> list[Event]:
    """Events with seq > `after`, oldest first, at most `limit`."""
    rows = connection.execute(_EVENTS_AFTER, {"p_id": conversation_id, "p_after": after, "p_limit": limit})
    return [Event(**row._mapping) for row in rows]


def latest_events(connection: sa.Connection, conversation_id: str, limit: int) -> list[Event]:
    """The newest `limit` messages (no system lines), oldest first."""
    rows = connection.execute(
        sa.select(events)
        .where(events.c.conversation_id == conversation_id, events.c.type == "message")
        .order_by(events.c.seq.desc())
        .limit(limit)
    )
    return [Event(**row._mapping) for row in rows][::-1]


def by_client_id(connection: sa.Connection, conversation_id: str, client_id: str) -> Event | None:
    """The event a client already sent under this id, or None."""
    row = connection.execute(_BY_CLIENT_ID, {"p_id": conversation_id, "p_client_id": client_id}).one_or_none()
    return None if row is None else Event(**row._mapping)


def next_customer_message(connection: sa.Connection, conversation_id: str, after: int) -> Event | None:
    """The first customer message with seq > `after`."""
    row = connection.execute(_NEXT_CUSTOMER_MESSAGE, {"p_id": conversation_id, "p_after": after}).one_or_none()
    return None if row is None else Event(**row._mapping)


def customer_messages(
    connection: sa.Connection, conversation_id: str, after: int, until: datetime | None, limit: int
) -> tuple[int, list[Event]]:
    """How many messages the customer sent with seq > `after` and not later than `until`, and the newest of them."""
    said = sa.and_(
        events.c.conversation_id == conversation_id,
        events.c.seq > after,
        events.c.sender == "customer",
        sa.true() if until is None else events.c.at <= until,
    )
    count = connection.execute(sa.select(sa.func.count()).select_from(events).where(said)).scalar_one()
    rows = connection.execute(sa.select(events).where(said).order_by(events.c.seq.desc()).limit(limit))
    return count, [Event(**row._mapping) for row in rows][::-1]


def find_offer(connection: sa.Connection, conversation_id: str, payload: str) -> str | None:
    """The title under which a bot or system event of this conversation offered `payload`, or None."""
    rows = connection.execute(
        sa.select(events.c.buttons, events.c.card)
        .where(
            events.c.conversation_id == conversation_id,
            events.c.sender.in_(("bot", "system")),
            sa.or_(events.c.buttons.is_not(None), events.c.card.is_not(None)),
        )
        .order_by(events.c.seq.desc())
    )
    for row in rows:
        title = offered_title(payload, row.buttons, row.card)
        if title is not None:
            return title
    return None


def set_understanding(connection: sa.Connection, event: Event, understanding: dict[str, Any]) -> None:
    """Keep what the bot understood of a customer's message, for agents."""
    connection.execute(
        events.update()
        .where(events.c.conversation_id == event.conversation_id, events.c.seq == event.seq)
        .values(understanding=understanding)
    )
    announce(connection, UnderstandingStored(event.conversation_id, event.seq, event.message_id, understanding))


def forget_attachments(connection: sa.Connection, conversation_id: str) -> None:
    """Its events name no files any more: part of an erasure."""
    connection.execute(events.update().where(events.c.conversation_id == conversation_id).values(attachments=None))


def waiting_for_bot(connection: sa.Connection) -> list[str]:
    """Conversations the bot owns that have customer messages it has not answered."""
    rows = connection.execute(sa.select(conversations.c.id).where(_WAITING))
    return [row.id for row in rows]


def count_contacts(connection: sa.Connection, customer_id: str, since: datetime, without: str) -> int:
    """Conversations of a customer since a moment in which the customer said something, `without` one."""
    query = sa.select(sa.func.count()).where(
        conversations.c.customer_id == customer_id,
        conversations.c.created_at >= since,
        conversations.c.last_customer_seq > 0,
        conversations.c.id != without,
    )
    return int(connection.execute(query).scalar_one())


def owned_by(connection: sa.Connection, agent_id: str) -> list[Conversation]:
    """Conversations an agent has now, oldest first."""
    rows = connection.execute(
        sa.select(conversations)
        .where(conversations.c.owner_kind == "agent", conversations.c.owner_agent_id == agent_id)
        .order_by(conversations.c.updated_at)
    )
    return [Conversation(**row._mapping) for row in rows]


def open_conversations(connection: sa.Connection, limit: int = 500) -> list[Conversation]:
    """Every conversation that is not closed, the latest first; for supervisors."""
    rows = connection.execute(
        sa.select(conversations)
        .where(conversations.c.state != "closed")
        .order_by(conversations.c.updated_at.desc())
        .limit(limit)
    )
    return [Conversation(**row._mapping) for row in rows]
