"""When the bot hands over to a person: `.venv/bin/python bench/handoff.py [--model FILE] [--cases FILE]`.

Every message of bench/handoff_cases.yml is parsed by the trained model and judged by the same rules that the policy
uses; the bot's own part of a turn comes from the case, else from whether it understood. Prints precision and recall,
the confusion by trigger, the wrong cases by id, and what a decision and a summary cost.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import statistics
import sys
import time
import warnings
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
os.environ.setdefault("TF_NUM_INTEROP_THREADS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("RASA_TELEMETRY_ENABLED", "false")
os.environ.setdefault("SQLALCHEMY_SILENCE_UBER_WARNING", "1")
warnings.simplefilter("ignore")  # Rasa's libraries of 2022 warn by the dozen; the table would drown
ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import yaml  # noqa: E402

from addons.channel_requests import neutralised  # noqa: E402
from addons.escalation.events import read_conversation  # noqa: E402
from addons.escalation.playbook import CODES, Playbook, load  # noqa: E402
from addons.escalation.rules import evaluate, requested  # noqa: E402
from addons.escalation.views import Decision  # noqa: E402
from addons.summary.builder import build_summary, problems  # noqa: E402
from addons.summary.material import Identifiers  # noqa: E402

Json = dict[str, Any]
NOBODY = "none"
AT = "2026-11-22T02:00:00Z"
REPETITIONS = 30


class BenchError(Exception):
    """The measurement cannot go on; one sentence for the person at the terminal."""


@dataclass(frozen=True)
class Turn:
    """What the customer says and, if the case tells, what the bot does about it."""

    text: str
    bot: Json | None = None


@dataclass(frozen=True)
class Case:
    """A conversation and the trigger expected at its last message."""

    name: str
    expect: str
    turns: tuple[Turn, ...]
    context: Json


@dataclass
class Outcome:
    """What was decided, at which message (from 1), and what the decisions cost in milliseconds."""

    case: Case
    decided: str = NOBODY
    place: int = 0
    decision: Decision | None = None
    events: list[Json] = field(default_factory=list)
    evaluate_ms: list[float] = field(default_factory=list)
    read: list[str] = field(default_factory=list)

    @property
    def right(self) -> bool:
        early = self.decided != NOBODY and self.place != len(self.case.turns)
        return self.decided == self.case.expect and not early


def read_cases(file: Path) -> list[Case]:
    """The cases of a file; BenchError names the one that is malformed."""
    cases = []
    for row in yaml.safe_load(file.read_text(encoding="utf-8")):
        if row["expect"] not in (NOBODY, *CODES):
            raise BenchError(f"{row['id']}: {row['expect']!r} is no trigger")
        turns = [Turn(m) if isinstance(m, str) else Turn(m["text"], m.get("bot")) for m in row["messages"]]
        cases.append(Case(row["id"], row["expect"], tuple(turns), row.get("context") or {}))
    if len({case.name for case in cases}) != len(cases):
        raise BenchError("two cases have the same id")
    return cases


def newest_model() -> Path:
    models = sorted((ROOT / "models").glob("*.tar.gz"), key=lambda file: file.stat().st_mtime)
    if not models:
        raise BenchError("models/ is empty: run `make train` first")
    return models[-1]


def judge(case: Case, parsed: Sequence[Json], rules: Playbook) -> Outcome:
    """Goes through the conversation as the policy does and stops at the first handoff."""
    outcome = Outcome(case)
    for number, (turn, parse_data) in enumerate(zip(case.turns, parsed, strict=True), 1):
        message_id = f"m_{case.name}-{number}"
        outcome.events.append(_said(turn.text, parse_data, message_id, case.context))
        outcome.read.append(f"{_intents(parse_data)} {_mood(parse_data)}")
        started = time.perf_counter()
        decision = evaluate(read_conversation(outcome.events), rules)
        outcome.evaluate_ms.append((time.perf_counter() - started) * 1000)
        if decision is None:
            outcome.events += _bot_turn(turn, parse_data, message_id, rules)
            decision = requested(read_conversation(outcome.events), rules)
        if decision is not None:
            outcome.decided, outcome.place, outcome.decision = decision.primary.code, number, decision
            break
        outcome.events.append({"event": "action", "name": "action_listen"})
    return outcome


def _said(text: str, parse_data: Json, message_id: str, context: Json) -> Json:
    metadata = {"message_id": message_id, "at": AT, "conversation_id": "c_bench", "session": 1, "text": text}
    return {"event": "user", "text": text, "parse_data": parse_data, "metadata": {**metadata, "context": context}}


def _bot_turn(turn: Turn, parse_data: Json, message_id: str, rules: Playbook) -> list[Json]:
    """The case's own words about the bot, else an answer when it understood and a question back when not."""
    bot = turn.bot or {}
    lost = (parse_data.get("intent") or {}).get("name") in rules.fallback_intents
    actions = bot.get("actions") or (["action_clarify"] if lost else ["action_answer"])
    slots = dict(bot.get("slots") or {})
    if "findings" in slots:
        slots["findings"] = [{"message_id": message_id, **finding} for finding in slots["findings"]]
    return [
        *({"event": "action", "name": name} for name in actions),
        *({"event": "slot", "name": name, "value": value} for name, value in slots.items()),
        {"event": "bot", "text": "…", "data": {}, "metadata": {}},
    ]


