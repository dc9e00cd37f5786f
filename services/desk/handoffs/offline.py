"""Offline cases: handoffs that came, or were left waiting, while nobody was on duty. Each change is a write job's part.

A case is a handoff in the queue like every other: it keeps its place, and whoever comes on duty first finds it there.
Its customer may leave a contact, and may go on with the bot meanwhile: the bot then owns the conversation while the
handoff stays queued, and the agent who claims it takes the conversation over from the bot.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from desk.conversations import store as conversation_store
from desk.conversations.usecases import say
from desk.handoffs import case_store, machine, queue_store, store
from desk.handoffs.ownership import back_to_bot
from desk.handoffs.places import places
from desk.handoffs.service import service_now
from desk.kernel.errors import ConflictError

if TYPE_CHECKING:
    from datetime import datetime

    import sqlalchemy as sa

    from desk.conversations.rules import Conversation
    from desk.handoffs.rules import Handoff
    from desk.handoffs.service import Service
    from desk.kernel.context import Scene

SUPERSEDED = "superseded"


def is_kept(connection: sa.Connection, conversation: Conversation) -> bool:
    """Whether the customer goes on with the bot while their handoff waits."""
    return conversation.owner_kind == "bot" and store.open_of(connection, conversation.id) is not None


def supersede(connection: sa.Connection, conversation: Conversation, scene: Scene) -> Handoff | None:
    """End the case whose customer asks the bot for a person again; it, for the new handoff to take its place."""
    case = store.open_of(connection, conversation.id, lock=True)
    if case is None:
        return None
    machine.move("supersede", machine.situation_of(case))
    if not store.change_state(connection, case, state="cancelled", ended_at=scene.now, outcome=SUPERSEDED):
        raise ConflictError("owner_changed")
    store.add_step(connection, case.id, "superseded", scene.now)
    return case


def say_queued(connection: sa.Connection, handoff: Handoff, scene: Scene) -> bool:
    """Nobody is on duty: say what will happen and when, and what can be done meanwhile. False when somebody is."""
    service = service_now(connection, scene, handoff.skill_group)
    if service.on_duty:
        return False
    case_store.mark_told(connection, handoff, on_duty=False, opening_at=service.next_open_at)
    _say_nobody(connection, handoff, service, scene, kind="handoff_queued", key="system.case_queued")
    return True


def ask_bot(connection: sa.Connection, conversation: Conversation, handoff: Handoff, scene: Scene) -> None:
    """The bot answers while the handoff waits. ConflictError `owner_changed` when the conversation moved on."""
    back_to_bot(connection, conversation, scene)
    store.add_step(connection, handoff.id, "kept", scene.now)
    text, buttons = scene.wording.text("system.case_kept"), scene.wording.buttons("case.kept_buttons")
    say(connection, conversation.id, "case_kept", text, scene, buttons=buttons)


def tell(connection: sa.Connection, scene: Scene, *, on_duty: bool, limit: int = 50) -> int:
    """Tell waiting customers that people came, or that nobody is there any more; how many were told."""
    if queue_store.anybody_on_duty(connection) != on_duty:
        return 0  # it changed again meanwhile
    waiting = case_store.told_otherwise(connection, on_duty, limit)
    _hold(connection, waiting)
    standing = places(connection, scene.settings) if waiting and on_duty else {}
    told = 0
    for handoff in waiting:
        service = service_now(connection, scene, handoff.skill_group)
        if not case_store.mark_told(connection, handoff, on_duty=on_duty, opening_at=service.next_open_at):
            continue
        told += 1
        if on_duty:
            place = standing.get(handoff.conversation_id)
            _say_resumed(connection, handoff, 0 if place is None else place.position - 1, scene)
        else:
            _say_nobody(connection, handoff, service, scene, kind="service_paused", key="system.service_paused")
    return told


def tell_late(connection: sa.Connection, scene: Scene, limit: int = 50) -> int:
    """Tell customers for whom the opening they were told of came, and nobody with it, once; how many were told."""
    if queue_store.anybody_on_duty(connection):
        return 0
    told = 0
    waiting = case_store.opening_passed(connection, latest_opening(scene), limit)
    _hold(connection, waiting)
    for handoff in waiting:
        if case_store.forget_opening(connection, handoff):
            told += 1
            text = scene.wording.text("system.service_late")
            buttons = scene.wording.buttons("case.queued_buttons")
            say(connection, handoff.conversation_id, "service_late", text, scene, buttons=buttons)
    return told


def _hold(connection: sa.Connection, waiting: list[Handoff]) -> None:
    """Lock these handoffs, their conversations first."""
    ids = [handoff.conversation_id for handoff in waiting]
    conversation_store.hold(connection, ids)
    store.hold_open(connection, ids)


def latest_opening(scene: Scene) -> datetime:
    """Openings until then are late while nobody is there: people may take the time a pause is allowed to last."""
    return scene.now - timedelta(seconds=scene.settings.away_notice_seconds)


def _say_resumed(connection: sa.Connection, handoff: Handoff, ahead: int, scene: Scene) -> None:
    key = "system.service_resumed" if ahead else "system.service_resumed_first"
    say(connection, handoff.conversation_id, "service_resumed", scene.wording.text(key, ahead=ahead), scene)


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
