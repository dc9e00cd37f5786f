"""What sockets and long polls tell of a conversation: state, place in the queue, who answers, how far it is read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from desk.attachments import rules as attachments
from desk.conversations.read_marks import marks_view
from desk.conversations.rules import MAX_TEXT_CHARACTERS, agent_view
from desk.handoffs import places, store
from desk.handoffs.rules import place_view
from desk.handoffs.service import opening_view, service_now
from desk.kernel.masking import mask_phone

if TYPE_CHECKING:
    import sqlalchemy as sa

    from desk.conversations.rules import Conversation
    from desk.handoffs.rules import QueuePlace
    from desk.kernel.context import Scene


def snapshot(
    connection: sa.Connection,
    conversation: Conversation,
    scene: Scene,
    known_places: dict[str, QueuePlace] | None = None,
) -> dict[str, Any]:
    """{state, queue, agent, read}; places come from the board when it already knows this one."""
    queue = _queue(connection, conversation, scene, known_places or {})
    return {
        "state": conversation.state,
        "queue": queue,
        "agent": agent_view(conversation),
        "read": marks_view(conversation),
    }


def limits_view(scene: Scene) -> dict[str, Any]:
    """{message_characters, attachments}: what a front end may send, so that it need not repeat the settings."""
    files = attachments.limits_view(scene.settings.attachments)
    return {"message_characters": MAX_TEXT_CHARACTERS, "attachments": files}


def _queue(
    connection: sa.Connection, conversation: Conversation, scene: Scene, known_places: dict[str, QueuePlace]
) -> dict[str, Any] | None:
    """Where the customer stands; also while they go on with the bot and their handoff waits."""
    if conversation.state not in {"queued", "bot"}:
        return None
    handoff = store.open_of(connection, conversation.id)
    if handoff is None or handoff.state != "queued":
        return None
    place = known_places.get(conversation.id) or places.place_of(connection, conversation.id, scene.settings)
    if place is None:
        return None
    service = service_now(connection, scene, handoff.skill_group)
    return {
        **place_view(place),
        "on_duty": service.on_duty,
        "next_open_at": opening_view(service),
        "contact": None if handoff.contact is None else mask_phone(handoff.contact),
    }
