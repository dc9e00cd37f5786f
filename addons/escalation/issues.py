"""Which concerns a customer has raised and which of them are still open, no I/O."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import takewhile

from addons.escalation.events import mapping
from addons.escalation.playbook import Playbook
from addons.escalation.views import Conversation, MessageView

CONCERNS = ("question", "request", "problem")


@dataclass(frozen=True)
class Issue:
    """A concern, the message that raised it first, and `state`: open, answered or failed."""

    intent: str
    message: MessageView
    state: str


def raised_issues(message: MessageView, rules: Playbook) -> tuple[str, ...]:
    """The concerns in one message, without greetings, wishes for a person and the like."""
    return tuple(intent for intent in message.intents if rules.kind_of(intent) in CONCERNS)


def issues(conversation: Conversation, rules: Playbook) -> tuple[Issue, ...]:
    """All concerns since the last handoff, in the order raised."""
    first: dict[str, int] = {}
    newest: dict[str, int] = {}
    for place, message in enumerate(conversation.window):
        for intent in raised_issues(message, rules):
            if intent not in first and answered_form(message, rules):
                continue
            first.setdefault(intent, place)
            newest[intent] = place
    window = conversation.window
    return tuple(
        Issue(intent, window[place], _state(newest[intent], conversation, rules)) for intent, place in first.items()
    )


def answered_form(message: MessageView, rules: Playbook) -> bool:
    """A form that reads free words took the message as its answer: 清了缓存也没用 raises no new concern."""
    taken = "transaction" in message.fields and "pending" not in message.fields
    return message.form in rules.fallback_own_forms and taken


def open_issues(conversation: Conversation, rules: Playbook) -> tuple[Issue, ...]:
    return tuple(issue for issue in issues(conversation, rules) if issue.state != "answered")


def in_hand(conversation: Conversation) -> frozenset[str]:
    """The concerns that the bot is asking about now or keeps for afterwards: they are open, but nobody failed."""
    slots = conversation.slots
    waiting = slots.get("pending")
    held = [mapping(item).get("topic", item) for item in waiting] if isinstance(waiting, list) else []
    held.append(mapping(slots.get("transaction")).get("topic"))
    if conversation.messages and conversation.messages[-1].form == "order_form":
        held.append(slots.get("topic"))
    return frozenset(topic for topic in held if isinstance(topic, str))


def answering_actions(message: MessageView, rules: Playbook) -> tuple[str, ...]:
    """What the bot did about a message besides asking back and not understanding."""
    return tuple(
        action
        for action in message.actions
        if not action.endswith("_form")
        and not action.startswith(("action_ask_", "validate_"))
        and action not in rules.fallback_actions
    )


def not_understood(message: MessageView, rules: Playbook) -> bool:
    """The model found no intent, or the bot asked back; forms that read free words count their misses themselves."""
    if message.form in rules.fallback_own_forms or "action_answer_order" in message.actions:
        return False  # 那另一单呢 has no intent of its own and is answered all the same
    by_intent = bool(set(message.intents[:1]) & set(rules.fallback_intents))
    return by_intent or bool(set(message.actions) & set(rules.fallback_actions))


def order_of(message: MessageView) -> str | None:
    """The order number that the customer named in this message."""
    return next((value for name, value in message.entities if name == "order_id"), None)


def _state(place: int, conversation: Conversation, rules: Playbook) -> str:
    """Judged by what happened after the newest message about it, up to the end of the form that it started."""
    window = conversation.window
    message = window[place]
    turns = [message, *takewhile(lambda later: later.in_form, window[place + 1 :])]
    ids = {turn.message_id for turn in turns}
    helped = [finding.get("helped") for finding in conversation.findings if finding.get("message_id") in ids]
    if any(value is False for value in helped):
        return "failed"
    if helped or any(answering_actions(turn, rules) for turn in turns):
        return "answered"
    return "failed" if set(message.actions) & set(rules.fallback_actions) else "open"
