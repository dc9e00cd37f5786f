"""What Rasa and the desks keep of the same conversations, compared; and how long people waited. No I/O.

`stored` is {conversation: {events, state}} as the HTTP mirror tells them, `heard` is {sender id: events} as the tracker
store has them, oldest first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

Events = list[dict[str, Any]]


@dataclass
class Heard:
    """Numbers of messages, as Rasa has them."""

    taken: int = 0
    twice: int = 0
    out_of_order: int = 0
    not_alone: int = 0  # began before the turn before had ended
    unknown: int = 0  # that the desk does not have


def heard_by_rasa(stored: dict[str, dict[str, Any]], heard: dict[str, Events]) -> Heard:
    """Each message once, in the desk's order, and none before the bot listened again."""
    count = Heard()
    for sender, events in heard.items():
        history = stored.get(sender.rpartition(".")[0], {"events": []})
        places = {event["message_id"]: event["seq"] for event in history["events"] if event.get("message_id")}
        asked = [_message_id(event) for event in events if event["event"] == "user"]
        seqs = [places[message_id] for message_id in asked if message_id in places]
        count.taken += len(asked)
        count.unknown += len(asked) - len(seqs)
        count.twice += sum(times - 1 for times in Counter(asked).values())
        count.out_of_order += sum(later < earlier for earlier, later in pairwise(seqs))
        count.not_alone += _not_alone(events)
    return count


def _message_id(event: dict[str, Any]) -> str:
    return str((event.get("metadata") or {}).get("message_id"))


def _not_alone(events: Events) -> int:
    """Messages that came while an earlier one's turn had not ended with listening."""
    wrong, listening = 0, True
    for event in events:
        if event["event"] == "user":
            wrong += not listening
            listening = False
        elif event["event"] == "action" and event["name"] == "action_listen":
            listening = True
    return wrong


@dataclass(frozen=True)
class Phase:
    """What was done to the system from `began` to `ended`, in seconds since 1970."""

    name: str
    began: float
    ended: float
    note: str = ""

    def has(self, moment: float) -> bool:
        return self.began <= moment < self.ended


@dataclass(frozen=True)
class Waits:
    """One phase in figures: seconds, but `acknowledged` and `answered`, which count messages sent in it."""

    acknowledged: int
    median_acknowledgement: float
    longest_acknowledgement: float
    longest_gap: float  # between two acknowledgements, whoever got them
    answered: int
    median_answer: float
    longest_answer: float


def waits_of(phase: Phase, acknowledged: Iterable[tuple[float, float]], answered: list[tuple[float, float]]) -> Waits:
    """From (sent, acknowledged) and (stored, answered), in seconds since 1970."""
    all_acknowledged = list(acknowledged)
    sent = sorted(end - begin for begin, end in all_acknowledged if phase.has(begin))
    ends = sorted([phase.began, phase.ended, *(end for _, end in all_acknowledged if phase.has(end))])
    answers = sorted(end - begin for begin, end in answered if phase.has(begin))
    return Waits(
        acknowledged=len(sent),
        median_acknowledgement=_median(sent),
        longest_acknowledgement=max(sent, default=0.0),
        longest_gap=max(later - earlier for earlier, later in pairwise(ends)),
        answered=len(answers),
        median_answer=_median(answers),
        longest_answer=max(answers, default=0.0),
    )


def _median(values: list[float]) -> float:
    return values[len(values) // 2] if values else 0.0


def answers_of_bot(stored: dict[str, dict[str, Any]], notice: str) -> list[tuple[float, float]]:
    """(stored, answered) of every message the bot answered. Its bubbles of one answer carry the same time."""
    found = []
    for history in stored.values():
        waiting: list[float] = []
        last_at = ""
        for event in history["events"]:
            if event["type"] == "handoff_queued":
                break
            if event["sender"] == "customer":
                waiting.append(_seconds(event["at"]))
            elif event["sender"] == "bot" and event["seq"] > 1 and event.get("text") != notice:
                if event["at"] != last_at and waiting:
                    found.append((waiting.pop(0), _seconds(event["at"])))
                last_at = event["at"]
    return found


def _seconds(at: str) -> float:
    return datetime.fromisoformat(at).timestamp()
