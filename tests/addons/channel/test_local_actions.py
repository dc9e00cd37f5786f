"""Actions run inside the Rasa process: as the action server would answer, wanted by a setting, put into the agent."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rasa.utils.endpoints import ClientResponseError

from actions.settings import settings
from actions.shop_api import shop_api
from addons import local_actions
from addons.local_actions import LocalActionEndpoint

PACKAGE = "actions_of_a_test"
ACTIONS = """
from rasa_sdk import Action
from rasa_sdk.events import SlotSet
from rasa_sdk.interfaces import ActionExecutionRejection as Rejection


class Hello(Action):
    def name(self):
        return "action_hello"

    async def run(self, dispatcher, tracker, domain):
        dispatcher.utter_message(text="您好，" + tracker.latest_message["text"])
        return [SlotSet("greeted", True)]


class Refusing(Action):
    def name(self):
        return "validate_some_form"

    async def run(self, dispatcher, tracker, domain):
        raise Rejection(self.name())


class Broken(Action):
    def name(self):
        return "action_broken"

    async def run(self, dispatcher, tracker, domain):
        raise RuntimeError("out of order")
"""


@pytest.fixture
def endpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalActionEndpoint]:
    """The actions of a small package of its own."""
    (tmp_path / PACKAGE).mkdir()
    (tmp_path / PACKAGE / "__init__.py").write_text(ACTIONS, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    # The executor makes every action class of the process, ours too when other tests have loaded them.
    monkeypatch.setenv("BATON_SHOP_TOKEN", "never used")
    yield LocalActionEndpoint(PACKAGE)
    sys.modules.pop(PACKAGE, None)
    shop_api.cache_clear()
    settings.cache_clear()


def ask(endpoint: LocalActionEndpoint, action: str) -> dict[str, Any]:
    """What Rasa gets when it asks for the action, as it asks the action server."""
    tracker = {
        "sender_id": "c_1.1",
        "slots": {},
        "latest_message": {"text": "小李"},
        "events": [],
        "paused": False,
        "followup_action": None,
        "active_loop": {},
        "latest_action_name": "action_listen",
    }
    body = {"next_action": action, "sender_id": "c_1.1", "tracker": tracker, "domain": {}}
    answer = asyncio.run(endpoint.request(json=body, method="post", timeout=1))
    assert answer is not None
    return answer


def test_an_action_is_run_in_this_process(endpoint: LocalActionEndpoint) -> None:
    answer = ask(endpoint, "action_hello")
    assert [response["text"] for response in answer["responses"]] == ["您好，小李"]
    assert [(event["name"], event["value"]) for event in answer["events"]] == [("greeted", True)]


def test_a_rejection_is_the_answer_400_of_an_action_server(endpoint: LocalActionEndpoint) -> None:
    with pytest.raises(ClientResponseError) as caught:
        ask(endpoint, "validate_some_form")
    assert caught.value.status == 400
    # Rasa reads the name from the text to go on without the form.
    assert json.loads(caught.value.text)["action_name"] == "validate_some_form"


def test_a_fault_of_an_action_is_no_rejection(endpoint: LocalActionEndpoint) -> None:
    with pytest.raises(RuntimeError, match="out of order"):
        ask(endpoint, "action_broken")


@pytest.mark.parametrize(
    ("value", "inside"),
    [("inside", True), (" Inside ", True), ("server", False), ("", False), ("elsewhere", False), (None, False)],
)
def test_the_setting_decides(monkeypatch: pytest.MonkeyPatch, value: str | None, inside: bool) -> None:
    monkeypatch.delenv(local_actions.SETTING, raising=False)
    if value is not None:
        monkeypatch.setenv(local_actions.SETTING, value)
    assert local_actions.wanted() is inside


def test_agent_and_processor_ask_in_this_process_and_again_changes_nothing(endpoint: LocalActionEndpoint) -> None:
    agent = SimpleNamespace(action_endpoint="http", processor=SimpleNamespace(action_endpoint="http"))
    for _ in range(2):
        local_actions.install(agent, endpoint)
        assert agent.action_endpoint is endpoint
        assert agent.processor.action_endpoint is endpoint


def test_an_agent_without_a_model_yet_is_prepared(endpoint: LocalActionEndpoint) -> None:
    agent = SimpleNamespace(action_endpoint=None, processor=None)
    local_actions.install(agent, endpoint)
    assert agent.action_endpoint is endpoint
