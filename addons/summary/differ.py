"""What changed between two handoffs of the same conversation. No I/O."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]
# Different in every summary by nature, so no news.
NOT_NEWS = frozenset({"handoff_id", "created_at", "deadlines", "producer", "last_messages", "transcript_ref"})


def diff(before: Json, after: Json) -> Json:
    """`{field: {"before", "after"}}` of changed fields; lists as `{"added", "removed"}`; {} when nothing is new."""
    changes: Json = {}
    for name in sorted((set(before) | set(after)) - NOT_NEWS):
        old, new = before.get(name), after.get(name)
        if old == new:
            continue
        if isinstance(old, list) and isinstance(new, list):
            added, removed = [item for item in new if item not in old], [item for item in old if item not in new]
            if added or removed:
                changes[name] = {"added": added, "removed": removed}
        else:
            changes[name] = {"before": old, "after": new}
    return changes
