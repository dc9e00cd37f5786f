"""What a bot turn reads and what it commits, each in one database job."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from msgspec import Struct, to_builtins

from desk.bot.rules import BotAnswer, Bubble, History, handback_messages, previous_contact
from desk.conversations import store as conversation_store
from desk.conversations.rules import DESK_PAYLOAD, Conversation, Event, NewEvent
from desk.conversations.usecases import existing, say
from desk.handoffs import store as handoff_store
from desk.handoffs import usecases as handoffs
from desk.handoffs.service import service_for_bot
from desk.handoffs.summary import SummaryCheck, bot_unavailable
from desk.handoffs.usecases import Escalation
from desk.kernel import ids

if TYPE_CHECKING:
    from datetime import datetime

    from desk.kernel.context import Scene
    from desk.kernel.wording import Wording

_CONTACT_DAYS = 30
_PREVIOUS_CONTACTS = 3
_HANDBACK_MESSAGES = 20
_RECENT_MESSAGES = 6


class Turn(Struct, frozen=True):
    """A customer message the bot has to answer, with everything the channel wants to know."""

    conversation: Conversation
    event: Event
    history: History
    service: dict[str, Any]


class Handback(Struct, frozen=True):
    """What the bot has to be told, as the channel takes it."""

    handoff_id: str
    body: dict[str, Any]


class Committed(Struct, frozen=True):
    """What became of an answer: `kept` False when the owner had changed meanwhile.

    `last` when nothing that the bot owes this conversation was stored before.
    """

    kept: bool
    handoff_id: str | None = None
    fault: str | None = None
    last: bool = False


def next_turn(connection: sa.Connection, conversation_id: str, scene: Scene) -> Turn | None:
    """The oldest customer message the bot owes an answer, or None."""
    conversation = conversation_store.get(connection, conversation_id)
    if conversation is None or conversation.owner_kind != "bot":
        return None
    event = conversation_store.next_customer_message(connection, conversation_id, conversation.bot_cursor)
    if event is None:
        return None
    history = _history(connection, conversation, event.at, scene.wording)
    return Turn(conversation, event, history, service_for_bot(connection, scene))


def has_work(connection: sa.Connection, conversation_id: str) -> bool:
    """Whether the bot owes this conversation something."""
    conversation = conversation_store.get(connection, conversation_id)
    if conversation is None:
        return False
    waits = conversation.owner_kind == "bot" and conversation.last_customer_seq > conversation.bot_cursor
    return waits or handoff_store.next_handback(connection, conversation_id) is not None


def next_work(connection: sa.Connection, conversation_id: str, scene: Scene) -> Handback | Turn | None:
    """What the bot has to do next in a conversation: to be told comes before to answer. One read, not two."""
    handback = next_handback(connection, conversation_id, scene.wording)
    return next_turn(connection, conversation_id, scene) if handback is None else handback


def is_for_the_desk(turn: Turn) -> bool:
    """Whether it is a button of the desk's own, which has done its work already."""
    return (turn.event.payload or "").startswith(DESK_PAYLOAD)


def pass_over(connection: sa.Connection, turn: Turn) -> None:
    """The bot does not answer this one."""
    conversation_store.advance_bot_cursor(connection, turn.conversation, turn.event.seq)


def next_handback(connection: sa.Connection, conversation_id: str, wording: Wording) -> Handback | None:
    """The oldest thing the bot has not been told about a conversation, or None."""
    row = handoff_store.next_handback(connection, conversation_id)
    if row is None:
        return None
    said = conversation_store.events_after(connection, conversation_id, row.from_seq)
    body = {
        "conversation_id": conversation_id,
        "session": row.session,
        "handoff_id": row.handoff_id,
        "note": row.note,
        "settled": row.settled,
        "messages": handback_messages(said, wording)[-_HANDBACK_MESSAGES:],
    }
    return Handback(row.handoff_id, body)


def commit_answer(
    connection: sa.Connection, turn: Turn, answer: BotAnswer, check: SummaryCheck, scene: Scene
) -> Committed:
    """Replies, understanding, cursor and, if there is one, the handoff: all or nothing.

    An answer computed for an older owner is discarded; only the understanding of the message is kept.
    """
    conversation = existing(connection, turn.conversation.id)
    if answer.understanding is not None:
        conversation_store.set_understanding(connection, turn.event, answer.understanding)
    same_owner = conversation.fence == turn.conversation.fence
    if not same_owner or not conversation_store.advance_bot_cursor(connection, conversation, turn.event.seq):
        return Committed(kept=False)
    bubbles = [bubble for bubble in answer.replies if bubble.text or bubble.card]
    for number, bubble in enumerate(bubbles):
        conversation_store.append(connection, conversation.id, _bubble(turn.event, number, bubble, scene), scene.now)
    if answer.handoff is not None:
        handoff_id = ids.handoff_id(turn.event.message_id)
        fault = check.fault(answer.handoff, handoff_id, conversation.id)
        fresh = existing(connection, conversation.id)
        handoffs.queue(connection, fresh, Escalation(handoff_id, answer.handoff, fault), scene)
        return Committed(kept=True, handoff_id=handoff_id, fault=fault)
    if not bubbles:
        _say_with_person(connection, turn, "bot.silent", scene)
    return Committed(kept=True, last=conversation.last_customer_seq == turn.event.seq)


