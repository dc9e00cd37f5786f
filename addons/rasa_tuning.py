"""Speeds up what Rasa does for every action and every event, without changing what comes of it."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from graphlib import TopologicalSorter
from typing import Any

from jsonschema import Draft7Validator, ValidationError
from rasa.core.actions.action import RemoteAction
from rasa.engine.exceptions import GraphRunError
from rasa.engine.graph import GraphNode
from rasa.engine.runner.dask import DaskGraphRunner
from rasa.shared.core.domain import Domain, State
from rasa.shared.core.events import Event
from rasa.shared.core.trackers import DialogueStateTracker

# Rasa calls jsonschema.validate() for every custom action, and that re-checks the JSON meta-schema each time:
# 18-19 ms of CPU per action call on the machine we measured. The schema never changes while Rasa runs, so a
# validators compiled once give the same verdict. Its 23 kinds of events exclude each other by their name, so only the
# one with an event's name need be tried (12 % of a turn's CPU when all are).
_SCHEMA = copy.deepcopy(RemoteAction.action_response_format_spec())
_KINDS = _SCHEMA["properties"]["events"]["items"].pop("oneOf")
_VALIDATOR = Draft7Validator(_SCHEMA)
_EVENT_VALIDATORS = {kind["properties"]["event"]["const"]: Draft7Validator(kind) for kind in _KINDS}

# Rasa goes through all event classes for every event it reads back: 13 % of a turn that takes up a conversation.
_EVENT_CLASSES: dict[str, type[Event]] = {}
_search_event_class = Event.resolve_by_type


def _event_class(type_name: str, default: type[Event] | None = None) -> type[Event] | None:
    """What Rasa's own search finds, each name searched once; raises ValueError for an unknown name."""
    if type_name not in _EVENT_CLASSES:
        found: type[Event] | None = _search_event_class(type_name, default)
        if found is None or found is default:
            return found
        _EVENT_CLASSES[type_name] = found
    return _EVENT_CLASSES[type_name]


def _validate_action_result(_self: RemoteAction, result: dict[str, Any]) -> bool:
    """True for a well-formed answer of the action server; raises jsonschema.ValidationError otherwise."""
    for error in _VALIDATOR.iter_errors(result):
        raise error
    for event in result.get("events") or []:
        validator = _EVENT_VALIDATORS.get(event["event"])
        if validator is None:
            raise ValidationError(f"{event['event']!r} is no event of Rasa")
        for error in validator.iter_errors(event):
            raise error
    return True


# dask plans the same few graphs anew for every message and every prediction: 6 % of a turn. The order of a graph's
# nodes never changes, so it is found once.
Order = list[tuple[GraphNode, tuple[str, ...]]]


def _order(runner: DaskGraphRunner, targets: Sequence[str]) -> Order:
    """The nodes that the targets need, each after those it needs itself."""
    orders: dict[tuple[str, ...], Order] = runner.__dict__.setdefault("_orders", {})
    if tuple(targets) not in orders:
        nodes = runner._graph_schema.minimal_graph_schema(list(targets)).nodes
        needs = {name: [need for need in node.needs.values() if need in nodes] for name, node in nodes.items()}
        orders[tuple(targets)] = [
            (runner._instantiated_nodes[name], tuple(nodes[name].needs.values()))
            for name in TopologicalSorter(needs).static_order()
        ]
    return orders[tuple(targets)]


def _run_graph(
    self: DaskGraphRunner, inputs: dict[str, Any] | None = None, targets: list[str] | None = None
) -> dict[str, Any]:
    """What DaskGraphRunner.run gives back, in the calling thread as there."""
    wanted = targets or self._graph_schema.target_names
    outputs: dict[str, Any] = {name: (name, value) for name, value in (inputs or {}).items()}
    try:
        for node, needs in _order(self, wanted):
            outputs[node._node_name] = node(*(outputs.get(need, need) for need in needs))
    except RuntimeError as error:
        raise GraphRunError("Error running runner.") from error
    return dict(outputs[name] for name in wanted)


# Rule and memoization policies ask for the states of the whole conversation up to four times for one prediction, and
# each time all events are applied again: 4 % of a turn, more in long conversations.
_compute_states = DialogueStateTracker.past_states


def _past_states(self: DialogueStateTracker, domain: Domain, *args: Any, **options: Any) -> list[State]:
    """The same states until the next event; callers change what they get, so everybody gets a copy."""
    asked = (id(domain), len(self.events), args, tuple(options.get(name) for name in _STATE_OPTIONS))
    known = self.__dict__.get("_states_seen")
    if known is None or known[0] != asked:
        known = asked, _compute_states(self, domain, *args, **options)
        self.__dict__["_states_seen"] = known
    return [{name: copy.copy(part) for name, part in state.items()} for state in known[1]]


_STATE_OPTIONS = ("omit_unset_slots", "ignore_rule_only_turns", "rule_only_data")


def apply() -> None:
    """Install everything; calling it again changes nothing."""
    RemoteAction._validate_action_result = _validate_action_result
    Event.resolve_by_type = staticmethod(_event_class)
    DaskGraphRunner.run = _run_graph
    DialogueStateTracker.past_states = _past_states
