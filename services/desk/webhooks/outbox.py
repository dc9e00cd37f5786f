"""The outbox: what happened to a handoff is written down for every endpoint in the transaction of the change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from desk.kernel import ids
from desk.webhooks import store
from desk.webhooks.rules import EVENTS, body_of, event_id

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    import sqlalchemy as sa


def record(
    connection: sa.Connection,
    handoff_id: str,
    number: int,
    kind: str,
    *,
    at: datetime,
    view: Callable[[], dict[str, Any]],
) -> None:
    """Keep one step of a handoff for whoever is to be told; `view` is read only when there is somebody."""
    event = EVENTS.get(kind)
    if event is None:
        return
    urls = store.urls(connection)
    if not urls:
        return
    body = body_of(handoff_id, number, event, at, view())
    store.add(
        connection,
        [
            {
                "id": "wd_" + ids.ulid(at),
                "url": url,
                "event_id": event_id(handoff_id, number),
                "event": event,
                "handoff_id": handoff_id,
                "number": number,
                "body": body,
                "created_at": at,
                "state": "waiting",
                "attempts": 0,
                "next_attempt_at": at,
            }
            for url in urls
        ],
    )
