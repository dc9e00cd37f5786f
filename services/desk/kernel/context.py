"""Context: the kernel's parts as one value, handed to every use case that needs more than its arguments."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import structlog
from msgspec import Struct
from msgspec import field as msgspec_field

from desk.kernel import policy
from desk.kernel.bus import Bus
from desk.kernel.clock import Clock, SystemClock
from desk.kernel.database import Database
from desk.kernel.engine import is_sqlite
from desk.kernel.fanout import Fanout
from desk.kernel.holds import Holds
from desk.kernel.metrics import Metrics
from desk.kernel.policy import RoutingPolicy

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from datetime import datetime

    from desk.kernel.settings import Settings
    from desk.kernel.wording import Wording

log = structlog.get_logger("desk.tasks")


class Scene(Struct, frozen=True):
    """What a use case is given besides its subject: the time, the settings, the wording and the routing policy."""

    now: datetime
    settings: Settings
    wording: Wording
    policy: RoutingPolicy = msgspec_field(default_factory=RoutingPolicy)


@dataclass
class Context:
    """Settings, wording, policy, database, bus, clock, metrics, and the background tasks that must not be garbage."""

    settings: Settings
    wording: Wording
    bus: Bus
    db: Database
    clock: Clock
    metrics: Metrics
    holds: Holds
    fanout: Fanout
    policy: RoutingPolicy = field(default_factory=RoutingPolicy)
    _tasks: set[asyncio.Task[Any]] = field(default_factory=set)

    @staticmethod
    def build(settings: Settings, wording: Wording, clock: Clock | None = None) -> Context:
        """The usual parts for `settings`; the machine's clock unless there is another."""
        bus, metrics, url = Bus(), Metrics(), settings.database_url
        db = Database(url, bus.publish)
        fanout = Fanout(bus, metrics, settings.redis_url, alone=is_sqlite(url))
        rules = policy.load(settings.playbook_dir)
        return Context(settings, wording, bus, db, clock or SystemClock(), metrics, Holds(url), fanout, rules)

    def scene(self) -> Scene:
        """The scene of something that happens now."""
        return Scene(self.clock.now(), self.settings, self.wording, self.policy)

    def spawn(self, work: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
        """Run `work` in the background; a failure is logged, never lost."""
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    async def stop_tasks(self) -> None:
        """Cancel what still runs in the background and wait for it."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("background task failed", task=task.get_name(), exc_info=task.exception())
