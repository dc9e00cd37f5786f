"""HTTP of private notes: for agents only; a customer's token opens nothing here."""

from __future__ import annotations

from typing import Any

from litestar import Router, get, post
from msgspec import Struct

from desk.agents.auth import require_agent
from desk.kernel.web import Ctx, DeskRequest
from desk.private_notes import usecases
from desk.private_notes.rules import note_view


class NoteBody(Struct):
    """A note with the id its console gave it."""

    client_id: str
    text: str


@get("/conversations/{conversation_id:str}/private-notes")
async def list_notes(ctx: Ctx, request: DeskRequest, conversation_id: str) -> dict[str, Any]:
    """200 {notes: [PrivateNote]}, oldest first; 404 conversation_not_found."""
    agent = await require_agent(ctx, request)
    notes = await ctx.db.read(lambda connection: usecases.read(connection, conversation_id, agent))
    return {"notes": [note_view(note) for note in notes]}


@post("/conversations/{conversation_id:str}/private-notes", status_code=200)
async def write_note(ctx: Ctx, request: DeskRequest, conversation_id: str, data: NoteBody) -> dict[str, Any]:
    """200 PrivateNote; the same client_id again gives the same answer.

    403 forbidden; 404 conversation_not_found; 409 client_id_taken; 422 message_empty, message_too_long,
    message_invalid_characters, client_id_invalid.
    """
    agent, scene = await require_agent(ctx, request), ctx.scene()
    note = await ctx.db.write(
        lambda c: usecases.write(c, conversation_id, agent, scene, client_id=data.client_id, text=data.text)
    )
    return note_view(note)


router = Router("/api/v1", route_handlers=[list_notes, write_note], tags=["private notes"])
