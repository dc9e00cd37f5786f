"""playbook/escalation.yml as typed values, loaded and validated once."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from addons.escalation.reading import PLAYBOOK_DIR, PlaybookError, Section, read

__all__ = [
    "Boost",
    "ContextMood",
    "FirstWords",
    "IntentInfo",
    "Playbook",
    "PlaybookError",
    "Trigger",
    "load",
    "load_file",
]

PRIORITIES = ("low", "normal", "high", "urgent")
GROUPS = ("orders", "logistics", "after_sales", "technical", "complaints")
FAMILIES = ("angry", "anxious", "disappointed", "neutral", "pleased")
KINDS = ("talk", "question", "request", "problem", "meta")
OUTCOMES = (
    "refund",
    "exchange",
    "reship",
    "compensation",
    "apology",
    "information",
    "technical_fix",
    "unknown",
)
TIERS = ("normal", "silver", "gold", "vip")
# The fields that a trigger has besides the common ones, by kind of value.
_INTENTS = {"customer_request", "abuse", "complaint", "safety", "legal_threat"}
_WORDS = {"customer_request", "anxiety_deadline", "complaint", "safety", "legal_threat"}
_UNLESS = {"safety", "legal_threat"}
_WHOLE: dict[str, dict[str, tuple[int, int]]] = {
    "anger": {"at_level": (1, 3), "twice_level": (1, 3), "rising_to": (1, 3)},
    "abuse": {"times": (1, 10)},
    "anxiety_deadline": {"at_level": (1, 3), "at_once": (1, 4)},
    "repeated_failure": {"fallbacks_in_a_row": (1, 10), "same_question_times": (2, 10)},
    "multi_issue": {"open_issues": (2, 20), "at_once": (2, 20)},
    "complaint": {"at_level": (1, 3), "times": (1, 10), "formal_extra": (0, 100)},
    "high_value": {"amount_fen": (0, 10**12)},
}
CODES = (
    "customer_request",
    "anger",
    "abuse",
    "anxiety_deadline",
    "repeated_failure",
    "multi_issue",
    "complaint",
    "safety",
    "legal_threat",
    "high_value",
    "policy_exception",
    "technical_fault",
    "malicious_complaint",
    "bot_unavailable",
)
MOOD_CODES = ("repeated_question", "long_wait", "bot_failed")
_COMMON = ("enabled", "priority", "score", "group", "level")


@dataclass(frozen=True)
class Trigger:
    """One reason to hand over. `limits` are the whole numbers of the file, by field name."""

    code: str
    enabled: bool
    priority: str
    score: float
    group: str | None
    level: int
    intents: tuple[str, ...] = ()
    words: tuple[re.Pattern[str], ...] = ()
    formal_words: tuple[re.Pattern[str], ...] = ()
    unless_words: tuple[re.Pattern[str], ...] = ()
    unless_intents: tuple[str, ...] = ()
    limits: dict[str, int] | None = None
    similarity: float = 1.0
    counters: tuple[tuple[str, int], ...] = ()
    refused_codes: tuple[str, ...] = ()
    risk_tags: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    calm_families: tuple[str, ...] = ()
    calm_intents: tuple[str, ...] = ()
    calm_neutral_in_a_row: int = 0

    def limit(self, name: str) -> int:
        return (self.limits or {})[name]


@dataclass(frozen=True)
class Boost:
    """Raises the priority to `at_least` when every condition that is set holds."""

    at_least: str
    reason: str
    tiers: tuple[str, ...] = ()
    triggers: tuple[str, ...] = ()
    days_late: int | None = None
    amount_fen: int | None = None
    previous_contacts: int | None = None


@dataclass(frozen=True)
class IntentInfo:
    title: str
    thing: str | None
    group: str | None
    kind: str
    wants: str | None


@dataclass(frozen=True)
class FirstWords:
    """What the bot says while it hands over; every list has at least one wording."""

    by_trigger: dict[str, tuple[str, ...]]
    by_emotion: dict[str, tuple[str, ...]]
    default: tuple[str, ...]
    nothing_said: tuple[str, ...]  # instead of `default` when a person is all that was ever asked for
    promises: dict[str, str]
    promises_closed: dict[str, str]  # with {next}, the next opening in words
    promises_away: dict[str, str]
    who: dict[str, str]
    default_thing: str
    late_thing: str
    no_answer: tuple[str, ...]
    no_answer_button: tuple[str, str]


@dataclass(frozen=True)
class ContextMood:
    """When the conversation makes a feeling stronger than the newest message shows; None where switched off.

    `many_questions` are intents that stand for a different question each time, `thanks` those that never raise.
    """

    thanks: tuple[str, ...]
    repeated_times: int | None
    many_questions: tuple[str, ...]
    wait_minutes: int | None
    fallbacks_in_a_row: int | None


@dataclass(frozen=True)
class Playbook:
    rule_version: str
    fallback_intents: tuple[str, ...]
    fallback_actions: tuple[str, ...]
    fallback_own_forms: tuple[str, ...]
    triggers: dict[str, Trigger]
    boosts: tuple[Boost, ...]
    intents: dict[str, IntentInfo]
    default_group: str
    tiers: dict[str, str]
    first_words: FirstWords
    context_mood: ContextMood

    def kind_of(self, intent: str) -> str:
        info = self.intents.get(intent)
        return info.kind if info else "talk"


@cache
def load() -> Playbook:
    """The project's own file; raises PlaybookError."""
    return load_file(PLAYBOOK_DIR / "escalation.yml")


