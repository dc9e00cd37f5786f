"""What the desk remembers of a customer: completes summaries, shows the history card, stops its clock."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import structlog

from desk.conversations import store as conversation_store
from desk.handoffs import history, history_store, repeat_rules, store
from desk.handoffs.differ import diff
from desk.handoffs.notes import HandoffChanged
from desk.kernel.errors import ConflictError, NotFoundError
from desk.kernel.transactions import announce

if TYPE_CHECKING:
    from datetime import datetime

    import sqlalchemy as sa

    from desk.agents.rules import Agent
    from desk.conversations.rules import Conversation
    from desk.handoffs.history import Contact
    from desk.handoffs.rules import Handoff
    from desk.kernel.context import Scene

log = structlog.get_logger("desk.history")


def with_history(
    connection: sa.Connection, conversation: Conversation, summary: dict[str, Any], fault: str | None, scene: Scene
) -> dict[str, Any]:
    """The summary with the earlier contacts about the same matter, their trigger and the priority that follows.

    A summary with a `fault` stays as it came, and so does every summary when the history cannot be read: whatever
    is wrong with the past, the person is queued.
    """
    if fault is not None:
        return summary
    try:
        with connection.begin_nested():
            return _completed(connection, conversation, summary, scene)
    except Exception:
        log.exception("queued without history", conversation=conversation.id)
        return summary


def _completed(
    connection: sa.Connection, conversation: Conversation, summary: dict[str, Any], scene: Scene
) -> dict[str, Any]:
    rules = repeat_rules.load(scene.settings.playbook_dir)
    matter = history.matter_of_summary(summary, rules)
    contacts = _contacts(connection, conversation, conversation.session, scene.now, scene)
    same = history.about_the_same(contacts, matter, rules)
    complete = history.with_contacts(summary, same, matter, rules, scene.now)
    if conversation.customer_id is None:
        return complete
    since = scene.now - timedelta(days=rules.count_days)
    count = conversation_store.count_contacts(connection, conversation.customer_id, since, conversation.id)
    return history.with_count(complete, count)


def _contacts(
    connection: sa.Connection, conversation: Conversation, session: int, before: datetime, scene: Scene
) -> list[Contact]:
    """Everything within the window. Who only left the queue in this very session has not come again."""
    rules, wording = repeat_rules.load(scene.settings.playbook_dir), scene.wording
    since = before - timedelta(days=rules.window_days)
    whose = conversation.customer_id
    found = []
    for handoff in history_store.ended_handoffs(connection, whose, conversation.id, since, before):
        here = (handoff.conversation_id, handoff.session) == (conversation.id, session)
        if here and handoff.state == "cancelled":
            continue
        outcome = handoff.outcome_note or wording.name("outcomes", handoff.outcome or handoff.state)
        reply = history_store.first_reply(connection, handoff)
        found.append(history.contact_of_handoff(handoff, reply, outcome, rules))
    if whose is not None:
        talks = history_store.bot_talks(connection, whose, conversation.id, since, before)
        found += [history.contact_of_bot(talk, wording.name("outcomes", "bot_only"), rules) for talk in talks]
    return found


def story(connection: sa.Connection, handoff: Handoff, scene: Scene) -> dict[str, Any]:
    """{history, changes_since_last} of a handoff, as `GET /handoffs/{id}` answers; promises as they stand now."""
    earlier = history_store.before(connection, handoff)
    comparable = earlier is not None and earlier.summary_valid and handoff.summary_valid
    return {
        "history": _card(connection, handoff, scene),
        "changes_since_last": diff(earlier.summary, handoff.summary) if earlier is not None and comparable else None,
    }


def confirm(connection: sa.Connection, handoff_id: str, agent: Agent, scene: Scene) -> dict[str, Any]:
    """The agent knows the story: the clock stops, the step is kept; the same answer again when repeated.

    NotFoundError `handoff_not_found`; ConflictError `not_owner`, or `no_history` when there is none to know.
    """
    handoff = store.get(connection, handoff_id, lock=True)
    if handoff is None:
        raise NotFoundError("handoff_not_found")
    if handoff.state != "active" or handoff.agent_id != agent.id:
        raise ConflictError("not_owner")
    card = _card(connection, handoff, scene)
    if not card["contacts"]:
        raise ConflictError("no_history")
    if card["confirmed_at"] is not None:
        return card
    store.add_step(connection, handoff.id, history_store.CONFIRMED, scene.now, agent_id=agent.id)
    announce(connection, HandoffChanged(handoff.id, agent.id))
    return _card(connection, handoff, scene)


def _card(connection: sa.Connection, handoff: Handoff, scene: Scene) -> dict[str, Any]:
    rules = repeat_rules.load(scene.settings.playbook_dir)
    conversation = conversation_store.get(connection, handoff.conversation_id)
    if conversation is None:
        raise NotFoundError("conversation_not_found")
    matter = history.matter_of_summary(handoff.summary, rules)
    contacts = _contacts(connection, conversation, handoff.session, handoff.queued_at, scene)
    views = [
        history.contact_view(contact, matter, rules, scene.now)
        for contact in history.about_the_same(contacts, matter, rules)
    ]
    return history.card(views, handoff, history_store.confirmed_at(connection, handoff), rules)
