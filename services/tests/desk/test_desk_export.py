"""The export that `make replay` reads: whole, masked, readable by its owner only, in the form the bot's side knows."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from doubles import BotDouble, reply
from running import SERVICES, RunningDesk
from summaries import CONTRACTS, summary_for

EXAMPLE = json.loads((CONTRACTS / "examples" / "exported_conversation.json").read_text(encoding="utf-8"))
ASKED, ANGRY = "我的快递怎么还没到，电话幺三八一二三四五六七八", "天天明天明天，烦死了，打13812345678"


def run_export(environment: dict[str, str], out: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "desk.export", "--out", str(out)],
        cwd=SERVICES,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def understood(intent: str, family: str, intensity: int) -> dict[str, Any]:
    emotion = {"family": family, "intensity": intensity, "confidence": 0.9}
    return {"intents": [{"name": intent, "confidence": 0.9}], "emotion": emotion, "entities": []}


def shape(value: Any) -> Any:
    """Ids and times differ from run to run, the desk's own words with the playbook; everything else is the contract."""
    if isinstance(value, dict):
        own_words = value.get("sender") == "system" or value.get("seq") == 1
        changing = {"at", "message_id", "conversation_id", "handoff_id", "evidence"} | (
            {"text"} if own_words else set()
        )
        return {name: type(item).__name__ if name in changing else shape(item) for name, item in value.items()}
    return [shape(item) for item in value] if isinstance(value, list) else value


def test_every_conversation_is_exported_as_the_contract_says(
    make_desk: Any, own_bot: BotDouble, tmp_path: Path
) -> None:
    desk: RunningDesk = make_desk(own_bot)
    own_bot.script[ASKED] = reply("预计明天送达", understanding=understood("query_logistics", "anxious", 1))
    trigger = {"code": "anger", "rule_version": "2026-11-22.3", "score": 6.0, "words": ["烦死了"]}
    own_bot.script[ANGRY] = lambda body: reply(
        "对不起，已经转给物流专员",
        handoff=summary_for(body, triggers=[{**trigger, "evidence": [body["message_id"]]}]),
        understanding=understood("query_logistics", "angry", 3),
    )
    conversation = desk.open()
    conversation.send(ASKED)
    conversation.wait_text("预计明天送达")
    conversation.send(ANGRY)
    conversation.wait_state("queued")
    out = tmp_path / "conversations.jsonl"
    done = run_export(desk.environment, out)
    assert (done.returncode, done.stdout) == (0, f"1 conversations written to {out}\n")
    assert out.stat().st_mode & 0o777 == 0o600
    (line,) = out.read_text(encoding="utf-8").splitlines()
    assert "13812345678" not in line
    assert "幺三八" not in line
    exported = json.loads(line)
    assert exported["conversation_id"] == conversation.id
    assert exported["handoffs"][0]["triggers"][0]["evidence"] == [exported["events"][3]["message_id"]]
    assert shape(exported) == shape(EXAMPLE)


@pytest.mark.parametrize("environment", [{"BATON_DESK_DATABASE_URL": "sqlite:////nowhere/at/all/desk.db"}])
def test_what_cannot_be_exported_is_one_sentence(environment: dict[str, str], tmp_path: Path) -> None:
    failed = run_export({"BATON_DATA_DIR": str(tmp_path), **environment}, tmp_path / "out.jsonl")
    assert failed.returncode == 1
    assert failed.stderr.startswith("desk: ")
    assert list(tmp_path.glob("out*")) == []
