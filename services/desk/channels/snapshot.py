"""The state of a conversation as sockets and long polls tell it: state, place in the queue, who answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from desk.conversations.rules import agent_view
from desk.handoffs import places
from desk.handoffs.rules import place_view

if TYPE_CHECKING:
    import sqlalchemy as sa

    from desk.conversations.rules import Conversation
    from desk.handoffs.rules import QueuePlace
    from desk.kernel.settings import Settings


def snapshot(
    connection: sa.Connection,
    conversation: Conversation,
    settings: Settings,
    known_places: dict[str, QueuePlace] | None = None,
) -> dict[str, Any]:
    """{state, queue, agent}; places come from the board when it already knows this one."""
    place = None
    if conversation.state == "queued":
        place = (known_places or {}).get(conversation.id) or places.place_of(connection, conversation.id, settings)
    return {"state": conversation.state, "queue": place_view(place), "agent": agent_view(conversation)}
