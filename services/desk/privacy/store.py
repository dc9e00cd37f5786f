"""All SQL of privacy: whose conversations there are, their rows, and their erasure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from desk.attachments.store import attachments
from desk.conversations import store as conversation_store
from desk.conversations.tables import conversations
from desk.handoffs.tables import handoffs
from desk.kernel.security import CONVERSATION_TOKEN, new_token, token_hash
from desk.privacy.tables import PARTS, Part, erased_conversations

if TYPE_CHECKING:
    from datetime import datetime

    from desk.conversations.rules import Conversation

_OUTCOMES = ("solved", "follow_up", "unsolved", "no_reply", "superseded")
_RESTING = ("bot", "none")


def of_customer(connection: sa.Connection, customer_id: str) -> list[str]:
    """Every conversation of a customer, the oldest first."""
    query = sa.select(conversations.c.id).where(conversations.c.customer_id == customer_id)
    return list(connection.execute(query.order_by(conversations.c.created_at)).scalars())


def with_a_person(connection: sa.Connection, conversation_ids: list[str]) -> list[str]:
    """Those that wait for an agent or are with one."""
    query = sa.select(conversations.c.id).where(
        conversations.c.id.in_(conversation_ids), conversations.c.owner_kind.not_in(_RESTING)
    )
    return list(connection.execute(query).scalars())


def resting_since(connection: sa.Connection, before: datetime, limit: int) -> list[str]:
    """Conversations with nobody, in which nothing has happened since then nor since they were erased."""
    erased = sa.exists().where(
        erased_conversations.c.conversation_id == conversations.c.id,
        erased_conversations.c.at >= conversations.c.updated_at,
    )
    query = (
        sa.select(conversations.c.id)
        .where(
            conversations.c.owner_kind.in_(_RESTING),
            conversations.c.updated_at < before,
            ~erased,
        )
        .order_by(conversations.c.updated_at)
        .limit(limit)
    )
    return list(connection.execute(query).scalars())


def with_old_files(connection: sa.Connection, before: datetime, limit: int) -> list[str]:
    """Resting conversations all of whose files are older than that."""
    query = (
        sa.select(attachments.c.conversation_id)
        .join(conversations, conversations.c.id == attachments.c.conversation_id)
        .where(conversations.c.owner_kind.in_(_RESTING))
        .group_by(attachments.c.conversation_id)
        .having(sa.func.max(attachments.c.created_at) < before)
        .limit(limit)
    )
    return list(connection.execute(query).scalars())


def rows(connection: sa.Connection, part: Part, conversation_id: str) -> list[dict[str, Any]]:
    """What one table holds about a conversation, without what is never shown."""
    found = connection.execute(sa.select(part.table).where(_whose(part, conversation_id))).mappings()
    return [{name: value for name, value in row.items() if name not in part.hidden} for row in found]


def close(connection: sa.Connection, conversation_id: str, at: datetime) -> Conversation | None:
    """End the conversation for good: nobody owns it, nothing waits, its token opens nothing. None when it is busy."""
    before = conversation_store.get(connection, conversation_id, lock=True)
    if before is None or before.owner_kind not in _RESTING:
        return None
    changed = conversation_store.change_owner(
        connection,
        before,
        before.updated_at,
        state="closed",
        owner_kind="none",
        owner_agent_id=None,
        bot_cursor=before.last_seq,
        rating_session=None,
        customer_seen_at=None,
        token_hash=token_hash(new_token(CONVERSATION_TOKEN)),
    )
    return before if changed else None


def erase(connection: sa.Connection, conversation_id: str, at: datetime, reason: str) -> None:
    """Blank or remove everything of a closed conversation."""
    _close_outcomes(connection, conversation_id)
    for part in PARTS:
        whose = _whose(part, conversation_id)
        if part.blank is None:
            connection.execute(part.table.delete().where(whose))
        else:
            connection.execute(part.table.update().where(whose).values(**part.blank))
    row = {"conversation_id": conversation_id, "at": at, "reason": reason}
    connection.execute(erased_conversations.delete().where(erased_conversations.c.conversation_id == conversation_id))
    connection.execute(erased_conversations.insert().values(**row))


def _close_outcomes(connection: sa.Connection, conversation_id: str) -> None:
    """An outcome in own words may be about the customer; that there was one stays. A mood keeps no course."""
    mine = handoffs.c.conversation_id == conversation_id
    own_words = sa.and_(mine, handoffs.c.outcome.not_in(_OUTCOMES))
    connection.execute(handoffs.update().where(own_words).values(outcome="other"))
    for row in connection.execute(sa.select(handoffs.c.id, handoffs.c.emotion).where(mine)).all():
        kept = {name: row.emotion[name] for name in ("family", "intensity") if name in row.emotion}
        connection.execute(handoffs.update().where(handoffs.c.id == row.id).values(emotion=kept))


def _whose(part: Part, conversation_id: str) -> sa.ColumnElement[bool]:
    column, through = part.table.c[part.key], part.through
    if through is None:
        return column == conversation_id
    return column.in_(sa.select(through.c.id).where(through.c.conversation_id == conversation_id))
