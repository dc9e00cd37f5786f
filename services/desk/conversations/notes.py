"""Notes about conversations, published after the commit. Those that travel are read by msgspec, types and all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import msgspec

from desk.conversations.rules import Event, Owner, Sender, event_frame
from desk.kernel.bus import Note


@dataclass(frozen=True)
class EventStored(Note):
    """An event got its place in the sequence; `owner_kind` is who had the conversation at that moment."""

    travels: ClassVar[bool] = True

    event: Event
    owner_kind: Owner | None = None

    @property
    def key(self) -> str:
        """The conversation."""
        return self.event.conversation_id

    def frame(self, *, for_agent: bool) -> bytes:
        """The encoded frame that shows it; made once for all readers of a side, and once for both where it can be."""
        for_agent = for_agent and not (self.event.agent_id is None and self.event.understanding is None)
        made: dict[bool, bytes] = self.__dict__.setdefault("_made", {})  # no field: it does not travel
        encoded = made.get(for_agent)
        if encoded is None:
            encoded = made[for_agent] = msgspec.json.encode(event_frame(self.event, for_agent=for_agent))
        return encoded


@dataclass(frozen=True)
class ConversationChanged(Note):
    """State or owner changed."""

    travels: ClassVar[bool] = True

    conversation_id: str

    @property
    def key(self) -> str:
        """The conversation."""
        return self.conversation_id


@dataclass(frozen=True)
class UnderstandingStored(Note):
    """A customer's message was understood, after it was stored."""

    travels: ClassVar[bool] = True

    conversation_id: str
    seq: int
    message_id: str
    understanding: dict[str, Any]

    @property
    def key(self) -> str:
        """The conversation."""
        return self.conversation_id


@dataclass(frozen=True)
class CustomerSeen(Note):
    """The customer's page gave a sign of life; not stored each time."""

    conversation_id: str


@dataclass(frozen=True)
class Typing(Note):
    """Somebody is typing; not stored."""

    travels: ClassVar[bool] = True

    conversation_id: str
    sender: Sender

    @property
    def key(self) -> str:
        """The conversation."""
        return self.conversation_id
