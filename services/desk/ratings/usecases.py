"""What happens to ratings: given once for each session that was resolved, in one write job."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desk.conversations import store as conversation_store
from desk.conversations.usecases import existing, say
from desk.handoffs import store as handoff_store
from desk.kernel.errors import ConflictError
from desk.ratings import store
from desk.ratings.rules import check_rating

if TYPE_CHECKING:
    import sqlalchemy as sa

    from desk.kernel.context import Scene


def rate(
    connection: sa.Connection,
    conversation_id: str,
    scene: Scene,
    *,
    score: int,
    reasons: list[str],
    comment: str,
) -> None:
    """Keep the customer's answer; ConflictError `not_rateable` when nothing was asked or it was answered.

    A customer who writes 谢谢 after the end starts a new session; the open question stays answerable.
    """
    check_rating(score, reasons, comment)
    conversation = existing(connection, conversation_id)
    session = conversation.rating_session
    if session is None or not conversation_store.take_rating_session(connection, conversation_id, session):
        raise ConflictError("not_rateable")
    agent_id = handoff_store.resolver_of(connection, conversation_id, session)
    store.create(
        connection,
        conversation_id,
        session,
        agent_id=agent_id,
        score=score,
        reasons=reasons,
        comment=comment,
        at=scene.now,
    )
    say(connection, conversation_id, "rated", scene.wording.text("system.rated"), scene)
