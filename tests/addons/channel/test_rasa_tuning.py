"""What is made quicker in Rasa decides the same as before."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest
from rasa.core.actions.action import RemoteAction
from rasa.engine.graph import GraphComponent, GraphSchema, SchemaNode
from rasa.engine.runner.dask import DaskGraphRunner
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, Event, SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from addons import rasa_tuning

DASK_RUN, COMPUTED_STATES = DaskGraphRunner.run, rasa_tuning._compute_states
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
        judged = rasa_tuning._validate_action_result(None, result)  # type: ignore[arg-type]
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
        first = rasa_tuning._past_states(tracker, domain)
        assert first == expected
        first[-1].clear()
        first[0].get("prev_action", {}).clear()
        assert rasa_tuning._past_states(tracker, domain) == expected
