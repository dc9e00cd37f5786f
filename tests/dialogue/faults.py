"""What must never happen in a turn, as short sentences; no I/O."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Sequence

from actions.transactions.case import CONFIRMING
from actions.transactions.registry import TRANSACTIONS
from tests.dialogue.brain import Heard

MOST_BUBBLES = 10  # four wishes, each announced, some answered in two bubbles
MOST_ACTIONS = 45
IN_A_ROW = 3
SMALL_TALK = (
    "utter_thank",
    "utter_goodbye",
    "utter_out_of_scope",
    "utter_bot_challenge",
    "action_affirm",
    "action_deny",
)
# A gap nobody filled, Python's and JSON's words, codes with an underscore, codes in capitals, times of a machine.
UNCLEAN = re.compile(
    r"\{[a-zA-Z_.]*\}|\b(None|True|False|null|undefined|nan)\b|[a-z]+_[a-z_]+|[A-Z]{3,}_[A-Z]+|\d{4}-\d\d-\d\dT\d\d:"
)
PAYLOAD = re.compile(r"^/([a-z_]+)(\{.*\})?$", re.DOTALL)


def faults(turns: Sequence[Heard], intents: Collection[str]) -> list[str]:
    """Everything wrong with the newest turn."""
    now = turns[-1]
    found = [f"logged: {line}" for line in now.logged]
    if not now.texts and now.handoff is None:
        found.append("silent turn")
    if not now.listening:
        found.append("the bot does not listen afterwards")
    if len(now.replies) > MOST_BUBBLES:
        found.append(f"{len(now.replies)} bubbles in one turn")
    if len(now.actions) > MOST_ACTIONS:
        found.append(f"{len(now.actions)} actions in one turn")
    if now.handoff_lost:
        found.append("the handoff has no summary")
    if now.said.wants_person and now.handoff is None:
        found.append("asked for a person and got none")
    odd = [_foreign(turns, text) for text in now.texts]
    found += [f"unclean text: {item}" for item in odd if item]
    found += [f"button leads nowhere: {payload}" for _, payload in now.offered if not _known(payload, intents)]
    if _is_loop(turns):
        found.append("the same words three turns in a row")
    return found + _documents(now)


def _foreign(turns: Sequence[Heard], text: str) -> str:
    """What does not belong into a sentence; the customer's own words may stand in it."""
    for turn in turns:
        text = text.replace(turn.said.text, "")
    match = UNCLEAN.search(text)
    return match[0] if match else ""


def _known(payload: str, intents: Collection[str]) -> bool:
    match = PAYLOAD.match(payload)
    if match is None or match[1] not in intents:
        return False
    try:
        return match[2] is None or bool(json.loads(match[2]))
    except ValueError:
        return False


def _is_loop(turns: Sequence[Heard]) -> bool:
    last = turns[-IN_A_ROW:]
    if len(last) < IN_A_ROW or not last[0].texts:
        return False
    if all(len(turn.actions) == 1 and turn.actions[0] in SMALL_TALK for turn in last):
        return False  # three times thanks, yes or something nobody can help with: the customer's own words are the same
    asked = {(turn.said.text, turn.said.payload) for turn in last}
    return len({turn.texts for turn in last}) == 1 and len(asked) == IN_A_ROW


def _documents(now: Heard) -> list[str]:
    """Whatever needs a yes is filed once for one yes, and never without."""
    confirmed = [item for item in now.filed if item.topic in TRANSACTIONS and TRANSACTIONS[item.topic].confirms]
    found = [f"filed {len(confirmed)} documents at once: {confirmed}"] if len(confirmed) > 1 else []
    asked = now.before["topic"] if now.before and now.before["step"] == CONFIRMING else None
    return found + [f"filed without a yes: {item}" for item in confirmed if item.topic != asked]
