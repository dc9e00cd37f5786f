"""Runs the present escalation rules over exported conversations and prints which decisions would differ.

`python -m addons.escalation.replay FILE [--playbook playbook/escalation.yml]`, where FILE comes from
`python -m desk.export`. What the rules read in a conversation is rebuilt from the stored messages. The bot's own
look-ups and refusals are not stored by the desk: a reason that rests on those stays as it was unless it is switched
off, and every reply of the bot to something it understood counts as an answer.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from addons.escalation.events import HANDOFF_ACTION, LISTEN_ACTION, mapping, read_conversation
from addons.escalation.issues import raised_issues
from addons.escalation.playbook import CODES, Playbook, PlaybookError, load_file
from addons.escalation.reading import PLAYBOOK_DIR
from addons.escalation.rules import decide, fired
from addons.escalation.triggers import Hit
from addons.escalation.views import Conversation

Json = dict[str, Any]
NOBODY = "none"
REPLIED = "replied"  # stands for whatever action answered
LIVE_ONLY = frozenset({"high_value", "policy_exception", "technical_fault", "malicious_complaint", "bot_unavailable"})
BACK_TO_THE_BOT = frozenset({"handed_back", "handoff_cancelled"})
SHOWN_CHARACTERS = 24


class ExportError(ValueError):
    """The file is not what `python -m desk.export` writes; the text names the line."""


@dataclass(frozen=True)
class Difference:
    """A message about which the rules now decide differently; `then` and `now` are trigger codes or none.

    `then_version` is the rule version the desk stored with the old decision, "" when nobody was handed over.
    """

    conversation_id: str
    message_id: str
    then: str
    now: str
    text: str
    then_version: str = ""


@dataclass(frozen=True)
class Judged:
    """What came of one session: how many messages were judged, how many handoffs there were, what differs."""

    messages: int
    handoffs: int
    differences: tuple[Difference, ...]


def read_export(lines: Iterable[str]) -> Iterator[Json]:
    """The conversations of an export; raises ExportError naming the line."""
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            conversation = json.loads(line)
        except json.JSONDecodeError as error:
            raise ExportError(f"line {number} is not JSON: {error}") from error
        known = isinstance(conversation, dict) and str(conversation.get("format", "")).startswith("baton-conversations")
        if not known or not isinstance(conversation.get("events"), list):
            raise ExportError(f"line {number} is not an exported conversation")
        yield conversation


def replay(conversation: Json, rules: Playbook) -> Judged:
    """Judges every message that the bot was asked about, session by session, against what was decided then."""
    handoffs = {str(row.get("handoff_id", "")).removeprefix("h_"): row for row in conversation.get("handoffs") or []}
    sessions = sorted({int(event.get("session") or 1) for event in conversation["events"]})
    parts = [
        _session(
            str(conversation.get("conversation_id")),
            [event for event in conversation["events"] if int(event.get("session") or 1) == session],
            handoffs,
            rules,
        )
        for session in sessions
    ]
    return Judged(
        sum(part.messages for part in parts),
        sum(part.handoffs for part in parts),
        tuple(difference for part in parts for difference in part.differences),
    )


def _session(conversation_id: str, events: list[Json], handoffs: dict[str, Json], rules: Playbook) -> Judged:
    """One Rasa tracker's worth: it forgets nothing but what a person has settled."""
    story: list[Json] = []
    differences: list[Difference] = []
    messages = handed = 0
    with_person = gone = False  # gone: by the present rules somebody would have taken over earlier
    for event in events:
        if event.get("type") in BACK_TO_THE_BOT:
            with_person = gone = False
            story.append({"event": "bot", "metadata": {"handback": {}}})
        elif event.get("type") == "message" and event.get("sender") == "bot":
            story += _reply(story, event, rules)
        if with_person or not _was_judged(event, handoffs):
            continue
        messages += 1
        story.append(_said(event))
        row = handoffs.get(str(event["message_id"]))
        then = _codes(row) if row else []
        now = decided(read_conversation(story), then, row, rules)
        if not gone and (then[:1] or [NOBODY])[0] != now:
            differences.append(_difference(conversation_id, event, (then or [NOBODY])[0], now, _version(row)))
            gone = not then
        if row:
            handed, with_person, gone = handed + 1, True, False
            story += [{"event": "action", "name": HANDOFF_ACTION}, {"event": "action", "name": LISTEN_ACTION}]
    return Judged(messages, handed, tuple(differences))


def decided(conversation: Conversation, then: list[str], row: Json | None, rules: Playbook) -> str:
    """The primary trigger by the present rules; reasons that cannot be judged again stay when they are enabled."""
    hits = fired(conversation, rules)
    found = {hit.code for hit in hits}
    for trigger in (row or {}).get("triggers") or []:
        code = mapping(trigger).get("code")
        if code in found or code not in CODES or not rules.triggers[code].enabled:
            continue
        if _rests_on_the_bot(trigger, then, conversation, rules):
            hits.append(Hit(str(code), tuple(trigger.get("evidence") or ())))
    return decide(hits, conversation, rules).primary.code if hits else NOBODY


