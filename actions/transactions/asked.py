"""What a customer asks about the very thing that is being arranged, read from the words."""

from __future__ import annotations

import re

from actions.texts import text
from actions.transactions.case import Case

WHEN, WHERE, FREIGHT, AMOUNT, LOST = "when", "where", "freight", "amount", "lost"


def asks(case: Case, *names: str) -> bool:
    """Whether the message asks one of these (playbook/transactions/common.yml, asks)."""
    if case.turn.entities.get("choice"):
        return False
    return any(re.search(text(f"transactions.common.asks.{name}"), case.turn.text) for name in names)