def load_file(file: Path) -> Playbook:
    """Any file of that shape; raises PlaybookError naming file, line and field."""
    root = read(file)
    root.only(
        (
            "rule_version",
            "fallback",
            "triggers",
            "priority_boosts",
            "context_mood",
            "intents",
            "default_group",
            "first_words",
            "promise_words",
            "promise_words_closed",
            "promise_words_away",
            "who_words",
            "tier_words",
            "default_thing",
            "late_thing",
            "no_answer",
        )
    )
    triggers = root.section("triggers")
    triggers.only(CODES)
    intents = _intents(root.section("intents"))
    return Playbook(
        rule_version=root.text("rule_version"),
        fallback_intents=root.section("fallback").texts("intents"),
        fallback_actions=root.section("fallback").texts("actions"),
        fallback_own_forms=root.section("fallback").texts("own_forms"),
        triggers={code: _trigger(triggers.section(code), code) for code in CODES},
        boosts=tuple(_boost(section) for section in root.sections("priority_boosts")),
        intents=intents,
        default_group=root.one_of("default_group", GROUPS),
        tiers=root.text_map("tier_words"),
        first_words=_first_words(root),
        context_mood=_context_mood(root.section("context_mood"), intents),
    )


def _trigger(section: Section, code: str) -> Trigger:
    whole = _WHOLE.get(code, {})
    extra = {
        "anger": ("strong_words", "calm", "unless_intents"),
        "complaint": ("formal_words",),
        "repeated_failure": ("similarity", "counters"),
        "policy_exception": ("refused_codes",),
        "malicious_complaint": ("risk_tags", "tags"),
        "customer_request": ("unless_words",),
        "high_value": ("unless_intents",),
    }.get(code, ())
    intents = ("intents",) if code in _INTENTS else ()
    words = ("words",) if code in _WORDS else ()
    unless = ("unless_words", "unless_intents") if code in _UNLESS else ()
    section.only((*_COMMON, *whole, *extra, *intents, *words, *unless))
    calm = section.section("calm") if code == "anger" else None
    counters = section.whole_map("counters", 1, 100) if code == "repeated_failure" else {}
    return Trigger(
        code=code,
        enabled=section.flag("enabled"),
        priority=section.one_of("priority", PRIORITIES),
        score=section.number("score", 0, 100),
        group=section.one_of("group", GROUPS) if section.has("group") else None,
        level=section.whole("level", 1, 3),
        intents=section.texts("intents") if intents else (),
        words=section.patterns("strong_words" if code == "anger" else "words") if words or code == "anger" else (),
        formal_words=section.patterns("formal_words") if code == "complaint" else (),
        unless_words=section.patterns("unless_words") if unless or code == "customer_request" else (),
        unless_intents=section.texts("unless_intents") if unless or code in ("high_value", "anger") else (),
        limits={name: section.whole(name, low, high) for name, (low, high) in whole.items()},
        similarity=section.number("similarity", 0, 1) if code == "repeated_failure" else 1.0,
        counters=tuple(counters.items()),
        refused_codes=section.texts("refused_codes") if code == "policy_exception" else (),
        risk_tags=section.texts("risk_tags") if code == "malicious_complaint" else (),
        tags=section.texts("tags") if code == "malicious_complaint" else (),
        calm_families=calm.texts("families") if calm else (),
        calm_intents=calm.texts("intents") if calm else (),
        calm_neutral_in_a_row=calm.whole("neutral_in_a_row", 1, 50) if calm else 0,
    )


