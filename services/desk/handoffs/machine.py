"""The state machine of a handoff: every way in which it may move, by name; pure.

A situation is a state, with `new` before the first and `offered` for a queued handoff that is offered to an agent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from desk.kernel.errors import ConflictError

if TYPE_CHECKING:
    from desk.handoffs.rules import Handoff

Situation = Literal["new", "queued", "offered", "active", "resolved", "cancelled", "handed_back"]
Transition = Literal[
    "queue", "offer", "decline", "expire", "withdraw", "claim", "transfer", "return", "take_over",
    "hand_back", "resolve", "cancel", "supersede",
]  # fmt: skip


class Move(NamedTuple):
    """From which situations to which; `code` is what the caller is told when it is not possible."""

    expected: tuple[Situation, ...]
    to: Situation
    code: str


MOVES: dict[Transition, Move] = {
    "queue": Move(("new",), "queued", "owner_changed"),
    "offer": Move(("queued",), "offered", "already_claimed"),
    "decline": Move(("offered",), "queued", "not_offered"),
    "expire": Move(("offered",), "queued", "not_offered"),
    "withdraw": Move(("offered",), "queued", "not_offered"),
    "claim": Move(("queued", "offered"), "active", "already_claimed"),
    "transfer": Move(("active",), "queued", "not_owner"),
    "return": Move(("active",), "queued", "not_owner"),
    "take_over": Move(("new", "queued", "offered", "active"), "active", "not_owner"),
    "hand_back": Move(("active",), "handed_back", "not_owner"),
    "resolve": Move(("active",), "resolved", "not_owner"),
    "cancel": Move(("queued", "offered"), "cancelled", "not_queued"),
    "supersede": Move(("queued", "offered"), "cancelled", "owner_changed"),
}


class IllegalTransitionError(ConflictError):
    """A handoff cannot move that way from where it is; `expected` are the situations from which it could."""

    def __init__(self, transition: Transition, got: Situation) -> None:
        move = MOVES[transition]
        super().__init__(move.code, transition=transition, expected=move.expected, got=got)
        self.transition, self.expected, self.got = transition, move.expected, got

    def __str__(self) -> str:
        return f"{self.code}: {self.transition} expected {' or '.join(self.expected)}, got {self.got}"


def situation_of(handoff: Handoff | None) -> Situation:
    """Where a handoff is."""
    if handoff is None:
        return "new"
    return "offered" if handoff.state == "queued" and handoff.offered_agent_id is not None else handoff.state


def move(transition: Transition, got: Situation) -> Situation:
    """The situation after `transition`; IllegalTransitionError when there is no such way."""
    if got not in MOVES[transition].expected:
        raise IllegalTransitionError(transition, got)
    return MOVES[transition].to
