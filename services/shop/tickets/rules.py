"""How much a ticket may hold: plain checks of what came with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from shop.kernel.errors import InvalidError
from shop.kernel.text import is_text

MOST_FACTS = MOST_STEPS = 20
LONGEST_NAME = 100
LONGEST_TEXT = 300


def require_facts(facts: Mapping[str, str]) -> dict[str, str]:
    """The facts; InvalidError `facts_invalid` when there are too many or a name or value cannot be kept.

    Values may be empty: a fact that was asked for and not known.
    """
    named = all(is_text(name, LONGEST_NAME) for name in facts)
    if len(facts) > MOST_FACTS or not named or not all(_is_kept(value) for value in facts.values()):
        raise InvalidError("facts_invalid", f"facts: at most {MOST_FACTS}, values up to {LONGEST_TEXT} characters.")
    return dict(facts)


def require_steps(steps: Sequence[str]) -> list[str]:
    """The steps; InvalidError `steps_invalid` when there are too many or one cannot be kept."""
    if len(steps) > MOST_STEPS or not all(is_text(step, LONGEST_TEXT) for step in steps):
        raise InvalidError("steps_invalid", f"steps: at most {MOST_STEPS}, each of 1 to {LONGEST_TEXT} characters.")
    return list(steps)


def _is_kept(value: str) -> bool:
    return not value or is_text(value, LONGEST_TEXT)
