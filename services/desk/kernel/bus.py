"""In-process bus: tells sockets, long polls and the bot runner what was committed."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, TypeVar

import structlog

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

log = structlog.get_logger("desk.bus")

N = TypeVar("N", bound="Note")


class Note:
    """Something that happened. `key` narrows who hears it, for example a conversation's id."""

    @property
    def key(self) -> Hashable:
        """What a subscriber may ask for besides the type; None by default."""
        return None


class Bus:
    """Calls subscribers on the event loop, in the order of publication; callbacks must not block."""

    def __init__(self) -> None:
        self._subscribers: dict[tuple[type[Note], Hashable], dict[int, Callable[[Any], None]]] = defaultdict(dict)
        self._serial = 0

    def on(self, kind: type[N], callback: Callable[[N], None], key: Hashable = None) -> Callable[[], None]:
        """Call `callback` for every note of `kind` (with that key, if one is given); returns how to stop."""
        self._serial += 1
        serial, place = self._serial, (kind, key)
        self._subscribers[place][serial] = callback

        def stop() -> None:
            callbacks = self._subscribers.get(place)
            if callbacks is not None:
                callbacks.pop(serial, None)
                if not callbacks:
                    self._subscribers.pop(place, None)

        return stop

    def publish(self, note: Note) -> None:
        """Tell everybody who asked for this kind; one failing subscriber does not silence the others."""
        kind, key = type(note), note.key
        self._tell((kind, None), note)
        if key is not None:
            self._tell((kind, key), note)

    def _tell(self, place: tuple[type[Note], Hashable], note: Note) -> None:
        for callback in list(self._subscribers.get(place, {}).values()):
            try:
                callback(note)
            except Exception:
                log.exception("subscriber failed", kind=type(note).__name__)
