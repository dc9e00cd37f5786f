"""What an agent is offered in one conversation, read in one go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import structs

from desk.assist.rules import Situation, best, filled, initials, promised_at, reply_for, values_of
from desk.clocks import business_hours
from desk.clocks.words import opening_words
from desk.conversations import store as conversation_store
from desk.handoffs import store as handoff_store
from desk.handoffs.access import visible

if TYPE_CHECKING:
    import sqlalchemy as sa

    from desk.agents.rules import Agent
    from desk.assist.book import Book
    from desk.conversations.rules import Event
    from desk.kernel.context import Scene

_LATEST_MESSAGES = 3


def situation_of(
    connection: sa.Connection, conversation_id: str, agent: Agent, scene: Scene
) -> tuple[Situation, str | None]:
    """What is known, and the customer's id if the agent has them now; NotFoundError `conversation_not_found`."""
    conversation = visible(connection, conversation_id, agent)
    handoff = handoff_store.latest_of(connection, conversation_id)
    _, latest = conversation_store.customer_messages(connection, conversation_id, 0, None, _LATEST_MESSAGES)
    summary = {} if handoff is None else handoff.summary
    zone = business_hours.load(scene.settings.playbook_dir).shop.zone
    due = promised_at(summary, scene.now)
    situation = Situation(
        promised="" if due is None else opening_words(due, scene.now, zone, scene.wording),
        address=None,
        agent_name=agent.display_name,
        group=None if handoff is None else handoff.skill_group,
        emotion="neutral" if handoff is None else str(handoff.emotion.get("family", "neutral")),
        intents=_intents(latest),
        issues=_issues(summary),
        summary=summary,
    )
    return situation, conversation.customer_id if conversation.owner_agent_id == agent.id else None


def offered(book: Book, situation: Situation, address: str | None) -> dict[str, Any]:
    """{responses, suggested, steps}: every response filled for this conversation, the best three, steps as replies."""
    known = structs.replace(situation, address=address)
    plain, logistics = values_of(known, book), values_of(known, book, reason=True)
    responses = []
    for response in book.responses:
        topic = book.topics[book.topic_of[response.id]]
        text, gaps = filled(response.text, logistics if topic.reason_from_logistics else plain, book.gaps)
        responses.append(
            {
                "id": response.id,
                "title": response.title,
                "topic": topic.title,
                "initials": initials(response.title),
                "text": text,
                "gaps": gaps,
            }
        )
    return {"responses": responses, "suggested": best(book, known), "steps": _steps(book, known, plain)}


def _steps(book: Book, situation: Situation, values: dict[str, str]) -> list[dict[str, Any]]:
    suggested = situation.summary.get("suggested")
    steps = suggested.get("steps") if isinstance(suggested, dict) else None
    found = []
    for step in steps if isinstance(steps, list) else []:
        reply = reply_for(step, book) if isinstance(step, str) else None
        if reply is not None:
            text, gaps = filled(reply, values, book.gaps)
            found.append({"step": step, "text": text, "gaps": gaps})
    return found


def _intents(messages: list[Event]) -> frozenset[str]:
    found = [(message.understanding or {}).get("intents") for message in messages]
    named = [item for intents in found if isinstance(intents, list) for item in intents if isinstance(item, dict)]
    return frozenset(str(item["name"]) for item in named if "name" in item)


def _issues(summary: dict[str, Any]) -> frozenset[str]:
    issues = summary.get("issues")
    named = [issue for issue in issues if isinstance(issue, dict)] if isinstance(issues, list) else []
    return frozenset(str(issue["intent"]) for issue in named if "intent" in issue)
