"""All SQL of the search.

Words are looked for with LIKE, without an index over texts: most Chinese words have two characters, which a trigram
index (SQLite's FTS5, PostgreSQL's pg_trgm) cannot look up, and an index over `updated_at` would make every stored
message dearer. What that costs: bench/README.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from desk.agents.rules import leads
from desk.conversations.rules import Conversation, Event
from desk.conversations.store import behind
from desk.conversations.tables import conversations, events
from desk.handoffs.history_store import of_conversations
from desk.handoffs.tables import handoffs, steps
from desk.private_notes.rules import PrivateNote
from desk.private_notes.store import private_notes
from desk.search.rules import SHOWN_HITS, Found, Query, is_order, is_phone, is_phone_ending

if TYPE_CHECKING:
    from desk.agents.rules import Agent

Condition = sa.ColumnElement[bool]


def find(connection: sa.Connection, agent: Agent, query: Query, limit: int) -> list[Found]:
    """The first `limit` conversations that answer and that the agent may see, the latest changed first."""
    rows = connection.execute(
        sa.select(conversations)
        .where(*_conditions(query), visible_to(agent))
        .order_by(conversations.c.updated_at.desc(), conversations.c.id.desc())
        .limit(limit)
    )
    found = [Conversation(**row._mapping) for row in rows]
    cases = of_conversations(connection, [conversation.id for conversation in found])
    return [
        Found(
            conversation=conversation,
            handoffs=cases.get(conversation.id, []),
            hits=_hits(connection, conversation.id, query),
            hit_count=_count(connection, conversation.id, query),
            notes=_notes(connection, conversation.id, query),
        )
        for conversation in found
    ]


def visible_to(agent: Agent) -> Condition:
    """handoffs.access.visible as a condition: theirs, waiting (also beside the bot), or once theirs; leads see all."""
    if leads(agent):
        return sa.true()
    waits = sa.exists().where(
        handoffs.c.conversation_id == conversations.c.id, handoffs.c.state.in_(("queued", "active"))
    )
    was_theirs = sa.exists().where(
        handoffs.c.conversation_id == conversations.c.id,
        steps.c.handoff_id == handoffs.c.id,
        steps.c.agent_id == agent.id,
        steps.c.kind == "claimed",
    )
    return sa.or_(
        conversations.c.owner_agent_id == agent.id,
        conversations.c.owner_kind == "queue",
        sa.and_(conversations.c.owner_kind == "bot", waits),
        was_theirs,
    )


def _conditions(query: Query) -> list[Condition]:
    wanted = [_contains(word) for word in query.words]
    if query.masked_name is not None:
        wanted.append(_named(query.masked_name))
    if query.since is not None:
        wanted.append(conversations.c.updated_at >= query.since)
    if query.until is not None:
        wanted.append(conversations.c.created_at < query.until)
    if query.state is not None:
        wanted.append(conversations.c.state == query.state)
    if query.group is not None:
        wanted.append(_has_handoff(handoffs.c.skill_group == query.group))
    if query.before is not None:
        wanted.append(behind(query.before))
    return wanted


def _contains(word: str) -> Condition:
    """The word is somewhere in the conversation."""
    said = sa.exists().where(events.c.conversation_id == conversations.c.id, _says(word))
    noted = sa.exists().where(private_notes.c.conversation_id == conversations.c.id, _noted(word))
    return sa.or_(
        conversations.c.customer_name.icontains(word, autoescape=True),
        sa.func.lower(conversations.c.customer_id) == word.lower(),
        sa.func.lower(conversations.c.id) == word.lower(),
        *([conversations.c.page["order_id"].as_string().icontains(word, autoescape=True)] if is_order(word) else []),
        _has_handoff(_case_contains(word)),
        said,
        noted,
    )


def _case_contains(word: str) -> Condition:
    fields = [handoffs.c.customer_name, handoffs.c.headline]
    if is_order(word):
        fields.append(handoffs.c.summary["order", "order_id"].as_string())
    answers = [field.icontains(word, autoescape=True) for field in fields]
    phones = [handoffs.c.contact, handoffs.c.summary["customer", "masked_phone"].as_string()]
    if is_phone_ending(word):
        answers.extend(phone.endswith(word, autoescape=True) for phone in phones)
    if is_phone(word):
        answers.append(handoffs.c.contact == word)
    return sa.or_(*answers)


def _says(word: str) -> Condition:
    """An event is a message with this word; numbers of orders are also looked for in cards."""
    said = events.c.text.icontains(word, autoescape=True)
    if is_order(word):
        said = sa.or_(said, sa.cast(events.c.card, sa.Text).icontains(word, autoescape=True))
    return sa.and_(events.c.type == "message", said)


def _noted(word: str) -> Condition:
    return private_notes.c.text.icontains(word, autoescape=True)


def _named(masked: str) -> Condition:
    return sa.or_(conversations.c.customer_name == masked, _has_handoff(handoffs.c.customer_name == masked))


def _has_handoff(condition: Condition) -> Condition:
    return sa.exists().where(handoffs.c.conversation_id == conversations.c.id, condition)


def _hits(connection: sa.Connection, conversation_id: str, query: Query) -> list[Event]:
    """The messages with the most of the words, the newest first."""
    if not query.words:
        return []
    words = [sa.case((_says(word), 1), else_=0) for word in query.words]
    best = sum(words[1:], start=words[0] + 0).desc()
    rows = connection.execute(
        _any_of(sa.select(events), conversation_id, query).order_by(best, events.c.seq.desc()).limit(SHOWN_HITS)
    )
    return [Event(**row._mapping) for row in rows]


def _count(connection: sa.Connection, conversation_id: str, query: Query) -> int:
    if not query.words:
        return 0
    counted = sa.select(sa.func.count()).select_from(events)
    return int(connection.execute(_any_of(counted, conversation_id, query)).scalar_one())


def _notes(connection: sa.Connection, conversation_id: str, query: Query) -> list[PrivateNote]:
    """The newest private notes with any of the words."""
    if not query.words:
        return []
    rows = connection.execute(
        sa.select(private_notes)
        .where(private_notes.c.conversation_id == conversation_id, sa.or_(*(_noted(word) for word in query.words)))
        .order_by(private_notes.c.after_seq.desc(), private_notes.c.id.desc())
        .limit(SHOWN_HITS)
    )
    return [PrivateNote(**row._mapping) for row in rows]


def _any_of(statement: sa.Select[Any], conversation_id: str, query: Query) -> sa.Select[Any]:
    said = sa.or_(*(_says(word) for word in query.words))
    return statement.where(events.c.conversation_id == conversation_id, said)
