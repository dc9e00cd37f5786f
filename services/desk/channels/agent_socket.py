"""The agent's socket: GET /ws/agent, see contracts/chat_socket.md."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

from litestar import WebSocket, websocket
from litestar.datastructures import State
from litestar.exceptions import WebSocketDisconnect
from msgspec import Struct

from desk.agents import store as agent_store
from desk.agents.auth import COOKIE, agent_of_token, check_origin, keep_presence
from desk.agents.rules import leads, profile
from desk.agents.store import PresenceTaken, SessionsRevoked
from desk.channels import inbox
from desk.channels.connection import (
    CLOSE_FORBIDDEN,
    CLOSE_HELLO_EXPECTED,
    CLOSE_UNAUTHORIZED,
    HELLO_SECONDS,
    SilenceError,
    SocketConnection,
    shaped,
)
from desk.channels.customer_socket import serve_frames
from desk.channels.feed import Feed
from desk.channels.feeds import Feeds
from desk.channels.inbox import AttachmentIds
from desk.conversations import store as conversation_store
from desk.conversations.notes import Typing
from desk.conversations.usecases import Incoming
from desk.handoffs import offer_store
from desk.handoffs import store as handoff_store
from desk.handoffs.access import visible
from desk.handoffs.board import Board, HandoffRead, OfferRead
from desk.handoffs.notes import TransferLetGo
from desk.handoffs.rules import offer_view, row_view
from desk.kernel.context import Context
from desk.kernel.errors import ConflictError, DeskError, ForbiddenError, InvalidError, TooManyError, UnauthorizedError
from desk.kernel.security import token_hash
from desk.kernel.web import PART, Ctx
from desk.private_notes.rules import note_view
from desk.private_notes.store import PrivateNoteWritten

if TYPE_CHECKING:
    from desk.agents.rules import Agent
    from desk.conversations.rules import Conversation
    from desk.handoffs.rules import Handoff

_MAX_SUBSCRIPTIONS = 100
_TYPING_SECONDS = 1.0


class Presences:
    """Counts each agent's sockets, so that only the last one to go starts the grace time."""

    def __init__(self) -> None:
        self._sockets: Counter[str] = Counter()

    def came(self, agent_id: str) -> None:
        """One more socket."""
        self._sockets[agent_id] += 1

    def went(self, agent_id: str) -> bool:
        """One socket less; True when it was the last."""
        self._sockets[agent_id] -= 1
        if self._sockets[agent_id] > 0:
            return False
        del self._sockets[agent_id]
        return True


class Hello(Struct):
    """The first frame; without a token the cookie counts."""

    token: str | None = None


class Subscribe(Struct):
    """Follow a conversation after a cursor."""

    conversation: str
    after: int = 0


class About(Struct):
    """A frame that only names its conversation."""

    conversation: str


class Send(Struct):
    """A message of the agent."""

    conversation: str
    cid: str
    text: str | None = None
    attachments: AttachmentIds = []


