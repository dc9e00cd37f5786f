"""Sweeping: what was uploaded but never sent, and files that no row names."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import structlog
from sqlalchemy.exc import SQLAlchemyError

from desk.attachments import store

if TYPE_CHECKING:
    from desk.attachments.files import LocalFiles
    from desk.kernel.context import Context

log = structlog.get_logger("desk.attachments")

_BATCH = 500
# A row is written seconds after its file; another process may be between the two.
_ORPHAN_AFTER_SECONDS = 3_600.0


class Sweeper:
    """Sweeps at the start and then every so often."""

    def __init__(self, ctx: Context, files: LocalFiles) -> None:
        self._ctx, self._files = ctx, files

    async def start(self) -> None:
        """Make the folder and begin."""
        await asyncio.to_thread(self._files.prepare)
        self._ctx.spawn(self._run(), "attachments-sweep")

    async def _run(self) -> None:
        while True:
            try:
                await sweep(self._ctx, self._files)
            except (OSError, SQLAlchemyError):
                log.exception("attachments not swept")
            await asyncio.sleep(self._ctx.settings.attachments.sweep_seconds)


async def sweep(ctx: Context, files: LocalFiles) -> int:
    """How many files went."""
    count = await asyncio.to_thread(files.drop_drafts_older_than, _ORPHAN_AFTER_SECONDS)
    before = ctx.clock.now() - timedelta(seconds=ctx.settings.attachments.unsent_seconds)
    while unsent := await ctx.db.read(lambda c: store.unsent_before(c, before, _BATCH)):
        names = [one.id for one in unsent]
        keys = await ctx.db.write(partial(store.remove_unsent, ids=names))
        count += await _remove(files, keys)
    old = await asyncio.to_thread(lambda: list(files.keys_older_than(_ORPHAN_AFTER_SECONDS)))
    for start in range(0, len(old), _BATCH):
        keys = old[start : start + _BATCH]
        known = await ctx.db.read(partial(store.known_keys, keys=keys))
        count += await _remove(files, [key for key in keys if key not in known])
    if count:
        log.info("attachments swept", files=count)
    return count


async def _remove(files: LocalFiles, keys: list[str]) -> int:
    for key in keys:
        await asyncio.to_thread(files.remove, key)
    return len(keys)
