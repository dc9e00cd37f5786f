"""Offline cases: handoffs that came, or were left waiting, while nobody was on duty. Each change is a write job's part.

A case is a handoff in the queue like every other: it keeps its place, and whoever comes on duty first finds it there.
Its customer may leave a contact, and may go on with the bot meanwhile: the bot then owns the conversation while the
handoff stays queued, and the agent who claims it takes the conversation over from the bot.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from desk.conversations import store as conversation_store
from desk.conversations.usecases import say
from desk.handoffs import case_store, store
from desk.handoffs.places import places
from desk.handoffs.service import service_now

if TYPE_CHECKING:
    import sqlalchemy as sa

    from desk.conversations.rules import Conversation
    from desk.handoffs.rules import Handoff
    from desk.handoffs.service import Service
    from desk.kernel.context import Scene


def is_kept(connection: sa.Connection, conversation: Conversation) -> bool:
    """Whether the customer goes on with the bot while their handoff waits."""
    return conversation.owner_kind == "bot" and store.open_of(connection, conversation.id) is not None


def may_expire(handoff: Handoff) -> bool:
    """Whether a queued handoff may end because its customer went away: never an offline case, nor with a contact."""
    return handoff.kind == "live" and handoff.contact is None


def place_of_new(connection: sa.Connection, conversation: Conversation, scene: Scene) -> dict[str, Any]:
    """{queued_at, contact} of a new handoff: those of the case it follows, which ends as superseded."""
    kept = store.open_of(connection, conversation.id)
    if kept is None:
        return {"queued_at": scene.now, "contact": None}
    store.change_state(connection, kept, state="cancelled", ended_at=scene.now, outcome="superseded")
    store.add_step(connection, kept.id, "superseded", scene.now)
    return {"queued_at": kept.queued_at, "contact": kept.contact}


def say_queued(connection: sa.Connection, handoff: Handoff, scene: Scene) -> bool:
    """Nobody is on duty: say what will happen and when, and what can be done meanwhile. False when somebody is."""
    service = service_now(connection, scene, handoff.skill_group)
    if service.on_duty:
        return False
    case_store.mark_told(connection, handoff, on_duty=False)
    _say_nobody(connection, handoff, service, scene, kind="handoff_queued", key="system.case_queued")
    return True


def ask_bot(connection: sa.Connection, conversation: Conversation, scene: Scene) -> bool:
    """The bot answers while the handoff waits; False when this conversation does not wait."""
    handoff = store.open_of(connection, conversation.id)
    if conversation.owner_kind != "queue" or handoff is None:
        return False
    changed = conversation_store.change_owner(
        connection,
        conversation,
        scene.now,
        state="bot",
        owner_kind="bot",
        owner_agent_id=None,
        owner_agent_name=None,
        bot_cursor=conversation.last_seq,
    )
    if changed:
        store.add_step(connection, handoff.id, "kept", scene.now)
        text, buttons = scene.wording.text("system.case_kept"), scene.wording.buttons("case.kept_buttons")
        say(connection, conversation.id, "case_kept", text, scene, buttons=buttons)
    return changed


def tell(connection: sa.Connection, scene: Scene, *, on_duty: bool, limit: int = 50) -> int:
    """Tell waiting customers that people came, or that nobody is there any more; how many were told."""
    if case_store.anybody_online(connection) != on_duty:
        return 0  # it changed again meanwhile
    waiting = case_store.told_otherwise(connection, on_duty, limit)
    standing = places(connection, scene.settings) if waiting and on_duty else {}
    told = [handoff for handoff in waiting if case_store.mark_told(connection, handoff, on_duty=on_duty)]
    for handoff in told:
        if not on_duty:
            service = service_now(connection, scene, handoff.skill_group)
            _say_nobody(connection, handoff, service, scene, kind="service_paused", key="system.service_paused")
            continue
        place = standing.get(handoff.conversation_id)
        ahead = 0 if place is None else place.position - 1
        key = "system.service_resumed" if ahead else "system.service_resumed_first"
        text = scene.wording.text(key, ahead=ahead)
        say(connection, handoff.conversation_id, "service_resumed", text, scene)
    return len(told)


def _say_nobody(
    connection: sa.Connection, handoff: Handoff, service: Service, scene: Scene, *, kind: str, key: str
) -> None:
    """With the time when the calendar knows one; without any when it says open: nobody can know it then."""
    if service.next_open_words is None:
        text = scene.wording.text(f"{key}_away")
    else:
        text = scene.wording.text(f"{key}_closed", next=service.next_open_words)
    buttons = scene.wording.buttons("case.queued_buttons")
    say(connection, handoff.conversation_id, kind, text, scene, buttons=buttons)
