"""Counts what became of customers' messages, from events as the HTTP mirror tells them. No I/O."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

MESSAGES = Path(__file__).resolve().parent.parent / "playbook" / "desk_messages.yml"
Key = tuple[str, str]  # conversation, client id
Place = tuple[str, int]  # message id, sequence number


@dataclass
class Tally:
    """All figures are numbers of messages, but `gaps`: places where a sequence is not one more than before."""

    acknowledged: int = 0
    lost: int = 0
    doubled: int = 0
    gaps: int = 0
    answered_once: int = 0
    answered_more: int = 0
    waiting: int = 0
    queued: int = 0
    notices: int = 0


def tally(stored: dict[str, dict[str, Any]], acknowledged: dict[Key, Place], *, one_bubble_each: bool = False) -> Tally:
    """`stored` is {conversation: {events, state}}; `acknowledged` what the desk promised to have.

    `one_bubble_each` when the bot never says more: it may then be faster than the clock, which tells milliseconds.
    """
    count = Tally(acknowledged=len(acknowledged))
    found = Counter[Key]()
    places: dict[Key, Place] = {}
    notice = str(yaml.safe_load(MESSAGES.read_text(encoding="utf-8"))["bot"]["unavailable"])
    for conversation, history in stored.items():
        events = history["events"]
        count.gaps += sum(event["seq"] != place for place, event in enumerate(events, 1))
        for event in events:
            if event["sender"] == "customer":
                key = (conversation, event["client_id"])
                found[key] += 1
                places[key] = (event["message_id"], event["seq"])
        _answers(events, notice, count, one_bubble_each=one_bubble_each)
    count.lost = sum(places.get(key) != place for key, place in acknowledged.items())
    count.doubled = sum(number - 1 for number in found.values())
    return count


def _answers(events: list[dict[str, Any]], notice: str, count: Tally, *, one_bubble_each: bool) -> None:
    """The bot answers in order, one message at a time, and all its bubbles of one answer carry the same time.

    So each new time of a bot's bubble is the answer to the oldest message that has none; one too many is a double.
    """
    waiting, last_at, with_people = 0, None, False
    answers = 0
    for event in events:
        if event["type"] == "handoff_queued":
            count.queued += waiting
            waiting, with_people = 0, True
        elif event["sender"] == "customer":
            if with_people:
                count.queued += 1
            else:
                waiting += 1
        elif event["sender"] == "bot" and event["seq"] > 1:
            if event.get("text") == notice:
                count.notices += 1
            elif one_bubble_each or event["at"] != last_at:
                last_at = event["at"]
                answers += 1
                if waiting:
                    waiting -= 1
                    count.answered_once += 1
                else:
                    count.answered_once -= 1
                    count.answered_more += 1
    count.waiting += waiting
