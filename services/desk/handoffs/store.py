"""All SQL about handoffs, their steps, and what the bot still has to be told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa

from desk.handoffs import statements
from desk.handoffs.notes import HandbackWaiting, HandoffChanged, OfferChanged, QueueChanged
from desk.handoffs.rules import Handoff, full_view
from desk.handoffs.tables import NO_OFFER, OPEN, QUEUE_ORDER, handbacks, handoffs, steps
from desk.kernel.errors import NotFoundError
from desk.kernel.locks import hold, locks_rows
from desk.kernel.transactions import announce
from desk.webhooks import outbox

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

# A summary weighs more than all the rest of its row, and no list shows it.
_IN_LISTS = [column for column in handoffs.c if column.name != "summary"]


def get(connection: sa.Connection, handoff_id: str, *, lock: bool = False) -> Handoff | None:
    """The handoff, or None; `lock` holds its row until the end of a write job."""
    query = sa.select(handoffs).where(handoffs.c.id == handoff_id)
    row = connection.execute(query.with_for_update(key_share=True) if lock else query).one_or_none()
    return None if row is None else Handoff(**row._mapping)


def get_unless_busy(connection: sa.Connection, handoff_id: str) -> Handoff | None:
    """The handoff, its row held; None also while another transaction holds it."""
    query = sa.select(handoffs).where(handoffs.c.id == handoff_id).with_for_update(key_share=True, skip_locked=True)
    row = connection.execute(query).one_or_none()
    return None if row is None else Handoff(**row._mapping)


def hold_open(connection: sa.Connection, conversation_ids: Iterable[str], agent_ids: Iterable[str] = ()) -> None:
    """Lock the open handoffs of these conversations and what is offered to these agents, until the write job ends."""
    if locks_rows(connection):
        of_conversations = handoffs.c.conversation_id.in_(sorted(conversation_ids)) & OPEN
        offered = (handoffs.c.state == "queued") & handoffs.c.offered_agent_id.in_(sorted(agent_ids))
        hold(connection, handoffs.c.id, of_conversations | offered)


class OpenMark(NamedTuple):
    """What a queue's row shows of an open handoff that can change."""

    state: str
    agent_id: str | None
    offered_agent_id: str | None
    offer_expires_at: datetime | None
    target_agent_id: str | None
    emotion: dict[str, Any]
    kind: str
    contact: str | None


def open_marks(connection: sa.Connection) -> dict[str, OpenMark]:
    """Every open handoff as its row in the queue shows it, by id."""
    query = sa.select(handoffs.c.id, *(handoffs.c[name] for name in OpenMark._fields)).where(OPEN)
    return {row.id: OpenMark(*row[1:]) for row in connection.execute(query)}


def mark_of(handoff: Handoff) -> OpenMark:
    """The same of a handoff that was read."""
    return OpenMark(**{name: getattr(handoff, name) for name in OpenMark._fields})


def existing(connection: sa.Connection, handoff_id: str) -> Handoff:
    """The handoff; NotFoundError `handoff_not_found`."""
    handoff = get(connection, handoff_id)
    if handoff is None:
        raise NotFoundError("handoff_not_found")
    return handoff


def open_of(connection: sa.Connection, conversation_id: str, *, lock: bool = False) -> Handoff | None:
    """The queued or active handoff of a conversation, or None; `lock` holds its row until the write job ends."""
    return (statements.OPEN_OF_LOCKED if lock else statements.OPEN_OF).one(connection, {"p_id": conversation_id})


def is_queued(connection: sa.Connection, conversation_id: str) -> bool:
    """Whether the customer of a conversation waits for a person."""
    return statements.IS_QUEUED.row(connection, {"p_id": conversation_id}) is not None


def latest_of(connection: sa.Connection, conversation_id: str) -> Handoff | None:
    """The newest handoff of a conversation in any state, or None."""
    return statements.LATEST_OF.one(connection, {"p_id": conversation_id})


def handled_by(connection: sa.Connection, conversation_id: str, agent_id: str) -> bool:
    """Whether this agent ever had this conversation."""
    query = (
        sa.select(sa.literal(1))
        .select_from(handoffs.join(steps, steps.c.handoff_id == handoffs.c.id))
        .where(
            handoffs.c.conversation_id == conversation_id,
            steps.c.agent_id == agent_id,
            steps.c.kind == "claimed",
        )
        .limit(1)
    )
    return connection.execute(query).first() is not None


def in_state(connection: sa.Connection, state: str, limit: int = 500) -> list[Handoff]:
    """Handoffs in a state, without their summaries ({}): queued ones in the order of the queue, others newest first."""
    order = QUEUE_ORDER if state == "queued" else (handoffs.c.queued_at.desc(),)
    rows = connection.execute(sa.select(*_IN_LISTS).where(handoffs.c.state == state).order_by(*order).limit(limit))
    return [Handoff(**row._mapping, summary={}) for row in rows]


