"""playbook/escalation_summary.yml and canned_responses.yml as typed values, loaded and validated once."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from addons.escalation.playbook import FAMILIES, GROUPS, MOOD_CODES, OUTCOMES, TIERS
from addons.escalation.reading import PLAYBOOK_DIR, Section, read

FIRST_ACTIONS = ("apologise_and_solve", "give_a_time", "listen", "answer")


ENTITLEMENTS = ("no_reason", "quality_only", "quality", "fast_lane", "expired", "stuck")


@dataclass(frozen=True)
class Limits:
    """The figures of policies.yml that decide what a customer is entitled to; days are those of Shanghai."""

    no_reason_days: int
    quality_days: int
    report_hours: int
    fast_lane_limit_fen: int
    stuck_days: int
    trace_hours: int


@dataclass(frozen=True)
class Labels:
    family: dict[str, str]
    tier: dict[str, str]
    outcome: dict[str, str]
    trigger: dict[str, str]
    order_status: dict[str, str]
    fact: dict[str, str]
    other_fact: str
    visitor: str


@dataclass(frozen=True)
class Suggestions:
    max_steps: int
    by_trigger: dict[str, tuple[str, ...]]
    by_emotion: dict[str, tuple[str, ...]]
    by_group: dict[str, tuple[str, ...]]
    days_late: str
    promise: str
    unnamed_problem: str
    authority: str
    authority_ceiling_fen: dict[str, int]
    max_canned: int


@dataclass(frozen=True)
class CannedResponse:
    id: str
    title: str
    groups: tuple[str, ...]
    emotions: tuple[str, ...]
    text: str


@dataclass(frozen=True)
class Forbidden:
    words: tuple[str, ...]
    reason: str


@dataclass(frozen=True)
class SummaryBook:
    """Wordings and suggestions; `missing` are ready-made questions by what they ask."""

    labels: Labels
    outcome_words: tuple[tuple[str, tuple[re.Pattern[str], ...]], ...]
    headline: dict[str, str]
    headline_mood: dict[str, tuple[str, ...]]
    one_sentence: dict[str, str]
    first_action: dict[str, str]
    adjusted_mood: dict[str, str]
    missing: dict[str, str]
    need_order: tuple[str, ...]
    need_photo: tuple[str, ...]
    suggested: Suggestions
    entitlements: dict[str, str]
    limits: Limits
    canned: tuple[CannedResponse, ...]
    compliance: dict[str, tuple[Forbidden, ...]]
    first_response_seconds: int
    next_update_seconds: dict[str, int]
    solution_seconds: dict[str, int]


@cache
def load() -> SummaryBook:
    """The project's own files; raises PlaybookError."""
    return load_files(PLAYBOOK_DIR / "escalation_summary.yml", PLAYBOOK_DIR / "canned_responses.yml")


def load_files(summary: Path, canned: Path, policies: Path = PLAYBOOK_DIR / "policies.yml") -> SummaryBook:
    """Any files of that shape; raises PlaybookError naming file, line and field."""
    root = read(summary)
    root.only(
        (
            "labels",
            "outcome_words",
            "headline",
            "one_sentence",
            "first_action",
            "adjusted_mood",
            "missing",
            "suggested",
            "entitlements",
            "authority_ceiling_fen",
            "agent_authority",  # the desk reads it
            "canned",
            "compliance",
            "deadlines",
        )
    )
    limits = _limits(read(policies))
    headline, missing, deadlines = root.section("headline"), root.section("missing"), root.section("deadlines")
    return SummaryBook(
        labels=_labels(root.section("labels")),
        outcome_words=tuple(_outcome(section) for section in root.sections("outcome_words")),
        headline={key: headline.text(key) for key in headline.names() if key != "mood"},
        headline_mood=headline.texts_map("mood"),
        one_sentence=root.text_map("one_sentence"),
        first_action={family: root.section("first_action").one_of(family, FIRST_ACTIONS) for family in FAMILIES},
        adjusted_mood=_adjusted_mood(root.section("adjusted_mood")),
        missing={key: missing.text(key) for key in missing.names() if not key.startswith("need_")},
        need_order=missing.texts("need_order"),
        need_photo=missing.texts("need_photo"),
        suggested=_suggestions(root),
        entitlements=_entitlements(root.section("entitlements")),
        limits=limits,
        canned=_canned(read(canned)),
        compliance={
            key: tuple(
                Forbidden(item.texts("words"), item.text("reason")) for item in root.section("compliance").sections(key)
            )
            for key in root.section("compliance").names()
        },
        first_response_seconds=deadlines.whole("first_response_seconds", 1, 86_400),
        next_update_seconds=deadlines.whole_map("next_update_seconds", 1, 10**7),
        solution_seconds=deadlines.whole_map("solution_seconds", 1, 10**7),
    )


