"""What is made quicker in Rasa decides the same as before."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import jsonschema
import pytest
from rasa.core.actions.action import RemoteAction
from rasa.core.policies.rule_policy import RulePolicy
from rasa.engine.graph import GraphComponent, GraphSchema, SchemaNode
from rasa.engine.runner.dask import DaskGraphRunner
from rasa.shared.core.domain import Domain, State
from rasa.shared.core.events import (
    ActionExecuted,
    ActionExecutionRejected,
    ActiveLoop,
    Event,
    FollowupAction,
    SessionStarted,
    SlotSet,
    UserUtteranceReverted,
    UserUttered,
)
from rasa.shared.core.trackers import DialogueStateTracker, EventVerbosity

from addons import rasa_rules, rasa_states, rasa_tuning

DASK_RUN, COMPUTED_STATES = DaskGraphRunner.run, rasa_states.rasa_past_states
RASA_STATE = rasa_tuning._rasa_state
SPEC = RemoteAction.action_response_format_spec()
SLOT = {"event": "slot", "name": "topic", "value": "query_logistics", "timestamp": None}


@pytest.mark.parametrize(
    "result",
    [
        {"events": [SLOT], "responses": [{"text": "好"}]},
        {"events": [SLOT, {"event": "followup", "name": "order_form"}], "responses": []},
        {"events": []},
        {"events": [{"event": "nonsense"}]},
        {"events": [{"event": "slot"}]},
        {"events": "slot"},
        {"events": [SLOT, {"name": "nameless"}]},
    ],
)
def test_an_answer_is_judged_as_rasa_judges_it(result: dict[str, Any]) -> None:
    try:
        jsonschema.validate(result, SPEC)
        expected = True
    except jsonschema.ValidationError:
        expected = False
    try:
        judged = rasa_tuning._validate_action_result(None, result)
    except jsonschema.ValidationError:
        judged = False
    assert judged is expected


def test_event_classes_are_found_once_and_unknown_ones_refused() -> None:
    assert rasa_tuning._event_class("slot") is SlotSet
    assert rasa_tuning._event_class("slot") is Event.resolve_by_type("slot")
    with pytest.raises(ValueError, match="Unknown event"):
        rasa_tuning._event_class("nonsense")


class _Node:
    """A node of a graph that adds its own name to what it gets."""

    def __init__(self, name: str, calls: list[str]) -> None:
        self._node_name, self._calls = name, calls

    def __call__(self, *inputs: tuple[str, Any] | str) -> tuple[str, Any]:
        self._calls.append(self._node_name)
        return self._node_name, "+".join(
            [str(i[1]) if isinstance(i, tuple) else f"?{i}" for i in inputs] + [self._node_name]
        )


NEEDS = {"a": ["message"], "b": ["a"], "c": ["a", "b"], "other": ["message"], "lone": ["nobody"]}


def runner_of(calls: list[str]) -> DaskGraphRunner:
    schema = GraphSchema(
        {
            name: SchemaNode({f"p{i}": need for i, need in enumerate(needs)}, GraphComponent, "create", "run", {})
            for name, needs in NEEDS.items()
        }
    )
    runner: DaskGraphRunner = object.__new__(DaskGraphRunner)
    runner._graph_schema, runner._execution_context = schema, None
    runner._instantiated_nodes = {name: _Node(name, calls) for name in NEEDS}
    return runner


@pytest.mark.parametrize("targets", [["c"], ["c", "other"], ["a", "b"], ["lone"]])
def test_a_graph_gives_what_dask_gives_and_runs_every_node_once(targets: list[str]) -> None:
    theirs: list[str] = []
    ours: list[str] = []
    expected = DASK_RUN(runner_of(theirs), {"message": "hi"}, targets)
    assert rasa_tuning._run_graph(runner_of(ours), {"message": "hi"}, targets) == expected
    assert sorted(ours) == sorted(theirs)


def test_the_states_of_a_conversation_are_the_same_and_nobody_changes_anothers() -> None:
    domain = Domain.from_dict(
        {"intents": ["greet"], "actions": ["action_a"], "responses": {"utter_b": [{"text": "b"}]}}
    )
    tracker = DialogueStateTracker("c", domain.slots)
    for event in (ActionExecuted("action_listen"), UserUttered("hi", {"name": "greet"}), ActionExecuted("action_a")):
        tracker.update(event, domain)
        expected = COMPUTED_STATES(tracker, domain)
        first = rasa_states.past_states(tracker, domain)
        assert first == expected
        first[-1].clear()
        first[0].get("prev_action", {}).clear()
        assert rasa_states.past_states(tracker, domain) == expected


FORM_DOMAIN = Domain.from_dict(
    {
        "intents": ["greet", "tell"],
        "entities": ["size"],
        "actions": ["action_a"],
        "forms": {"a_form": {"required_slots": ["size"]}},
        "slots": {
            "size": {"type": "text", "influence_conversation": True, "mappings": [{"type": "custom"}]},
            "asked": {"type": "bool", "influence_conversation": True, "mappings": [{"type": "custom"}]},
            "note": {"type": "any", "mappings": [{"type": "custom"}]},
        },
        "responses": {"utter_b": [{"text": "b"}]},
    }
)
STEPS: list[Callable[[], list[Event]]] = [
    lambda: [ActionExecuted("action_listen"), UserUttered("hi", {"name": "greet"}), ActionExecuted("action_a")],
    lambda: [ActionExecuted("action_listen"), UserUttered("M", {"name": "tell"}), SlotSet("size", "M")],
    lambda: [ActionExecuted("a_form"), ActiveLoop("a_form"), SlotSet("requested_slot", "size")],
    lambda: [ActionExecuted("action_listen"), UserUttered("L", {"name": "tell"}), ActionExecuted("a_form")],
    lambda: [ActionExecuted("action_listen"), UserUttered("?", {"name": "greet"}), ActionExecutionRejected("a_form")],
    lambda: [ActiveLoop(None), SlotSet("asked", True), SlotSet("note", {"any": "thing"})],
    lambda: [ActionExecuted("utter_b", hide_rule_turn=True), SlotSet("size", None)],
    lambda: [FollowupAction("action_a")],
    lambda: [UserUtteranceReverted()],
    lambda: [SessionStarted()],
]


@pytest.mark.parametrize("seed", range(40))
def test_states_of_any_course_of_events_are_those_that_rasa_finds(seed: int) -> None:
    choice = random.Random(seed)
    tracker = DialogueStateTracker("c", FORM_DOMAIN.slots)
    options: list[dict[str, Any]] = [
        {},
        {"omit_unset_slots": True},
        {"ignore_rule_only_turns": True, "rule_only_data": {"rule_only_slots": ["asked"], "rule_only_loops": []}},
    ]
    for _ in range(30):
        for event in choice.choice(STEPS)():
            tracker.update(event, FORM_DOMAIN)
            for asked in choice.sample(options, 2):
                assert rasa_states.past_states(tracker, FORM_DOMAIN, **asked) == COMPUTED_STATES(
                    tracker, FORM_DOMAIN, **asked
                )
        assert rasa_tuning._current_state(tracker, EventVerbosity.ALL) == RASA_STATE(tracker, EventVerbosity.ALL)


ACTIONS = [None, {"action_name": "action_listen"}, {"action_name": "a_form"}, {"action_text": "b"}]
USERS = [None, {"intent": "greet"}, {"intent": "tell"}, {"intent": "should_not_be_set"}, {"text": "hi"}]
SLOTS = [None, {"asked": (1.0,)}]


def any_states(choice: random.Random, most: int) -> list[State]:
    return [
        {
            part: value
            for part, values in (("prev_action", ACTIONS), ("user", USERS), ("slots", SLOTS))
            if (value := choice.choice(values)) is not None
        }
        for _ in range(choice.randint(1, most))
    ]


@pytest.mark.parametrize("seed", range(20))
def test_the_rules_that_fit_are_those_that_rasa_finds(seed: int) -> None:
    choice = random.Random(seed)
    policy = RulePolicy.__new__(RulePolicy)
    lookup = {RulePolicy._create_feature_key(policy, any_states(choice, 2)): "action_a" for _ in range(80)}
    fitting = 0
    for _ in range(100):
        states = any_states(choice, 5)
        expected = rasa_rules.rasa_possible_keys(policy, lookup, states)
        assert rasa_rules.possible_keys(policy, lookup, states) == expected
        fitting += len(expected)
    assert fitting > 100


def test_a_rule_that_came_later_is_found() -> None:
    policy, states = RulePolicy.__new__(RulePolicy), [{"prev_action": {"action_name": "a_form"}}]
    key = RulePolicy._create_feature_key(policy, states)
    lookup: dict[str, str] = {}
    assert rasa_rules.possible_keys(policy, lookup, states) == set()
    lookup[key] = "action_a"
    assert rasa_rules.possible_keys(policy, lookup, states) == {key}
