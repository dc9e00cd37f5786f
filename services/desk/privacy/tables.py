"""Where the desk keeps what is about one conversation: which rows an export shows, and what an erasure leaves of them.

Erased is what anybody said, wrote down, or was told about the customer. Left are times, states, owners and scores, so
that yesterday's figures stay what they were. A new table that names conversations must be listed here (a test says so).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import sqlalchemy as sa

from desk.agent_actions.store import agent_action_results, agent_actions
from desk.attachments.store import attachments
from desk.conversations.guests import guests
from desk.conversations.tables import conversations, events
from desk.handoffs.tables import handbacks, handoffs, steps
from desk.kernel.database import UtcTime, metadata
from desk.private_notes.store import private_notes
from desk.ratings.store import ratings
from desk.webhooks.store import deliveries

erased_conversations = sa.Table(
    "erased_conversations",
    metadata,
    sa.Column("conversation_id", sa.String(64), sa.ForeignKey("conversations.id"), primary_key=True),
    sa.Column("at", UtcTime, nullable=False),
    sa.Column("reason", sa.String(16), nullable=False),
)

_OF_HANDOFFS, _OF_ACTIONS = "handoff_id", "action_id"


class Part(NamedTuple):
    """One table: its column that says whose a row is, what blanks it (None: the row goes), what is never shown."""

    table: sa.Table
    key: str
    blank: dict[str, Any] | None
    hidden: frozenset[str] = frozenset()

    @property
    def through(self) -> sa.Table | None:
        """The table whose rows the key names, where it does not name a conversation."""
        return {_OF_HANDOFFS: handoffs, _OF_ACTIONS: agent_actions}.get(self.key)


# In the order in which they are erased: first what hangs on handoffs and actions, last the conversation itself.
PARTS: tuple[Part, ...] = (
    Part(steps, _OF_HANDOFFS, {"note": None}),
    Part(handbacks, _OF_HANDOFFS, {"note": "", "settled": []}),
    Part(deliveries, _OF_HANDOFFS, None),
    Part(
        handoffs,
        "conversation_id",
        {
            "headline": "",
            "summary": {},
            "summary_fault": None,
            "customer_id": None,
            "customer_name": "",
            "note": None,
            "outcome_note": None,
            "contact": None,
            "priority_reasons": [],
            "tags": [],
        },
    ),
    # What was paid or reissued for which order stays, as the shop's own books keep it.
    Part(agent_action_results, _OF_ACTIONS, {"after": None}),
    Part(agent_actions, "conversation_id", {"customer_id": "", "request": {}, "before": {}}),
    Part(ratings, "conversation_id", {"comment": "", "reasons": []}),
    Part(private_notes, "conversation_id", None),
    Part(guests, "conversation_id", None),
    Part(attachments, "conversation_id", None, frozenset({"file_key", "thumbnail_key"})),
    Part(
        events,
        "conversation_id",
        {
            "text": None,
            "payload": None,
            "buttons": None,
            "card": None,
            "understanding": None,
            "attachments": None,
            "client_id": None,
        },
    ),
    Part(
        conversations,
        "id",
        {"customer_id": None, "customer_name": None, "page": None, "device": None},
        frozenset({"token_hash"}),
    ),
)
