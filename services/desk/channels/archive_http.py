"""HTTP of the archive: a conversation to keep, and the earlier ones of a signed customer."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

from litestar import Response, Router, get
from litestar.params import Parameter

from desk.archive import usecases
from desk.channels.auth import customer_reader, signed_customer
from desk.kernel.web import Ctx, DeskRequest, bearer

_PAGE = 20
_MOST = 50


@get("/conversations/{conversation_id:str}/transcript", media_type="text/plain")
async def get_transcript(ctx: Ctx, request: DeskRequest, conversation_id: str) -> Response[bytes]:
    """200 a text file to be saved: what the customer saw, names and the shop's times; for the customer only."""
    await customer_reader(ctx, conversation_id, bearer(request))
    scene = ctx.scene()
    file = await ctx.db.read(lambda connection: usecases.transcript(connection, conversation_id, scene))
    return Response(
        file.text.encode("utf-8-sig"),  # without the mark, old editors on Windows take it for GBK
        media_type="text/plain",
        headers={
            "Content-Disposition": f"attachment; filename=transcript.txt; filename*=UTF-8''{quote(file.name, safe='')}",
            "Content-Security-Policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Cache-Control": "private, no-store",
        },
    )


@get("/customers/me/conversations")
async def list_own_conversations(
    ctx: Ctx,
    request: DeskRequest,
    before: Annotated[str, Parameter(max_length=64)] | None = None,
    limit: Annotated[int, Parameter(ge=1, le=_MOST)] = _PAGE,
) -> dict[str, Any]:
    """200 {conversations, next}: what the signed customer wrote in, newest first; `before` is the page before's `next`.

    401 identity_invalid.
    """
    customer_id = signed_customer(ctx, bearer(request))
    scene = ctx.scene()
    return await ctx.db.read(lambda connection: usecases.earlier(connection, customer_id, before, limit, scene))


router = Router("/api/v1", route_handlers=[get_transcript, list_own_conversations], tags=["archive"])
