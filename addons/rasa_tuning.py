"""Speeds up what Rasa does for every action and every event, without changing what comes of it."""

from __future__ import annotations

import copy
import gc
import logging
import re
import sys
from collections.abc import Sequence
from graphlib import TopologicalSorter
from typing import Any

from jsonschema import Draft7Validator, ValidationError
from rasa.core.actions.action import RemoteAction
from rasa.core.policies.rule_policy import RulePolicy
from rasa.core.processor import MessageProcessor
from rasa.engine.exceptions import GraphRunError
from rasa.engine.graph import GraphNode
from rasa.engine.runner.dask import DaskGraphRunner
from rasa.shared.core.events import Event
from rasa.shared.core.slots import Slot
from rasa.shared.core.trackers import DialogueStateTracker, EventVerbosity

from addons import rasa_rules, rasa_states
from addons.local_actions import LocalAnswer

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
    """True for a well-formed answer of the action server; raises jsonschema.ValidationError otherwise.

    An action of this process was answered by the SDK itself; reading its events raises for one that is none.
    """
    if isinstance(result, LocalAnswer):
        return True
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


# Every look back at a conversation begins with a copy of all slots; the standard way of copying an object goes through
# pickling's protocol and costs ten times what this does.
def _copy_slot(slot: Slot) -> Slot:
    """A shallow copy, as copy.copy makes it."""
    twin = slot.__class__.__new__(slot.__class__)
    twin.__dict__.update(slot.__dict__)
    return twin


# The message that began a form lies in the loop's state; copying it to its last letter costs 2 % of a turn.
_rasa_state = DialogueStateTracker.current_state


def _current_state(self: DialogueStateTracker, event_verbosity: EventVerbosity = EventVerbosity.NONE) -> dict[str, Any]:
    """What Rasa's own gives; the loop's message is the tracker's, not a copy: readers leave it as it is."""
    without_loop = copy.copy(self)
    without_loop.active_loop = None
    state = _rasa_state(without_loop, event_verbosity)
    if self.active_loop:
        state["active_loop"] = dict(vars(self.active_loop))
    return state


# Rasa writes all slots into one text for a log line that nobody sees unless the log is asked for everything.
_rasa_log_slots = MessageProcessor._log_slots


def _log_slots(tracker: DialogueStateTracker) -> None:
    """Rasa's own, when somebody will read it."""
    if logging.getLogger("rasa").isEnabledFor(logging.DEBUG):
        _rasa_log_slots(tracker)


# The turn's own thread computes while others wait for the shop's answers (actions/read_ahead.py): with Python's 5 ms
# they would each time wait that long for their moment of work.
SWITCH_SECONDS = 0.0005
# Python keeps 512 compiled patterns; ours and Rasa's are more, and each one over is compiled anew: 2 % of a turn.
PATTERNS_KEPT = 4096


def apply() -> None:
    """Install everything; calling it again changes nothing."""
    sys.setswitchinterval(SWITCH_SECONDS)
    re._MAXCACHE = PATTERNS_KEPT  # type: ignore[attr-defined]
    RemoteAction._validate_action_result = _validate_action_result
    Event.resolve_by_type = staticmethod(_event_class)
    DaskGraphRunner.run = _run_graph
    RulePolicy._get_possible_keys = rasa_rules.possible_keys
    DialogueStateTracker.past_states = rasa_states.past_states
    DialogueStateTracker.current_state = _current_state
    MessageProcessor._log_slots = staticmethod(_log_slots)
    Slot.__copy__ = _copy_slot


def settle() -> None:
    """What is loaded by now stays: searching all of it for garbage stopped a turn for a third of a second."""
    gc.collect()
    gc.freeze()