class AgentSession:
    """Handles the frames of one console after its hello."""

    def __init__(
        self, ctx: Context, board: Board, connection: SocketConnection, agent: Agent, token: str, *, feeds: Feeds
    ) -> None:
        self._ctx, self._board, self._all_feeds, self._connection = ctx, board, feeds, connection
        self._agent, self._token = agent, token
        self._feeds: dict[str, Feed] = {}
        self._known: set[str] = set()  # handoffs this console has been shown, so that it also hears of their end
        self._offered: dict[str, str] = {}  # handoff: until when, as this console was told
        self._typed_at: dict[str, float] = {}
        self._unsubscribe = [
            ctx.bus.on(HandoffRead, self._on_handoff),
            ctx.bus.on(PrivateNoteWritten, self._on_private_note),
            ctx.bus.on(OfferRead, self._on_offer, agent.id),
            ctx.bus.on(TransferLetGo, self._on_transfer_let_go, agent.id),
            ctx.bus.on(PresenceTaken, self._on_presence_taken, agent.id),
            ctx.bus.on(SessionsRevoked, self._on_revoked, agent.id),
        ]

    async def start(self) -> None:
        """Everything that waits, then everything that is mine."""
        queued = await self._ctx.db.read(lambda c: handoff_store.in_state(c, "queued"))
        mine = await self._ctx.db.read(lambda c: handoff_store.active_of_agent(c, self._agent.id))
        for handoff in [*queued, *mine]:
            await self._connection.send(self._shown(handoff))
            if handoff.offered_agent_id == self._agent.id:
                self._on_offer(OfferRead(self._agent.id, handoff))

    async def stop(self) -> None:
        """Stop following everything."""
        for unsubscribe in self._unsubscribe:
            unsubscribe()
        await asyncio.gather(*(self._close(feed) for feed in self._feeds.values()))

    async def handle(self, frame: dict[str, Any]) -> None:
        """One frame; DeskError when it cannot be done."""
        kind = frame["type"]
        if kind == "ping":
            await self._ping()
        elif kind == "send":
            await self._send(frame)
        elif kind == "subscribe":
            await self._subscribe(shaped(frame, Subscribe))
        elif kind == "unsubscribe":
            feed = self._feeds.pop(shaped(frame, About).conversation, None)
            if feed is not None:
                await self._close(feed)
        elif kind == "resend_from":
            wanted = shaped(frame, Subscribe)
            if wanted.conversation in self._feeds:
                self._feeds[wanted.conversation].resend_from(wanted.after)
        elif kind == "typing":
            await self._typing(shaped(frame, About).conversation)
        else:
            raise InvalidError("frame_unknown_type")

    async def _ping(self) -> None:
        """Heartbeat; an agent whose login ended elsewhere is told and hung up on."""
        try:
            self._agent = await agent_of_token(self._ctx, self._token)
        except UnauthorizedError as error:
            await self._connection.send_error(error)
            await self._connection.close_after_queue(CLOSE_UNAUTHORIZED)
            return
        await keep_presence(self._ctx, self._agent, self._ctx.settings.presence_api_seconds)
        await self._connection.send({"type": "pong"})

    async def _send(self, frame: dict[str, Any]) -> None:
        self._connection.check_rate()
        message = shaped(frame, Send)
        incoming = Incoming(message.cid, message.text, attachments=message.attachments)
        accepted = await inbox.from_agent(self._ctx, message.conversation, self._agent, incoming)
        await self._connection.send(
            {
                "type": "ack",
                "conversation": message.conversation,
                "cid": message.cid,
                "message_id": accepted.event.message_id,
                "seq": accepted.event.seq,
            }
        )

    async def _subscribe(self, wanted: Subscribe) -> None:
        old = self._feeds.pop(wanted.conversation, None)
        if old is not None:
            await self._close(old)
        if len(self._feeds) >= _MAX_SUBSCRIPTIONS:
            raise TooManyError("too_many_subscriptions")
        conversation: Conversation = await self._ctx.db.read(lambda c: visible(c, wanted.conversation, self._agent))
        cursor = min(wanted.after, conversation.last_seq)
        feed = Feed(self._ctx, self._board, self._connection, conversation.id, cursor, for_agent=True)
        self._feeds[conversation.id] = feed
        feed.start()
        self._all_feeds.add(feed)

    async def _close(self, feed: Feed) -> None:
        self._all_feeds.remove(feed)
        await feed.stop()

    async def _typing(self, conversation_id: str) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._typed_at.get(conversation_id, 0.0) < _TYPING_SECONDS:
            return
        conversation = await self._ctx.db.read(lambda c: conversation_store.get(c, conversation_id))
        if conversation is None or conversation.owner_agent_id != self._agent.id:
            raise ConflictError("not_owner")
        self._typed_at[conversation_id] = now
        self._ctx.bus.publish(Typing(conversation_id, "agent"))

    def _on_private_note(self, written: PrivateNoteWritten) -> None:
        if written.key in self._feeds:
            self._connection.offer({"type": "private_note", "note": note_view(written.note)})

    def _on_handoff(self, note: HandoffRead) -> None:
        handoff = note.handoff
        mine = handoff.agent_id == self._agent.id
        if mine or handoff.state == "queued" or handoff.id in self._known or leads(self._agent):
            self._connection.offer(self._shown(handoff))

    def _shown(self, handoff: Handoff) -> dict[str, Any]:
        still_mine = handoff.state == "queued" or (handoff.state == "active" and handoff.agent_id == self._agent.id)
        (self._known.add if still_mine else self._known.discard)(handoff.id)
        return {"type": "handoff", "handoff": row_view(handoff)}

    def _on_offer(self, note: OfferRead) -> None:
        """Told once when it is made, once when it is over."""
        handoff, offer = note.handoff, offer_view(note.handoff)
        if offer is not None and offer["agent_id"] == self._agent.id and handoff.state == "queued":
            if self._offered.get(handoff.id) != offer["expires_at"]:
                self._offered[handoff.id] = offer["expires_at"]
                self._known.add(handoff.id)
                frame = {"type": "offer", "handoff": row_view(handoff), "expires_at": offer["expires_at"]}
                self._connection.offer(frame)
                self._ctx.spawn(self._mark_shown(handoff.id), "offer-shown")
        elif self._offered.pop(handoff.id, None) is not None:
            self._connection.offer(
                {
                    "type": "offer_ended",
                    "handoff_id": handoff.id,
                    "conversation": handoff.conversation_id,
                    "reason": self._why_over(handoff),
                }
            )

    def _why_over(self, handoff: Handoff) -> str:
        if handoff.state == "active":
            return "accepted" if handoff.agent_id == self._agent.id else "taken"
        if handoff.state == "queued":
            return "passed" if self._agent.id in handoff.passed else "withdrawn"
        return "cancelled"

    async def _mark_shown(self, handoff_id: str) -> None:
        await self._ctx.db.write(lambda c: offer_store.mark_shown(c, handoff_id, self._agent.id))

    def _on_transfer_let_go(self, note: TransferLetGo) -> None:
        self._connection.offer(
            {
                "type": "transfer_ended",
                "handoff_id": note.handoff_id,
                "conversation": note.conversation_id,
                "agent": {"agent_id": note.agent_id, "display_name": note.agent_name},
                "reason": note.reason,
                "note": note.note,
            }
        )

    def _on_presence_taken(self, note: PresenceTaken) -> None:
        self._connection.offer({"type": "presence", "presence": note.presence, "reason": note.reason})

    def _on_revoked(self, note: SessionsRevoked) -> None:
        if note.token_hash is None or note.token_hash == token_hash(self._token):
            self._connection.hang_up(CLOSE_UNAUTHORIZED)


