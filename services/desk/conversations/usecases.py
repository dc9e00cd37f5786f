"""What happens to conversations: opened, written in by customer or agent, started again. Each is one write job."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from desk.attachments import usecases as attachments
from desk.attachments.rules import CUSTOMER, Author
from desk.attachments.usecases import Sending
from desk.conversations import guests, store
from desk.conversations.rules import Conversation, Event, NewEvent, check_client_id, check_text
from desk.kernel import ids
from desk.kernel.errors import ConflictError, InvalidError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import sqlalchemy as sa

    from desk.kernel.context import Scene


class Opening(Struct, frozen=True, kw_only=True):
    """What is known when a conversation is opened."""

    conversation_id: str
    token_hash: str
    customer_id: str | None
    customer_name: str | None
    page: dict[str, Any] | None
    device: dict[str, Any] | None
    locale: str
    greeting: str
    buttons: list[dict[str, str]]


class Incoming(Struct, frozen=True):
    """A message as a client sent it; `page` is where the customer is now, `attachments` ids of uploads, as stored."""

    client_id: str
    text: str | None
    payload: str | None = None
    page: dict[str, Any] | None = None
    attachments: Sequence[str] = ()


class Accepted(Struct, frozen=True):
    """A message that is stored; `duplicate` when it already was, `to_agent` when an agent had the conversation."""

    event: Event
    duplicate: bool
    to_agent: bool = False


def open_conversation(connection: sa.Connection, opening: Opening, scene: Scene) -> Event:
    """Store the conversation, owned by the bot, with its greeting as the first event."""
    store.create(
        connection,
        Conversation(
            id=opening.conversation_id,
            state="bot",
            owner_kind="bot",
            owner_agent_id=None,
            owner_agent_name=None,
            fence=1,
            session=1,
            last_seq=0,
            last_customer_seq=0,
            bot_cursor=0,
            rating_session=None,
            customer_id=opening.customer_id,
            customer_name=opening.customer_name,
            token_hash=opening.token_hash,
            page=opening.page,
            device=opening.device,
            locale=opening.locale,
            created_at=scene.now,
            updated_at=scene.now,
        ),
    )
    greeting = NewEvent(
        type="message",
        sender="bot",
        message_id=ids.message_id(scene.now),
        client_id="desk:greeting",
        text=opening.greeting,
        buttons=list(opening.buttons) or None,
    )
    return store.append(connection, opening.conversation_id, greeting, scene.now)


def accept_from_customer(connection: sa.Connection, conversation_id: str, incoming: Incoming, scene: Scene) -> Accepted:
    """Store a customer's message once; a closed conversation starts again with the bot.

    `page` is where the customer is now, if the client says so; it replaces what was known.

    Raises InvalidError (`message_empty`, `message_too_long`, `payload_not_offered`, `attachment_unknown`, …) or
    ConflictError `client_id_taken` when the id belongs to somebody else's message, `attachment_used`.
    """
    client_id = check_client_id(incoming.client_id)
    standing = _standing(connection, conversation_id, client_id)
    if standing.known and (known := store.by_client_id(connection, conversation_id, client_id)) is not None:
        return _again(known, "customer")
    text, payload, page = incoming.text, incoming.payload, incoming.page
    if payload is not None:
        title = store.find_offer(connection, conversation_id, payload)
        if title is None:
            raise InvalidError("payload_not_offered")
        text = text or title
    text = _words(text, incoming)
    if standing.state == "closed":
        _reopen(connection, existing(connection, conversation_id), scene)
    if page is not None and page != standing.page:
        store.set_page(connection, conversation_id, page)
    message_id = ids.message_id(scene.now)
    sending = Sending(conversation_id, CUSTOMER, incoming.attachments, message_id)
    message = NewEvent(
        type="message",
        sender="customer",
        message_id=message_id,
        client_id=client_id,
        text=text,
        payload=payload,
        attachments=attachments.take(connection, sending, scene),
    )
    event = store.append(connection, conversation_id, message, scene.now)
    return Accepted(event, duplicate=False, to_agent=standing.state != "closed" and standing.owner_kind == "agent")


def accept_from_agent(
    connection: sa.Connection, conversation_id: str, agent_id: str, incoming: Incoming, scene: Scene
) -> Accepted:
    """Store an agent's message once; ConflictError `not_owner` unless it is theirs or they joined it."""
    client_id = check_client_id(incoming.client_id)
    standing = _standing(connection, conversation_id, client_id)
    known = store.by_client_id(connection, conversation_id, client_id) if standing.known else None
    if known is not None and known.agent_id == agent_id:
        return _again(known, "agent")
    text = _words(incoming.text, incoming)
    name = (
        standing.owner_agent_name
        if standing.owner_kind == "agent" and standing.owner_agent_id == agent_id
        else writing_name(connection, existing(connection, conversation_id), agent_id)
    )
    if known is not None:
        raise ConflictError("client_id_taken")
    message_id = ids.message_id(scene.now)
    sending = Sending(conversation_id, Author("agent", agent_id), incoming.attachments, message_id)
    message = NewEvent(
        type="message",
        sender="agent",
        message_id=message_id,
        client_id=client_id,
        text=text,
        agent_id=agent_id,
        agent_name=name,
        attachments=attachments.take(connection, sending, scene),
    )
    return Accepted(store.append(connection, conversation_id, message, scene.now), duplicate=False)


