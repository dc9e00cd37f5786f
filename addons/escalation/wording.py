"""The bot's first words when it hands over: fitting to reason and mood, never the same wording twice in a row."""

from __future__ import annotations

from zlib import crc32

from addons.escalation.events import mapping
from addons.escalation.issues import issues
from addons.escalation.mood import mood_at_handoff
from addons.escalation.playbook import FirstWords, Playbook
from addons.escalation.rules import days_late
from addons.escalation.views import Conversation, Decision

BRISK = 2  # the strongest feeling that 叫个真人来 alone may seem to show


def first_words(conversation: Conversation, decision: Decision, rules: Playbook, *, call: str = "") -> str:
    """One finished sentence or two in Chinese. `call` is how to address the customer, like 王先生, or empty."""
    words = rules.first_words
    family, intensity = mood_at_handoff(conversation, decision)
    wordings = words.by_trigger.get(decision.primary.code)
    if wordings is None and intensity > 0 and not _only_asked(conversation, decision, rules):
        wordings = words.by_emotion.get(family)
    values = {
        "call": f"{call}，" if call else "",
        "who": words.who[decision.skill_group],
        "thing": _thing(conversation, rules),
        "promise": _promise(conversation, decision, words),
    }
    if wordings is None:
        wordings = words.nothing_said if _nothing_said(conversation) else words.default
    texts = [wording.format(**values) for wording in wordings]
    return pick(texts, conversation.messages[-1].message_id if conversation.messages else "", _last_said(conversation))


def _nothing_said(conversation: Conversation) -> bool:
    """Whether there is nothing yet that a person could read: only hello and the wish for a person."""
    intents = [intent for message in conversation.window for intent in message.intents]
    return all(intent in ("greet", "request_human") for intent in intents)


def _only_asked(conversation: Conversation, decision: Decision, rules: Playbook) -> bool:
    """A wish for a person sounds brisk: without a trouble or an earlier feeling there is nothing to be sorry for."""
    troubles = any(rules.intents[issue.intent].kind == "problem" for issue in issues(conversation, rules))
    upset = any(message.negative for message in conversation.window[:-1])
    newest = conversation.window[-1].negative if conversation.window else 0
    strong = newest > BRISK or bool(days_late(conversation))
    return decision.primary.code == "customer_request" and not (troubles or upset or strong)


def _promise(conversation: Conversation, decision: Decision, words: FirstWords) -> str:
    """How soon somebody comes. Only a desk that says nobody is there makes it more than the priority's own words."""
    service, priority = mapping(conversation.metadata.get("service")), decision.priority
    if service.get("on_duty") is not False:
        return words.promises[priority]
    # A skill group may keep other hours than the shop.
    hours = mapping(mapping(service.get("groups")).get(decision.skill_group)) or service
    opening = hours.get("next_open_words")
    if hours.get("open") is False and isinstance(opening, str) and opening:
        return words.promises_closed[priority].format(next=opening)
    return words.promises_away[priority]


def pick(texts: list[str], seed: str, last: str | None) -> str:
    """One of the texts, always the same for the same seed, another one when it was the last that was said."""
    chosen = texts[crc32(seed.encode()) % len(texts)]
    if chosen == last and len(texts) > 1:
        chosen = texts[(texts.index(chosen) + 1) % len(texts)]
    return chosen


def _thing(conversation: Conversation, rules: Playbook) -> str:
    """What it is about, as concretely as the systems know it."""
    late = days_late(conversation)
    if late:
        return rules.first_words.late_thing.format(days_late=late)
    named = [rules.intents[issue.intent] for issue in issues(conversation, rules)]
    # A trouble before a wish before a question asked on the way, the newest of each first.
    named.sort(key=lambda info: ("question", "request", "problem").index(info.kind))
    return next((info.thing for info in reversed(named) if info.thing), rules.first_words.default_thing)


def _last_said(conversation: Conversation) -> str | None:
    said = [text for message in conversation.messages for text in message.bot_texts]
    return said[-1] if said else None
