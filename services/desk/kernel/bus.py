"""In-process bus: tells sockets, long polls and the bot runner what was committed.

With several desk processes the notes of a kind that `travels` also reach the buses of the others (kernel.fanout).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import structlog

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

log = structlog.get_logger("desk.bus")

N = TypeVar("N", bound="Note")


class Note:
    """Something that happened. `key` narrows who hears it, for example a conversation's id.

    A kind that `travels` is a dataclass that msgspec can write and read.
    """

    travels: ClassVar[bool] = False

    @property
    def key(self) -> Hashable:
        """What a subscriber may ask for besides the type; None by default."""
        return None


@dataclass(frozen=True)
class Missed(Note):
    """Notes of other processes may have been missed: whoever shows what they tell looks at the database again."""


class Bus:
    """Calls subscribers on the event loop, in the order of publication; callbacks must not block.

    `forward` is given every own note that travels.
    """

    def __init__(self) -> None:
        self.forward: Callable[[Note], None] | None = None
        self._own_only: set[int] = set()
        self._subscribers: dict[tuple[type[Note], Hashable], dict[int, Callable[[Any], None]]] = defaultdict(dict)
        self._serial = 0

    def on(
        self, kind: type[N], callback: Callable[[N], None], key: Hashable = None, *, own: bool = False
    ) -> Callable[[], None]:
        """Call `callback` for every note of `kind` (with that key, if one is given); returns how to stop.

        With `own` only for what this process did: work that is done once, not shown in many places.
        """
        self._serial += 1
        serial, place = self._serial, (kind, key)
        if own:
            self._own_only.add(serial)
        self._subscribers[place][serial] = callback

        def stop() -> None:
            self._own_only.discard(serial)
            callbacks = self._subscribers.get(place)
            if callbacks is not None:
                callbacks.pop(serial, None)
                if not callbacks:
                    self._subscribers.pop(place, None)

        return stop

    def publish(self, note: Note) -> None:
        """Tell everybody who asked for this kind; one failing subscriber does not silence the others."""
        self._tell_all(note, own=True)
        if note.travels and self.forward is not None:
            self.forward(note)

    def deliver(self, note: Note) -> None:
        """Tell what another process did."""
        self._tell_all(note, own=False)

    def awaited(self, kind: type[Note], key: Hashable) -> bool:
        """Whether somebody wants to hear of this from another process."""
        listeners = [*self._subscribers.get((kind, None), ()), *self._subscribers.get((kind, key), ())]
        return any(serial not in self._own_only for serial in listeners)

    def _tell_all(self, note: Note, *, own: bool) -> None:
        kind, key = type(note), note.key
        self._tell((kind, None), note, own=own)
        if key is not None:
            self._tell((kind, key), note, own=own)

    def _tell(self, place: tuple[type[Note], Hashable], note: Note, *, own: bool) -> None:
        callbacks = self._subscribers.get(place)
        if callbacks is None:
            return
        for serial, callback in list(callbacks.items()):
            if not own and serial in self._own_only:
                continue
            try:
                callback(note)
            except Exception:
                log.exception("subscriber failed", kind=type(note).__name__)
