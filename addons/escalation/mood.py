"""The customer's mood as it matters for the next sentence, no I/O."""

from __future__ import annotations

from addons.escalation.views import Conversation, Decision, MessageView

REMEMBERED_MESSAGES = 3
CLEAR = 2
# What a trigger says about the mood when the emotion model said nothing: the words alone were strong enough.
MOOD_OF_TRIGGER = {
    "anger": ("angry", 2),
    "abuse": ("angry", 2),
    "complaint": ("disappointed", 1),
    "anxiety_deadline": ("anxious", 2),
}


def mood_at_handoff(conversation: Conversation, decision: Decision) -> tuple[str, int]:
    """The mood, or what the primary trigger shows of it when no feeling was recognised."""
    family, intensity = mood(conversation)
    return MOOD_OF_TRIGGER.get(decision.primary.code, (family, intensity)) if intensity == 0 else (family, intensity)


def mood(conversation: Conversation) -> tuple[str, int]:
    """(family, intensity): the newest feeling, or a clear one of the last few messages behind a calm 转人工.

    ("neutral", 0) when nothing is known.
    """
    known = [message for message in conversation.window if message.emotion is not None]
    if not known:
        return ("neutral", 0)
    newest = _emotion(known[-1])
    if known[-1].negative > 0 or newest[0] == "pleased":
        return newest
    for message in reversed(known[-REMEMBERED_MESSAGES:]):
        if message.emotion and message.emotion[0] == "pleased":
            break
        if message.negative >= CLEAR:
            return _emotion(message)
    return newest


def _emotion(message: MessageView) -> tuple[str, int]:
    return message.emotion or ("neutral", 0)
