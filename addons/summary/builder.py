"""Builds the escalation summary part by part; a part that fails is left out and named."""

from __future__ import annotations

import json
import logging
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator

from addons.escalation import playbook as rules_book
from addons.escalation.events import read_conversation
from addons.escalation.rules import forced
from addons.escalation.views import Decision
from addons.summary import advice, case, people, sentences
from addons.summary import playbook as summary_book
from addons.summary.material import Identifiers, Json, Material, Part, gather

logger = logging.getLogger(__name__)
SCHEMA_FILE = Path(__file__).resolve().parents[2] / "contracts" / "escalation_summary.schema.json"
ENGINE, VERSION, SCHEMA_VERSION = "baton-summary", "1.0", "1.0"

# Field, how it is made, what stands there when that fails (None: the field is optional and left out).
PARTS: tuple[tuple[str, Part, Any], ...] = (
    ("channel", people.channel, {"kind": "unknown"}),
    ("triggers", advice.triggers, None),
    ("priority_reasons", advice.priority_reasons, None),
    ("route", advice.route, None),
    ("customer", people.customer, None),
    ("headline", sentences.headline, None),
    ("one_sentence", sentences.one_sentence, None),
    ("issues", case.issue_list, []),
    ("desired_outcome", case.desired_outcome, "unknown"),
    ("emotion", people.emotion, {"family": "neutral", "intensity": 0, "course": [], "first_action": "answer"}),
    ("facts", case.facts, []),
    ("order", case.order, None),
    ("logistics", case.logistics, None),
    ("diagnosis", case.diagnosis, None),
    ("attempts", case.attempts, []),
    ("promises", case.promises, []),
    ("missing", advice.missing, []),
    ("suggested", advice.suggested, {"steps": [], "canned_responses": []}),
    ("compliance", advice.compliance, []),
    ("deadlines", advice.deadlines, []),
    ("previous_contacts", people.previous_contacts, []),
    ("last_messages", people.last_messages, []),
)


def build_summary(
    events: list[Json],
    decision: Decision | None,
    ids: Identifiers,
    *,
    profile: Json | None = None,
    order: Json | None = None,
) -> Json:
    """The summary of a tracker's events, valid against contracts/escalation_summary.schema.json.

    `decision` is None when the dialogue itself went to the handoff; the newest intent then names the reason.
    Never raises for any events: what cannot be made is left out and named in `producer.failed_parts`.
    """
    rules, book = rules_book.load(), summary_book.load()
    conversation = read_conversation(events)
    decided = decision or forced(conversation, rules)
    material = gather(conversation, decided, ids, rules, book, profile=profile, order=order)
    summary = _frame(decided, ids, book.headline["fallback"], rules.rule_version)
    failed: list[str] = []
    for name, make, spare in PARTS:
        value, ok = _made(name, make, material, spare)
        if value is not None and _is_valid(name, value):
            summary[name] = value
        elif value is not None or not ok:
            failed.append(name)
        if not ok and name not in failed:
            failed.append(name)
        if name not in summary and spare is not None:
            summary[name] = spare
    if failed:
        logger.error("parts of summary %s could not be made: %s", ids.handoff_id, ", ".join(failed))
        summary["producer"]["failed_parts"] = failed
    return summary


def minimal_summary(ids: Identifiers, code: str = "customer_request") -> Json:
    """The smallest valid summary: for when nothing else could be built, so that the person is still queued."""
    rules, book = rules_book.load(), summary_book.load()
    decided = forced(read_conversation([]), rules, code)
    summary = _frame(decided, ids, book.headline["fallback"], rules.rule_version)
    for name, _, spare in PARTS:
        if spare is not None:
            summary[name] = spare
    summary["producer"]["failed_parts"] = [name for name, _, _ in PARTS]
    return summary


def problems(summary: object) -> list[str]:
    """What is wrong with a summary by the schema, empty when it is valid."""
    return [f"{'/'.join(map(str, error.path))}: {error.message}" for error in _validator().iter_errors(summary)]


def _frame(decision: Decision, ids: Identifiers, headline: str, rule_version: str) -> Json:
    """What every summary has, whatever fails."""
    producer: Json = {"engine": ENGINE, "version": VERSION}
    if ids.model:
        producer["model"] = ids.model
    return {
        "schema_version": SCHEMA_VERSION,
        "handoff_id": ids.handoff_id,
        "conversation_id": ids.conversation_id,
        "created_at": ids.now,
        "triggers": [
            {
                "code": decision.primary.code,
                "rule_version": rule_version,
                "score": decision.primary.score,
                "evidence": list(decision.primary.evidence),
                "words": [],
            }
        ],
        "priority": decision.priority,
        "priority_reasons": [decision.primary.code],
        "route": {"skill_group": decision.skill_group, "level": decision.level, "tags": []},
        "headline": headline,
        "one_sentence": headline,
        "transcript_ref": f"conversations/{ids.conversation_id}",
        "producer": producer,
    }


def _made(name: str, make: Part, material: Material, spare: Any) -> tuple[Any, bool]:
    try:
        return make(material), True
    except Exception:
        # Whatever a conversation contains, a person who asked for help must reach the queue with the other parts.
        logger.exception("part %s of summary %s failed", name, material.ids.handoff_id)
        return spare, False


def _is_valid(name: str, value: object) -> bool:
    return not any(_part_validators()[name].iter_errors(value))


@cache
def _schema() -> Json:
    schema: Json = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
    return schema


@cache
def _validator() -> Draft7Validator:
    return Draft7Validator(_schema())


@cache
def _part_validators() -> dict[str, Draft7Validator]:
    """One validator a field, so that one bad field costs that field only."""
    definitions = _schema()["definitions"]
    return {
        name: Draft7Validator({**field, "definitions": definitions})
        if "$ref" not in field
        else Draft7Validator({"allOf": [field], "definitions": definitions})
        for name, field in _schema()["properties"].items()
    }
