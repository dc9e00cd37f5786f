"""What is written down beside the thing itself: that somebody saw personal data that is not theirs to work on."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from desk.audit import store

if TYPE_CHECKING:
    import sqlalchemy as sa

    from desk.audit.rules import Actor, Subject
    from desk.kernel.context import Context


async def viewed(
    ctx: Context,
    event: str,
    actor: Actor,
    subject: Subject,
    *,
    address: str | None = None,
    details: dict[str, Any] | None = None,
) -> None:
    """Committed before anything is shown; the same view again within BATON_AUDIT_VIEW_MINUTES is not written twice."""
    now = ctx.clock.now()
    since = now - timedelta(minutes=ctx.settings.audit_view_minutes)
    if await ctx.db.read(lambda connection: store.known_since(connection, event, actor, subject, since)):
        return

    def write(connection: sa.Connection) -> None:
        store.record(connection, event, actor, subject, now, address=address, details=details)

    await ctx.db.write(write)
