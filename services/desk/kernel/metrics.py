"""Metrics: the desk's Prometheus figures, one registry a desk."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest


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

    def text(self) -> bytes:
        """The exposition format."""
        return generate_latest(self.registry)
