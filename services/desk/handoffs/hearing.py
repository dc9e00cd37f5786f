"""What a waiting customer's message does besides being said: a contact, the wish for the bot, the wish to leave."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desk.conversations import store as conversation_store
from desk.conversations.rules import DESK_PAYLOAD
from desk.conversations.usecases import Incoming, existing, say
from desk.handoffs import case_store, offline, store, usecases
from desk.handoffs.contact import contact_in
from desk.handoffs.leaving import wish_to_leave
from desk.kernel.locks import leave_batch
from desk.kernel.masking import mask_phone

if TYPE_CHECKING:
    import sqlalchemy as sa

    from desk.conversations.rules import Event
    from desk.handoffs.rules import Handoff
    from desk.kernel.context import Scene

ASK_BOT = f"{DESK_PAYLOAD}ask_bot"
LEAVE_QUEUE = f"{DESK_PAYLOAD}leave_queue"
KEEP_WAITING = f"{DESK_PAYLOAD}keep_waiting"


def without_old_button(connection: sa.Connection, conversation_id: str, incoming: Incoming) -> Incoming:
    """The desk's own buttons mean something while a handoff waits only; elsewhere a press is just its words."""
    payload = incoming.payload or ""
    if not payload.startswith(DESK_PAYLOAD) or _waiting(connection, conversation_id) is not None:
        return incoming
    title = conversation_store.find_offer(connection, conversation_id, payload)
    if title is None:
        return incoming
    return Incoming(incoming.client_id, incoming.text or title, None, incoming.page, incoming.attachments)


def hear(connection: sa.Connection, message: Event, scene: Scene) -> None:
    """Part of the write job that stored `message`; nothing happens unless its customer waits."""
    if not store.is_queued(connection, message.conversation_id):
        return
    leave_batch(connection)
    conversation = existing(connection, message.conversation_id)
    handoff = _waiting(connection, conversation.id) if conversation.owner_kind in {"queue", "bot"} else None
    if handoff is None:
        return
    if message.payload == LEAVE_QUEUE:
        usecases.cancel(connection, conversation.id, scene)
    elif conversation.owner_kind != "queue":
        return  # the customer talks with the bot meanwhile
    elif message.payload == KEEP_WAITING:
        say(connection, conversation.id, "message", scene.wording.text("queue.stays"), scene)
    elif message.payload == ASK_BOT or (
        message.payload is None and scene.wording.is_just(message.text or "", "case.ask_bot_wishes")
    ):
        offline.ask_bot(connection, conversation, handoff, scene)
    elif message.payload is None:
        _note_contact(connection, handoff, message, scene)
        _leave_or_ask(connection, message, scene)


def _waiting(connection: sa.Connection, conversation_id: str) -> Handoff | None:
    handoff = store.open_of(connection, conversation_id)
    return handoff if handoff is not None and handoff.state == "queued" else None


def _note_contact(connection: sa.Connection, handoff: Handoff, message: Event, scene: Scene) -> None:
    words = scene.wording.words
    contact = contact_in(message.text or "", words("contact.mine"), words("contact.not_mine"))
    if contact is None or handoff.kind != "offline" or handoff.contact == contact:
        return
    case_store.set_contact(connection, handoff, contact)
    text = scene.wording.text("system.contact_noted", phone=mask_phone(contact))
    say(connection, message.conversation_id, "contact_noted", text, scene)


def _leave_or_ask(connection: sa.Connection, message: Event, scene: Scene) -> None:
    """Leave the queue when they say so beyond doubt, ask when it may be anger."""
    wish = wish_to_leave(scene.wording.simplified(message.text or ""), scene.policy.leaving)
    if wish == "leave":
        usecases.cancel(connection, message.conversation_id, scene)
    elif wish == "ask":
        buttons = [
            {"title": scene.wording.text("queue.stay_button"), "payload": KEEP_WAITING},
            {"title": scene.wording.text("queue.leave_button"), "payload": LEAVE_QUEUE},
        ]
        text = scene.wording.text("queue.ask_leave")
        say(connection, message.conversation_id, "message", text, scene, buttons=buttons)
