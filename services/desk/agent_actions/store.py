"""All SQL about agent actions: rows are added, never changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from msgspec import Struct

from desk.agent_actions.rules import AgentAction
from desk.conversations.tables import conversations
from desk.kernel.database import Json, UtcTime, metadata
from desk.kernel.locks import hold, locks_rows

if TYPE_CHECKING:
    from datetime import datetime

    from desk.agent_actions.rules import State

agent_actions = sa.Table(
    "agent_actions",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("client_id", sa.String(64), nullable=False),
    sa.Column("conversation_id", sa.String(64), sa.ForeignKey("conversations.id"), nullable=False),
    sa.Column("customer_id", sa.String(64), nullable=False),
    sa.Column("agent_id", sa.String(64), sa.ForeignKey("agents.id"), nullable=False),
    sa.Column("agent_name", sa.Text, nullable=False),
    sa.Column("role", sa.String(32), nullable=False),
    sa.Column("action", sa.String(32), nullable=False),
    sa.Column("order_id", sa.String(64)),
    sa.Column("amount_fen", sa.BigInteger, nullable=False),
    sa.Column("request", Json, nullable=False),
    sa.Column("before", Json, nullable=False),
    sa.Column("at", UtcTime, nullable=False),
    sa.UniqueConstraint("conversation_id", "client_id", name="uq_agent_actions_client_id"),
    sa.Index("ix_agent_actions_at", "at"),
    sa.Index("ix_agent_actions_customer", "customer_id", "action", "at"),
)
agent_action_results = sa.Table(
    "agent_action_results",
    metadata,
    sa.Column("action_id", sa.String(64), sa.ForeignKey("agent_actions.id"), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("after", Json),
    sa.Column("refusal", sa.String(64)),
    sa.Column("ended_at", UtcTime, nullable=False),
)

_REQUEST = [column.name for column in agent_actions.columns]
_newer = agent_action_results.alias("newer")
_last = sa.and_(
    agent_action_results.c.action_id == agent_actions.c.id,
    ~sa.exists().where(
        _newer.c.action_id == agent_action_results.c.action_id, _newer.c.number > agent_action_results.c.number
    ),
)
_WHOLE = sa.select(
    agent_actions,
    agent_action_results.c.state,
    agent_action_results.c.after,
    agent_action_results.c.refusal,
    agent_action_results.c.ended_at,
).select_from(agent_actions.outerjoin(agent_action_results, _last))
_SPENT = sa.or_(agent_action_results.c.state.is_(None), agent_action_results.c.state.in_(("done", "unknown")))


class Wish(Struct, frozen=True, kw_only=True):
    """Which records a supervisor wants to see."""

    since: datetime | None = None
    until: datetime | None = None
    agent_id: str | None = None
    action: str | None = None
    conversation_id: str | None = None
    customer_id: str | None = None
    state: str | None = None


def hold_customer(connection: sa.Connection, customer_id: str) -> None:
    """Lock all conversations of a customer, so that what was given to them is counted once (see kernel.locks)."""
    if locks_rows(connection):
        hold(connection, conversations.c.id, conversations.c.customer_id == customer_id)


def add(connection: sa.Connection, action: AgentAction) -> None:
    """Write down a request."""
    connection.execute(agent_actions.insert().values(**{name: getattr(action, name) for name in _REQUEST}))


def add_result(
    connection: sa.Connection,
    action_id: str,
    state: State,
    at: datetime,
    *,
    after: dict[str, Any] | None = None,
    refusal: str | None = None,
) -> None:
    """Write down how a request ended, or that nobody knows."""
    count = connection.execute(
        sa.select(sa.func.count()).where(agent_action_results.c.action_id == action_id)
    ).scalar_one()
    connection.execute(
        agent_action_results.insert().values(
            action_id=action_id, number=count + 1, state=state, after=after, refusal=refusal, ended_at=at
        )
    )


def get(connection: sa.Connection, action_id: str) -> AgentAction:
    """A record known to exist."""
    return _action(connection.execute(_WHOLE.where(agent_actions.c.id == action_id)).one())


def by_client_id(connection: sa.Connection, conversation_id: str, client_id: str) -> AgentAction | None:
    """The request a console already sent under this id, or None."""
    row = connection.execute(
        _WHOLE.where(agent_actions.c.conversation_id == conversation_id, agent_actions.c.client_id == client_id)
    ).one_or_none()
    return None if row is None else _action(row)


def given_fen(connection: sa.Connection, customer_id: str, action: str, since: datetime) -> int:
    """What a customer was given since then, with what is on its way."""
    query = (
        sa.select(sa.func.coalesce(sa.func.sum(agent_actions.c.amount_fen), 0))
        .select_from(agent_actions.outerjoin(agent_action_results, _last))
        .where(
            agent_actions.c.customer_id == customer_id,
            agent_actions.c.action == action,
            agent_actions.c.at >= since,
            _SPENT,
        )
    )
    return int(connection.execute(query).scalar_one())


def found(connection: sa.Connection, wish: Wish, limit: int) -> list[AgentAction]:
    """The newest records that fit, newest first."""
    query = _WHOLE
    if wish.since is not None:
        query = query.where(agent_actions.c.at >= wish.since)
    if wish.until is not None:
        query = query.where(agent_actions.c.at < wish.until)
    for name in ("agent_id", "action", "conversation_id", "customer_id"):
        if (value := getattr(wish, name)) is not None:
            query = query.where(agent_actions.c[name] == value)
    if wish.state is not None:
        query = query.where(agent_action_results.c.state == wish.state)
    query = query.order_by(agent_actions.c.at.desc(), agent_actions.c.id.desc()).limit(limit)
    return [_action(row) for row in connection.execute(query)]


def _action(row: sa.Row[Any]) -> AgentAction:
    return AgentAction(**row._mapping)
