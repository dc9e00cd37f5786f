"""What happens to attachments: uploaded, sent with a message, erased."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import structlog
from msgspec import Struct

from desk.attachments import images, rules, store
from desk.attachments.rules import Attachment
from desk.kernel import ids
from desk.kernel.errors import ConflictError, InvalidError, TooManyError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from datetime import datetime
    from pathlib import Path

    import sqlalchemy as sa

    from desk.attachments.files import LocalFiles
    from desk.attachments.rules import Author
    from desk.kernel.context import Context, Scene

log = structlog.get_logger("desk.attachments")

_HOUR = timedelta(hours=1)
_UPLOADS_A_CONVERSATION = 3  # at the same time; a front end sends one after the other
_PICTURES_AT_ONCE = 2  # being decoded: each may need some hundred megabytes
_CHUNK_SECONDS = 30.0
_BUSY_SECONDS = 3.0  # by then one of the uploads under way has usually ended


class Upload(Struct, frozen=True):
    """A file that is being sent; `length` as the request announces it."""

    conversation_id: str
    author: Author
    media_type: str
    name: str
    length: int | None


class Sending(Struct, frozen=True):
    """A message that names uploads: where, whose, which, and the message's id."""

    conversation_id: str
    author: Author
    wanted: Sequence[str]
    message_id: str