def commit_refusal(connection: sa.Connection, turn: Turn, scene: Scene) -> Committed:
    """The channel refused the message: apologise, offer a person, go on with the next one."""
    conversation = existing(connection, turn.conversation.id)
    same_owner = conversation.fence == turn.conversation.fence
    if not same_owner or not conversation_store.advance_bot_cursor(connection, conversation, turn.event.seq):
        return Committed(kept=False)
    _say_with_person(connection, turn, "bot.rejected", scene)
    return Committed(kept=True)


def say_unavailable(connection: sa.Connection, turn: Turn, scene: Scene) -> bool:
    """The one honest line of an outage; False when it is not the bot's turn any more or it was said."""
    conversation = existing(connection, turn.conversation.id)
    client_id = f"desk:{turn.event.message_id}/unavailable"
    said = conversation_store.by_client_id(connection, conversation.id, client_id) is not None
    if said or conversation.fence != turn.conversation.fence or conversation.bot_cursor >= turn.event.seq:
        return False
    text = scene.wording.text("bot.unavailable")
    say(
        connection,
        conversation.id,
        "message",
        text,
        scene,
        client_id=client_id,
        buttons=scene.wording.buttons("bot.human_button"),
    )
    return True


def queue_without_bot(connection: sa.Connection, event: Event, check: SummaryCheck, scene: Scene) -> Committed:
    """Rasa is down: the conversation goes to the queue with a summary the desk writes itself."""
    conversation_id = event.conversation_id
    conversation = existing(connection, conversation_id)
    if (
        conversation.owner_kind != "bot"
        or conversation.session != event.session
        or conversation.bot_cursor >= event.seq
    ):
        return Committed(kept=False)
    conversation_store.advance_bot_cursor(connection, conversation, event.seq)
    handoff_id = ids.handoff_id(event.message_id)
    recent = conversation_store.latest_events(connection, conversation_id, _RECENT_MESSAGES)
    summary = bot_unavailable(conversation, event, recent, scene, handoff_id=handoff_id)
    fault = check.fault(summary, handoff_id, conversation_id)
    handoffs.queue(connection, conversation, Escalation(handoff_id, summary, fault), scene)
    return Committed(kept=True, handoff_id=handoff_id, fault=fault)


def keep_understanding(connection: sa.Connection, event: Event, understanding: dict[str, Any]) -> None:
    """A message a human answers was understood: for the console, and for the queue's rows."""
    conversation_store.set_understanding(connection, event, understanding)
    handoffs.note_emotion(connection, event.conversation_id, understanding)


def conversations_with_work(connection: sa.Connection) -> set[str]:
    """Everything that waits for the bot; also what recovery at start does."""
    return {*conversation_store.waiting_for_bot(connection), *handoff_store.waiting_handbacks(connection)}


def _bubble(event: Event, number: int, bubble: Bubble, scene: Scene) -> NewEvent:
    return NewEvent(
        type="message",
        sender="bot",
        message_id=ids.message_id(scene.now),
        client_id=f"desk:{event.message_id}/{number}",
        text=bubble.text,
        buttons=to_builtins(bubble.buttons) if bubble.buttons else None,
        card=bubble.card,
    )


def _say_with_person(connection: sa.Connection, turn: Turn, key: str, scene: Scene) -> None:
    say(
        connection,
        turn.conversation.id,
        "message",
        scene.wording.text(key),
        scene,
        client_id=f"desk:{turn.event.message_id}/sorry",
        buttons=scene.wording.buttons("bot.human_button"),
    )


def _history(connection: sa.Connection, conversation: Conversation, at: datetime, wording: Wording) -> History:
    if conversation.customer_id is None:
        latest = handoff_store.latest_of(connection, conversation.id)
        return History(0, None if latest is None else latest.agent_id, [])
    earlier = handoff_store.earlier_of_customer(connection, conversation.customer_id, at, _PREVIOUS_CONTACTS)
    since = at - timedelta(days=_CONTACT_DAYS)
    return History(
        contacts_last_30_days=conversation_store.count_contacts(
            connection, conversation.customer_id, since, conversation.id
        ),
        previous_agent_id=earlier[0].agent_id if earlier else None,
        previous_contacts=[previous_contact(handoff, wording) for handoff in earlier],
    )
