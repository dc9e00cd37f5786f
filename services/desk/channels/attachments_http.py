"""HTTP of attachments: upload one, then send its id with a message; fetch one or its thumbnail."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO
from urllib.parse import quote

from litestar import Response, Router, get, post
from litestar.params import Parameter
from litestar.response import Stream

from desk.agents.auth import require_agent
from desk.attachments import rules, store
from desk.attachments.files import LocalFiles
from desk.attachments.usecases import Upload, Uploads
from desk.channels.auth import customer_conversation, reader
from desk.channels.throttle import Throttle
from desk.conversations.usecases import existing, writing_name
from desk.kernel.context import Context
from desk.kernel.errors import InvalidError, NotFoundError
from desk.kernel.security import SESSION_TOKEN
from desk.kernel.web import PART, Ctx, DeskRequest, bearer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    import sqlalchemy as sa

    from desk.attachments.rules import Attachment, Author

_CHUNK_BYTES = 256 * 1024
_MAX_NAME = 1_000
# Nothing in a served file may run, load or be framed, whatever a browser takes it for.
_POLICY = "default-src 'none'; sandbox; frame-ancestors 'none'"


async def _author(
    ctx: Context, request: DeskRequest, conversation_id: str
) -> tuple[Author, Callable[[sa.Connection], None]]:
    """Who uploads, and the check that they may write here; NotFoundError, UnauthorizedError, ConflictError."""
    token = bearer(request)
    if token is not None and not token.startswith(SESSION_TOKEN):
        await customer_conversation(ctx, conversation_id, token)
        return rules.CUSTOMER, lambda connection: None
    agent = await require_agent(ctx, request)
    await reader(ctx, request, conversation_id)

    def allowed(connection: sa.Connection) -> None:
        writing_name(connection, existing(connection, conversation_id), agent.id)

    await ctx.db.read(allowed)
    return rules.Author("agent", agent.id), allowed


def _length(request: DeskRequest) -> int | None:
    raw = request.headers.get("content-length")
    if raw is None:
        return None
    if not (raw.isascii() and raw.isdigit()):
        raise InvalidError("invalid_request")
    return int(raw)


@post("/conversations/{conversation_id:str}/attachments", status_code=201, request_max_body_size=None)
async def upload(
    ctx: Ctx,
    uploads: Annotated[Uploads, PART],
    throttle: Annotated[Throttle, PART],
    request: DeskRequest,
    *,
    conversation_id: str,
    name: Annotated[str, Parameter(max_length=_MAX_NAME)] = "",
) -> dict[str, Any]:
    """201 {attachment_id, attachment}: the file is the body, its type the Content-Type, its name in `?name=`.

    413 attachment_too_large; 422 attachment_type_refused, attachment_mismatch, attachment_damaged, attachment_empty,
    attachment_picture_too_large, attachment_too_slow; 409 not_owner; 429 too_many_attachments,
    too_many_attachments_address, attachments_busy; 503 attachment_not_stored.
    """
    author, allowed = await _author(ctx, request, conversation_id)
    throttle.check_upload(request)
    media_type = rules.claimed_type(request.headers.get("content-type"))
    wanted = Upload(conversation_id, author, media_type, name, _length(request))
    attachment = await uploads.receive(wanted, request.stream(), allowed)
    return {"attachment_id": attachment.id, "attachment": rules.view(attachment)}


async def _found(ctx: Context, request: DeskRequest, conversation_id: str, attachment_id: str) -> Attachment:
    _, agent = await reader(ctx, request, conversation_id)
    viewer = rules.CUSTOMER if agent is None else rules.Author("agent", agent.id)
    attachment = await ctx.db.read(lambda connection: store.get(connection, conversation_id, attachment_id))
    if attachment is None or not rules.may_see(attachment, viewer):
        raise NotFoundError("attachment_unknown")
    return attachment


async def _serve(files: LocalFiles, attachment: Attachment, key: str) -> Response[Any]:
    """The file in chunks; pictures were made anew and may be shown, everything else is only to be saved."""
    try:
        source = await asyncio.to_thread(files.path(key).open, "rb")
    except FileNotFoundError as error:
        raise NotFoundError("attachment_unknown") from error
    size = await asyncio.to_thread(source.seek, 0, 2)
    await asyncio.to_thread(source.seek, 0)
    shown = "inline" if attachment.kind == "image" else "attachment"
    return Stream(
        _chunks(source),
        media_type=attachment.media_type,
        headers={
            "Content-Length": str(size),
            "Content-Disposition": f"{shown}; filename*=UTF-8''{quote(attachment.name, safe='')}",
            "Content-Security-Policy": _POLICY,
            "Cross-Origin-Resource-Policy": "same-origin",
            "Cache-Control": "private, max-age=3600",
            "Vary": "Authorization, Cookie",
        },
    )


async def _chunks(source: BinaryIO) -> AsyncIterator[bytes]:
    try:
        while chunk := await asyncio.to_thread(source.read, _CHUNK_BYTES):
            yield chunk
    finally:
        source.close()


@get("/conversations/{conversation_id:str}/attachments/{attachment_id:str}")
async def download(
    ctx: Ctx, files: Annotated[LocalFiles, PART], request: DeskRequest, conversation_id: str, attachment_id: str
) -> Response[Any]:
    """200 the file; 404 attachment_unknown, also for what another person only uploaded."""
    attachment = await _found(ctx, request, conversation_id, attachment_id)
    return await _serve(files, attachment, attachment.file_key)


@get("/conversations/{conversation_id:str}/attachments/{attachment_id:str}/thumbnail")
async def thumbnail(
    ctx: Ctx, files: Annotated[LocalFiles, PART], request: DeskRequest, conversation_id: str, attachment_id: str
) -> Response[Any]:
    """200 the picture made small; 404 attachment_unknown, also for what is no picture."""
    attachment = await _found(ctx, request, conversation_id, attachment_id)
    if attachment.thumbnail_key is None:
        raise NotFoundError("attachment_unknown")
    return await _serve(files, attachment, attachment.thumbnail_key)


router = Router("/api/v1", route_handlers=[upload, download, thumbnail], tags=["attachments"])