def _boost(section: Section) -> Boost:
    section.only(("at_least", "reason", "tiers", "triggers", "days_late", "amount_fen", "previous_contacts"))
    tiers = section.texts("tiers") if section.has("tiers") else ()
    triggers = section.texts("triggers") if section.has("triggers") else ()
    for key, values, known in (("tiers", tiers, TIERS), ("triggers", triggers, CODES)):
        for value in values:
            if value not in known:
                raise section.refuse(key, f"{value!r} is none of {', '.join(known)}")
    return Boost(
        at_least=section.one_of("at_least", PRIORITIES),
        reason=section.text("reason"),
        tiers=tiers,
        triggers=triggers,
        days_late=section.whole("days_late", 1, 1000) if section.has("days_late") else None,
        amount_fen=section.whole("amount_fen", 1, 10**12) if section.has("amount_fen") else None,
        previous_contacts=section.whole("previous_contacts", 1, 1000) if section.has("previous_contacts") else None,
    )


def _intents(section: Section) -> dict[str, IntentInfo]:
    intents = {}
    for name in section.names():
        entry = section.section(name)
        entry.only(("title", "thing", "group", "kind", "wants"))
        intents[name] = IntentInfo(
            title=entry.text("title"),
            thing=entry.optional_text("thing"),
            group=entry.one_of("group", GROUPS) if entry.has("group") else None,
            kind=entry.one_of("kind", KINDS),
            wants=entry.one_of("wants", OUTCOMES) if entry.has("wants") else None,
        )
    return intents


def _context_mood(section: Section, intents: dict[str, IntentInfo]) -> ContextMood:
    section.only((*MOOD_CODES, "thanks"))
    repeated, wait, failed = (section.section(code) for code in MOOD_CODES)
    repeated.only(("enabled", "times", "many_questions"))
    wait.only(("enabled", "minutes"))
    failed.only(("enabled", "fallbacks_in_a_row"))
    for inner, key in ((section, "thanks"), (repeated, "many_questions")):
        for name in inner.texts(key):
            if name not in intents:
                raise inner.refuse(key, f"{name!r} is no intent of this file")
    times, minutes = repeated.whole("times", 2, 20), wait.whole("minutes", 1, 10_000)
    in_a_row = failed.whole("fallbacks_in_a_row", 1, 10)
    return ContextMood(
        thanks=section.texts("thanks"),
        repeated_times=times if repeated.flag("enabled") else None,
        many_questions=repeated.texts("many_questions"),
        wait_minutes=minutes if wait.flag("enabled") else None,
        fallbacks_in_a_row=in_a_row if failed.flag("enabled") else None,
    )


def _first_words(root: Section) -> FirstWords:
    section = root.section("first_words")
    section.only(("by_trigger", "by_emotion", "default", "nothing_said"))
    section.section("by_trigger").only(CODES)
    section.section("by_emotion").only(FAMILIES)
    kinds = ("promise_words", "promise_words_closed", "promise_words_away")
    promises, closed, away = (_complete(root, key, PRIORITIES) for key in kinds)
    for text in closed.values():
        _check_variables(root, "promise_words_closed", text, {"next": ""})
    no_answer = root.section("no_answer")
    button = no_answer.section("button")
    words = FirstWords(
        by_trigger=section.texts_map("by_trigger"),
        by_emotion=section.texts_map("by_emotion"),
        default=section.texts("default"),
        nothing_said=section.texts("nothing_said"),
        promises=promises,
        promises_closed=closed,
        promises_away=away,
        who=_complete(root, "who_words", GROUPS),
        default_thing=root.text("default_thing"),
        late_thing=root.text("late_thing"),
        no_answer=no_answer.texts("texts"),
        no_answer_button=(button.text("title"), button.text("payload")),
    )
    _check_wordings(section, words)
    return words


def _check_wordings(section: Section, words: FirstWords) -> None:
    """A list without wordings, or an unknown variable in one, must not be found out in front of a customer."""
    sample = {"call": "", "who": "", "thing": "", "promise": ""}
    general = (words.default, words.nothing_said, words.no_answer)
    for wordings in (*words.by_trigger.values(), *words.by_emotion.values(), *general):
        if not wordings:
            raise section.refuse("default", "a list of wordings is empty")
        for wording in wordings:
            _check_variables(section, "default", wording, sample)


def _check_variables(section: Section, key: str, wording: str, sample: dict[str, str]) -> None:
    try:
        wording.format(**sample)
    except (KeyError, IndexError, ValueError) as error:
        raise section.refuse(key, f"{wording!r} uses an unknown variable: {error}") from error


def _complete(root: Section, key: str, names: tuple[str, ...]) -> dict[str, str]:
    """A table of texts in which none of `names` is missing."""
    found = root.text_map(key)
    for name in names:
        if name not in found:
            raise root.refuse(key, f"{name} is missing")
    return found
