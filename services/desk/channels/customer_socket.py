"""The customer's socket: GET /ws/customer, see contracts/chat_socket.md."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

import structlog
from litestar import WebSocket, websocket
from litestar.datastructures import State
from litestar.exceptions import WebSocketDisconnect
from msgspec import Struct
from sqlalchemy.exc import SQLAlchemyError
from structlog.contextvars import bind_contextvars

from desk.channels import inbox
from desk.channels.auth import customer_conversation
from desk.channels.connection import (
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
from desk.channels.inbox import AttachmentIds, Seq
from desk.channels.snapshot import limits_view, snapshot
from desk.conversations import read_marks
from desk.conversations.notes import CustomerSeen, Typing
from desk.conversations.rules import Page, page_fields
from desk.conversations.usecases import Incoming
from desk.handoffs import usecases as handoffs
from desk.handoffs.board import Board
from desk.kernel.context import Context
from desk.kernel.errors import DeskError, InvalidError, UnauthorizedError
from desk.kernel.web import PART, Ctx, begin_call
from desk.ratings.usecases import rate

if TYPE_CHECKING:
    from desk.conversations.rules import Conversation
    from desk.conversations.usecases import Accepted

log = structlog.get_logger("desk.socket")

_TYPING_SECONDS = 1.0
_SEEN_SECONDS = 1.0


class Hello(Struct):
    """The first frame."""

    token: str
    conversation: str
    after: int = 0


class Send(Struct):
    """A message."""

    cid: str
    text: str | None = None
    payload: str | None = None
    page: Page | None = None
    attachments: AttachmentIds = []


class Rate(Struct):
    """The answer to rating_requested."""

    score: int
    reasons: list[str] | None = None
    comment: str | None = None


class Read(Struct):
    """The customer has seen everything up to here."""

    seq: Seq


class ResendFrom(Struct):
    """The client saw a gap."""

    after: int


class CustomerSession:
    """Handles the frames of one customer's socket after its hello."""

    def __init__(self, ctx: Context, connection: SocketConnection, feed: Feed, conversation: Conversation) -> None:
        self._ctx, self._connection, self._feed, self._id = ctx, connection, feed, conversation.id
        self._to_agent = conversation.owner_kind == "agent"  # as far as this socket has heard
        self._typed_at, self._seen_at, self._read_seq = 0.0, 0.0, 0

    def at_once(self, frame: Frame) -> bool:
        """What takes no waiting, a message above all: it is acknowledged when it is committed."""
        kind = frame["type"]
        self._seen()
        if kind == "send":
            self._send(frame)
        elif kind == "ping":
            self._connection.offer({"type": "pong"})
        elif kind == "typing":
            self._typing()
        elif kind == "resend_from":
            self._feed.resend_from(shaped(frame, ResendFrom).after)
        else:
            return False
        return True

    async def handle(self, frame: Frame) -> None:
        """The rest; DeskError when it cannot be done."""
        kind = frame["type"]
        if kind == "read":
            await self._read(shaped(frame, Read).seq)
        elif kind == "cancel_handoff":
            scene = self._ctx.scene()
            await self._ctx.db.write(lambda c: handoffs.cancel(c, self._id, scene))
        elif kind == "rate":
            await self._rate(shaped(frame, Rate))
        else:
            raise InvalidError("frame_unknown_type")

    def _send(self, frame: Frame) -> None:
        connection = self._connection
        connection.check_rate()
        message = shaped(frame, Send)
        incoming = Incoming(message.cid, message.text, message.payload, page_fields(message.page), message.attachments)

        def told(accepted: Accepted | None, error: Exception | None) -> None:
            connection.done()
            if accepted is None:
                connection.tell_failure(error, frame)
                return
            event, self._to_agent = accepted.event, accepted.to_agent
            connection.offer({"type": "ack", "cid": message.cid, "message_id": event.message_id, "seq": event.seq})

        connection.began()
        inbox.take_from_customer(self._ctx, self._id, incoming, told, to_agent=self._to_agent)

    async def _read(self, seq: int) -> None:
        if seq > self._read_seq:
            self._read_seq = seq
            await self._ctx.db.write(lambda c: read_marks.move(c, self._id, "customer", seq), appends_to=self._id)

    async def _rate(self, rating: Rate) -> None:
        scene, reasons, comment = self._ctx.scene(), rating.reasons or [], rating.comment or ""
        await self._ctx.db.write(
            lambda c: rate(c, self._id, scene, score=rating.score, reasons=reasons, comment=comment)
        )

    def _seen(self) -> None:
        """Any frame is a sign of life; told once in a while."""
        now = self._connection.heard_at
        if now - self._seen_at >= _SEEN_SECONDS:
            self._seen_at = now
            self._ctx.bus.publish(CustomerSeen(self._id))

    def _typing(self) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._typed_at >= _TYPING_SECONDS:
            self._typed_at = now
            self._ctx.bus.publish(Typing(self._id, "customer"))


async def _greet(ctx: Context, connection: SocketConnection) -> tuple[Conversation, int] | None:
    """The conversation of a good hello and its cursor; None when the socket was closed instead."""
    try:
        frame = await connection.receive(HELLO_SECONDS)
        if frame["type"] != "hello":
            raise InvalidError("hello_expected")
        hello = shaped(frame, Hello)
        return await customer_conversation(ctx, hello.conversation, hello.token), hello.after
    except UnauthorizedError as error:
        connection.tell_error(error)
        await connection.close_after_queue(CLOSE_UNAUTHORIZED)
    except (DeskError, SilenceError):
        connection.tell_error(InvalidError("hello_expected"))
        await connection.close_after_queue(CLOSE_HELLO_EXPECTED)
    return None


@websocket("/ws/customer")
async def customer_socket(
    socket: WebSocket[Any, Any, State], ctx: Ctx, board: Annotated[Board, PART], feeds: Annotated[Feeds, PART]
) -> None:
    """One customer watching and writing in one conversation."""
    begin_call(socket)
    await socket.accept()
    connection = SocketConnection(ctx, socket)
    try:
        greeted = await _greet(ctx, connection)
        if greeted is None:
            return
        conversation, after = greeted
        bind_contextvars(conversation=conversation.id)
        state = await ctx.db.look(lambda c: snapshot(c, conversation, ctx.scene(), board.places))
    except WebSocketDisconnect:
        return
    except SQLAlchemyError as error:  # the database is away: the client comes back with its cursor
        log.warning("socket not opened", error=str(error))
        await connection.close_after_queue(CLOSE_TRY_AGAIN)
        return
    connection.offer({"type": "welcome", "seq": conversation.last_seq, **state, "limits": limits_view(ctx.scene())})
    if after:
        ctx.metrics.reconnects.labels("customer").inc()
    sockets = ctx.metrics.sockets.labels("customer")
    feed = Feed(ctx, board, connection, conversation.id, min(after, conversation.last_seq), for_agent=False)

    def ended() -> None:
        sockets.dec()
        feeds.remove(feed)
        feed.stop()

    sockets.inc()
    feeds.add(feed)
    feed.start(state)
    connection.serve(CustomerSession(ctx, connection, feed, conversation), ended)
