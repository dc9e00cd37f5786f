"""What the database itself saw: triggers that write down every change of load and every offer as it happens.

Times in the desk's own steps are from before the commit, so they cannot say which of two processes was first. A trigger
runs while the changed row is held, so its lines are in the true order of each agent and each handoff.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any

import sqlalchemy as sa
from handoff_audit import Account, Conversation, Earlier, History, Line, Load, OfferMade, Step

_BEFORE = """(h.front > NEW.front OR (h.front = NEW.front AND
    (h.due_at < NEW.due_at OR (h.due_at = NEW.due_at AND h.id < NEW.id))))"""
_TABLES = (
    "CREATE TABLE stress_loads (id {serial}, agent_id text, load int, capacity int, weight int)",
    "CREATE TABLE stress_waits (handoff_id text PRIMARY KEY, since {time})",
    """CREATE TABLE stress_offers (id {serial}, handoff_id text, agent_id text, target_agent_id text,
       expires_at {time}, load int, capacity int, out_weight int, earlier text)""",
)
_ON_LOAD = """INSERT INTO stress_loads (agent_id, load, capacity, weight)
    SELECT NEW.id, NEW.load, NEW.capacity, coalesce(sum(weight_taken), 0)
    FROM handoffs WHERE agent_id = NEW.id AND state = 'active';"""
_ON_WAIT = """INSERT INTO stress_waits (handoff_id, since) VALUES (NEW.id, {now})
    ON CONFLICT (handoff_id) DO UPDATE SET since = excluded.since;"""
_ON_OFFER = """INSERT INTO stress_offers
    (handoff_id, agent_id, target_agent_id, expires_at, load, capacity, out_weight, earlier)
    SELECT NEW.id, a.id, NEW.target_agent_id, NEW.offer_expires_at, a.load, a.capacity,
    (SELECT coalesce(sum(CASE WHEN o.weight < a.capacity THEN o.weight ELSE a.capacity END), 0) FROM handoffs o
     WHERE o.state = 'queued' AND o.offered_agent_id = a.id AND o.id <> NEW.id),
    (SELECT {array}({object}('id', h.id, 'group', h.skill_group, 'weight', h.weight, 'target', h.target_agent_id,
     'passed', {passed}, 'entered_at', h.entered_at, 'since', w.since))
     FROM handoffs h JOIN stress_waits w ON w.handoff_id = h.id
     WHERE h.state = 'queued' AND h.offered_agent_id IS NULL AND h.id <> NEW.id AND {before})
    FROM agents a WHERE a.id = NEW.offered_agent_id;"""
_TRIGGERS = (
    ("load", "UPDATE OF load ON agents", "true", _ON_LOAD),
    ("came", "INSERT ON handoffs", "NEW.state = 'queued'", _ON_WAIT),
    (
        "waits",
        "UPDATE ON handoffs",
        "NEW.state = 'queued' AND NEW.offered_agent_id IS NULL AND "
        "(OLD.state <> 'queued' OR OLD.offered_agent_id IS NOT NULL)",
        _ON_WAIT,
    ),
    (
        "offer",
        "UPDATE OF offered_agent_id ON handoffs",
        "NEW.offered_agent_id IS NOT NULL AND OLD.offered_agent_id IS NULL",
        _ON_OFFER,
    ),
)
# Nobody else sees that somebody waits before the commit: until then the desk works for milliseconds, and the look of
# another one passes by. (On SQLite there is only one writer.)
_AT_COMMIT = {"came", "waits"}
_SQLITE = {
    "serial": "integer PRIMARY KEY AUTOINCREMENT",
    "time": "text",
    "now": "strftime('%Y-%m-%d %H:%M:%f', 'now')",
    "array": "json_group_array",
    "object": "json_object",
    "passed": "json(h.passed)",
    "before": _BEFORE,
}
_POSTGRESQL = {
    "serial": "bigserial PRIMARY KEY",
    "time": "timestamptz",
    "now": "clock_timestamp()",
    "array": "json_agg",
    "object": "json_build_object",
    "passed": "h.passed",
    "before": _BEFORE,
}
_WRONG_OWNERS = """SELECT c.id, c.state, c.owner_kind, h.state AS handoff_state
    FROM conversations c LEFT JOIN handoffs h ON h.conversation_id = c.id AND h.state IN ('queued', 'active')
    WHERE NOT coalesce((c.owner_kind = 'agent' AND c.state = 'active' AND h.state = 'active'
                        AND h.agent_id = c.owner_agent_id)
        OR (c.owner_kind = 'queue' AND c.state = 'queued' AND h.state = 'queued' AND h.agent_id IS NULL)
        OR (c.owner_kind IN ('bot', 'none') AND h.id IS NULL), false)"""
_LOADS_NOW = """SELECT a.id, a.load, a.capacity,
    (SELECT coalesce(sum(weight_taken), 0) FROM handoffs WHERE agent_id = a.id AND state = 'active') AS weight,
    (SELECT coalesce(sum(CASE WHEN o.weight < a.capacity THEN o.weight ELSE a.capacity END), 0)
     FROM handoffs o WHERE o.offered_agent_id = a.id AND o.state = 'queued') AS offered FROM agents a"""


def install(engine: sa.Engine) -> None:
    """Create the journal's tables and triggers in a migrated database."""
    postgresql = engine.dialect.name == "postgresql"
    words = _POSTGRESQL if postgresql else _SQLITE
    with engine.begin() as connection:
        for table in _TABLES:
            connection.exec_driver_sql(table.format(**words))
        for name, event, condition, body in _TRIGGERS:
            head = f"CREATE TRIGGER stress_{name} AFTER {event} FOR EACH ROW WHEN ({condition})"
            filled = body.format(**words)
            if postgresql:
                function = f"CREATE FUNCTION stress_{name}() RETURNS trigger LANGUAGE plpgsql AS"
                connection.exec_driver_sql(f"{function} $$ BEGIN {filled} RETURN NULL; END $$")
                if name in _AT_COMMIT:
                    head = head.replace("CREATE TRIGGER", "CREATE CONSTRAINT TRIGGER", 1)
                    head = head.replace(" FOR EACH ROW", " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW", 1)
                connection.exec_driver_sql(f"{head} EXECUTE FUNCTION stress_{name}()")
            else:
                connection.exec_driver_sql(f"{head} BEGIN {filled} END")