def _labels(section: Section) -> Labels:
    return Labels(
        family=section.text_map("family"),
        tier=section.text_map("tier"),
        outcome=section.text_map("outcome"),
        trigger=section.text_map("trigger"),
        order_status=section.text_map("order_status"),
        fact=section.text_map("fact"),
        other_fact=section.text("other_fact"),
        visitor=section.text("visitor"),
    )


def _adjusted_mood(section: Section) -> dict[str, str]:
    section.only(MOOD_CODES)
    wordings = {code: section.text(code) for code in MOOD_CODES}
    for code, wording in wordings.items():
        try:
            wording.format(count=0, minutes=0)
        except (KeyError, IndexError, ValueError) as error:
            raise section.refuse(code, f"{wording!r} uses an unknown variable: {error}") from error
    return wordings


def _entitlements(section: Section) -> dict[str, str]:
    section.only(ENTITLEMENTS)
    wordings = {name: section.text(name) for name in ENTITLEMENTS}
    sample = dict.fromkeys(("day", "no_reason_days", "quality_days", "limit", "days", "trace_hours"), 0)
    for name, wording in wordings.items():
        try:
            wording.format(**sample)
        except (KeyError, IndexError, ValueError) as error:
            raise section.refuse(name, f"{wording!r} uses an unknown variable: {error}") from error
    return wordings


def _limits(policies: Section) -> Limits:
    returns, care, shipping = (policies.section(name) for name in ("returns", "after_sales", "shipping"))
    return Limits(
        no_reason_days=returns.whole("no_reason_days", 0, 365),
        quality_days=returns.whole("quality_days", 0, 3650),
        report_hours=care.whole("report_hours", 0, 10_000),
        fast_lane_limit_fen=care.whole("fast_lane_limit_fen", 0, 10**9),
        stuck_days=shipping.whole("stuck_days", 1, 365),
        trace_hours=shipping.whole("trace_hours", 1, 10_000),
    )


def _outcome(section: Section) -> tuple[str, tuple[re.Pattern[str], ...]]:
    # 不要退款 and 不用补发 are the opposite of a wish.
    patterns = tuple(
        re.compile(rf"(?<!不)(?<!不[要想用能])(?<!别)(?<!不需要){re.escape(word)}") for word in section.texts("words")
    )
    return section.one_of("outcome", OUTCOMES), patterns


def _suggestions(root: Section) -> Suggestions:
    section, canned = root.section("suggested"), root.section("canned")
    ceilings = root.section("authority_ceiling_fen")
    return Suggestions(
        max_steps=section.whole("max_steps", 1, 10),
        by_trigger=section.texts_map("by_trigger"),
        by_emotion=section.texts_map("by_emotion"),
        by_group=section.texts_map("by_group"),
        days_late=section.text("days_late"),
        promise=section.text("promise"),
        unnamed_problem=section.text("unnamed_problem"),
        authority=section.text("authority"),
        authority_ceiling_fen={tier: ceilings.whole(tier, 0, 10**9) for tier in TIERS},
        max_canned=canned.whole("max", 0, 10),
    )


def _canned(root: Section) -> tuple[CannedResponse, ...]:
    root.only(("responses",))
    found: list[CannedResponse] = []
    for section in root.sections("responses"):
        section.only(("id", "title", "groups", "emotions", "text"))
        response = CannedResponse(
            section.text("id"),
            section.text("title"),
            section.texts("groups"),
            section.texts("emotions"),
            section.text("text"),
        )
        for key, values, known in (("groups", response.groups, GROUPS), ("emotions", response.emotions, FAMILIES)):
            if not set(values) <= set(known):
                raise section.refuse(key, f"each must be one of {', '.join(known)}")
        if any(other.id == response.id for other in found):
            raise section.refuse("id", f"{response.id!r} is used twice")
        found.append(response)
    return tuple(found)