class Uploads:
    """Takes files in: bounded in size, time and number, checked, pictures made anew, stored, then written down."""

    def __init__(self, ctx: Context, files: LocalFiles) -> None:
        self._ctx, self._files = ctx, files
        self._limits = ctx.settings.attachments
        self._running: dict[str, int] = {}
        self._pictures = asyncio.Semaphore(_PICTURES_AT_ONCE)

    async def receive(
        self, upload: Upload, chunks: AsyncIterator[bytes], allowed: Callable[[sa.Connection], None]
    ) -> Attachment:
        """The stored attachment; `allowed` is asked again in the job that writes it down.

        InvalidError `attachment_…`, TooLargeError, TooManyError, UnavailableError `attachment_not_stored`.
        """
        if upload.length is not None:
            rules.check_size(upload.length, upload.media_type, self._limits)
        self._begin(upload.conversation_id)
        try:
            now = self._ctx.clock.now()
            await self._ctx.db.read(lambda connection: self._check_count(connection, upload, now))
            return await self._stored(upload, chunks, allowed)
        except OSError as error:
            log.exception("attachment not stored", conversation=upload.conversation_id)
            raise UnavailableError("attachment_not_stored") from error
        finally:
            self._end(upload.conversation_id)

    def _begin(self, conversation_id: str) -> None:
        mine = self._running.get(conversation_id, 0)
        if mine >= _UPLOADS_A_CONVERSATION or sum(self._running.values()) >= self._limits.at_once:
            raise TooManyError("attachments_busy", retry_after_seconds=_BUSY_SECONDS)
        self._running[conversation_id] = mine + 1

    def _end(self, conversation_id: str) -> None:
        self._running[conversation_id] -= 1
        if self._running[conversation_id] == 0:
            del self._running[conversation_id]

    def _check_count(self, connection: sa.Connection, upload: Upload, now: datetime) -> None:
        recent = store.uploaded_since(connection, upload.conversation_id, upload.author, now - _HOUR)
        wait = _HOUR if recent.first_at is None else recent.first_at + _HOUR - now
        rules.check_count(recent.files, self._limits, wait.total_seconds())

    async def _stored(
        self, upload: Upload, chunks: AsyncIterator[bytes], allowed: Callable[[sa.Connection], None]
    ) -> Attachment:
        if self._files.free_bytes() < self._limits.min_free_bytes:
            log.error("attachment refused: the disk is nearly full")
            raise UnavailableError("attachment_not_stored")
        with ExitStack() as drafts:
            raw = drafts.enter_context(self._files.draft())
            await self._write(upload, chunks, raw)
            if rules.KINDS[upload.media_type] != "image":
                return await self._write_down(upload, allowed, raw, None, None)
            picture, thumbnail = (drafts.enter_context(self._files.draft()) for _ in range(2))
            async with self._pictures:
                made = await asyncio.to_thread(
                    images.remake,
                    raw,
                    upload.media_type,
                    picture,
                    thumbnail,
                    max_pixels=self._limits.image_pixels,
                    max_side=self._limits.image_side,
                )
            return await self._write_down(upload, allowed, picture, thumbnail, made)

    async def _write(self, upload: Upload, chunks: AsyncIterator[bytes], raw: Path) -> None:
        """The body as it comes, never more than a chunk of it in memory; what it is shows in its first bytes."""
        size, head = 0, b""
        try:
            async with asyncio.timeout(self._limits.upload_seconds):
                with raw.open("xb") as target:
                    while (chunk := await asyncio.wait_for(anext(chunks, None), _CHUNK_SECONDS)) is not None:
                        size += len(chunk)
                        rules.check_size(size, upload.media_type, self._limits)
                        if len(head) < rules.HEAD_BYTES:
                            head += chunk[: rules.HEAD_BYTES - len(head)]
                            rules.check_beginning(head, upload.media_type)
                        await asyncio.to_thread(target.write, chunk)
        except TimeoutError as error:
            raise InvalidError("attachment_too_slow") from error
        rules.check_content(head, upload.media_type)

    async def _write_down(
        self,
        upload: Upload,
        allowed: Callable[[sa.Connection], None],
        file: Path,
        thumbnail: Path | None,
        picture: images.Picture | None,
    ) -> Attachment:
        """First the files, then the row: a row always has its file."""
        scene = self._ctx.scene()
        media_type = upload.media_type if picture is None else picture.media_type
        size = file.stat().st_size
        keys = [await asyncio.to_thread(self._files.keep, path) for path in (file, thumbnail) if path is not None]
        attachment = Attachment(
            id=ids.attachment_id(scene.now),
            conversation_id=upload.conversation_id,
            uploader=upload.author.kind,
            agent_id=upload.author.agent_id,
            kind=rules.KINDS[media_type],
            media_type=media_type,
            name=rules.clean_name(upload.name, media_type),
            bytes=size,
            width=None if picture is None else picture.width,
            height=None if picture is None else picture.height,
            file_key=keys[0],
            thumbnail_key=keys[1] if len(keys) > 1 else None,
            message_id=None,
            created_at=scene.now,
        )

        def write(connection: sa.Connection) -> None:
            allowed(connection)
            self._check_count(connection, upload, scene.now)
            store.create(connection, attachment)

        try:
            await self._ctx.db.write(write)
        except Exception:
            for key in keys:
                self._files.remove(key)
            raise
        return attachment


def take(connection: sa.Connection, sending: Sending, scene: Scene) -> list[dict[str, Any]] | None:
    """Part of the write job that stores a message: its attachments as the event shows them, None without any.

    InvalidError `attachments_too_many`, `attachment_unknown`; ConflictError `attachment_used`.
    """
    wanted, author = sending.wanted, sending.author
    if not wanted:
        return None
    rules.check_ids(wanted, scene.settings.attachments)
    found = [
        one
        for one in store.named(connection, sending.conversation_id, wanted)
        if (one.uploader, one.agent_id) == (author.kind, author.agent_id)
    ]
    if len(found) != len(wanted):
        raise InvalidError("attachment_unknown")
    if not store.take(connection, wanted, sending.message_id):
        raise ConflictError("attachment_used")
    return [rules.view(one) for one in found]


async def erase(ctx: Context, files: LocalFiles, conversation_id: str) -> int:
    """Remove a conversation's attachments, rows first, then files; how many files there were.

    What its events say about them is the eraser's to clear (`conversations.store.forget_attachments`).
    """
    keys = await ctx.db.write(lambda connection: store.remove_of_conversation(connection, conversation_id))
    for key in keys:
        await asyncio.to_thread(files.remove, key)
    return len(keys)
