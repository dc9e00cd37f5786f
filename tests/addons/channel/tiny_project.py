"""A tiny but real Rasa project: the channel, the policy and the handoff action in it are those of Baton."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

ROOT = Path(__file__).resolve().parents[3]
TOKEN = "test-token-of-the-desk"
START_SECONDS = 600  # on a machine that others use, too: importing Rasa is a quarter of a minute of a core

FILES = {
    "config.yml": """
recipe: default.v1
assistant_id: tiny
language: en
pipeline:
  - name: WhitespaceTokenizer
  - name: RegexEntityExtractor
    use_word_boundaries: false
  - name: CountVectorsFeaturizer
    analyzer: char
    min_ngram: 1
    max_ngram: 3
  - name: LogisticRegressionClassifier
policies:
  - name: MemoizationPolicy
  - name: RulePolicy
    core_fallback_action_name: action_default_fallback
  - name: addons.escalation.policy.EscalationPolicy
""",
    "domain.yml": """
version: "3.1"
session_config: {session_expiration_time: 0, carry_over_slots_to_new_session: true}
intents: [greet, query_logistics, request_return, request_human, inform, complain, report_technical_issue]
entities: [order_id]
slots:
  order_id: {type: text, influence_conversation: false, mappings: [{type: from_entity, entity: order_id}]}
  reason:
    type: text
    influence_conversation: false
    mappings: [{type: from_text, conditions: [{active_loop: return_form, requested_slot: reason}]}]
  findings: {type: any, influence_conversation: false, mappings: [{type: custom}]}
  escalation: {type: any, influence_conversation: false, mappings: [{type: custom}]}
  handback: {type: any, influence_conversation: false, mappings: [{type: custom}]}
forms:
  return_form: {required_slots: [order_id, reason]}
responses:
  utter_greet: [{text: "您好"}]
  utter_ask_order_id: [{text: "哪一笔订单？"}]
  utter_ask_reason: [{text: "什么原因要退？"}]
  utter_returned: [{text: "已登记"}]
actions: [action_echo, action_fault, action_handoff]
""",
    "data/nlu.yml": """
version: "3.1"
nlu:
- regex: order_id
  examples: |
    - 20\\d{12}
- intent: greet
  examples: |
    - 你好
    - 在吗
    - 您好啊
- intent: query_logistics
  examples: |
    - 我的快递到哪了
    - 包裹怎么还没到
    - 查一下物流
- intent: request_return
  examples: |
    - 我要退货
    - 想退掉这个
    - 退货怎么办理
- intent: request_human
  examples: |
    - 转人工
    - 我要找人工客服
    - 叫个真人来
- intent: inform
  examples: |
    - 订单号是[20261118000123](order_id)
    - "[20261118000124](order_id)"
- intent: complain
  examples: |
    - 我要投诉你们
    - 你们服务太差
    - 给差评
- intent: report_technical_issue
  examples: |
    - app闪退
    - 页面打不开
    - 软件老是卡死
""",
    "data/rules.yml": """
version: "3.1"
rules:
- rule: greet
  steps: [{intent: greet}, {action: utter_greet}]
- rule: logistics
  steps: [{intent: query_logistics}, {action: action_echo}]
- rule: inform
  steps: [{intent: inform}, {action: action_echo}]
- rule: fault
  steps: [{intent: report_technical_issue}, {action: action_fault}]
- rule: start the form
  steps: [{intent: request_return}, {action: return_form}, {active_loop: return_form}]
- rule: end the form
  condition: [{active_loop: return_form}]
  steps:
  - action: return_form
  - active_loop: null
  - slot_was_set: [{requested_slot: null}]
  - action: utter_returned
""",
    "credentials.yml": "addons.channel.DeskChannel:\n",
    "tiny_actions.py": '''
"""Actions of the tiny project; the handoff is Baton's own."""
import json
import time
from pathlib import Path
from rasa_sdk import Action
from rasa_sdk.events import SlotSet
from actions.handoff import ActionHandoff


class Handoff(ActionHandoff):
    """Fails on demand, as an action server does that was stopped in the middle of a turn."""

    async def run(self, dispatcher, tracker, domain):
        if tracker.latest_message["metadata"]["context"].get("fail"):
            raise RuntimeError("down")
        return await super().run(dispatcher, tracker, domain)


class Echo(Action):
    def name(self):
        return "action_echo"
    def run(self, dispatcher, tracker, domain):
        metadata = tracker.latest_message["metadata"]
        if metadata["context"].get("fail"):
            raise RuntimeError("down")
        if metadata["context"].get("hold"):  # for as long as the file is there
            hold = Path(metadata["context"]["hold"])
            hold.with_suffix(".seen").touch()
            while hold.exists():
                time.sleep(0.02)
        dispatcher.utter_message(
            text=json.dumps(metadata, ensure_ascii=False, sort_keys=True),
            buttons=[{"title": "转人工", "payload": "/request_human"}],
            json_message={"card": {"type": "points", "balance": 1, "lots": []}},
        )
        dispatcher.utter_message(text="第二条")
        return []

class Fault(Action):
    def name(self):
        return "action_fault"
    def run(self, dispatcher, tracker, domain):
        dispatcher.utter_message(text="查到这里了")
        return [SlotSet("escalation", {"code": "technical_fault", "words": []})]
''',
}


def write_project(folder: Path, actions_port: int) -> None:
    for name, text in FILES.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    (folder / "endpoints.yml").write_text(
        f"action_endpoint:\n  url: http://127.0.0.1:{actions_port}/webhook\n"
        "tracker_store:\n  type: addons.tracker_store.ConversationStore\n  dialect: sqlite\n  db: tracker.db\n"
        "lock_store:\n  type: addons.lock_store.ConversationLocks\n",
        encoding="utf-8",
    )


def environment() -> dict[str, str]:
    return os.environ | {
        "PYTHONPATH": str(ROOT),
        "BATON_BOT_TOKEN": TOKEN,
        "BATON_SHOP_TOKEN": "unused",
        "BATON_SHOP_URL": "http://127.0.0.1:9",
        "RASA_TELEMETRY_ENABLED": "false",
        "SANIC_WORKERS": "1",
        "OMP_NUM_THREADS": "1",
        "TF_NUM_INTRAOP_THREADS": "1",
        "TF_NUM_INTEROP_THREADS": "1",
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }


def rasa(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "rasa", *arguments]


def train(folder: Path) -> None:
    done = subprocess.run(
        rasa("train", "--out", "models", "--fixed-model-name", "tiny"),
        cwd=folder,
        env=environment(),
        capture_output=True,
        timeout=240,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"training the tiny project failed:\n{done.stdout.decode()}\n{done.stderr.decode()}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(
    command: list[str], folder: Path, name: str, url: str, headers: dict[str, str], **settings: str
) -> Iterator[subprocess.Popen[bytes]]:
    """The process, once `url` answers 200; stopped afterwards."""
    log = folder / f"{name}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=folder, env=environment() | settings, stdout=output, stderr=output)
        try:
            wait_for(url, headers, process, log)
            yield process
        finally:
            process.terminate()
            try:
                process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(timeout=5)


def wait_for(url: str, headers: dict[str, str], process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError(f"stopped at once:\n{log.read_text()}")
        try:
            if requests.get(url, headers=headers, timeout=2).status_code == 200:
                return
        except requests.RequestException:
            pass
        time.sleep(0.2)
    raise RuntimeError(f"not ready after {START_SECONDS} s:\n{log.read_text()}")
