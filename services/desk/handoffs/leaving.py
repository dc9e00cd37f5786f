"""Whether a waiting customer's words mean that they leave the queue; pure, and conservative."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from desk.kernel.policy import Leaving

_MAX_CHARACTERS = 40  # whoever writes more has something to say
_BETWEEN_CLAUSES = re.compile(r"[\s。.!！?？~～,，;；、…]+")


def wish_to_leave(text: str, leaving: Leaving) -> Literal["leave", "ask"] | None:
    """`leave` when every clause says so beyond doubt, `ask` when some may be said in anger, None for all else.

    One clause that fits no pattern keeps the customer in the queue. The patterns are in simplified characters, so
    the text must be too.
    """
    if len(text) > _MAX_CHARACTERS:
        return None
    kinds = {_kind(clause, leaving) for clause in _BETWEEN_CLAUSES.split(text) if clause}
    if None in kinds or not kinds & {"certain", "unsure"}:
        return None
    return "ask" if "unsure" in kinds else "leave"


def _kind(clause: str, leaving: Leaving) -> str | None:
    for kind, patterns in (
        ("certain", leaving.certain),
        ("unsure", leaving.unsure),
        ("filler", leaving.filler),
    ):
        if any(re.fullmatch(pattern, clause) for pattern in patterns):
            return kind
    return None
