"""The board: after every change it reads the queue and the changed handoffs once, for everybody who is watching."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import structlog
from sqlalchemy.exc import SQLAlchemyError

from desk.agents.store import AgentChanged
from desk.handoffs import places, store
from desk.handoffs.notes import HandoffChanged, OfferChanged, QueueChanged
from desk.kernel.bus import Missed, Note

if TYPE_CHECKING:
    from collections.abc import Callable

    import sqlalchemy as sa

    from desk.handoffs.rules import Handoff, QueuePlace
    from desk.kernel.context import Context

log = structlog.get_logger("desk.board")

_SETTLE_SECONDS = 0.03  # several changes at once are read once
_RETRY_SECONDS = 1.0


@dataclass(frozen=True)
class HandoffRead(Note):
    """A changed handoff, as it is in the database now."""

    handoff: Handoff


@dataclass(frozen=True)
class OfferRead(Note):
    """An offer to `agent_id` was made or is over: the handoff as it is in the database now."""

    agent_id: str
    handoff: Handoff

    @property
    def key(self) -> str:
        """The agent."""
        return self.agent_id


@dataclass(frozen=True)
class PlacesChanged(Note):
    """The places of everybody in the queue are known anew."""

    places: dict[str, QueuePlace]


class Board:
    """Keeps the latest places and publishes HandoffRead, OfferRead and PlacesChanged."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._changed: set[str] = set()
        self._offers: set[tuple[str, str]] = set()  # (handoff, agent)
        self._queue_changed = False
        self._missed = False
        self._open: dict[str, store.OpenMark] = {}  # what was told last of every open handoff
        self._wake = asyncio.Event()
        self._unsubscribe: list[Callable[[], None]] = []
        self.places: dict[str, QueuePlace] = {}

    async def start(self) -> None:
        """Read the queue once, then follow the bus."""
        bus = self._ctx.bus
        self._unsubscribe = [
            bus.on(HandoffChanged, self._on_handoff),
            bus.on(OfferChanged, self._on_offer),
            bus.on(QueueChanged, lambda _note: self._on_queue()),
            bus.on(AgentChanged, lambda _note: self._on_queue()),
            bus.on(Missed, lambda _note: self._on_missed()),
        ]
        self._open = await self._ctx.db.read(store.open_marks)
        self.places = await self._ctx.db.read(lambda c: places.places(c, self._ctx.settings))
        self._ctx.spawn(self._follow(), "board")

    async def stop(self) -> None:
        """Stop following."""
        for unsubscribe in self._unsubscribe:
            unsubscribe()

    def _on_handoff(self, note: HandoffChanged) -> None:
        self._changed.add(note.handoff_id)
        self._wake.set()

    def _on_offer(self, note: OfferChanged) -> None:
        self._offers.add((note.handoff_id, note.agent_id))
        self._wake.set()

    def _on_queue(self) -> None:
        self._queue_changed = True
        self._wake.set()

    def _on_missed(self) -> None:
        self._missed = self._queue_changed = True
        self._wake.set()

    async def _compare(self) -> None:
        """Which handoffs and offers changed without a note: those that differ from what was told last."""
        self._missed = False
        before, now = self._open, await self._ctx.db.read(store.open_marks)
        for handoff_id in before.keys() | now.keys():
            old, new = before.get(handoff_id), now.get(handoff_id)
            if old != new:
                self._changed.add(handoff_id)
                agents = {mark.offered_agent_id for mark in (old, new) if mark is not None}
                self._offers |= {(handoff_id, agent_id) for agent_id in agents if agent_id is not None}

    def _remember(self, handoff: Handoff) -> None:
        if handoff.state in {"queued", "active"}:
            self._open[handoff.id] = store.mark_of(handoff)
        else:
            self._open.pop(handoff.id, None)

    async def _follow(self) -> None:
        while True:
            await self._wake.wait()
            await asyncio.sleep(_SETTLE_SECONDS)
            self._wake.clear()
            try:
                await self._tell()
            except SQLAlchemyError:  # the database is away: everything is compared when it is back
                log.exception("queue not read")
                self._on_missed()
                await asyncio.sleep(_RETRY_SECONDS)

    async def _tell(self) -> None:
        if self._missed:
            await self._compare()
        changed, self._changed = self._changed, set()
        offers, self._offers = self._offers, set()
        queue_changed, self._queue_changed = self._queue_changed, False
        wanted = changed | {handoff_id for handoff_id, _ in offers}
        handoffs, now_places = await self._ctx.db.read(partial(self._read, wanted))
        for handoff in handoffs.values():
            self._remember(handoff)
        for handoff_id in sorted(changed & handoffs.keys()):
            self._ctx.bus.publish(HandoffRead(handoffs[handoff_id]))
        for handoff_id, agent_id in sorted(offers):
            if handoff_id in handoffs:
                self._ctx.bus.publish(OfferRead(agent_id, handoffs[handoff_id]))
        if queue_changed and now_places != self.places:
            self.places = now_places
            self._ctx.bus.publish(PlacesChanged(now_places))

    def _read(self, ids: set[str], connection: sa.Connection) -> tuple[dict[str, Handoff], dict[str, QueuePlace]]:
        found = (store.get(connection, handoff_id) for handoff_id in sorted(ids))
        handoffs = {handoff.id: handoff for handoff in found if handoff is not None}
        return handoffs, places.places(connection, self._ctx.settings)
