"""What the course of the conversation adds to the newest message's feeling, apart from that feeling itself, no I/O."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from itertools import takewhile

from addons.escalation.issues import not_understood, open_issues, order_of, raised_issues
from addons.escalation.mood import mood
from addons.escalation.playbook import Playbook
from addons.escalation.views import NEGATIVE, Conversation, MessageView

MOST = 3
FROM_NEUTRAL = "anxious"


@dataclass(frozen=True)
class Reason:
    """`code` is one of playbook.MOOD_CODES; `count` is how often, `seconds` how long, whichever the code is about."""

    code: str
    message_ids: tuple[str, ...]
    count: int | None = None
    seconds: int | None = None


@dataclass(frozen=True)
class Adjustment:
    """The feeling with the context counted in; `raised_by` 0 means that it is the message's own.

    A message that was at 3 already stays there, so `reasons` can be there although nothing was raised.
    """

    family: str
    intensity: int
    raised_by: int = 0
    reasons: tuple[Reason, ...] = ()


def adjust(conversation: Conversation, rules: Playbook) -> Adjustment:
    """One step up for each reason, never above 3; who is pleased or says thanks is never raised.

    A negative feeling keeps its family. A neutral message takes that of a clear feeling just before it, else anxious.
    """
    family, own = newest_feeling(conversation)
    if not conversation.window or family == "pleased" or _thanks(conversation.window[-1], rules):
        return Adjustment(family, own)
    found = (
        _repeated_question(conversation, rules),
        _long_wait(conversation, rules),
        _bot_failed(conversation, rules),
    )
    reasons = tuple(reason for reason in found if reason is not None)
    intensity = min(MOST, own + len(reasons))
    if family not in NEGATIVE and intensity > own:
        lingering = mood(conversation)[0]
        family = lingering if lingering in NEGATIVE else FROM_NEUTRAL
    return Adjustment(family, intensity, intensity - own, reasons)


def newest_feeling(conversation: Conversation) -> tuple[str, int]:
    """What the model said about the newest message it judged; ("neutral", 0) when it judged none."""
    family, intensity = next(
        (message.emotion for message in reversed(conversation.window) if message.emotion), ("neutral", 0)
    )
    return (family, 0 if family == "neutral" else intensity)


def _thanks(message: MessageView, rules: Playbook) -> bool:
    """A bare thank-you: a polite word beside a question is no sign of contentment."""
    return bool(set(message.intents) & set(rules.context_mood.thanks)) and not raised_issues(message, rules)


def _repeated_question(conversation: Conversation, rules: Playbook) -> Reason | None:
    settings, now = rules.context_mood, conversation.window[-1]
    main = raised_issues(now, rules)[:1]
    if settings.repeated_times is None or now.is_payload or now.in_form or not main:
        return None
    if main[0] in settings.many_questions:
        return None
    asked = _asked(conversation.window, main[0])
    if len(asked) < settings.repeated_times:
        return None
    return Reason("repeated_question", _ids(asked), count=len(asked))


def _asked(window: tuple[MessageView, ...], intent: str) -> list[MessageView]:
    """The messages with that intent about the same order: the one named last holds until another is named."""
    order: str | None = None
    asked: list[tuple[str | None, MessageView]] = []
    for message in window:
        order = order_of(message) or order
        if intent in message.intents and not message.is_payload and not message.in_form:
            asked.append((order, message))
    return [message for about, message in asked if about in (None, order)]


def _long_wait(conversation: Conversation, rules: Playbook) -> Reason | None:
    """From the first message about the longest open concern to the newest message."""
    minutes, now = rules.context_mood.wait_minutes, conversation.window[-1]
    end = _moment(now.at)
    if minutes is None or end is None:
        return None
    waits = [
        (int((end - start).total_seconds()), issue.message)
        for issue in open_issues(conversation, rules)
        if (start := _moment(issue.message.at)) is not None
    ]
    seconds, first = max(waits, key=lambda wait: wait[0], default=(0, now))
    if seconds < minutes * 60:
        return None
    return Reason("long_wait", _ids([first, now]), seconds=seconds)


def _bot_failed(conversation: Conversation, rules: Playbook) -> Reason | None:
    """Not understood several times in a row up to now; the newest message may still wait for its answer."""
    needed, newest_first = rules.context_mood.fallbacks_in_a_row, list(reversed(conversation.window))
    if needed is None:
        return None
    if not newest_first[0].actions and not not_understood(newest_first[0], rules):
        newest_first = newest_first[1:]
    failed = list(takewhile(lambda message: not_understood(message, rules), newest_first))
    if len(failed) < needed:
        return None
    return Reason("bot_failed", _ids(failed[::-1]), count=len(failed))


def _ids(messages: list[MessageView]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(message.message_id for message in messages))


def _moment(at: str | None) -> datetime | None:
    """The UTC time of a message, None when it brought none that can be read."""
    try:
        moment = datetime.fromisoformat((at or "").replace("Z", "+00:00"))
        return moment.astimezone(timezone.utc) if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
    except (ValueError, OverflowError):
        return None
