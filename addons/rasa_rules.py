"""Finds the rules that fit a conversation without trying each of them: nearly all differ in their newest turn."""

from __future__ import annotations

from collections import defaultdict

from rasa.core.policies.rule_policy import RulePolicy
from rasa.shared.core.constants import PREVIOUS_ACTION, SHOULD_NOT_BE_SET, USER
from rasa.shared.core.domain import State

_INDEX = "_rules_by_newest_turn"
_Turn = tuple[str | None, str | None]  # the action before it and the intent; None where a rule takes any
_START: _Turn = ("", None)  # nothing was done yet: Rasa compares no more than that

rasa_possible_keys = RulePolicy._get_possible_keys


def possible_keys(self: RulePolicy, lookup: dict[str, str], states: list[State]) -> set[str]:
    """What RulePolicy._get_possible_keys gives back, of the rules that its newest turn leaves."""
    if not states:
        return rasa_possible_keys(self, lookup, states)
    action, intent = _newest(states[-1])
    by_turn = _index(self, lookup)
    turns: set[_Turn] = {(action, intent), (action, None), (None, intent), (None, None)}
    return rasa_possible_keys(self, {key: lookup[key] for turn in turns for key in by_turn.get(turn, ())}, states)


def _index(policy: RulePolicy, lookup: dict[str, str]) -> dict[_Turn, list[str]]:
    """The keys of a lookup by their newest turn, made anew when rules came or went."""
    kept = policy.__dict__.setdefault(_INDEX, {})
    known: tuple[int, dict[_Turn, list[str]]] | None = kept.get(id(lookup))
    if known is None or known[0] != len(lookup):
        by_turn: dict[_Turn, list[str]] = defaultdict(list)
        for key in lookup:
            states = policy._rule_key_to_state(key)
            by_turn[_newest(states[-1]) if states else (None, None)].append(key)
        known = kept[id(lookup)] = len(lookup), dict(by_turn)
    return known[1]


def _newest(state: State) -> _Turn:
    if not state.get(PREVIOUS_ACTION):
        return _START
    return _asked(state, PREVIOUS_ACTION, "action_name"), _asked(state, USER, "intent")


def _asked(state: State, part: str, name: str) -> str | None:
    """A value that must be equal in rule and conversation, None when a rule leaves it open."""
    value = (state.get(part) or {}).get(name)
    return value if isinstance(value, str) and value and value != SHOULD_NOT_BE_SET else None