def sample(engine: sa.Engine) -> tuple[list[Load], list[str]]:
    """One look during the run, each list one snapshot: loads with what is offered, and conversations at odds."""
    with engine.connect() as connection:
        loads = [
            Load(row.id, row.load, row.capacity, int(row.weight), int(row.offered))
            for row in connection.exec_driver_sql(_LOADS_NOW)
        ]
        odds = [
            f"{row.id}: {row.state}/{row.owner_kind}, handoff {row.handoff_state}"
            for row in connection.exec_driver_sql(_WRONG_OWNERS)
        ]
    return loads, odds


def open_handoffs(engine: sa.Engine) -> int:
    """How many are queued or active now."""
    with engine.connect() as connection:
        return int(
            connection.exec_driver_sql("SELECT count(*) FROM handoffs WHERE state IN ('queued', 'active')").scalar_one()
        )


def read(engine: sa.Engine, offer_seconds: float) -> History:
    """Everything that the audit looks at, after the run."""
    loads_now, odds = sample(engine)
    with engine.connect() as connection:

        def rows(query: str) -> list[sa.Row[Any]]:
            return list(connection.exec_driver_sql(query))

        steps = rows("SELECT handoff_id, number, kind, agent_id FROM handoff_steps ORDER BY handoff_id, number")
        lines = rows(
            "SELECT conversation_id, seq, type, sender, agent_id, message_id, client_id FROM events "
            "ORDER BY conversation_id, seq"
        )
        offers = rows("SELECT * FROM stress_offers ORDER BY id")
        return History(
            steps=[Step(*row) for row in steps],
            lines=[Line(*row) for row in lines],
            loads=[
                Load(*row, 0) for row in rows("SELECT agent_id, load, capacity, weight FROM stress_loads ORDER BY id")
            ],
            offers=[_offer(row, offer_seconds) for row in offers],
            handoffs={row.id: row.state for row in rows("SELECT id, state FROM handoffs")},
            conversations=[Conversation(*row) for row in rows("SELECT id, last_seq FROM conversations")],
            accounts={row.id: Account(row.id, _json(row.groups)) for row in rows("SELECT * FROM agents")},
            loads_now=loads_now,
            odds=odds,
        )


def _offer(row: sa.Row[Any], offer_seconds: float) -> OfferMade:
    earlier = [
        Earlier(
            handoff_id=one["id"],
            group=one["group"],
            weight=one["weight"],
            target_agent_id=one["target"],
            passed={agent: _time(at) for agent, at in one["passed"].items()},
            entered_at=_time(one["entered_at"]),
            waits_since=_time(one["since"]),
        )
        for one in json.loads(row.earlier or "[]")
    ]
    return OfferMade(
        handoff_id=row.handoff_id,
        agent_id=row.agent_id,
        meant=row.target_agent_id == row.agent_id,
        looked_at=_time(row.expires_at) - timedelta(seconds=offer_seconds),
        room=row.capacity - row.load - row.out_weight,
        capacity=row.capacity,
        earlier=earlier,
    )


def _json(value: Any) -> list[str]:
    return list(json.loads(value) if isinstance(value, str) else value)


def _time(value: str | datetime) -> datetime:
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return moment.replace(tzinfo=timezone.utc) if moment.tzinfo is None else moment