def writing_name(connection: sa.Connection, conversation: Conversation, agent_id: str) -> str | None:
    """The name under which this agent writes here; ConflictError `not_owner` unless it is theirs or they joined it."""
    if conversation.owner_kind == "agent" and conversation.owner_agent_id == agent_id:
        return conversation.owner_agent_name
    name = guests.name_of(connection, conversation, agent_id)
    if name is None:
        raise ConflictError("not_owner")
    return name


def _words(text: str | None, incoming: Incoming) -> str | None:
    """A message needs words unless something is attached; then empty ones are none."""
    if incoming.attachments and not (text or "").strip():
        return None
    return check_text(text or "")


def say(
    connection: sa.Connection,
    conversation_id: str,
    kind: str,
    text: str,
    scene: Scene,
    *,
    client_id: str | None = None,
    buttons: list[dict[str, str]] | None = None,
    agent_id: str | None = None,
    agent_name: str | None = None,
) -> Event:
    """Append a line of the system (or, for kind `message`, of the bot)."""
    line = NewEvent(
        type=kind,
        sender="bot" if kind == "message" else "system",
        message_id=ids.message_id(scene.now),
        client_id=client_id,
        text=text,
        buttons=list(buttons) if buttons else None,
        agent_id=agent_id,
        agent_name=agent_name,
    )
    return store.append(connection, conversation_id, line, scene.now)


def existing(connection: sa.Connection, conversation_id: str) -> Conversation:
    """The conversation, its row locked for this write job; NotFoundError when there is none."""
    conversation = store.get(connection, conversation_id, lock=True)
    if conversation is None:
        raise NotFoundError("conversation_not_found")
    return conversation


def _standing(connection: sa.Connection, conversation_id: str, client_id: str) -> store.Standing:
    standing = store.standing(connection, conversation_id, client_id)
    if standing is None:
        raise NotFoundError("conversation_not_found")
    return standing


def _again(known: Event, sender: str) -> Accepted:
    if known.sender != sender:
        raise ConflictError("client_id_taken")
    return Accepted(known, duplicate=True)


def _reopen(connection: sa.Connection, conversation: Conversation, scene: Scene) -> None:
    """Back to the bot in a new session; what was said before is not the bot's to answer."""
    changed = store.change_owner(
        connection,
        conversation,
        scene.now,
        state="bot",
        owner_kind="bot",
        owner_agent_id=None,
        owner_agent_name=None,
        session=conversation.session + 1,
        bot_cursor=conversation.last_seq,
    )
    if changed:  # otherwise another process has just reopened it
        say(
            connection,
            conversation.id,
            "conversation_reopened",
            scene.wording.text("system.conversation_reopened"),
            scene,
        )
