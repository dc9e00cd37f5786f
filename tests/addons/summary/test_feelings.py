"""The summary's emotion: what the conversation adds stands beside the message's own feeling, words are evidence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from addons.escalation.events import read_conversation
from addons.escalation.playbook import load
from addons.escalation.reading import PLAYBOOK_DIR, PlaybookError
from addons.escalation.rules import evaluate
from addons.summary import playbook as summary_book
from addons.summary.builder import build_summary, problems
from addons.summary.material import Identifiers
from tests.addons.escalation.tracker_lines import Event, answered, said

PHONE = "13812345678"


def summary_of(events: list[Event]) -> dict[str, Any]:
    ids = Identifiers("c_1", "h_m_7", "2026-11-22T02:31:40Z")
    return build_summary(events, evaluate(read_conversation(events), load()), ids)


def test_what_the_conversation_adds_to_a_feeling_stands_beside_it() -> None:
    turns = [
        answered(
            said("到哪了", "query_logistics", emotion=("neutral", 0), message_id=f"m{n}", at=f"2026-11-22T02:0{n}:00Z")
        )
        for n in (1, 2)
    ]
    third = said("到哪了", "query_logistics", emotion=("anxious", 1), message_id="m3", at="2026-11-22T02:31:40Z")
    summary = summary_of([*(event for turn in turns for event in turn), third])
    assert problems(summary) == []
    assert (summary["emotion"]["family"], summary["emotion"]["intensity"]) == ("anxious", 1)
    assert summary["emotion"]["course"][-1] == {"message_id": "m3", "family": "anxious", "intensity": 1}
    assert summary["emotion"]["adjusted"] == {
        "family": "anxious",
        "intensity": 3,
        "reasons": [
            {"code": "repeated_question", "text": "同一个问题问到第 3 次", "evidence": ["m1", "m2", "m3"]},
            {"code": "long_wait", "text": "从第一次提起到现在已过 30 分钟", "evidence": ["m1", "m3"]},
        ],
    }


def test_the_words_that_speak_for_a_feeling_are_evidence() -> None:
    events = [
        *answered(said("急死了", "query_logistics", emotion=("anxious", 2), message_id="m1", words=("急死",))),
        *answered(said("好棒", "thank", emotion=("pleased", 1), message_id="m2", words=("好棒",))),
        said(
            f"你们太差了！{PHONE} 转人工", "request_human", emotion=("angry", 2), message_id="m3", words=("太差", PHONE)
        ),
    ]
    emotion = summary_of(events)["emotion"]
    assert [point.get("words") for point in emotion["course"]] == [["急死"], ["好棒"], ["太差", "138****5678"]]
    assert emotion["words"] == ["太差了", "急死", "138****5678"]


@pytest.mark.parametrize(("old", "new"), [("{minutes}", "{stunden}"), ("  bot_failed: 机器人", "  bot_fehlt: 机器人")])
def test_a_mistake_in_the_reasons_is_named(tmp_path: Path, old: str, new: str) -> None:
    before, section = (PLAYBOOK_DIR / "escalation_summary.yml").read_text(encoding="utf-8").split("adjusted_mood:\n")
    file = tmp_path / "escalation_summary.yml"
    file.write_text(f"{before}adjusted_mood:\n{section.replace(old, new, 1)}", encoding="utf-8")
    with pytest.raises(PlaybookError, match=r"escalation_summary\.yml, line \d+, adjusted_mood\."):
        summary_book.load_files(file, PLAYBOOK_DIR / "canned_responses.yml")