def active_of_agent(connection: sa.Connection, agent_id: str) -> list[Handoff]:
    """The handoffs an agent has now."""
    rows = connection.execute(
        sa.select(handoffs)
        .where(handoffs.c.state == "active", handoffs.c.agent_id == agent_id)
        .order_by(handoffs.c.claimed_at)
    )
    return [Handoff(**row._mapping) for row in rows]


def create(connection: sa.Connection, handoff: Handoff) -> None:
    """Store a new handoff and announce it with the queue."""
    connection.execute(handoffs.insert().values(**{n: getattr(handoff, n) for n in Handoff.__struct_fields__}))
    announce(connection, HandoffChanged(handoff.id, None))
    announce(connection, QueueChanged())


def change_state(connection: sa.Connection, before: Handoff, **values: Any) -> bool:
    """Compare-and-set: only while state and agent are those of `before`. An offer that is out ends with it."""
    same_agent = handoffs.c.agent_id.is_(None) if before.agent_id is None else handoffs.c.agent_id == before.agent_id
    done = connection.execute(
        handoffs.update()
        .where(handoffs.c.id == before.id, handoffs.c.state == before.state, same_agent)
        .values(**NO_OFFER, **values)
    )
    if done.rowcount != 1:
        return False
    announce(connection, HandoffChanged(before.id, before.agent_id))
    if before.offered_agent_id is not None:
        announce(connection, OfferChanged(before.id, before.offered_agent_id))
    if before.state == "queued" or values.get("state") == "queued":
        announce(connection, QueueChanged())
    return True


def set_emotion(connection: sa.Connection, handoff: Handoff, emotion: dict[str, Any]) -> None:
    """The mood now, for the queue's rows."""
    connection.execute(handoffs.update().where(handoffs.c.id == handoff.id).values(emotion=emotion))
    announce(connection, HandoffChanged(handoff.id, handoff.agent_id))


def add_step(
    connection: sa.Connection,
    handoff_id: str,
    kind: str,
    at: datetime,
    *,
    agent_id: str | None = None,
    note: str | None = None,
) -> None:
    """Write down what happened to a handoff, who did it, and when."""
    count = connection.execute(
        sa.select(sa.func.count()).select_from(steps).where(steps.c.handoff_id == handoff_id)
    ).scalar_one()
    connection.execute(
        steps.insert().values(handoff_id=handoff_id, number=count + 1, kind=kind, agent_id=agent_id, note=note, at=at)
    )
    outbox.record(
        connection, handoff_id, count + 1, kind, at=at, view=lambda: full_view(existing(connection, handoff_id))
    )


def earlier_of_customer(connection: sa.Connection, customer_id: str, before: datetime, limit: int) -> list[Handoff]:
    """A customer's claimed handoffs before a moment, newest first."""
    return statements.EARLIER.all(connection, {"p_customer_id": customer_id, "p_before": before, "p_limit": limit})


def add_handback(connection: sa.Connection, handoff: Handoff, note: str, settled: list[str], at: datetime) -> None:
    """The bot must learn what the human did; kept until delivered."""
    connection.execute(handbacks.delete().where(handbacks.c.handoff_id == handoff.id))
    connection.execute(
        handbacks.insert().values(
            handoff_id=handoff.id,
            conversation_id=handoff.conversation_id,
            session=handoff.session,
            note=note,
            settled=settled,
            from_seq=handoff.queued_seq,
            created_at=at,
        )
    )
    announce(connection, HandbackWaiting(handoff.conversation_id))


def next_handback(connection: sa.Connection, conversation_id: str) -> statements.WaitingHandback | None:
    """The oldest handback of a conversation that is not delivered, or None."""
    return statements.NEXT_HANDBACK.one(connection, {"p_id": conversation_id})


def close_handback(connection: sa.Connection, handoff_id: str, at: datetime, given_up: str | None = None) -> None:
    """The bot knows, or will never take it (with the reason)."""
    values = {"delivered_at": at} if given_up is None else {"given_up": given_up}
    connection.execute(handbacks.update().where(handbacks.c.handoff_id == handoff_id).values(**values))


def waiting_handbacks(connection: sa.Connection) -> list[str]:
    """Conversations with undelivered handbacks."""
    rows = connection.execute(
        sa.select(handbacks.c.conversation_id)
        .where(handbacks.c.delivered_at.is_(None), handbacks.c.given_up.is_(None))
        .distinct()
    )
    return [row.conversation_id for row in rows]


def resolver_of(connection: sa.Connection, conversation_id: str, session: int) -> str | None:
    """The agent who resolved this session, or None."""
    query = (
        sa.select(handoffs.c.agent_id)
        .where(
            handoffs.c.conversation_id == conversation_id,
            handoffs.c.session == session,
            handoffs.c.state == "resolved",
        )
        .order_by(handoffs.c.ended_at.desc())
        .limit(1)
    )
    return connection.execute(query).scalar_one_or_none()
