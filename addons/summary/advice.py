"""The parts of the summary that tell the agent what to ask, do, send and avoid. No I/O."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from addons.escalation.rules import customer_tier, days_late
from addons.summary import case, people, sentences
from addons.summary.entitlement import entitlements
from addons.summary.material import Json, Material


def triggers(material: Material) -> list[Json]:
    return [
        {
            "code": trigger.code,
            "rule_version": trigger.rule_version,
            "score": trigger.score,
            "evidence": list(trigger.evidence),
            "words": [material.shown(word, 40) for word in trigger.words],
        }
        for trigger in material.decision.triggers
    ]


def priority_reasons(material: Material) -> list[str]:
    """Why it stands where it stands in the queue: the triggers in words, then what raised it."""
    labels = material.book.labels.trigger
    level = material.mood[1]
    reasons = [
        labels.get(code, code).format(score=level if code == "anger" and level else "").strip()
        for code in material.codes
    ]
    return list(dict.fromkeys(material.shown(reason) for reason in (*reasons, *material.decision.priority_reasons)))


def route(material: Material) -> Json:
    found: Json = {
        "skill_group": material.decision.skill_group,
        "level": material.decision.level,
        "tags": list(material.decision.tags),
    }
    agent = material.conversation.context.get("previous_agent_id")
    if isinstance(agent, str) and agent:
        found["preferred_agent"] = agent
    return found


def missing(material: Material) -> list[str]:
    """Questions whose answer neither the conversation nor a system gave."""
    questions, book = material.book.missing, material.book
    intents = {issue.intent for issue in material.issues}
    asked = []
    known_order = case.order(material) is not None or any(
        name == "order_id" for message in material.conversation.messages for name, _ in message.entities
    )
    about_order = any(_group(material, intent) in book.need_order for intent in intents)
    if about_order and not known_order:
        asked.append(questions["order_id"])
    elif about_order and not (people.customer(material) or {}).get("verified"):
        asked.append(questions["verification"])
    if "report_safety_issue" in intents or "safety" in material.codes:
        asked.append(questions["injury"])
    has_photo = any(message.attachments for message in material.conversation.window)
    if intents & set(book.need_photo) and not has_photo:
        asked.append(questions["photo"])
    if "anxiety_deadline" in material.codes and not any(
        name == "date" for message in material.conversation.window for name, _ in message.entities
    ):
        asked.append(questions["deadline"])
    diagnosis = case.diagnosis(material)
    if diagnosis is not None:
        asked += [questions[name] for name in ("platform", "app_version", "symptom") if name not in diagnosis]
    if case.desired_outcome(material) in ("unknown", "information") and _wants_something(material):
        asked.append(questions[_outcome_question(material)])
    return asked


def suggested(material: Material) -> Json:
    """Next steps (reason, mood, promises, lateness, skill group, authority) and canned responses by id."""
    book, late = material.book.suggested, days_late(material.conversation)
    problem = sentences.problem(material) if sentences.is_fault(material) else book.unnamed_problem
    moods = book.by_emotion.get(material.mood[0], ()) if material.mood[1] > 0 else ()
    soothing = [step.format(problem=problem) for step in moods]
    reasons = [step for code in material.codes for step in book.by_trigger.get(code, ())]
    steps = [
        *(reasons[:1] if material.decision.priority == "urgent" else ()),
        *soothing[:1],
        *(book.promise.format(text=promise["text"]) for promise in case.promises(material)[-1:]),
        *reasons[:1],
        *entitlements(material),
        *([book.days_late.format(days_late=late)] if late else []),
        *book.by_group.get(material.decision.skill_group, ()),
        *reasons[1:],
        *soothing[1:],
    ]
    unique = list(dict.fromkeys(steps))[: book.max_steps - 1]
    tier = customer_tier(material.conversation) or _profile_tier(material)
    ceiling = book.authority_ceiling_fen[tier]
    return {
        "steps": [*unique, book.authority.format(amount=ceiling // 100)],
        "canned_responses": _canned(material),
    }


def _canned(material: Material) -> list[str]:
    """Those for group and mood, the ones for fewer moods (more to the point) first; else those for the group."""
    group, family = material.decision.skill_group, material.mood[0]
    of_group = [item for item in material.book.canned if group in item.groups]
    fitting = sorted((item for item in of_group if family in item.emotions), key=lambda item: len(item.emotions))
    return [item.id for item in fitting or of_group][: material.book.suggested.max_canned]


def compliance(material: Material) -> list[Json]:
    keys = [*material.codes, material.mood[0] if material.mood[1] > 0 else "", "always"]
    return [
        {"words": list(rule.words), "reason": rule.reason}
        for key in dict.fromkeys(keys)
        for rule in material.book.compliance.get(key, ())
    ]


def deadlines(material: Material) -> list[Json]:
    book, level = material.book, str(material.decision.level)
    seconds = {
        "first_response": book.first_response_seconds,
        "next_update": book.next_update_seconds[level],
        "solution": book.solution_seconds[level],
    }
    return [{"clock": clock, "due_at": later(material.ids.now, value)} for clock, value in seconds.items()]


def later(at: str, seconds: int) -> str:
    """An ISO 8601 UTC time some seconds later; raises ValueError when `at` is none."""
    parsed = datetime.fromisoformat(at.replace("Z", "+00:00")).astimezone(timezone.utc)
    return (parsed + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


def _profile_tier(material: Material) -> str:
    tier = (material.profile or {}).get("tier")
    return tier if tier in material.book.suggested.authority_ceiling_fen else "normal"


def _group(material: Material, intent: str) -> str | None:
    return material.rules.intents[intent].group


def _wants_something(material: Material) -> bool:
    kinds = {material.rules.kind_of(issue.intent) for issue in material.issues}
    return "problem" in kinds or material.mood[1] >= 2


def _outcome_question(material: Material) -> str:
    if material.decision.skill_group == "logistics":
        return "outcome_logistics"
    return "outcome" if material.decision.skill_group == "after_sales" else "outcome_complaint"
