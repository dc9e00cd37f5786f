"""The Rasa workers the desk knows: which one a conversation is asked from, and which are away. No I/O."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_MISSES_UNTIL_LOST = 2


@dataclass(eq=False)
class Worker:
    """One Rasa. `up` until it fails somebody; `lost` is set while it says nothing even when asked how it is."""

    url: str
    up: bool = True
    misses: int = 0
    lost: asyncio.Event = field(default_factory=asyncio.Event)

    def well(self) -> None:
        """It answered."""
        self.up, self.misses = True, 0
        self.lost.clear()

    def silent(self) -> bool:
        """It did not say how it is; True from the second time on, when nobody waits for its answers any more."""
        self.misses += 1
        if self.misses >= _MISSES_UNTIL_LOST:
            self.lost.set()
        return self.lost.is_set()


class Workers:
    """All of them; the same conversation goes to the same worker, which has it at hand, while that is up."""

    def __init__(self, urls: Sequence[str]) -> None:
        self.all = [Worker(url.rstrip("/")) for url in urls]

    @property
    def several(self) -> bool:
        """Whether one may be away while another answers."""
        return len(self.all) > 1

    @property
    def down(self) -> bool:
        """Whether none is up."""
        return not any(worker.up for worker in self.all)

    def for_key(self, key: str) -> list[Worker]:
        """Whom to ask, one after the other: those that are up, or all when none is.

        Every desk finds the same order; one worker less moves only that worker's conversations.
        """
        asked = [worker for worker in self.all if worker.up] or self.all
        return sorted(asked, key=lambda worker: hashlib.blake2b(f"{key} {worker.url}".encode()).digest())
