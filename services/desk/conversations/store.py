"""All SQL about conversations and their events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa

from desk.conversations import statements
from desk.conversations.notes import ConversationChanged, EventStored, UnderstandingStored
from desk.conversations.rules import Conversation, Event, NewEvent, Place, offered_title
from desk.conversations.tables import WAITING, conversations, events
from desk.kernel.locks import hold as hold_rows
from desk.kernel.locks import locks_rows
from desk.kernel.transactions import announce

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime


def get(connection: sa.Connection, conversation_id: str, *, lock: bool = False) -> Conversation | None:
    """The conversation, or None; `lock` holds its row until the write job ends (SQLite has one writer anyway)."""
    return (statements.GET_LOCKED if lock else statements.GET).one(connection, {"p_id": conversation_id})


def hold(connection: sa.Connection, conversation_ids: Iterable[str]) -> None:
    """Lock the rows of several conversations until the write job ends (see the lock order in kernel.locks)."""
    if locks_rows(connection):
        hold_rows(connection, conversations.c.id, conversations.c.id.in_(sorted(conversation_ids)))


class Standing(NamedTuple):
    """What a message needs to know of its conversation; `known` when one with its client id is stored."""

    state: str
    owner_kind: str
    owner_agent_id: str | None
    owner_agent_name: str | None
    page: dict[str, Any] | None
    known: bool


def standing(connection: sa.Connection, conversation_id: str, client_id: str) -> Standing | None:
    """How the conversation stands for this message, its row locked for this write job; None when there is none."""
    row = statements.STANDING.row(connection, {"p_id": conversation_id, "p_client_id": client_id})
    return None if row is None else Standing(*row)


class Mark(NamedTuple):
    """How far a conversation is: its last event, whose it is, and how far each side has read."""

    last_seq: int
    fence: int
    customer_read_seq: int
    agent_read_seq: int


def marks(connection: sa.Connection, conversation_ids: list[str]) -> dict[str, Mark]:
    """How far these conversations are."""
    query = sa.select(conversations.c.id, *(conversations.c[name] for name in Mark._fields))
    rows = connection.execute(query.where(conversations.c.id.in_(conversation_ids)))
    return {row.id: Mark(*row[1:]) for row in rows}


def create(connection: sa.Connection, conversation: Conversation) -> None:
    """Store a new conversation."""
    statements.CREATE.run(connection, {name: getattr(conversation, name) for name in statements.CREATE_COLUMNS})


def append(connection: sa.Connection, conversation_id: str, new: NewEvent, at: datetime) -> Event:
    """Store `new` as the next event and announce it; LookupError for an unknown conversation.

    The UPDATE locks the conversation's row until the commit, so the sequence has no gaps and no doubles.
    """
    statement = statements.APPEND_CUSTOMER_EVENT if new.sender == "customer" else statements.APPEND_EVENT
    place = statement.row(connection, {"p_id": conversation_id, "p_at": at})
    if place is None:
        raise LookupError(conversation_id)
    seq, session, owner_kind = place
    event = Event(
        conversation_id=conversation_id,
        seq=seq,
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
        session=session,
        at=at,
        attachments=new.attachments,
    )
    statements.INSERT_EVENT.run(connection, {name: getattr(event, name) for name in Event.__struct_fields__})
    announce(connection, EventStored(event, owner_kind))
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
    return statements.ADVANCE.run(connection, {"p_id": before.id, "p_fence": before.fence, "p_seq": seq}) == 1


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
    return statements.EVENTS_AFTER.all(connection, {"p_id": conversation_id, "p_after": after, "p_limit": limit})


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
    return statements.BY_CLIENT_ID.one(connection, {"p_id": conversation_id, "p_client_id": client_id})


def next_customer_message(connection: sa.Connection, conversation_id: str, after: int) -> Event | None:
    """The first customer message with seq > `after`."""
    return statements.NEXT_CUSTOMER_MESSAGE.one(connection, {"p_id": conversation_id, "p_after": after})


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
    place = {"p_id": event.conversation_id, "p_seq": event.seq}
    statements.UNDERSTOOD.run(connection, {**place, "p_understanding": understanding})
    announce(connection, UnderstandingStored(event.conversation_id, event.seq, event.message_id, understanding))


def forget_attachments(connection: sa.Connection, conversation_id: str) -> None:
    """Its events name no files any more: part of an erasure."""
    connection.execute(events.update().where(events.c.conversation_id == conversation_id).values(attachments=None))


def waiting_for_bot(connection: sa.Connection) -> list[str]:
    """Conversations the bot owns that have customer messages it has not answered."""
    rows = connection.execute(sa.select(conversations.c.id).where(WAITING))
    return [row.id for row in rows]


def count_contacts(connection: sa.Connection, customer_id: str, since: datetime, without: str) -> int:
    """Conversations of a customer since a moment in which the customer said something, `without` one."""
    row = statements.CONTACTS.row(connection, {"p_customer_id": customer_id, "p_since": since, "p_without": without})
    return 0 if row is None else int(row[0])


def owned_by(connection: sa.Connection, agent_id: str) -> list[Conversation]:
    """Conversations an agent has now, oldest first."""
    rows = connection.execute(
        sa.select(conversations)
        .where(conversations.c.owner_kind == "agent", conversations.c.owner_agent_id == agent_id)
        .order_by(conversations.c.updated_at)
    )
    return [Conversation(**row._mapping) for row in rows]


def serves(connection: sa.Connection, agent_id: str, customer_id: str | None) -> bool:
    """Whether the agent owns a conversation of this customer now; never for a visitor nobody vouched for."""
    if customer_id is None:
        return False
    query = sa.select(conversations.c.id).where(
        conversations.c.owner_agent_id == agent_id, conversations.c.customer_id == customer_id
    )
    return connection.execute(query.limit(1)).first() is not None


def behind(place: Place) -> sa.ColumnElement[bool]:
    """Conversations behind this place, when the latest changed come first."""
    changed = conversations.c.updated_at
    same = sa.and_(changed == place.updated_at, conversations.c.id < place.conversation_id)
    return sa.or_(changed < place.updated_at, same)


def open_conversations(connection: sa.Connection, limit: int, before: Place | None = None) -> list[Conversation]:
    """The first `limit` conversations behind `before` that are not closed, the latest changed first."""
    rows = connection.execute(
        sa.select(conversations)
        .where(conversations.c.state != "closed", sa.true() if before is None else behind(before))
        .order_by(conversations.c.updated_at.desc(), conversations.c.id.desc())
        .limit(limit)
    )
    return [Conversation(**row._mapping) for row in rows]