def _rests_on_the_bot(trigger: Json, then: list[str], conversation: Conversation, rules: Playbook) -> bool:
    """Whether the reason came from the bot's own work, of which the export tells nothing.

    That is so for some codes always, for a wish that an action understood out of the dialogue (the customer said yes to
    a person), for a counter of refused proofs, and for the reason the dialogue itself gave.
    """
    code, newest = trigger["code"], conversation.messages[-1]
    if code in LIVE_ONLY:
        return True
    if code == "customer_request":
        return not set(newest.intents) & set(rules.triggers[code].intents)
    if code != "repeated_failure":
        return False
    evidence = [m for m in conversation.messages if m.message_id in (trigger.get("evidence") or ())]
    not_understood = all(set(m.intents[:1]) & set(rules.fallback_intents) for m in evidence)
    shared = set.intersection(*(set(raised_issues(m, rules)) for m in evidence)) if evidence else set()
    return not evidence or not (not_understood or (shared and len(evidence) > 2))


def _was_judged(event: Json, handoffs: dict[str, Json]) -> bool:
    """The bot was asked: it understood the message, or the message led to a handoff."""
    customers = event.get("type") == "message" and event.get("sender") == "customer"
    return customers and (bool(event.get("understanding")) or str(event.get("message_id")) in handoffs)


def _codes(row: Json) -> list[str]:
    codes = [str(mapping(trigger).get("code")) for trigger in row.get("triggers") or []]
    return codes or ["unknown"]


def _said(event: Json) -> Json:
    """The customer's message as Rasa's tracker would have it."""
    understanding, payload = mapping(event.get("understanding")), event.get("payload")
    intents = understanding.get("intents") or []
    return {
        "event": "user",
        "text": payload or event.get("text"),
        "metadata": {"message_id": event["message_id"], "at": event.get("at"), "text": event.get("text") or ""},
        "parse_data": {
            "intent": mapping(intents[0]) if intents else {},
            "intents": intents,
            # A button says nothing about the mood; the desk stores neutral for it.
            "emotion": None if payload else understanding.get("emotion"),
            "entities": understanding.get("entities") or [],
        },
    }


def _reply(story: list[Json], event: Json, rules: Playbook) -> list[Json]:
    """The bot's words; whether it had understood shows in the intent it was answering."""
    newest = next((item for item in reversed(story) if item["event"] == "user"), None)
    if newest is None:
        return []
    understood = mapping(newest["parse_data"]["intent"]).get("name") not in rules.fallback_intents
    action = REPLIED if understood else next(iter(rules.fallback_actions), REPLIED)
    return [{"event": "action", "name": action}, {"event": "bot", "text": event.get("text"), "metadata": {}}]


def _version(row: Json | None) -> str:
    """The rules by which it was decided then, as the primary trigger says."""
    triggers = (row or {}).get("triggers") or [None]
    return str(mapping(triggers[0]).get("rule_version") or "")


def _difference(conversation_id: str, event: Json, then: str, now: str, then_version: str) -> Difference:
    text = " ".join(str(event.get("text") or "").split())
    short = text if len(text) <= SHOWN_CHARACTERS else text[:SHOWN_CHARACTERS] + "…"
    return Difference(conversation_id, str(event["message_id"]), then, now, short, then_version)


def report(judged: list[Judged], rule_version: str) -> list[str]:
    """The lines to print: one for each difference (old and new decision with their rule versions), then the counts."""
    differences = [difference for item in judged for difference in item.differences]
    lines = [
        f"{d.conversation_id}  {d.message_id}  {_by(d.then, d.then_version)} -> {_by(d.now, rule_version)}  {d.text}"
        for d in differences
    ]
    kinds = Counter((d.then, d.now) for d in differences)
    lines += [f"{count:>6}  {then} -> {now}" for (then, now), count in kinds.most_common()]
    messages, handoffs = sum(item.messages for item in judged), sum(item.handoffs for item in judged)
    lines.append(
        f"rules {rule_version}: {len(judged)} conversations, {messages} messages judged, {handoffs} handoffs, "
        f"{len(differences)} decisions differ"
    )
    return lines


def _by(decision: str, rule_version: str) -> str:
    """anger@2026-11-22.3; a decision that the desk stored no version with stands alone."""
    return f"{decision}@{rule_version}" if rule_version else decision


def main(argv: list[str] | None = None) -> int:
    """0 when it ran, whatever differs; 1 with one sentence when a file cannot be used."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--playbook", type=Path, default=PLAYBOOK_DIR / "escalation.yml")
    arguments = parser.parse_args(argv)
    try:
        rules = load_file(arguments.playbook)
        with arguments.file.open(encoding="utf-8") as lines:
            judged = [replay(conversation, rules) for conversation in read_export(lines)]
    except (OSError, PlaybookError, ExportError) as error:
        sys.stderr.write(f"replay: {error}\n")
        return 1
    sys.stdout.write("\n".join(report(judged, rules.rule_version)) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
