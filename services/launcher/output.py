"""What the person at the terminal sees: one prefixed line at a time."""

from __future__ import annotations

import sys
from typing import TextIO

COLOURS = {"desk": 36, "shop": 33, "rasa": 35, "actions": 32, "baton": 1, "train": 34}
WIDTH = max(len(name) for name in COLOURS)


def say(name: str, text: str, stream: TextIO | None = None) -> None:
    """Prints `text` with the name of who says it, coloured on a terminal only."""
    out = stream or sys.stdout
    prefix = f"{name:<{WIDTH}} |"
    if out.isatty():
        prefix = f"\033[{COLOURS.get(name, 0)}m{prefix}\033[0m"
    print(f"{prefix} {text}", file=out, flush=True)