async def _greet(
    ctx: Context, socket: WebSocket[Any, Any, State], connection: SocketConnection
) -> tuple[Agent, str] | None:
    """The agent of a good hello and their token; None when the socket was closed instead."""
    try:
        frame = await connection.receive(HELLO_SECONDS)
        if frame["type"] != "hello":
            raise InvalidError("hello_expected")
        token = shaped(frame, Hello).token
        if not token:
            token = socket.cookies.get(COOKIE, "")
            check_origin(ctx, socket)
        return await agent_of_token(ctx, token), token
    except UnauthorizedError as error:
        await connection.send_error(error)
        await connection.close_after_queue(CLOSE_UNAUTHORIZED)
    except ForbiddenError as error:
        await connection.send_error(error)
        await connection.close_after_queue(CLOSE_FORBIDDEN)
    except (DeskError, SilenceError):
        await connection.send_error(InvalidError("hello_expected"))
        await connection.close_after_queue(CLOSE_HELLO_EXPECTED)
    return None


async def _arrive(ctx: Context, agent: Agent) -> Agent:
    """A presence that only lapsed because the socket was lost comes back; then it holds while the socket lives."""
    now = ctx.clock.now()
    until = now + timedelta(seconds=ctx.settings.presence_api_seconds)
    presence = agent.lapsed_from
    if agent.presence == "offline" and presence is not None:
        await ctx.db.write(lambda c: agent_store.set_presence(c, agent.id, presence, until, now))
    else:
        await ctx.db.write(lambda c: agent_store.renew_presence(c, agent.id, until))
    fresh = await ctx.db.read(lambda c: agent_store.get(c, agent.id))
    return fresh or agent


async def _leave(ctx: Context, agent: Agent) -> None:
    until = ctx.clock.now() + timedelta(seconds=ctx.settings.presence_grace_seconds)
    await ctx.db.write(lambda c: agent_store.shorten_presence(c, agent.id, until))


@websocket("/ws/agent")
async def agent_socket(
    socket: WebSocket[Any, Any, State],
    ctx: Ctx,
    board: Annotated[Board, PART],
    feeds: Annotated[Feeds, PART],
    presences: Annotated[Presences, PART],
) -> None:
    """One console."""
    await socket.accept()
    connection = SocketConnection(ctx, socket)
    connection.start()
    agent: Agent | None = None
    session: AgentSession | None = None
    ctx.metrics.sockets.labels("agent").inc()
    try:
        greeted = await _greet(ctx, socket, connection)
        if greeted is None:
            return
        agent, token = greeted
        presences.came(agent.id)
        agent = await _arrive(ctx, agent)
        await connection.send({"type": "welcome", "agent": profile(agent), "presence": agent.presence})
        session = AgentSession(ctx, board, connection, agent, token, feeds=feeds)
        await session.start()
        await serve_frames(connection, session)
    except WebSocketDisconnect:
        pass
    finally:
        ctx.metrics.sockets.labels("agent").dec()
        if session is not None:
            await session.stop()
        await connection.stop()
        if agent is not None and presences.went(agent.id):
            ctx.spawn(_leave(ctx, agent), "agent-left")
