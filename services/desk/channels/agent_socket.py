"""The agent's socket: GET /ws/agent, see contracts/chat_socket.md."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import structlog
from litestar import WebSocket, websocket
from litestar.datastructures import State
from litestar.exceptions import WebSocketDisconnect
from sqlalchemy.exc import SQLAlchemyError

from desk.agents import store as agent_store
from desk.agents.auth import COOKIE, agent_of_token, check_origin, keep_presence
from desk.agents.rules import leads, profile
from desk.agents.store import PresenceTaken, SessionsRevoked
from desk.channels import inbox
from desk.channels.agent_frames import About, Hello, Read, Send, Subscribe
from desk.channels.auth import note_seen
from desk.channels.connection import (
    CLOSE_FORBIDDEN,
    CLOSE_HELLO_EXPECTED,
    CLOSE_TRY_AGAIN,
    CLOSE_UNAUTHORIZED,
    HELLO_SECONDS,
    Frame,
    SilenceError,
    SocketConnection,
    shaped,
)
from desk.channels.feed import Feed
from desk.channels.feeds import Feeds
from desk.channels.inbox import read_by_agent
from desk.channels.presences import Presences
from desk.channels.snapshot import limits_view
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
from desk.kernel.errors import (
    ConflictError,
    DeskError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    TooManyError,
    UnauthorizedError,
)
from desk.kernel.security import token_hash
from desk.kernel.web import PART, Ctx, begin_call
from desk.private_notes.rules import note_view
from desk.private_notes.store import PrivateNoteWritten

if TYPE_CHECKING:
    from desk.agents.rules import Agent
    from desk.conversations.rules import Conversation
    from desk.conversations.usecases import Accepted
    from desk.handoffs.rules import Handoff

log = structlog.get_logger("desk.socket")

_MAX_SUBSCRIPTIONS = 100
_TYPING_SECONDS = 1.0


class AgentSession:
    """Handles the frames of one console after its hello."""

    def __init__(
        self, ctx: Context, board: Board, connection: SocketConnection, agent: Agent, token: str, *, feeds: Feeds
    ) -> None:
        self._ctx, self._board, self._all_feeds, self._connection = ctx, board, feeds, connection
        self._agent, self._token = agent, token
        self._feeds: dict[str, Feed] = {}
        self._known: set[str] = set()  # handoffs this console has been shown, so that it also hears of their end
        self._changed: dict[str, Handoff] | None = {}  # since the welcome, until all that waits has been told
        self._offered: dict[str, str] = {}  # handoff: until when, as this console was told
        self._typed_at: dict[str, float] = {}
        self._read_seqs: dict[str, int] = {}
        self._unsubscribe = [
            ctx.bus.on(HandoffRead, self._on_handoff),
            ctx.bus.on(PrivateNoteWritten, self._on_private_note),
            ctx.bus.on(OfferRead, self._on_offer, agent.id),
            ctx.bus.on(TransferLetGo, self._on_transfer_let_go, agent.id),
            ctx.bus.on(PresenceTaken, self._on_presence_taken, agent.id),
            ctx.bus.on(SessionsRevoked, self._on_revoked, agent.id),
        ]

    async def start(self, *, in_one: bool) -> None:
        """Everything that waits, then everything that is mine: a frame each, or all of it in one."""
        queued = await self._ctx.db.read(lambda c: handoff_store.in_state(c, "queued"))
        mine = await self._ctx.db.read(lambda c: handoff_store.active_of_agent(c, self._agent.id))
        changed, self._changed = self._changed or {}, None
        newest = [changed.get(handoff.id, handoff) for handoff in [*queued, *mine]]
        told = [handoff for handoff in newest if self._concerns_me(handoff)]
        frames = [self._shown(handoff) for handoff in told]
        if in_one:
            frames = [{"type": "handoffs", "handoffs": [frame["handoff"] for frame in frames]}]
        for frame in frames:
            await self._connection.send(frame)
        for handoff in told:
            if handoff.offered_agent_id == self._agent.id:
                self._on_offer(OfferRead(self._agent.id, handoff))

    def stop(self) -> None:
        """Stop following everything."""
        for unsubscribe in self._unsubscribe:
            unsubscribe()
        for feed in self._feeds.values():
            self._close(feed)

    def at_once(self, frame: Frame) -> bool:
        """A message takes no waiting: it is acknowledged when it is committed."""
        kind = frame["type"]
        if kind == "send":
            self._send(frame)
            return True
        return False

    async def handle(self, frame: Frame) -> None:
        """The rest; DeskError when it cannot be done."""
        kind = frame["type"]
        if kind == "ping":
            await self._ping()
        elif kind == "subscribe":
            await self._subscribe(shaped(frame, Subscribe))
        elif kind == "unsubscribe":
            feed = self._feeds.pop(shaped(frame, About).conversation, None)
            if feed is not None:
                self._close(feed)
        elif kind == "read":
            await self._read(shaped(frame, Read))
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
            self._connection.tell_error(error)
            await self._connection.close_after_queue(CLOSE_UNAUTHORIZED)
            return
        await keep_presence(self._ctx, self._agent, self._ctx.settings.presence_api_seconds)
        await self._connection.send({"type": "pong"})

    def _send(self, frame: Frame) -> None:
        connection = self._connection
        connection.check_rate()
        message = shaped(frame, Send)
        incoming = Incoming(message.cid, message.text, attachments=message.attachments)

        def told(accepted: Accepted | None, error: Exception | None) -> None:
            connection.done()
            if accepted is None:
                connection.tell_failure(error, frame)
                return
            event = accepted.event
            ack = {"type": "ack", "conversation": message.conversation, "cid": message.cid}
            connection.offer({**ack, "message_id": event.message_id, "seq": event.seq})

        connection.began()
        inbox.take_from_agent(self._ctx, message.conversation, self._agent, incoming, told)

    async def _subscribe(self, wanted: Subscribe) -> None:
        old = self._feeds.pop(wanted.conversation, None)
        if old is not None:
            self._close(old)
        if len(self._feeds) >= _MAX_SUBSCRIPTIONS:
            raise TooManyError("too_many_subscriptions")
        conversation: Conversation = await self._ctx.db.look(lambda c: visible(c, wanted.conversation, self._agent))
        await note_seen(self._ctx, conversation, self._agent, self._connection.address)
        cursor = min(wanted.after, conversation.last_seq)
        feed = Feed(self._ctx, self._board, self._connection, conversation.id, cursor, for_agent=True)
        self._feeds[conversation.id] = feed
        feed.start()
        self._all_feeds.add(feed)

    def _close(self, feed: Feed) -> None:
        self._all_feeds.remove(feed)
        feed.stop()

    async def _typing(self, conversation_id: str) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._typed_at.get(conversation_id, 0.0) < _TYPING_SECONDS:
            return
        conversation = await self._ctx.db.look(lambda c: conversation_store.get(c, conversation_id))
        if conversation is None or conversation.owner_agent_id != self._agent.id:
            raise ConflictError("not_owner")
        self._typed_at[conversation_id] = now
        self._ctx.bus.publish(Typing(conversation_id, "agent"))

    async def _read(self, mark: Read) -> None:
        if mark.seq <= self._read_seqs.get(mark.conversation, 0):
            return
        await read_by_agent(self._ctx, mark.conversation, self._agent.id, mark.seq)
        self._read_seqs[mark.conversation] = mark.seq

    def _on_private_note(self, written: PrivateNoteWritten) -> None:
        if written.key in self._feeds:
            self._connection.offer({"type": "private_note", "note": note_view(written.note)})

    def _on_handoff(self, note: HandoffRead) -> None:
        handoff = note.handoff
        if self._changed is not None:
            self._changed[handoff.id] = handoff
        mine = handoff.agent_id == self._agent.id
        if mine or handoff.state == "queued" or handoff.id in self._known or leads(self._agent):
            self._connection.offer(self._shown(handoff))
        if handoff.conversation_id in self._feeds and not self._concerns_me(handoff):
            self._ctx.spawn(self._let_go(handoff.conversation_id), "feed-let-go")

    async def _let_go(self, conversation_id: str) -> None:
        """Who looked at a waiting conversation stops hearing it once it is another agent's."""
        try:
            await self._ctx.db.look(lambda c: visible(c, conversation_id, self._agent))
        except NotFoundError:
            feed = self._feeds.pop(conversation_id, None)
            if feed is not None:
                self._close(feed)

    def _shown(self, handoff: Handoff) -> dict[str, Any]:
        (self._known.add if self._concerns_me(handoff) else self._known.discard)(handoff.id)
        return {"type": "handoff", "handoff": row_view(handoff)}

    def _concerns_me(self, handoff: Handoff) -> bool:
        return handoff.state == "queued" or (handoff.state == "active" and handoff.agent_id == self._agent.id)

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
) -> tuple[Agent, str, Hello] | None:
    """The agent of a good hello, their token and the hello; None when the socket was closed instead."""
    try:
        frame = await connection.receive(HELLO_SECONDS)
        if frame["type"] != "hello":
            raise InvalidError("hello_expected")
        hello = shaped(frame, Hello)
        token = hello.token
        if not token:
            token = socket.cookies.get(COOKIE, "")
            check_origin(ctx, socket)
        return await agent_of_token(ctx, token), token, hello
    except UnauthorizedError as error:
        connection.tell_error(error)
        await connection.close_after_queue(CLOSE_UNAUTHORIZED)
    except ForbiddenError as error:
        connection.tell_error(error)
        await connection.close_after_queue(CLOSE_FORBIDDEN)
    except (DeskError, SilenceError):
        connection.tell_error(InvalidError("hello_expected"))
        await connection.close_after_queue(CLOSE_HELLO_EXPECTED)
    return None


