"""Rules of repeated contacts without I/O: what is the same matter, which promises were kept, what follows from it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

import msgspec
from msgspec import Struct

from desk.handoffs.rules import PRIORITIES
from desk.kernel.clock import iso
from desk.kernel.masking import mask_text

if TYPE_CHECKING:
    from desk.handoffs.repeat_rules import PromiseWords, RepeatRules
    from desk.handoffs.rules import Handoff

CODE = "repeat_contact"
PromiseState = Literal["kept", "broken", "open", "unknown"]
Json = dict[str, Any]


class Issue(Struct, frozen=True):
    """A concern as a summary has it."""

    intent: str
    order_id: str | None = None
    message_id: str | None = None


class Promise(Struct, frozen=True):
    """A time that was named to the customer."""

    text: str
    due_at: datetime | None = None
    message_id: str | None = None


class _Order(Struct, frozen=True):
    order_id: str | None = None


class _Summary(Struct, frozen=True):
    issues: list[Issue] = []
    promises: list[Promise] = []
    order: _Order | None = None


class Matter(Struct, frozen=True):
    """What a contact is about."""

    orders: frozenset[str] = frozenset()
    topics: frozenset[str] = frozenset()
    message_ids: tuple[str, ...] = ()


class Reply(Struct, frozen=True):
    """The first thing an agent said after a handoff."""

    message_id: str
    at: datetime


class BotTalk(Struct, frozen=True):
    """A conversation that no person took part in: what was understood of the customer's messages."""

    conversation_id: str
    at: datetime
    issues: list[Issue]


class Contact(Struct, frozen=True, kw_only=True):
    """An earlier contact; `same` says what it shares with the present one."""

    conversation_id: str
    handoff_id: str | None
    kind: Literal["person", "bot"]
    at: datetime
    ended_at: datetime | None
    agent: str | None
    outcome: str
    matter: Matter
    promises: tuple[Promise, ...] = ()
    reply: Reply | None = None
    resolved: bool = False

    def same(self, matter: Matter) -> list[str]:
        """Any of `order`, `topic`."""
        shared = {"order": self.matter.orders & matter.orders, "topic": self.matter.topics & matter.topics}
        return [name for name, common in shared.items() if common]


def matter_of(issues: list[Issue], order_id: str | None, rules: RepeatRules) -> Matter:
    """Orders, topics and messages of some concerns."""
    named = {issue.order_id for issue in issues} | {order_id}
    return Matter(
        orders=frozenset(order for order in named if order),
        topics=rules.topics_of({issue.intent for issue in issues}),
        message_ids=tuple(dict.fromkeys(issue.message_id for issue in issues if issue.message_id)),
    )


def matter_of_summary(summary: Json, rules: RepeatRules) -> Matter:
    """What a summary is about; nothing when it is not to the schema."""
    read = _read(summary)
    return matter_of(read.issues, read.order.order_id if read.order else None, rules)


def contact_of_handoff(handoff: Handoff, reply: Reply | None, outcome: str, rules: RepeatRules) -> Contact:
    """An ended handoff; `outcome` in words, `reply` the first message of an agent after it was queued."""
    return Contact(
        conversation_id=handoff.conversation_id,
        handoff_id=handoff.id,
        kind="person",
        at=handoff.queued_at,
        ended_at=handoff.ended_at,
        agent=handoff.agent_name,
        outcome=outcome,
        matter=matter_of_summary(handoff.summary, rules),
        promises=tuple(_read(handoff.summary).promises),
        reply=reply,
        resolved=handoff.state == "resolved",
    )


def contact_of_bot(talk: BotTalk, outcome: str, rules: RepeatRules) -> Contact:
    """A conversation with the bot alone. What it promised is not kept by the desk."""
    return Contact(
        conversation_id=talk.conversation_id,
        handoff_id=None,
        kind="bot",
        at=talk.at,
        ended_at=None,
        agent=None,
        outcome=outcome,
        matter=matter_of(talk.issues, None, rules),
    )


def about_the_same(contacts: list[Contact], matter: Matter, rules: RepeatRules) -> list[Contact]:
    """Those with the same order or topic, the newest first, at most as many as the rules say."""
    found = [contact for contact in contacts if contact.same(matter)]
    return sorted(found, key=lambda contact: contact.at, reverse=True)[: rules.max_contacts]


def promise_state(promise: Promise, contact: Contact, words: PromiseWords, now: datetime) -> tuple[PromiseState, str]:
    """(state, id of the message that proves it or ""). Only what the desk itself can see is judged.

    An answer that was promised here is kept when an agent wrote, or resolved the matter, in time; it is broken when
    the time is over without either. Of what happens elsewhere (a parcel, a refund, a call) nothing is claimed.
    """
    elsewhere = any(word in promise.text for word in words.elsewhere)
    if promise.due_at is None or elsewhere or not any(word in promise.text for word in words.answered_here):
        return "unknown", ""
    if contact.reply is not None and contact.at <= contact.reply.at <= promise.due_at:
        return "kept", contact.reply.message_id
    if contact.resolved and contact.ended_at is not None and contact.ended_at <= promise.due_at:
        return "kept", ""
    return ("broken" if promise.due_at < now else "open"), ""


