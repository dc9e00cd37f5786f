"""Replaying exported conversations: the same rules change nothing, changed ones are named message by message."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from addons.escalation.playbook import Playbook, load, load_file
from addons.escalation.reading import PLAYBOOK_DIR
from addons.escalation.replay import Difference, main, read_export, replay

SOURCE = (PLAYBOOK_DIR / "escalation.yml").read_text(encoding="utf-8")
Row = dict[str, Any]


def message(
    seq: int, sender: str, text: str, *intents: str, mood: tuple[str, int] = ("neutral", 0), **more: Any
) -> Row:
    """An exported message; the customer's carry what was understood."""
    row: Row = {"seq": seq, "session": 1, "type": "message", "sender": sender, "message_id": f"m_{seq}", "text": text}
    if intents:
        row["understanding"] = {
            "intents": [{"name": name, "confidence": 0.9} for name in intents],
            "emotion": {"family": mood[0], "intensity": mood[1], "confidence": 0.9},
            "entities": [],
        }
    return row | more


def line(seq: int, kind: str, session: int = 1) -> Row:
    return {"seq": seq, "session": session, "type": kind, "sender": "system", "message_id": f"m_{seq}", "text": "…"}


def handoff(cause: int, *codes: str, evidence: tuple[str, ...] = ()) -> Row:
    triggers = [
        {"code": code, "rule_version": "1", "score": 4.0, "evidence": list(evidence or (f"m_{cause}",)), "words": []}
        for code in codes
    ]
    return {"handoff_id": f"h_m_{cause}", "session": 1, "state": "resolved", "triggers": triggers}


def conversation(events: list[Row], *handoffs: Row) -> Row:
    return {
        "format": "baton-conversations-1",
        "conversation_id": "c_1",
        "events": sorted(events, key=lambda event: event["seq"]),
        "handoffs": list(handoffs),
    }


ANGRY = conversation(
    [
        message(1, "bot", "您好"),
        message(2, "customer", "我的快递怎么还没到", "query_logistics"),
        message(3, "bot", "预计明天送达"),
        message(4, "customer", "天天明天明天，烦死了", "query_logistics", mood=("angry", 3)),
        message(5, "bot", "对不起，已经转给物流专员"),
        line(6, "handoff_queued"),
        message(7, "customer", "气死我了到底有没有人", "request_human", mood=("angry", 3)),
        line(8, "agent_joined"),
        message(9, "customer", "太离谱了", "complain", mood=("angry", 3)),
    ],
    handoff(4, "anger"),
)
MILD = conversation(
    [
        message(1, "customer", "怎么这么慢啊", "query_logistics", mood=("angry", 2)),
        message(2, "bot", "预计明天送达"),
        message(3, "customer", "好吧那等等看", "query_logistics"),
    ]
)
ASKED = conversation(
    [message(1, "customer", "转人工", "request_human"), message(2, "bot", "好的"), line(3, "handoff_queued")],
    handoff(1, "customer_request"),
)
LOOKED_UP = conversation(
    [
        message(1, "customer", "一万多的电视屏裂了", "report_damaged_item"),
        message(2, "bot", "已经转给售后专员"),
        line(3, "handoff_queued"),
    ],
    handoff(1, "high_value"),
)
HANDED_BACK = conversation(
    [
        message(1, "customer", "转人工", "request_human"),
        line(2, "handoff_queued"),
        line(3, "agent_joined"),
        message(4, "customer", "垃圾平台", "complain", mood=("angry", 3)),
        line(5, "handed_back"),
        message(6, "customer", "积分还有多少", "query_points_balance"),
        message(7, "bot", "您有 240 分"),
    ],
    handoff(1, "customer_request"),
)
BUTTON = conversation(
    [message(1, "customer", "转人工", "request_human", payload="/request_human"), line(2, "handoff_queued")],
    handoff(1, "customer_request"),
)
BOT_WAS_AWAY = conversation(
    [message(1, "customer", "你们这帮骗子，我要投诉"), line(2, "handoff_queued")], handoff(1, "bot_unavailable")
)
STORED = [ANGRY, MILD, ASKED, LOOKED_UP, HANDED_BACK, BUTTON]


def changed(tmp_path: Path, old: str, new: str) -> Playbook:
    return load_file(changed_file(tmp_path, old, new))


def changed_file(tmp_path: Path, old: str, new: str) -> Path:
    assert old in SOURCE
    file = tmp_path / "escalation.yml"
    file.write_text(SOURCE.replace(old, new, 1), encoding="utf-8")
    return file


def switched_off(tmp_path: Path, code: str) -> Playbook:
    return load_file(switched_off_file(tmp_path, code))


def switched_off_file(tmp_path: Path, code: str) -> Path:
    before, after = SOURCE.split(f"\n  {code}:", 1)
    file = tmp_path / "escalation.yml"
    file.write_text(f"{before}\n  {code}:" + after.replace("enabled: true", "enabled: false", 1), encoding="utf-8")
    return file


@pytest.mark.parametrize("stored", STORED)
def test_the_same_rules_change_nothing(stored: Row) -> None:
    judged = replay(stored, load())
    assert judged.differences == ()
    assert judged.handoffs == len(stored["handoffs"])


