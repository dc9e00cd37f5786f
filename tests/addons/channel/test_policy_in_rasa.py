"""EscalationPolicy inside Rasa's own `rasa test core`, in and out of a form, and step by step."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from rasa.shared.core.events import Event
from rasa.shared.core.trackers import DialogueStateTracker

from addons.escalation.events import read_conversation
from addons.escalation.policy import _read, next_action
from tests.addons.channel.tiny_project import environment, rasa
from tests.addons.escalation.tracker_lines import LISTEN, did, said, slot, uttered

STORIES = """
version: "3.1"
stories:
- story: a person at once
  steps:
  - user: |
      转人工
    intent: request_human
  - action: action_handoff
- story: a person in the middle of a form, then the bot again
  steps:
  - user: |
      我要退货
    intent: request_return
  - action: return_form
  - active_loop: return_form
  - user: |
      转人工
    intent: request_human
  - action: action_handoff
  - active_loop: null
  - user: |
      你好
    intent: greet
  - action: utter_greet
- story: a threat fills the form's slot and still reaches a person
  steps:
  - user: |
      我要退货
    intent: request_return
  - action: return_form
  - active_loop: return_form
  - user: |
      我找律师起诉你们
    intent: complain
  - action: action_handoff
"""


def rasa_test(folder: Path, stories: str) -> subprocess.CompletedProcess[bytes]:
    (folder / "tests").mkdir(exist_ok=True)
    (folder / "tests" / "test_stories.yml").write_text(stories, encoding="utf-8")
    return subprocess.run(
        rasa("test", "core", "--stories", "tests", "--model", "models", "--fail-on-prediction-errors", "--no-plot"),
        cwd=folder,
        env=environment(),
        capture_output=True,
        timeout=300,
        check=False,
    )


def test_rasa_test_core_sees_the_handoff(tiny_folder: Path) -> None:
    done = rasa_test(tiny_folder, STORIES)
    assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([], None),
        ([said("你好", "greet")], None),
        ([said("转人工", "request_human")], "action_handoff"),
        ([said("重开发票，转人工", "request_invoice", "request_human", bare=True)], "action_handoff"),
        ([said("转人工", "request_human"), *did("action_handoff"), uttered("这就转")], "action_listen"),
        ([said("app闪退", "report_technical_issue"), *did("action_begin_transaction")], None),
        (
            [
                said("app闪退", "report_technical_issue"),
                *did("action_begin_transaction"),
                slot("escalation", "technical_fault"),
            ],
            "action_handoff",
        ),
        (
            [said("转人工", "request_human"), *did("action_handoff"), LISTEN, said("你好", "greet", message_id="m2")],
            None,
        ),
        (
            [
                said("转人工", "request_human"),
                *did("action_handoff"),
                LISTEN,
                said("转人工", "request_human", message_id="m2"),
            ],
            "action_handoff",
        ),
    ],
)
def test_next_action(events: list[dict[str, object]], expected: str | None) -> None:
    assert next_action(read_conversation(events)) == expected


def test_reading_on_finds_what_reading_all_of_it_finds() -> None:
    course = [
        said("app闪退", "report_technical_issue"),
        *did("action_begin_transaction"),
        slot("findings", [{"kind": "crash"}]),
        uttered("您先试试重启"),
        LISTEN,
        said("转人工", "request_human", message_id="m2"),
        *did("action_handoff"),
        uttered("这就转"),
        LISTEN,
        said("还在吗", "greet", message_id="m3"),
        {"event": "restart"},
        said("你好", "greet", message_id="m4"),
    ]
    tracker = DialogueStateTracker("c", [])
    for count, event in enumerate(course, start=1):
        tracker.events.append(Event.from_parameters(event))
        if count % 2:  # sometimes two new ones at once
            assert _read(tracker) == read_conversation([one.as_dict() for one in tracker.events])
    tracker.events.pop()
    tracker.events.append(Event.from_parameters(said("算了", "deny", message_id="m5")))
    assert _read(tracker).messages[-1].text == "算了"
