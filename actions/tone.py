"""Tone: the opening and closing clause that fit the customer's feeling, manner and situation, never twice in a row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from zlib import crc32

from actions.context import Turn
from actions.texts import book

# Situations that the shop's data show; those of playbook/tone.yml.
LATE, REFUND_OVERDUE, OUR_FAULT, DONE = "late", "refund_overdue", "our_fault", "done"
FEELINGS = ("angry", "anxious", "disappointed", "pleased")
# The slot that keeps the manner (light, formal), all the conversation needs to know of the customer's profile.
MANNER = "manner"
# How many of the bot's last bubbles make a mild feeling one that has been heard already.
JUST_SAID = 2
ANY_DAYS = (0, 999)


@dataclass(frozen=True)
class Variant:
    """One line and when it fits; an empty condition always holds."""

    id: str
    text: str
    situation: str = ""
    about: str = ""
    feeling: str = ""
    strength: tuple[int, int] = (1, 3)
    days: tuple[int, int] = ANY_DAYS
    manner: str = ""

    @property
    def weight(self) -> int:
        """How specific it is: the situation before the feeling, that before the subject and the manner."""
        conditions = (self.situation, self.feeling, self.about, self.manner, self.days != ANY_DAYS)
        return sum(worth for worth, condition in zip((8, 4, 2, 1, 1), conditions, strict=True) if condition)


@dataclass(frozen=True)
class Scene:
    """What the choice depends on."""

    situation: str = ""
    about: str = ""
    feeling: str = ""
    strength: int = 0
    days: int = 0
    manner: str = ""


def opening(turn: Turn, situation: str = "", days_late: int = 0) -> str:
    """One clause of empathy before an answer; empty for a calm customer when nothing went wrong.

    One message hears it once, however many answers it gets; so does a mild feeling in two answers in a row.
    """
    lines = variants("openings")
    if used_in(turn.said_now, lines):
        return ""
    if turn.intensity <= 1 and used_in(turn.said[-JUST_SAID:], lines):
        return ""
    return _said(lines, scene_of(turn, situation, days_late), turn)


def closing(turn: Turn, situation: str = DONE) -> str:
    """One sentence after an answer; empty when nothing fits. Asks nothing."""
    return _said(variants("closings"), scene_of(turn, situation), turn)


def scene_of(turn: Turn, situation: str = "", days_late: int = 0) -> Scene:
    """The scene of a turn; the manner comes from slot `manner`."""
    tone = book("tone")
    felt = turn.intensity >= 1 and turn.family in FEELINGS
    return Scene(
        situation=situation,
        about=next((name for name, intents in tone["about"].items() if turn.intent in intents), ""),
        feeling=turn.family if felt else "",
        strength=turn.intensity if felt else 0,
        days=days_late,
        manner=str(turn.slots.get(MANNER) or ""),
    )


def manner_of(profile: str | None) -> str | None:
    """The manner for a customer's `profile` in the shop (young, business, elderly, None)."""
    manner: str | None = book("tone")["manners"].get(profile)
    return manner


def fitting(lines: Sequence[Variant], scene: Scene) -> list[Variant]:
    """The lines whose conditions hold, the most specific first."""
    return sorted((line for line in lines if _fits(line, scene)), key=lambda line: -line.weight)


def choose(lines: Sequence[Variant], used: Sequence[str], seed: str = "") -> Variant | None:
    """The most specific line not used yet, `seed` deciding between equals; else the one used longest ago.

    `used` are ids in the order of use. The last one comes again only when there is no other line.
    """
    fresh = [line for line in lines if line.id not in used]
    if fresh:
        best = [line for line in fresh if line.weight == max(line.weight for line in fresh)]
        return best[crc32(seed.encode()) % len(best)]
    last_use = {name: place for place, name in enumerate(used)}
    return min(lines, key=lambda line: last_use[line.id], default=None)


def used_in(said: Sequence[str], lines: Sequence[Variant]) -> list[str]:
    """The ids of the lines in what the bot has said, in the order of saying."""
    return [line.id for bubble in said for line in lines if line.text in bubble]


@cache
def variants(kind: str) -> tuple[Variant, ...]:
    """The lines of `openings` or `closings`."""
    return tuple(_variant(entry) for entry in book("tone")[kind])


def _variant(entry: Mapping[str, Any]) -> Variant:
    ranges = {name: (int(entry[name][0]), int(entry[name][1])) for name in ("strength", "days") if name in entry}
    return Variant(**{**entry, **ranges})


def _fits(line: Variant, scene: Scene) -> bool:
    wanted = (
        (line.situation, scene.situation),
        (line.about, scene.about),
        (line.feeling, scene.feeling),
        (line.manner, scene.manner),
    )
    if any(condition and condition != value for condition, value in wanted):
        return False
    if line.feeling and not line.strength[0] <= scene.strength <= line.strength[1]:
        return False
    return line.days[0] <= scene.days <= line.days[1]


def _said(lines: Sequence[Variant], scene: Scene, turn: Turn) -> str:
    found = choose(fitting(lines, scene), used_in(turn.said, lines), turn.message_id)
    return found.text if found else ""