def test_what_people_said_to_people_is_not_judged() -> None:
    assert replay(ANGRY, load()).messages == 2
    assert replay(HANDED_BACK, load()).messages == 2


def test_a_stricter_threshold_names_the_message_that_would_now_be_handed_over(tmp_path: Path) -> None:
    rules = changed(tmp_path, "    at_level: 3\n    twice_level: 2", "    at_level: 2\n    twice_level: 2")
    assert replay(MILD, rules).differences == (Difference("c_1", "m_1", "none", "anger", "怎么这么慢啊"),)
    assert replay(ANGRY, rules).differences == ()


def test_a_milder_threshold_names_the_handoff_that_would_not_happen(tmp_path: Path) -> None:
    once = conversation([message(1, "customer", "真慢", "query_logistics", mood=("angry", 2))], handoff(1, "anger"))
    (difference,) = replay(once, load()).differences
    assert (difference.then, difference.now) == ("anger", "none")
    rules = changed(tmp_path, "    at_level: 3\n    twice_level: 2", "    at_level: 2\n    twice_level: 2")
    assert replay(once, rules).differences == ()


@pytest.mark.parametrize(
    ("code", "stored", "cause"),
    [
        ("customer_request", ASKED, "m_1"),
        ("anger", ANGRY, "m_4"),
        ("high_value", LOOKED_UP, "m_1"),
        ("customer_request", BUTTON, "m_1"),
    ],
)
def test_a_switched_off_trigger_is_named(tmp_path: Path, code: str, stored: Row, cause: str) -> None:
    (difference,) = replay(stored, switched_off(tmp_path, code)).differences
    assert (difference.message_id, difference.then, difference.now) == (cause, code, "none")


def test_a_handoff_without_the_bot_stays_but_stronger_words_are_seen_now() -> None:
    (difference,) = replay(BOT_WAS_AWAY, load()).differences
    assert (difference.then, difference.now) == ("bot_unavailable", "complaint")


def test_after_an_earlier_handoff_the_rest_of_the_history_is_not_counted(tmp_path: Path) -> None:
    twice = conversation(
        [
            message(1, "customer", "慢死了", "query_logistics", mood=("angry", 2)),
            message(2, "bot", "预计明天"),
            message(3, "customer", "还是慢", "query_logistics", mood=("angry", 2)),
        ],
        handoff(3, "anger", evidence=("m_1", "m_3")),
    )
    assert replay(twice, load()).differences == ()
    rules = changed(tmp_path, "    at_level: 3\n    twice_level: 2", "    at_level: 2\n    twice_level: 2")
    (difference,) = replay(twice, rules).differences
    assert (difference.message_id, difference.then, difference.now) == ("m_1", "none", "anger")


def test_sessions_are_judged_apart() -> None:
    second = [
        message(8, "customer", "还有一件事，积分", "query_points_balance", session=2),
        message(9, "bot", "240 分", session=2),
    ]
    reopened = conversation([*ASKED["events"], line(7, "conversation_reopened", 2), *second], *ASKED["handoffs"])
    judged = replay(reopened, load())
    assert (judged.messages, judged.differences) == (2, ())


def test_the_command_prints_differences_and_counts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    export = tmp_path / "conversations.jsonl"
    export.write_text("\n".join(json.dumps(item, ensure_ascii=False) for item in STORED), encoding="utf-8")
    assert main([str(export)]) == 0
    assert "6 conversations, 9 messages judged, 5 handoffs, 0 decisions differ" in capsys.readouterr().out
    file = changed_file(tmp_path, "    at_level: 3\n    twice_level: 2", "    at_level: 2\n    twice_level: 2")
    assert main([str(export), "--playbook", str(file)]) == 0
    printed = capsys.readouterr().out
    version = load().rule_version
    assert f"c_1  m_1  none -> anger@{version}  怎么这么慢啊" in printed
    assert "1 decisions differ" in printed
    assert main([str(export), "--playbook", str(switched_off_file(tmp_path, "anger"))]) == 0
    assert f"c_1  m_4  anger@1 -> none@{version}  天天明天明天，烦死了" in capsys.readouterr().out


def test_what_the_desk_exports_can_be_replayed() -> None:
    """The desk's own test writes exactly this file: services/tests/desk/test_desk_export.py."""
    example = Path(__file__).resolve().parents[3] / "contracts/examples/exported_conversation.json"
    (stored,) = read_export([json.dumps(json.loads(example.read_text(encoding="utf-8")))])
    judged = replay(stored, load())
    assert (judged.messages, judged.handoffs, judged.differences) == (2, 1, ())


def test_files_that_cannot_be_used_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    export = tmp_path / "conversations.jsonl"
    export.write_text('{"format": "baton-conversations-1", "events": []}\nnot json\n', encoding="utf-8")
    assert main([str(export)]) == 1
    assert "line 2 is not JSON" in capsys.readouterr().err
    assert main([str(tmp_path / "nothing.jsonl")]) == 1
    assert main([str(export), "--playbook", str(tmp_path / "nothing.yml")]) == 1
    export.write_text('{"user": 1}\n', encoding="utf-8")
    with pytest.raises(ValueError, match="line 1"):
        list(read_export(export.read_text(encoding="utf-8").splitlines()))
