"""Guided checks of a fault, one question each; a supervisor edits them in playbook/transactions/diagnosis.yml."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from actions.answer import Button, Reply
from actions.order_choice import ordinal_in
from actions.texts import TextError, find, sentences, text
from actions.transactions.case import Case
from actions.transactions.detail import FREE_ANSWERS, Detail, Option, chosen

BOOK = "transactions.diagnosis"
# What a check has led to, kept under its name.
SOLVED, STILL, LATER, ENOUGH = "solved", "still", "later", "enough"
UNKNOWN = "unknown"
FAULTS = ("report_technical_issue", "report_account_issue", "report_payment_issue")
# 清了没用: as short as this it answers the question, whatever intent was guessed.
SHORT_ANSWER = 10
_QUESTION = re.compile(r"[?？]|吗|呢|怎么|怎样|为什么|哪|多久|几时")
_ANOTHER_MATTER = re.compile(r"另外|还有(一|个|件)|顺便")

Read = Callable[[Case, bool], Any]


@dataclass(frozen=True)
class Check:
    """One thing to try. `only` names the platforms or payment states it is for; none means all."""

    name: str
    step: str
    done: str = ""
    only: tuple[str, ...] = ()
    wait: bool = False

    @property
    def detail(self) -> str:
        """The name of its result among the details."""
        return f"check_{self.name}"


@dataclass(frozen=True)
class Guide:
    """What to ask and to try for one kind of fault."""

    asks: tuple[str, ...]
    checks: tuple[Check, ...]
    need: str
    done: str = "done"
    words: str = ""

    def fitting(self, situation: str | None) -> tuple[Check, ...]:
        """The checks for this platform or payment state; all of them as long as it is not known."""
        return tuple(item for item in self.checks if not item.only or situation in (None, *item.only))


@cache
def guides(topic: str) -> tuple[Guide, ...]:
    """The guides of a wish, the most particular first."""
    return tuple(_guide(entry) for entry in find(sentences(), f"{BOOK}.guides.{topic}"))


def guide_for(topic: str, symptom: str) -> Guide:
    """The first guide whose words the customer used."""
    return next(item for item in guides(topic) if not item.words or re.search(item.words, symptom))


def person_for(topic: str, symptom: str) -> str | None:
    """What to say when only a person may help, because it takes a proof of identity."""
    entries = optional(f"persons.{topic}") or []
    return next((str(entry["say"]) for entry in entries if re.search(entry["words"], symptom)), None)


def check_detail(check: Check, values: Mapping[str, object]) -> Detail:
    """Asks to try it and reads whether that helped; what the customer says to have done is not asked."""

    def ask(case: Case, again: bool) -> Reply:
        if again:
            words = case.say("diagnosis.check_again", step=check.step)
        else:
            words = case.say(f"diagnosis.checks.{check.name}.ask", **values)
        return Reply(words, buttons=_result_buttons(case, check))

    def read(case: Case, asked: bool) -> str | None:
        if not asked:
            return STILL if check.done and re.search(check.done, case.turn.text) else None
        named = pressed(case, (SOLVED, STILL, LATER, ENOUGH))
        if named is None and answers(case):
            named = first_match(f"{BOOK}.results.reads", case.turn.text)
        if named is None and check.done and re.search(check.done, case.turn.text):
            return STILL
        return named

    return Detail(check.detail, ask, read)


def picked(
    name: str, question: Callable[[Case], str], options: Callable[[Case], Sequence[Option]], read: Read
) -> Detail:
    """A detail with buttons that may also be answered in words, which `read` understands."""

    def ask(case: Case, again: bool) -> Reply:
        path = f"diagnosis.{question(case)}"
        buttons = tuple(Button(option.title, chosen(option.value)) for option in options(case))
        return Reply(case.say(f"{path}_again" if again else path), buttons=buttons)

    def understood(case: Case, asked: bool) -> Any:
        if not asked:
            return read(case, False)
        offered = options(case)
        named = pressed(case, [option.value for option in offered])
        if named is None:
            titled = [option.value for option in offered if option.title == case.turn.text.strip()]
            place = ordinal_in(case.turn.text)
            named = titled[0] if titled else None
            if named is None and place is not None and place < len(offered):
                named = offered[place].value
        if named is not None:
            return named
        return read(case, True) if answers(case) else None

    return Detail(name, ask, understood)


def is_gone(case: Case, device_questions: Sequence[Detail]) -> bool:
    """Whether the fault is over before the first check: 好了可以了 while the device is still asked for."""
    if GONE.name in case.details:
        return True
    asking = "symptom" in case.details and any(item.name not in case.details for item in device_questions)
    short = len(case.turn.text.strip()) <= SHORT_ANSWER
    return asking and short and GONE.read(case, True) is not None


def _read_gone(case: Case, asked: bool) -> str | None:
    solved = asked and answers(case) and first_match(f"{BOOK}.results.reads", case.turn.text) == SOLVED
    return SOLVED if solved else None


# Never asked for.
GONE = Detail("gone", lambda case, again: Reply(""), _read_gone)


def pressed(case: Case, values: Sequence[str]) -> str | None:
    """The button pressed last, when it is one of these."""
    found = case.turn.entities.get("choice", ())
    return found[-1] if found and found[-1] in values else None


def answers(case: Case) -> bool:
    """Whether the message may be the answer to a question, and is not one itself."""
    words = case.turn.text.strip()
    if _ANOTHER_MATTER.search(words):
        return False
    if matches("unknown.where", words):
        return True
    if case.turn.intent in (*FREE_ANSWERS, *FAULTS):
        return True
    return len(words) <= SHORT_ANSWER and not _QUESTION.search(words)


def first_match(path: str, words: str) -> str | None:
    """The first name at `path` whose pattern the words match."""
    patterns: Mapping[str, str] = find(sentences(), path)
    return next((name for name, pattern in patterns.items() if re.search(pattern, words)), None)


def matches(path: str, words: str) -> bool:
    """Whether the words match the pattern at `path` of the guides' texts."""
    return bool(re.search(find(sentences(), f"{BOOK}.{path}"), words))


def unknown_option() -> Option:
    """The button to leave a question open."""
    return Option(UNKNOWN, text(f"{BOOK}.unknown.title"))


def optional(path: str) -> Any:
    """A part of the guides' texts that may be missing."""
    try:
        return find(sentences(), f"{BOOK}.{path}")
    except TextError:
        return None


def _guide(entry: Mapping[str, Any]) -> Guide:
    return Guide(
        asks=tuple(entry["asks"]),
        checks=tuple(_check(name) for name in entry["checks"]),
        need=entry["need"],
        done=entry.get("done", "done"),
        words=entry.get("words", ""),
    )


def _check(name: str) -> Check:
    entry = find(sentences(), f"{BOOK}.checks.{name}")
    return Check(name, entry["step"], entry.get("done", ""), tuple(entry.get("only", ())), bool(entry.get("wait")))


def _result_buttons(case: Case, check: Check) -> tuple[Button, ...]:
    """好了, 还不行, tried before or wait; from the second check on also a way past all of them."""
    offered = {"solved": SOLVED, "still": STILL, **({"later": LATER} if check.wait else {"tried": STILL})}
    if any(name.startswith("check_") for name in case.details):
        offered["enough"] = ENOUGH
    return tuple(Button(text(f"{BOOK}.results.titles.{name}"), chosen(value)) for name, value in offered.items())
