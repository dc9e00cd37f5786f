"""Rules of private notes without I/O: their shape, who may write one, how agents see them.

A note is no event: it takes no place in the conversation's sequence, so nothing that reads events (the customer's
socket and mirror, the bot, exports) can come across one. `after_seq` says behind which event it belongs.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from desk.agents.rules import leads
from desk.kernel.clock import iso

if TYPE_CHECKING:
    from desk.agents.rules import Agent


class PrivateNote(Struct, frozen=True, kw_only=True):
    """One row of `private_notes`; `client_id` is made by the writer's console, unique in the conversation."""

    id: str
    conversation_id: str
    client_id: str
    after_seq: int
    agent_id: str
    agent_name: str
    text: str
    at: datetime


def may_write(agent: Agent, owner_agent_id: str | None, skill_group: str | None) -> bool:
    """Whoever has the conversation, supervisors, and colleagues of the group it was handed to."""
    return leads(agent) or owner_agent_id == agent.id or (skill_group is not None and skill_group in agent.groups)


def note_view(note: PrivateNote) -> dict[str, Any]:
    """The contract's PrivateNote."""
    return {
        "note_id": note.id,
        "conversation_id": note.conversation_id,
        "client_id": note.client_id,
        "after_seq": note.after_seq,
        "agent": {"agent_id": note.agent_id, "display_name": note.agent_name},
        "text": note.text,
        "at": iso(note.at),
    }
