"""Notes about handoffs on the bus."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from desk.kernel.bus import Note


@dataclass(frozen=True)
class HandoffChanged(Note):
    """A handoff was queued, claimed, ended, or its mood changed."""

    travels: ClassVar[bool] = True

    handoff_id: str
    agent_id: str | None  # whose it is, or was until now

    @property
    def key(self) -> str:
        """The handoff."""
        return self.handoff_id


@dataclass(frozen=True)
class QueueChanged(Note):
    """Somebody entered or left the queue."""

    travels: ClassVar[bool] = True


@dataclass(frozen=True)
class OfferChanged(Note):
    """An offer to an agent was made, or is over."""

    travels: ClassVar[bool] = True

    handoff_id: str
    agent_id: str

    @property
    def key(self) -> str:
        """The agent."""
        return self.agent_id


@dataclass(frozen=True)
class TransferLetGo(Note):
    """The colleague for whom a transfer was meant did not take it; `reason` is declined, expired or withdrawn."""

    travels: ClassVar[bool] = True

    sender_id: str
    handoff_id: str
    conversation_id: str
    agent_id: str
    agent_name: str
    reason: str
    note: str | None

    @property
    def key(self) -> str:
        """The agent who transferred it."""
        return self.sender_id


@dataclass(frozen=True)
class HandbackWaiting(Note):
    """The bot has to be told something about a conversation."""

    conversation_id: str