def contact_view(contact: Contact, matter: Matter, rules: RepeatRules, now: datetime) -> Json:
    """The contract's contact: masked, without what is not known."""
    promises = [_promise_view(promise, contact, rules.promises, now) for promise in contact.promises]
    states = {promise["state"] for promise in promises}
    kept = False if "broken" in states else True if states == {"kept"} else None
    view: Json = {
        "conversation_id": contact.conversation_id,
        "kind": contact.kind,
        "at": iso(contact.at),
        "outcome": mask_text(contact.outcome),
        "same": contact.same(matter),
        "order_ids": sorted(contact.matter.orders),
        "promises": promises,
        "promise_kept": kept,
    }
    optional = {
        "handoff_id": contact.handoff_id,
        "ended_at": None if contact.ended_at is None else iso(contact.ended_at),
        "agent": contact.agent,
        "topic": rules.titles(contact.matter.topics),
    }
    return view | {name: value for name, value in optional.items() if value}


def _promise_view(promise: Promise, contact: Contact, words: PromiseWords, now: datetime) -> Json:
    state, proof = promise_state(promise, contact, words, now)
    view: Json = {
        "text": mask_text(promise.text),
        "due_at": None if promise.due_at is None else iso(promise.due_at),
        "state": state,
    }
    return view | ({"evidence": proof} if proof else {})


def with_contacts(summary: Json, contacts: list[Contact], matter: Matter, rules: RepeatRules, now: datetime) -> Json:
    """The summary with these contacts about the same matter and, when there are some, the trigger and the priority."""
    views = [contact_view(contact, matter, rules, now) for contact in contacts]
    complete = {**summary, "previous_contacts": views}
    if not contacts or not rules.enabled:
        return complete
    trigger = {
        "code": CODE,
        "rule_version": rules.rule_version,
        "score": rules.score,
        "evidence": _evidence(contacts, matter),
        "words": [],
    }
    others = [found for found in summary["triggers"] if found["code"] != CODE]
    return {
        **complete,
        "triggers": [*others, trigger],
        "priority": raised(summary["priority"], rules),
        "priority_reasons": list(
            dict.fromkeys([*summary["priority_reasons"], *_reasons(contacts, views, matter, rules)])
        ),
    }


def with_count(summary: Json, contacts: int) -> Json:
    """The summary with how often the customer was here; one without a customer stays as it is."""
    customer = summary.get("customer")
    if not isinstance(customer, dict):
        return summary
    return {**summary, "customer": {**customer, "contacts_last_30_days": contacts}}


def raised(priority: str, rules: RepeatRules) -> str:
    """So many steps up, but not beyond `at_most`; what is above that already stays."""
    rank = PRIORITIES.index(priority)
    return PRIORITIES[min(rank, max(rank - rules.raise_steps, PRIORITIES.index(rules.at_most)))]


def confirm_until(handoff: Handoff, rules: RepeatRules) -> datetime | None:
    """Until when the agent should say that they know the story; None while nobody has claimed it."""
    if handoff.claimed_at is None or handoff.state != "active":
        return None
    return handoff.claimed_at + timedelta(seconds=rules.confirm_seconds)


def card(contacts: list[Json], handoff: Handoff, confirmed_at: datetime | None, rules: RepeatRules) -> Json:
    """{contacts, confirm_until, confirmed_at}: the clock runs only when there is a story, and stops when confirmed."""
    until = confirm_until(handoff, rules) if contacts else None
    return {
        "contacts": contacts,
        "confirm_until": None if until is None else iso(until),
        "confirmed_at": None if confirmed_at is None else iso(confirmed_at),
    }


def _read(summary: Json) -> _Summary:
    try:
        return msgspec.convert(summary, _Summary)
    except msgspec.ValidationError:
        return _Summary()


def _evidence(contacts: list[Contact], matter: Matter) -> list[str]:
    """The messages of now that raise the matter, then those of the earlier contacts."""
    earlier = [message_id for contact in contacts for message_id in contact.matter.message_ids]
    return list(dict.fromkeys([*matter.message_ids, *earlier]))


def _reasons(contacts: list[Contact], views: list[Json], matter: Matter, rules: RepeatRules) -> list[str]:
    orders = sorted({order for contact in contacts for order in contact.matter.orders & matter.orders})
    topics = frozenset(topic for contact in contacts for topic in contact.matter.topics & matter.topics)
    sentence = rules.reasons.order if orders else rules.reasons.topic
    tail = orders[0][-4:] if orders else ""
    count = len(contacts) + 1
    found = [sentence.format(days=rules.window_days, count=count, tail=tail, topic=rules.titles(topics))]
    broken = any(view["promise_kept"] is False for view in views)
    return [*found, rules.reasons.broken] if broken else found
