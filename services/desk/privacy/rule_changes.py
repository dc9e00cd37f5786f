"""Changes of the rules: files of the playbook that are not what they were when a desk last started."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from desk.audit.rules import DESK, Subject
from desk.audit.store import newest_of, record

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    import sqlalchemy as sa

_EVENT = "rules_changed"


def fingerprints(folder: Path) -> dict[str, str]:
    """{file: SHA-256} of the playbook."""
    found = sorted(path for path in folder.rglob("*.y*ml") if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in found}


def note_changes(connection: sa.Connection, files: dict[str, str], now: datetime) -> list[str]:
    """Write down every file that differs from what the trail says of it; the names of those known before."""
    changed = []
    for name, digest in files.items():
        subject = Subject("rules", name[:96])
        known = newest_of(connection, _EVENT, subject)
        before = None if known is None else known.details.get("after")
        if before != digest:
            record(connection, _EVENT, DESK, subject, now, details={"before": before, "after": digest})
            if before is not None:
                changed.append(name)
    return changed
