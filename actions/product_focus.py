"""Which product a message without a name means: the one on the page or the one just answered about."""

from __future__ import annotations

from actions.context import Turn
from actions.texts import text

# How many answers ago a product is still the one meant.
FRESH_FINDINGS = 2


def product_spoken_of(turn: Turn) -> tuple[str, ...]:
    """The title of the product answered about last, when that was just now."""
    for entry in reversed((turn.slots.get("findings") or [])[-FRESH_FINDINGS:]):
        if entry["what"] == text("findings.product"):
            return tuple(str(item["value"]) for item in entry["facts"] if item["name"] == "product")
    return ()


def names_a_product(turn: Turn) -> bool:
    """Whether it is known which product is meant."""
    return bool(turn.entities.get("product") or turn.page_product_id or product_spoken_of(turn))
