"""Customers while they wait: what they added meanwhile, and the places of those who went away."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from desk.attachments.rules import spoken
from desk.conversations import store as conversation_store
from desk.handoffs import queue_store, store
from desk.handoffs.ranking import may_expire
from desk.handoffs.usecases import cancel
from desk.kernel.clock import iso
from desk.kernel.masking import mask_text

if TYPE_CHECKING:
    import sqlalchemy as sa

    from desk.handoffs.rules import Handoff
    from desk.kernel.context import Scene
    from desk.kernel.wording import Wording

_LAST_MESSAGES = 6
CUSTOMER_LEFT = "customer_left"


def since_queued(connection: sa.Connection, handoff: Handoff, wording: Wording) -> dict[str, Any]:
    """{messages_while_waiting, last: [{message_id, text, at}]}: what the customer added before somebody was there.

    Masked until somebody takes it.
    """
    until = handoff.claimed_at or handoff.ended_at
    count, last = conversation_store.customer_messages(
        connection, handoff.conversation_id, handoff.queued_seq, until, _LAST_MESSAGES
    )
    texts = [spoken(event.text, event.attachments, wording) for event in last]
    if handoff.state == "queued":
        texts = [mask_text(text) for text in texts]
    return {
        "messages_while_waiting": count,
        "last": [
            {"message_id": event.message_id, "text": text, "at": iso(event.at)}
            for event, text in zip(last, texts, strict=True)
        ],
    }


def away_too_long(connection: sa.Connection, scene: Scene) -> list[str]:
    """Waiting conversations whose customer closed the page longer ago than a place is kept."""
    return queue_store.unseen_since(connection, scene.now - timedelta(seconds=scene.policy.place_kept_seconds))


def end_place(connection: sa.Connection, conversation_id: str, scene: Scene) -> bool:
    """End the place of a customer who went away, unless a promise keeps it; whether it ended."""
    handoff = store.open_of(connection, conversation_id)
    if handoff is None or not may_expire(handoff):
        return False
    cancel(
        connection,
        conversation_id,
        scene,
        outcome=CUSTOMER_LEFT,
        line="system.place_ended",
        note="bot.customer_left_note",
    )
    return True
