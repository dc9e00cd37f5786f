"""The frames a console sends that carry more than their type, see contracts/chat_socket.md."""

from __future__ import annotations

from msgspec import Struct

from desk.channels.inbox import AttachmentIds, Seq


class Hello(Struct):
    """The first frame; without a token the cookie counts. `handoffs_in_one` asks for all that waits in one frame."""

    token: str | None = None
    handoffs_in_one: bool = False


class Subscribe(Struct):
    """Follow a conversation after a cursor."""

    conversation: str
    after: int = 0


class About(Struct):
    """A frame that only names its conversation."""

    conversation: str


class Read(Struct):
    """The agent has seen everything up to here."""

    conversation: str
    seq: Seq


class Send(Struct):
    """A message of the agent."""

    conversation: str
    cid: str
    text: str | None = None
    attachments: AttachmentIds = []