@websocket("/ws/agent")
async def agent_socket(
    socket: WebSocket[Any, Any, State],
    ctx: Ctx,
    board: Annotated[Board, PART],
    feeds: Annotated[Feeds, PART],
    presences: Annotated[Presences, PART],
) -> None:
    """One console."""
    begin_call(socket)
    await socket.accept()
    connection = SocketConnection(ctx, socket)
    with ExitStack() as ended:
        try:
            greeted = await _greet(ctx, socket, connection)
            if greeted is None:
                return
            agent, token, hello = greeted
            ended.callback(presences.went, agent.id)
            if await presences.came(agent.id) and agent.presence != "offline":
                ctx.metrics.reconnects.labels("agent").inc()
            newest = await ctx.db.read(partial(agent_store.get, agent_id=agent.id))
            agent = newest or agent
            limits = {"limits": limits_view(ctx.scene())}
            await connection.send({"type": "welcome", "agent": profile(agent), "presence": agent.presence, **limits})
            session = AgentSession(ctx, board, connection, agent, token, feeds=feeds)
            ended.callback(session.stop)
            await session.start(in_one=hello.handoffs_in_one)
        except WebSocketDisconnect:
            return
        except SQLAlchemyError as error:  # the database is away: the client comes back with its cursor
            log.warning("socket not opened", error=str(error))
            await connection.close_after_queue(CLOSE_TRY_AGAIN)
            return
        sockets = ctx.metrics.sockets.labels("agent")
        sockets.inc()
        ended.callback(sockets.dec)
        connection.serve(session, ended.pop_all().close)
