"""What comes in from people: one path for sockets and HTTP, acknowledged only after the commit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from msgspec import Meta
from sqlalchemy.exc import IntegrityError

from desk.conversations import read_marks, store, usecases
from desk.handoffs import hearing

if TYPE_CHECKING:
    from collections.abc import Callable

    import sqlalchemy as sa

    from desk.agents.rules import Agent
    from desk.conversations.usecases import Accepted, Incoming
    from desk.kernel.context import Context


# Far more than any setting allows; what is too many is said in words by the rules.
AttachmentIds = Annotated[list[Annotated[str, Meta(max_length=64)]], Meta(max_length=100)]
Seq = Annotated[int, Meta(ge=0, le=2**53)]


async def from_customer(ctx: Context, conversation_id: str, incoming: Incoming) -> Accepted:
    """Commit a customer's message; what it means for a waiting customer happens in the same step."""
    scene = ctx.scene()

    def receive(connection: sa.Connection) -> Accepted:
        message = hearing.without_old_button(connection, conversation_id, incoming)
        accepted = usecases.accept_from_customer(connection, conversation_id, message, scene)
        if not accepted.duplicate and not accepted.to_agent:
            hearing.hear(connection, accepted.event, scene)
        return accepted

    with ctx.metrics.commits.labels("customer").time():
        accepted = await _once_more(ctx, conversation_id, receive)
    if not accepted.duplicate:
        ctx.metrics.messages.labels("customer").inc()
    return accepted


async def from_agent(ctx: Context, conversation_id: str, agent: Agent, incoming: Incoming) -> Accepted:
    """Commit an agent's message; ConflictError `not_owner` unless the conversation is theirs."""
    scene = ctx.scene()
    with ctx.metrics.commits.labels("agent").time():
        accepted = await _once_more(
            ctx,
            conversation_id,
            lambda connection: usecases.accept_from_agent(connection, conversation_id, agent.id, incoming, scene),
        )
    if not accepted.duplicate:
        ctx.metrics.messages.labels("agent").inc()
    return accepted


async def read_by_agent(ctx: Context, conversation_id: str, agent_id: str, seq: int) -> None:
    """The agent has read up to `seq`; ConflictError `not_owner` unless the conversation is theirs."""

    def move(connection: sa.Connection) -> None:
        read_marks.check_reader(store.get(connection, conversation_id, lock=True), agent_id)
        read_marks.move(connection, conversation_id, "agent", seq)

    await ctx.db.write(move, appends_to=conversation_id)


async def _once_more(ctx: Context, conversation_id: str, job: Callable[[sa.Connection], Accepted]) -> Accepted:
    """Two processes may store the same client id at once: the loser repeats and finds the winner's message."""
    try:
        return await ctx.db.write(job, appends_to=conversation_id)
    except IntegrityError:
        return await ctx.db.write(job, appends_to=conversation_id)
