"""Rules of the audit trail without I/O: the shape of a record, who may be an actor, how records are shown and exported.

A record is general on purpose: an event in the past tense, who did it, what it was done to, and details as one object.
"""

from __future__ import annotations

import csv
import io
from datetime import datetime
from typing import Any, Literal

from msgspec import Struct, json

from desk.kernel.clock import iso

ActorKind = Literal["agent", "customer", "command_line", "desk", "nobody"]

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_COLUMNS = ("id", "at", "event", "actor_kind", "actor_id", "actor_name", "subject_kind", "subject_id", "address")


class Actor(Struct, frozen=True):
    """Who did it; `id` is an agent's or a customer's."""

    kind: ActorKind
    id: str | None = None
    name: str = ""


class Subject(Struct, frozen=True):
    """What it was done to: agent, customer, conversation, handoff, rules, audit."""

    kind: str
    id: str | None = None


class AuditRecord(Struct, frozen=True, kw_only=True):
    """One row of `audit_records`; `address` is where the call came from, when it was one."""

    id: str
    at: datetime
    event: str
    actor_kind: ActorKind
    actor_id: str | None
    actor_name: str
    subject_kind: str
    subject_id: str | None
    address: str | None
    details: dict[str, Any]


DESK = Actor("desk", None, "desk")
NOBODY = Actor("nobody")


def record_view(record: AuditRecord) -> dict[str, Any]:
    """The contract's AuditRecord."""
    return {
        "id": record.id,
        "at": iso(record.at),
        "event": record.event,
        "actor": {"kind": record.actor_kind, "id": record.actor_id, "name": record.actor_name},
        "subject": {"kind": record.subject_kind, "id": record.subject_id},
        "address": record.address,
        "details": record.details,
    }


def cell(value: object) -> str:
    """A value as a spreadsheet may see it: what would be taken for a formula begins with an apostrophe."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) or text.lstrip().startswith(_FORMULA) else text


def as_csv(records: list[AuditRecord]) -> str:
    """The records as CSV with a head, a byte order mark and CRLF; details are JSON in the last column."""
    out = io.StringIO()
    out.write("\ufeff")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([*_COLUMNS, "details"])
    for record in records:
        values = [iso(record.at) if name == "at" else getattr(record, name) for name in _COLUMNS]
        writer.writerow([cell(value) for value in [*values, json.encode(record.details).decode()]])
    return out.getvalue()
