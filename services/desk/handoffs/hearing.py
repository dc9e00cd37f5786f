"""What a waiting customer's message does besides being said: a contact, the wish for the bot, the wish to leave."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desk.conversations.rules import bare
from desk.conversations.usecases import existing, say
from desk.customers.rules import mask_phone
from desk.handoffs import case_store, offline, store, usecases
from desk.handoffs.contact import contact_in

if TYPE_CHECKING:
    import sqlalchemy as sa

    from desk.conversations.rules import Event
    from desk.kernel.context import Scene

ASK_BOT = "desk:ask_bot"
LEAVE_QUEUE = "desk:leave_queue"


def hear(connection: sa.Connection, event: Event, scene: Scene) -> None:
    """Part of the write job that stored `event`; what only makes sense while waiting does nothing otherwise."""
    words = bare(event.text or "") if event.payload is None else None
    if event.payload == ASK_BOT or words in scene.wording.words("case.ask_bot_wishes"):
        offline.ask_bot(connection, existing(connection, event.conversation_id), scene)
    elif event.payload == LEAVE_QUEUE:
        handoff = store.open_of(connection, event.conversation_id)
        if handoff is not None and handoff.state == "queued":
            usecases.cancel(connection, event.conversation_id, scene)
    elif event.payload is None:
        _note_contact(connection, event, scene)


def _note_contact(connection: sa.Connection, event: Event, scene: Scene) -> None:
    words = scene.wording.words
    contact = contact_in(event.text or "", words("contact.mine"), words("contact.not_mine"))
    if contact is None:
        return
    conversation = existing(connection, event.conversation_id)
    handoff = store.open_of(connection, event.conversation_id)
    if conversation.owner_kind != "queue" or handoff is None or handoff.kind != "offline":
        return
    if handoff.contact != contact:
        case_store.set_contact(connection, handoff, contact)
        text = scene.wording.text("system.contact_noted", phone=mask_phone(contact))
        say(connection, event.conversation_id, "contact_noted", text, scene)