def summary_ms(outcome: Outcome, repetitions: int) -> list[float]:
    """Milliseconds of each build of the handoff's summary, which must be valid."""
    newest = next(event for event in reversed(outcome.events) if event["event"] == "user")
    ids = Identifiers("c_bench", f"h_{newest['metadata']['message_id']}", AT, "bench")
    times = []
    for _ in range(repetitions):
        started = time.perf_counter()
        summary = build_summary(outcome.events, outcome.decision, ids)
        times.append((time.perf_counter() - started) * 1000)
    faults = problems(summary)
    if faults:
        raise BenchError(f"{outcome.case.name}: the summary is not to schema: {faults[0]}")
    return times


async def parse_all(model: Path, cases: list[Case]) -> list[list[Json]]:
    from rasa.core.agent import Agent
    from rasa.utils.log_utils import configure_structlog

    configure_structlog(logging.WARNING)
    agent = Agent.load(str(model))
    parsed: list[list[Json]] = []
    for case in cases:
        parsed.append([await agent.parse_message(neutralised(turn.text)) for turn in case.turns])
    return parsed


def report(outcomes: list[Outcome]) -> None:
    wanted = [o for o in outcomes if o.case.expect != NOBODY]
    handed = [o for o in outcomes if o.decided != NOBODY]
    true = [o for o in handed if o.case.expect != NOBODY]
    print(f"a person at all | precision {_share(len(true), len(handed))}  recall {_share(len(true), len(wanted))}")
    right = sum(o.right for o in outcomes)
    print(f"code and moment | {_share(right, len(outcomes))}\n")
    print(f"{'trigger':<18} {'cases':>5} {'precision':>15} {'recall':>15}   confused with")
    for code in (NOBODY, *CODES):
        expected = [o for o in outcomes if o.case.expect == code]
        decided = [o for o in outcomes if o.decided == code]
        if not expected and not decided:
            continue
        hits = sum(o.case.expect == code for o in decided)
        others = Counter(o.decided for o in expected if o.decided != code)
        confused = ", ".join(f"{other} {count}" for other, count in others.most_common())
        figures = f"{_share(hits, len(decided)):>15} {_share(hits, len(expected)):>15}"
        print(f"{code:<18} {len(expected):>5} {figures}   {confused}")
    wrong = defaultdict(list)
    for outcome in outcomes:
        if not outcome.right:
            wrong[outcome.case.expect].append(outcome)
    print("\nwrong cases" if wrong else "\nno wrong cases")
    for outcome in (item for items in wrong.values() for item in items):
        where = f"at message {outcome.place} of {len(outcome.case.turns)}" if outcome.place else ""
        print(f"  {outcome.case.name:<26} wanted {outcome.case.expect}, decided {outcome.decided} {where}".rstrip())
        for line in outcome.read:
            print(f"      read as {line}")


def _share(part: int, whole: int) -> str:
    return f"{part}/{whole} {part / whole:.2f}" if whole else "-"


def _intents(parse_data: Json) -> str:
    found = parse_data.get("intents") or [parse_data.get("intent") or {}]
    return "+".join(str(item.get("name")) for item in found)


def _mood(parse_data: Json) -> str:
    mood = parse_data.get("emotion") or {}
    return f"{mood.get('family', '?')} {mood.get('intensity', '?')}"


def costs(outcomes: list[Outcome], rules: Playbook) -> None:
    first = [ms for outcome in outcomes for ms in outcome.evaluate_ms]
    warm = []
    for outcome in outcomes:
        started = time.perf_counter()
        for _ in range(REPETITIONS):
            evaluate(read_conversation(outcome.events), rules)
        warm.append((time.perf_counter() - started) * 1000 / REPETITIONS)
    built = [summary_ms(outcome, REPETITIONS) for outcome in outcomes if outcome.decision]
    print(
        f"\nevaluate        | {statistics.mean(first):.2f} ms for a new message, {statistics.mean(warm):.2f} ms again"
    )
    if built:
        once = statistics.mean(times[0] for times in built)
        later = statistics.mean(ms for times in built for ms in times[1:])
        print(
            f"build_summary   | {once:.2f} ms for a new handoff, {later:.2f} ms again; {len(built)} handoffs, all valid"
        )
    print("mean milliseconds; 'again' means that the message's words are still remembered")


def main() -> int:
    """0 when measured, 1 with one sentence when not; a wrong case is a figure, not a failure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, help="a trained model (the newest in models/)")
    parser.add_argument("--cases", type=Path, default=ROOT / "bench" / "handoff_cases.yml")
    arguments = parser.parse_args()
    try:
        cases, model = read_cases(arguments.cases), arguments.model or newest_model()
        rules = load()
        parsed = asyncio.run(parse_all(model, cases))
        outcomes = [judge(case, messages, rules) for case, messages in zip(cases, parsed, strict=True)]
        when = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())
        messages = sum(len(case.turns) for case in cases)
        print(f"handoff | {when}, model {model.name}, rules {rules.rule_version}")
        print(f"{len(cases)} conversations, {messages} messages\n")
        report(outcomes)
        costs(outcomes, rules)
    except (BenchError, OSError, yaml.YAMLError) as error:
        print(f"bench-handoff: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
