"""What comes in from people: one path for sockets and HTTP, acknowledged only after the commit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy.exc import IntegrityError

from desk.conversations import store, usecases
from desk.conversations.usecases import Incoming
from desk.handoffs import waiting
from desk.handoffs.leaving import LEAVE_PAYLOAD, STAY_PAYLOAD

if TYPE_CHECKING:
    from collections.abc import Callable

    import sqlalchemy as sa

    from desk.agents.rules import Agent
    from desk.conversations.usecases import Accepted
    from desk.kernel.context import Context, Scene


async def from_customer(ctx: Context, conversation_id: str, incoming: Incoming) -> Accepted:
    """Commit a customer's message; a waiting customer who only writes 算了 leaves the queue in the same step."""
    scene = ctx.scene()

    def receive(connection: sa.Connection) -> Accepted:
        message = _without_old_button(connection, conversation_id, incoming, scene)
        accepted = usecases.accept_from_customer(connection, conversation_id, message, scene)
        if not accepted.duplicate:
            waiting.heard(connection, accepted.event, scene)
        return accepted

    accepted = await _once_more(ctx, receive)
    if not accepted.duplicate:
        ctx.metrics.messages.labels("customer").inc()
    return accepted


def _without_old_button(connection: sa.Connection, conversation_id: str, incoming: Incoming, scene: Scene) -> Incoming:
    """The buttons about waiting mean something in the queue only; elsewhere a press is just its words."""
    titles = {LEAVE_PAYLOAD: "queue.leave_button", STAY_PAYLOAD: "queue.stay_button"}
    title = titles.get(incoming.payload or "")
    conversation = None if title is None else store.get(connection, conversation_id)
    if title is None or conversation is None or conversation.owner_kind == "queue":
        return incoming
    return Incoming(incoming.client_id, incoming.text or scene.wording.text(title), None, incoming.page)


async def from_agent(ctx: Context, conversation_id: str, agent: Agent, incoming: Incoming) -> Accepted:
    """Commit an agent's message; ConflictError `not_owner` unless the conversation is theirs."""
    scene = ctx.scene()
    accepted = await _once_more(
        ctx, lambda connection: usecases.accept_from_agent(connection, conversation_id, agent.id, incoming, scene)
    )
    if not accepted.duplicate:
        ctx.metrics.messages.labels("agent").inc()
    return accepted


async def _once_more(ctx: Context, job: Callable[[sa.Connection], Accepted]) -> Accepted:
    """Two processes may store the same client id at once: the loser repeats and finds the winner's message."""
    try:
        return await ctx.db.write(job)
    except IntegrityError:
        return await ctx.db.write(job)
