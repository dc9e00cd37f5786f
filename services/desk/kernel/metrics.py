"""Metrics: the desk's Prometheus figures, one registry a desk."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_COMMIT_BUCKETS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class Metrics:
    """Counters and histograms; names are stable, see docs of operations."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.messages = Counter("baton_messages", "Messages stored", ["sender"], registry=self.registry)
        self.handoffs = Counter("baton_handoffs", "Handoffs", ["step"], registry=self.registry)
        self.bot_turns = Histogram("baton_bot_turn_seconds", "Message to committed reply", registry=self.registry)
        self.bot_failures = Counter("baton_bot_failures", "Failed calls to Rasa", ["kind"], registry=self.registry)
        self.summary_faults = Counter("baton_invalid_summaries", "Summaries not to schema", registry=self.registry)
        self.sockets = Gauge("baton_sockets", "Open sockets", ["kind"], registry=self.registry)
        self.errors = Counter("baton_errors", "Errors told to clients", ["code"], registry=self.registry)
        self.webhooks = Counter("baton_webhooks", "Webhook attempts", ["result"], registry=self.registry)
        self.write_jobs = Gauge("baton_write_jobs", "Write jobs since start", registry=self.registry)
        self.write_batches = Gauge("baton_write_batches", "Commits since start", registry=self.registry)
        self.write_retries = Gauge("baton_write_retries", "Transactions run again since start", registry=self.registry)

        self.fanout_notes = Counter("baton_fanout_notes", "Notes between desks", ["way"], registry=self.registry)
        self.fanout_gaps = Counter(
            "baton_fanout_gaps", "Times the database was looked at again", registry=self.registry
        )
        self.fanout_redis = Gauge("baton_fanout_redis", "1 while Redis joins the desks", registry=self.registry)

        self.commits = Histogram(
            "baton_commit_seconds",
            "Message read to committed",
            ["sender"],
            buckets=_COMMIT_BUCKETS,
            registry=self.registry,
        )
        # Looked up by label once: for each message it would cost more than the counting.
        senders = ("customer", "agent")
        self.committed = {sender: self.commits.labels(sender) for sender in senders}
        self.stored = {sender: self.messages.labels(sender) for sender in senders}
        self.reconnects = Counter(
            "baton_reconnects", "Sockets of those who came back", ["kind"], registry=self.registry
        )
        self.database_up = Gauge("baton_database_up", "1 when it took a transaction", registry=self.registry)
        self.bot_up = Gauge("baton_bot_up", "1 when Rasa answers with a model", registry=self.registry)
        self.shop_up = Gauge("baton_shop_up", "1 when the shop answers", registry=self.registry)
        # Of the whole system, the same at every desk of one database.
        self.queue_waiting = Gauge("baton_queue_waiting", "Customers in the queue", ["group"], registry=self.registry)
        self.queue_longest = Gauge(
            "baton_queue_longest_wait_seconds", "Longest wait", ["group"], registry=self.registry
        )
        self.cases_active = Gauge("baton_cases_active", "Customers with an agent", ["group"], registry=self.registry)
        self.clocks = Gauge(
            "baton_clocks", "Clocks about to break or broken", ["clock", "state"], registry=self.registry
        )
        self.agents = Gauge("baton_agents", "Agents by presence", ["presence"], registry=self.registry)
        self.capacity_free = Gauge("baton_agent_capacity_free", "What agents online can take", registry=self.registry)

    def text(self) -> bytes:
        """The exposition format."""
        return generate_latest(self.registry)
