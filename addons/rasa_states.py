"""A conversation's past states, each event applied once: Rasa applies all of them again for every policy it asks."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, cast

from rasa.shared.core.domain import Domain, State
from rasa.shared.core.events import ActionExecuted, Event
from rasa.shared.core.trackers import DialogueStateTracker

_OPTIONS = ("omit_unset_slots", "ignore_rule_only_turns", "rule_only_data")
_Answers = list[tuple[Any, list[State]]]
_STATES, _WALK = "_states_seen", "_walk_done"

rasa_past_states = DialogueStateTracker.past_states


@dataclass
class _Walk:
    """A tracker on its way through the applied events, and how it looked before each action."""

    tracker: DialogueStateTracker
    done: list[Event] = field(default_factory=list)
    before_actions: list[tuple[DialogueStateTracker, bool]] = field(default_factory=list)

    def goes_on_to(self, events: list[Event]) -> bool:
        """Whether these events begin with those already applied; forms take some back."""
        return len(self.done) <= len(events) and all(
            mine is theirs for mine, theirs in zip(self.done, events, strict=False)
        )

    def go_on(self, events: list[Event]) -> None:
        for event in events[len(self.done) :]:
            if isinstance(event, ActionExecuted):
                self.before_actions.append((_as_it_is(self.tracker), event.hide_rule_turn))
            self.tracker.update(event)
            self.done.append(event)


class _Walked:
    """Stands for a tracker where Rasa asks for nothing but its earlier selves."""

    def __init__(self, walk: _Walk) -> None:
        self._walk = walk

    def generate_all_prior_trackers(self) -> Iterator[tuple[DialogueStateTracker, bool]]:
        """The tracker before each action and as it is now, with whether that turn is hidden from learned policies."""
        yield from self._walk.before_actions
        yield self._walk.tracker, False


def past_states(self: DialogueStateTracker, domain: Domain, *args: Any, **options: Any) -> list[State]:
    """What DialogueStateTracker.past_states gives back; callers change what they get, so everybody gets a copy."""
    asked = (id(domain), args, [options.get(name) for name in _OPTIONS])
    length, answers = self.__dict__.get(_STATES, (-1, _Answers()))
    if length != len(self.events):
        answers = _Answers()
        self.__dict__[_STATES] = len(self.events), answers
    states: list[State] | None = next((states for question, states in answers if question == asked), None)
    if states is None:
        walked = cast("DialogueStateTracker", _Walked(_walk_of(self)))
        states = domain.states_for_tracker_history(walked, *args, **options)
        answers.append((asked, states))
    return [{name: copy.copy(part) for name, part in state.items()} for state in states]


def _walk_of(tracker: DialogueStateTracker) -> _Walk:
    """The walk through this tracker's events, gone on from where it was if nothing was taken back since."""
    events = tracker.applied_events()
    walk: _Walk | None = tracker.__dict__.get(_WALK)
    if walk is None or not walk.goes_on_to(events):
        walk = tracker.__dict__[_WALK] = _Walk(tracker.init_copy())
    walk.go_on(events)
    return walk


def _as_it_is(tracker: DialogueStateTracker) -> DialogueStateTracker:
    """A picture of the tracker with what makes a state: only slots that a state shows, nothing that changes later."""
    picture = copy.copy(tracker)
    picture.slots = {name: copy.copy(slot) for name, slot in tracker.slots.items() if slot.influence_conversation}
    picture.active_loop = copy.copy(tracker.active_loop)
    return picture
