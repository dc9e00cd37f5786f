"""A feed: keeps one reader of one conversation up to date, from a cursor, without gaps or doubles."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Any

import structlog
from sqlalchemy.exc import SQLAlchemyError

from desk.channels.snapshot import snapshot
from desk.conversations import store
from desk.conversations.notes import ConversationChanged, EventStored, Typing, UnderstandingStored
from desk.conversations.read_marks import ReadMarkMoved
from desk.conversations.rules import event_frame
from desk.handoffs.board import PlacesChanged

if TYPE_CHECKING:
    from collections.abc import Callable

    import sqlalchemy as sa

    from desk.channels.connection import SocketConnection
    from desk.conversations.rules import Event
    from desk.conversations.store import Mark
    from desk.handoffs.board import Board
    from desk.kernel.context import Context

log = structlog.get_logger("desk.feed")

_RETRY_SECONDS = 1.0
_LIVE_EVENTS = 128  # more than this behind: read the database again instead of remembering
_PAGE = 200


class Feed:
    """Replays after the cursor, then follows live; a gap is filled from the database."""

    def __init__(
        self,
        ctx: Context,
        board: Board,
        connection: SocketConnection,
        conversation_id: str,
        after: int,
        *,
        for_agent: bool,
    ) -> None:
        self._ctx, self._board, self._connection = ctx, board, connection
        self._conversation_id = conversation_id
        self._cursor = max(0, after)
        self._fence = 0  # of the owner whose state was told last
        self._for_agent = for_agent
        self._live: deque[Event] | None = None
        self._replay_wanted, self._state_wanted = True, for_agent
        self._last_state: dict[str, Any] | None = None
        self._unsubscribe: list[Callable[[], None]] = []
        self._task: asyncio.Task[None] | None = None

    @property
    def conversation_id(self) -> str:
        """The conversation it follows."""
        return self._conversation_id

    def start(self, told_state: dict[str, Any] | None = None) -> None:
        """Subscribe first, then replay, so that nothing falls between; `told_state` was already sent."""
        bus, key = self._ctx.bus, self._conversation_id
        self._last_state = told_state
        self._unsubscribe = [
            bus.on(EventStored, self._on_event, key),
            bus.on(ConversationChanged, lambda _note: self._want_state(), key),
            bus.on(ReadMarkMoved, lambda _note: self._want_state(), key),
            bus.on(Typing, self._on_typing, key),
            bus.on(PlacesChanged, self._on_places),
        ]
        if self._for_agent:
            self._unsubscribe.append(bus.on(UnderstandingStored, self._on_understanding, key))
        self._rouse()

    def stop(self) -> None:
        """Unsubscribe and end."""
        for unsubscribe in self._unsubscribe:
            unsubscribe()
        if self._task is not None:
            self._task.cancel()

    def _rouse(self) -> None:
        """Show what is to be shown, in a task that lives so long: a feed at rest has none."""
        if self._task is None:
            self._task = self._ctx.spawn(self._run(), f"feed-{self._conversation_id}")

    def resend_from(self, after: int) -> None:
        """The client saw a gap: start again after its cursor."""
        self._cursor = min(self._cursor, max(0, after))
        self._replay_wanted = True
        self._rouse()

    def catch_up(self, mark: Mark) -> None:
        """This is how the conversation stands in the database; whatever was not heard is read."""
        if mark.last_seq > self._cursor:
            self._replay_wanted = True
        told = (self._last_state or {}).get("read", {})
        read_further = told != {"customer": mark.customer_read_seq, "agent": mark.agent_read_seq}
        if mark.last_seq > self._cursor or mark.fence != self._fence or read_further:
            self._want_state()

    def _on_event(self, note: EventStored) -> None:
        """Straight into the reader's queue when nothing is to be shown before it, else in its turn."""
        event = note.event
        resting = self._task is None and event.seq == self._cursor + 1
        if resting and self._connection.push(note.frame(for_agent=self._for_agent)):
            self._cursor = event.seq
            return
        if self._live is None:
            self._live = deque(maxlen=_LIVE_EVENTS)
        self._live.append(event)
        self._rouse()

    def _want_state(self) -> None:
        self._state_wanted = True
        self._rouse()

    def _on_places(self, note: PlacesChanged) -> None:
        """Only who waits, or has just left, is told; thousands of others are not even looked up."""
        waited = (self._last_state or {}).get("state") == "queued"
        if waited or self._conversation_id in note.places:
            self._want_state()

    def _on_typing(self, note: Typing) -> None:
        shown_to_customer = note.sender in {"bot", "agent"}
        if self._for_agent != shown_to_customer:
            self._connection.offer(self._addressed({"type": "typing", "sender": note.sender}))

    def _on_understanding(self, note: UnderstandingStored) -> None:
        self._connection.offer(
            {
                "type": "understanding",
                "conversation": note.conversation_id,
                "seq": note.seq,
                "message_id": note.message_id,
                "understanding": note.understanding,
            }
        )

    async def _run(self) -> None:
        try:
            while self._replay_wanted or self._live or self._state_wanted:
                try:
                    await self._show()
                except SQLAlchemyError as error:  # the database is away: shown when it is back
                    log.warning("feed waits for the database", conversation=self._conversation_id, error=str(error))
                    self._replay_wanted = self._state_wanted = True
                    await asyncio.sleep(_RETRY_SECONDS)
        finally:
            self._live, self._task = None, None

    async def _show(self) -> None:
        if self._replay_wanted:
            await self._replay()
        while self._live:
            await self._follow(self._live.popleft())
        if self._state_wanted:
            await self._send_state()

    async def _follow(self, event: Event) -> None:
        if event.seq <= self._cursor:
            return
        if event.seq == self._cursor + 1:
            await self._deliver(event)
        else:
            await self._replay()

    async def _replay(self) -> None:
        self._replay_wanted = False
        while True:
            events = await self._ctx.db.read(self._read_page)
            for event in events:
                await self._deliver(event)
            if len(events) < _PAGE:
                return

    async def _deliver(self, event: Event) -> None:
        await self._connection.send(event_frame(event, for_agent=self._for_agent))
        self._cursor = event.seq

    async def _send_state(self) -> None:
        self._state_wanted = False
        state = await self._ctx.db.look(self._read_state)
        if state is not None and state != self._last_state:
            self._last_state = state
            await self._connection.send(self._addressed({"type": "state", **state}))

    def _read_state(self, connection: sa.Connection) -> dict[str, Any] | None:
        conversation = store.get(connection, self._conversation_id)
        if conversation is None:
            return None
        self._fence = conversation.fence
        state = snapshot(connection, conversation, self._ctx.scene(), self._board.places)
        if self._for_agent and state["agent"] is not None:
            state["agent"]["agent_id"] = conversation.owner_agent_id
        return state

    def _read_page(self, connection: sa.Connection) -> list[Event]:
        return store.events_after(connection, self._conversation_id, self._cursor, _PAGE)

    def _addressed(self, frame: dict[str, Any]) -> dict[str, Any]:
        return {**frame, "conversation": self._conversation_id} if self._for_agent else frame
