"""The wall's figures as Prometheus gauges, read when somebody scrapes; every desk of one database tells the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from desk.agents import store as agent_store
from desk.insight import policy, store
from desk.insight.wall import wall

if TYPE_CHECKING:
    import sqlalchemy as sa

    from desk.kernel.context import Context
    from desk.kernel.metrics import Metrics


async def refresh(ctx: Context) -> None:
    """Read the wall and set its gauges; a database that does not answer raises."""
    now, rules = ctx.clock.now(), policy.load(ctx.settings.playbook_dir)

    def read(connection: sa.Connection) -> dict[str, Any]:
        return wall(store.open_cases(connection), agent_store.everybody(connection), rules, now)

    show(ctx.metrics, await ctx.db.read(read))


def show(metrics: Metrics, figures: dict[str, Any]) -> None:
    """Set the gauges to the figures of a wall."""
    for row in figures["queue"]:
        metrics.queue_waiting.labels(row["group"]).set(row["waiting"])
        metrics.queue_longest.labels(row["group"]).set(row["longest_wait_seconds"] or 0)
        metrics.cases_active.labels(row["group"]).set(row["active"])
    for row in figures["clocks"]:
        for state in ("soon", "late"):
            metrics.clocks.labels(row["clock"], state).set(row[state])
    for presence, number in figures["agents"]["by_state"].items():
        metrics.agents.labels(presence).set(number)
    metrics.capacity_free.set(max(0, figures["agents"]["capacity"] - figures["agents"]["load"]))
