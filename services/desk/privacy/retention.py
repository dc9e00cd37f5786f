"""Retention: what has been kept for as long as the settings say is erased, a little at a time, by every desk."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import sqlalchemy as sa
import structlog

from desk.attachments import usecases as attachments
from desk.audit import store as audit_store
from desk.audit.rules import DESK, Subject
from desk.conversations.store import forget_attachments
from desk.customers import nonces
from desk.privacy import store
from desk.privacy.tracker import TrackerStore

if TYPE_CHECKING:
    from datetime import datetime

    from desk.attachments.files import LocalFiles
    from desk.kernel.context import Context

log = structlog.get_logger("desk.retention")

_BATCH = 100


class Retention:
    """Looks at the start and then every so often."""

    def __init__(self, ctx: Context, files: LocalFiles) -> None:
        self._ctx, self._files = ctx, files

    async def start(self) -> None:
        """Begin."""
        self._ctx.spawn(self._run(), "retention")

    async def _run(self) -> None:
        while True:
            try:
                await keep_to_periods(self._ctx, self._files)
            except (OSError, sa.exc.SQLAlchemyError):
                log.exception("retention failed")
            await asyncio.sleep(self._ctx.settings.retention.every_seconds)


async def keep_to_periods(ctx: Context, files: LocalFiles) -> dict[str, int]:
    """One look; how much of each kind went. What went is written down in the audit trail."""
    now, periods = ctx.clock.now(), ctx.settings.retention
    gone: dict[str, int] = {}
    if periods.conversation_days:
        gone["conversations"] = await _conversations(ctx, files, now, now - timedelta(days=periods.conversation_days))
    if periods.attachment_days:
        gone["files"] = await _files(ctx, files, now - timedelta(days=periods.attachment_days))
    if periods.tracker_days:
        before = (now - timedelta(days=periods.tracker_days)).timestamp()
        tracker = TrackerStore(ctx.settings.tracker_database_url)
        gone["tracker_events"] = await asyncio.to_thread(tracker.erase_resting, before)
    if periods.audit_days:
        oldest = now - timedelta(days=periods.audit_days)
        gone["audit_records"] = await ctx.db.write(lambda c: audit_store.remove_before(c, oldest))
    await ctx.db.write(lambda connection: nonces.forget_expired(connection, now))
    gone = {name: count for name, count in gone.items() if count}
    if gone:
        subject = Subject("retention")
        await ctx.db.write(lambda c: audit_store.record(c, "retention_applied", DESK, subject, now, details=dict(gone)))
        log.info("kept long enough", **gone)
    return gone


async def _conversations(ctx: Context, files: LocalFiles, now: datetime, before: datetime) -> int:
    count = 0
    tracker = TrackerStore(ctx.settings.tracker_database_url)
    while found := await ctx.db.read(lambda c: store.resting_since(c, before, _BATCH)):
        await asyncio.to_thread(tracker.erase, found)
        erased = [one for one in found if await _conversation(ctx, files, one, now)]
        count += len(erased)
        if len(erased) < len(found):
            break  # somebody writes there again: the next look will see
    return count


async def _conversation(ctx: Context, files: LocalFiles, conversation_id: str, now: datetime) -> bool:
    """False when it is no longer at rest."""

    def close(connection: sa.Connection) -> bool:
        return store.close(connection, conversation_id, now) is not None

    if not await ctx.db.write(close):
        return False
    await attachments.erase(ctx, files, conversation_id)
    await ctx.db.write(lambda connection: store.erase(connection, conversation_id, now, "retention"))
    return True


async def _files(ctx: Context, files: LocalFiles, before: datetime) -> int:
    count = 0
    while found := await ctx.db.read(lambda c: store.with_old_files(c, before, _BATCH)):
        for conversation_id in found:
            count += await attachments.erase(ctx, files, conversation_id)
            await ctx.db.write(partial(forget_attachments, conversation_id=conversation_id))
    return count
