"""What comes in from people: one path for sockets and HTTP, acknowledged only after the commit."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Meta
from sqlalchemy.exc import IntegrityError

from desk.conversations import plain, read_marks, store, usecases
from desk.handoffs import hearing

if TYPE_CHECKING:
    from collections.abc import Callable

    import sqlalchemy as sa

    from desk.agents.rules import Agent
    from desk.conversations.usecases import Accepted, Incoming
    from desk.kernel.context import Context
    from desk.kernel.jobs import Row

    Told = Callable[[Accepted | None, Exception | None], None]


# Far more than any setting allows; what is too many is said in words by the rules.
AttachmentIds = Annotated[list[Annotated[str, Meta(max_length=64)]], Meta(max_length=100)]
Seq = Annotated[int, Meta(ge=0, le=2**53)]


async def from_customer(ctx: Context, conversation_id: str, incoming: Incoming) -> Accepted:
    """Commit a customer's message; what it means for a waiting customer happens in the same step."""
    told, future = _awaited()
    take_from_customer(ctx, conversation_id, incoming, told)
    return await future


def take_from_customer(
    ctx: Context, conversation_id: str, incoming: Incoming, told: Told, *, to_agent: bool = True
) -> None:
    """Like `from_customer`, for who does not wait; `to_agent` when it probably is for one, which is tried first."""
    scene = ctx.scene()

    def receive(connection: sa.Connection) -> Accepted:
        message = hearing.without_old_button(connection, conversation_id, incoming)
        accepted = usecases.accept_from_customer(connection, conversation_id, message, scene)
        if not accepted.duplicate and not accepted.to_agent:
            hearing.hear(connection, accepted.event, scene)
        return accepted

    row = plain.row_of(conversation_id, incoming, scene) if to_agent else None
    _submit(ctx, conversation_id, receive, row, told, sender="customer")


async def from_agent(ctx: Context, conversation_id: str, agent: Agent, incoming: Incoming) -> Accepted:
    """Commit an agent's message; ConflictError `not_owner` unless the conversation is theirs."""
    told, future = _awaited()
    take_from_agent(ctx, conversation_id, agent, incoming, told)
    return await future


def take_from_agent(ctx: Context, conversation_id: str, agent: Agent, incoming: Incoming, told: Told) -> None:
    """Like `from_agent`, for who does not wait."""
    scene = ctx.scene()

    def receive(connection: sa.Connection) -> Accepted:
        return usecases.accept_from_agent(connection, conversation_id, agent.id, incoming, scene)

    row = plain.row_of(conversation_id, incoming, scene, agent.id)
    _submit(ctx, conversation_id, receive, row, told, sender="agent")


async def read_by_agent(ctx: Context, conversation_id: str, agent_id: str, seq: int) -> None:
    """The agent has read up to `seq`; ConflictError `not_owner` unless the conversation is theirs."""

    def move(connection: sa.Connection) -> None:
        read_marks.check_reader(store.get(connection, conversation_id, lock=True), agent_id)
        read_marks.move(connection, conversation_id, "agent", seq)

    await ctx.db.write(move, appends_to=conversation_id)


def _submit(
    ctx: Context,
    conversation_id: str,
    job: Callable[[sa.Connection], Accepted],
    row: Row | None,
    told: Told,
    *,
    sender: Literal["customer", "agent"],
) -> None:
    """Two processes may store the same client id at once: the loser repeats and finds the winner's message."""
    began = time.perf_counter()

    def answer(accepted: Accepted | None, error: Exception | None) -> None:
        if isinstance(error, IntegrityError):
            ctx.db.submit(job, told, appends_to=conversation_id)
            return
        ctx.metrics.committed[sender].observe(time.perf_counter() - began)
        if accepted is not None and not accepted.duplicate:
            ctx.metrics.stored[sender].inc()
        told(accepted, error)

    ctx.db.submit(job, answer, appends_to=conversation_id, row=row)


def _awaited() -> tuple[Told, asyncio.Future[Accepted]]:
    future: asyncio.Future[Accepted] = asyncio.get_running_loop().create_future()

    def told(accepted: Accepted | None, error: Exception | None) -> None:
        if future.done():
            return  # the caller went away; the message is stored all the same
        if accepted is not None:
            future.set_result(accepted)
        else:
            future.set_exception(error or RuntimeError("neither stored nor refused"))

    return told, future
