"""One transaction under way: what it is about, what the shop knows, what the customer has said so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from actions.answer import title_of
from actions.context import Turn
from actions.shop_types import Order
from actions.texts import text
from actions.words import money, tail

# Steps of a transaction, kept in slot `transaction` under `step`.
ASKING, CONFIRMING = "asking", "confirming"
# With these the form ends: file it, nothing left to file, given up, another order is meant, not understood.
CONFIRMED, SETTLED, CANCELLED, OTHER_ORDER, STUCK = "confirmed", "settled", "cancelled", "other_order", "stuck"
OPEN_STEPS = (ASKING, CONFIRMING)


@dataclass(frozen=True)
class Case:
    """Everything a transaction decides on. `facts` are fresh from the shop, `details` JSON values by detail name."""

    turn: Turn
    order: Order | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def the_order(self) -> Order:
        """The order of a transaction that needs one."""
        if self.order is None:
            raise ValueError("this transaction has no order")
        return self.order

    def knowing(self, details: Mapping[str, Any]) -> Case:
        """The same case with these details."""
        return replace(self, details=dict(details))

    def say(self, path: str, **values: object) -> str:
        """The sentence `transactions.<path>`; {title}, {tail}, {amount} are those of the order."""
        named: dict[str, object] = {}
        if self.order is not None:
            named = {
                "title": title_of(self.order),
                "tail": tail(self.order["order_id"]),
                "amount": money(self.order["payment"]["paid_fen"] or self.order["amount_fen"]),
            }
        return text(f"transactions.{path}", **{**named, **values})


@dataclass(frozen=True)
class Progress:
    """Slot `transaction`: survives the turn. `key` makes the document unique, `order_id` is proven.

    `said` are the customer's own words behind each detail, for the person who may take over; `waiting` is True when
    the customer is just looking the answer up.
    """

    topic: str
    key: str
    order_id: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    step: str = ASKING
    missed: int = 0
    failed: bool = False
    said: Mapping[str, str] = field(default_factory=dict)
    waiting: bool = False
    revising: bool = False

    @classmethod
    def read(cls, value: object) -> Progress | None:
        """The slot's value, or None when no transaction is under way."""
        return cls(**value) if isinstance(value, dict) else None

    def as_json(self) -> dict[str, Any]:
        return {
            "topic": self.topic,
            "key": self.key,
            "order_id": self.order_id,
            "details": dict(self.details),
            "step": self.step,
            "missed": self.missed,
            "failed": self.failed,
            "said": dict(self.said),
            "waiting": self.waiting,
            "revising": self.revising,
        }
