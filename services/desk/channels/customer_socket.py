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

from desk.channels import inbox
from desk.channels.auth import customer_conversation
from desk.channels.connection import (
    CLOSE_HELLO_EXPECTED,
    CLOSE_SILENT,
    CLOSE_UNAUTHORIZED,
    HELLO_SECONDS,
    SILENCE_SECONDS,
    SilenceError,
    SocketConnection,
    shaped,
)
from desk.channels.feed import Feed
from desk.channels.feeds import Feeds
from desk.channels.inbox import AttachmentIds
from desk.channels.snapshot import snapshot
from desk.conversations.notes import CustomerSeen, Typing
from desk.conversations.rules import Page, page_fields
from desk.conversations.usecases import Incoming
from desk.handoffs import usecases as handoffs
from desk.handoffs.board import Board
from desk.kernel.context import Context
from desk.kernel.errors import DeskError, InvalidError, UnauthorizedError
from desk.kernel.web import PART, Ctx
from desk.ratings.usecases import rate

if TYPE_CHECKING:
    from desk.conversations.rules import Conversation

log = structlog.get_logger("desk.socket")

_TYPING_SECONDS = 1.0


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


class ResendFrom(Struct):
    """The client saw a gap."""

    after: int


class CustomerSession:
    """Handles the frames of one customer's socket after its hello."""

    def __init__(self, ctx: Context, connection: SocketConnection, feed: Feed, conversation_id: str) -> None:
        self._ctx, self._connection, self._feed, self._id = ctx, connection, feed, conversation_id
        self._typed_at = 0.0

    async def handle(self, frame: dict[str, Any]) -> None:
        """One frame; DeskError when it cannot be done."""
        kind = frame["type"]
        self._ctx.bus.publish(CustomerSeen(self._id))
        if kind == "ping":
            await self._connection.send({"type": "pong"})
        elif kind == "send":
            await self._send(frame)
        elif kind == "typing":
            self._typing()
        elif kind == "resend_from":
            self._feed.resend_from(shaped(frame, ResendFrom).after)
        elif kind == "cancel_handoff":
            scene = self._ctx.scene()
            await self._ctx.db.write(lambda c: handoffs.cancel(c, self._id, scene))
        elif kind == "rate":
            await self._rate(shaped(frame, Rate))
        else:
            raise InvalidError("frame_unknown_type")

    async def _send(self, frame: dict[str, Any]) -> None:
        self._connection.check_rate()
        message = shaped(frame, Send)
        incoming = Incoming(message.cid, message.text, message.payload, page_fields(message.page), message.attachments)
        accepted = await inbox.from_customer(self._ctx, self._id, incoming)
        event = accepted.event
        await self._connection.send(
            {"type": "ack", "cid": message.cid, "message_id": event.message_id, "seq": event.seq}
        )

    async def _rate(self, rating: Rate) -> None:
        scene, reasons, comment = self._ctx.scene(), rating.reasons or [], rating.comment or ""
        await self._ctx.db.write(
            lambda c: rate(c, self._id, scene, score=rating.score, reasons=reasons, comment=comment)
        )

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
        await connection.send_error(error)
        await connection.close_after_queue(CLOSE_UNAUTHORIZED)
    except (DeskError, SilenceError):
        await connection.send_error(InvalidError("hello_expected"))
        await connection.close_after_queue(CLOSE_HELLO_EXPECTED)
    return None


async def serve_frames(connection: SocketConnection, session: Any) -> None:
    """Frames until the client goes, falls silent, or is hung up on."""
    reading = asyncio.create_task(_read_frames(connection, session))
    gone = asyncio.create_task(connection.gone.wait())
    try:
        await asyncio.wait({reading, gone}, return_when=asyncio.FIRST_COMPLETED)
        if reading.done():
            reading.result()
    finally:
        reading.cancel()
        gone.cancel()
        await asyncio.gather(reading, gone, return_exceptions=True)


async def _read_frames(connection: SocketConnection, session: Any) -> None:
    """Errors are told and the socket stays open."""
    while not connection.closing:
        frame: dict[str, Any] | None = None
        try:
            frame = await connection.receive(SILENCE_SECONDS)
            await session.handle(frame)
        except DeskError as error:
            await connection.send_error(error, frame)
        except SilenceError:
            await connection.close_after_queue(CLOSE_SILENT)
        except SQLAlchemyError:
            # Not committed, so not acknowledged: the client is told and sends again.
            log.exception("frame failed", kind=(frame or {}).get("type"))
            await connection.send_error(DeskError("internal"), frame)


@websocket("/ws/customer")
async def customer_socket(
    socket: WebSocket[Any, Any, State], ctx: Ctx, board: Annotated[Board, PART], feeds: Annotated[Feeds, PART]
) -> None:
    """One customer watching and writing in one conversation."""
    await socket.accept()
    connection = SocketConnection(ctx, socket)
    connection.start()
    feed: Feed | None = None
    ctx.metrics.sockets.labels("customer").inc()
    try:
        greeted = await _greet(ctx, connection)
        if greeted is None:
            return
        conversation, after = greeted
        state = await ctx.db.read(lambda c: snapshot(c, conversation, ctx.scene(), board.places))
        await connection.send({"type": "welcome", "seq": conversation.last_seq, **state})
        cursor = min(after, conversation.last_seq)
        feed = Feed(ctx, board, connection, conversation.id, cursor, for_agent=False)
        feed.start(state)
        feeds.add(feed)
        await serve_frames(connection, CustomerSession(ctx, connection, feed, conversation.id))
    except WebSocketDisconnect:
        pass
    finally:
        ctx.metrics.sockets.labels("customer").dec()
        if feed is not None:
            feeds.remove(feed)
            await feed.stop()
        await connection.stop()
