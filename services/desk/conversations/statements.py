"""The statements of every message, compiled once: building them anew costs more than running them."""

from __future__ import annotations

import sqlalchemy as sa

from desk.conversations.rules import Conversation, Event
from desk.conversations.tables import conversations, events
from desk.kernel.database import Json, UtcTime
from desk.kernel.prepared import Prepared, PreparedRead

BY_ID = sa.select(conversations).where(conversations.c.id == sa.bindparam("p_id"))
GET = PreparedRead(BY_ID, Conversation, "p_id")
GET_LOCKED = PreparedRead(BY_ID.with_for_update(key_share=True), Conversation, "p_id")
CREATE_COLUMNS = [column.name for column in conversations.columns]
CREATE = Prepared(conversations.insert(), *CREATE_COLUMNS)
NEXT_SEQ = {"last_seq": conversations.c.last_seq + 1, "updated_at": sa.bindparam("p_at", type_=UtcTime)}
APPEND = (
    conversations.update()
    .where(conversations.c.id == sa.bindparam("p_id"))
    .values(NEXT_SEQ)
    .returning(conversations.c.last_seq, conversations.c.session, conversations.c.owner_kind)
)
APPEND_FROM_CUSTOMER = APPEND.values(last_customer_seq=conversations.c.last_seq + 1)
APPEND_EVENT = Prepared(APPEND, "p_id", "p_at")
APPEND_CUSTOMER_EVENT = Prepared(APPEND_FROM_CUSTOMER, "p_id", "p_at")
INSERT_EVENT = Prepared(events.insert(), *Event.__struct_fields__)
KNOWN = (
    sa.exists()
    .where(events.c.conversation_id == sa.bindparam("p_id"), events.c.client_id == sa.bindparam("p_client_id"))
    .label("known")
)
STANDING = Prepared(
    sa.select(
        conversations.c.state,
        conversations.c.owner_kind,
        conversations.c.owner_agent_id,
        conversations.c.owner_agent_name,
        conversations.c.page,
        KNOWN,
    )
    .where(conversations.c.id == sa.bindparam("p_id"))
    .with_for_update(key_share=True, of=conversations),
    "p_id",
    "p_client_id",
)
BY_CLIENT_ID = PreparedRead(
    sa.select(events).where(
        events.c.conversation_id == sa.bindparam("p_id"), events.c.client_id == sa.bindparam("p_client_id")
    ),
    Event,
    "p_id",
    "p_client_id",
)
EVENTS_AFTER = PreparedRead(
    sa.select(events)
    .where(events.c.conversation_id == sa.bindparam("p_id"), events.c.seq > sa.bindparam("p_after"))
    .order_by(events.c.seq)
    .limit(sa.bindparam("p_limit", type_=sa.Integer)),
    Event,
    "p_id",
    "p_after",
    "p_limit",
)
NEXT_CUSTOMER_MESSAGE = PreparedRead(
    sa.select(events)
    .where(
        events.c.conversation_id == sa.bindparam("p_id"),
        events.c.seq > sa.bindparam("p_after"),
        events.c.sender == "customer",
    )
    .order_by(events.c.seq)
    .limit(1),
    Event,
    "p_id",
    "p_after",
)
UNDERSTOOD = Prepared(
    events.update()
    .where(events.c.conversation_id == sa.bindparam("p_id"), events.c.seq == sa.bindparam("p_seq"))
    .values(understanding=sa.bindparam("p_understanding", type_=Json)),
    "p_id",
    "p_seq",
    "p_understanding",
)
ADVANCE = Prepared(
    conversations.update()
    .where(
        conversations.c.id == sa.bindparam("p_id"),
        conversations.c.fence == sa.bindparam("p_fence"),
        conversations.c.owner_kind == "bot",
        conversations.c.bot_cursor < sa.bindparam("p_seq"),
    )
    .values(bot_cursor=sa.bindparam("p_seq")),
    "p_id",
    "p_fence",
    "p_seq",
)
CONTACTS = Prepared(
    sa.select(sa.func.count()).where(
        conversations.c.customer_id == sa.bindparam("p_customer_id"),
        conversations.c.created_at >= sa.bindparam("p_since", type_=UtcTime),
        conversations.c.last_customer_seq > 0,
        conversations.c.id != sa.bindparam("p_without"),
    ),
    "p_customer_id",
    "p_since",
    "p_without",
)
