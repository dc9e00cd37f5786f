"""All SQL about ratings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from desk.kernel.database import Json, UtcTime, metadata

if TYPE_CHECKING:
    from datetime import datetime

ratings = sa.Table(
    "ratings",
    metadata,
    sa.Column("conversation_id", sa.String(64), sa.ForeignKey("conversations.id"), primary_key=True),
    sa.Column("session", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("agent_id", sa.String(64)),
    sa.Column("score", sa.Integer, nullable=False),
    sa.Column("reasons", Json, nullable=False),
    sa.Column("comment", sa.Text, nullable=False),
    sa.Column("at", UtcTime, nullable=False),
)


def create(
    connection: sa.Connection,
    conversation_id: str,
    session: int,
    *,
    agent_id: str | None,
    score: int,
    reasons: list[str],
    comment: str,
    at: datetime,
) -> None:
    """Store the rating of one session; IntegrityError when it has one."""
    connection.execute(
        ratings.insert().values(
            conversation_id=conversation_id,
            session=session,
            agent_id=agent_id,
            score=score,
            reasons=reasons,
            comment=comment,
            at=at,
        )
    )
