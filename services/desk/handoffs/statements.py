"""The statements of every turn of the bot, compiled once."""

from __future__ import annotations

from typing import NamedTuple

import sqlalchemy as sa

from desk.handoffs.rules import Handoff
from desk.handoffs.tables import OPEN, handbacks, handoffs
from desk.kernel.database import UtcTime
from desk.kernel.prepared import Prepared, PreparedRead


class WaitingHandback(NamedTuple):
    """What the bot has not been told yet; `from_seq` is where the human's part began."""

    handoff_id: str
    session: int
    note: str
    settled: list[str]
    from_seq: int


NEXT_HANDBACK = PreparedRead(
    sa.select(*(handbacks.c[name] for name in WaitingHandback._fields))
    .where(
        handbacks.c.conversation_id == sa.bindparam("p_id"),
        handbacks.c.delivered_at.is_(None),
        handbacks.c.given_up.is_(None),
    )
    .order_by(handbacks.c.created_at)
    .limit(1),
    WaitingHandback,
    "p_id",
)
OF_CONVERSATION = sa.select(handoffs).where(handoffs.c.conversation_id == sa.bindparam("p_id"))
OPEN_OF = PreparedRead(OF_CONVERSATION.where(OPEN), Handoff, "p_id")
OPEN_OF_LOCKED = PreparedRead(OF_CONVERSATION.where(OPEN).with_for_update(key_share=True), Handoff, "p_id")
LATEST_OF = PreparedRead(OF_CONVERSATION.order_by(handoffs.c.queued_seq.desc()).limit(1), Handoff, "p_id")
IS_QUEUED = Prepared(
    sa.select(handoffs.c.id).where(handoffs.c.conversation_id == sa.bindparam("p_id"), handoffs.c.state == "queued"),
    "p_id",
)
EARLIER = PreparedRead(
    sa.select(handoffs)
    .where(
        handoffs.c.customer_id == sa.bindparam("p_customer_id"),
        handoffs.c.queued_at < sa.bindparam("p_before", type_=UtcTime),
        handoffs.c.agent_id.is_not(None),
    )
    .order_by(handoffs.c.queued_at.desc())
    .limit(sa.bindparam("p_limit", type_=sa.Integer)),
    Handoff,
    "p_customer_id",
    "p_before",
    "p_limit",
)
