"""What changed between two handoffs of the same conversation, without I/O."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]
# Different in every summary by nature, so no news.
NOT_NEWS = frozenset(
    {"handoff_id", "created_at", "deadlines", "producer", "last_messages", "transcript_ref", "previous_contacts"}
)
# What makes two entries of a list the same thing in two states.
KEYS = {
    "triggers": ("code",),
    "issues": ("intent", "order_id"),
    "facts": ("name", "source"),
    "attempts": ("what", "message_id"),
    "promises": ("text",),
}


def diff(before: Json, after: Json) -> Json:
    """`{field: {"before", "after"}}` of changed fields, lists as `{"added", "removed", "changed"}`; {} without news.

    `changed` are `{"before", "after"}` of entries that are about the same thing: an issue that was open is answered.
    """
    changes: Json = {}
    for name in sorted((set(before) | set(after)) - NOT_NEWS):
        old, new = before.get(name), after.get(name)
        if old == new:
            continue
        if isinstance(old, list) and isinstance(new, list):
            changes |= _listed(name, old, new)
        elif name == "emotion" and isinstance(old, dict) and isinstance(new, dict):
            changes |= _mood(old, new)
        else:
            changes[name] = {"before": old, "after": new}
    return changes


def _listed(name: str, old: list[Any], new: list[Any]) -> Json:
    added, removed = [item for item in new if item not in old], [item for item in old if item not in new]
    changed = []
    for entry in list(added):
        same = next((item for item in removed if _same(name, item, entry)), None)
        if same is not None:
            changed.append({"before": same, "after": entry})
            added.remove(entry)
            removed.remove(same)
    found = {"added": added, "removed": removed, "changed": changed}
    return {name: {kind: items for kind, items in found.items() if items}} if any(found.values()) else {}


def _same(name: str, one: Any, other: Any) -> bool:
    keys = KEYS.get(name, ())
    readable = bool(keys) and isinstance(one, dict) and isinstance(other, dict)
    return readable and all(one.get(key) == other.get(key) for key in keys)


def _mood(old: Json, new: Json) -> Json:
    """The feeling now and then; the course is in each summary."""
    felt = [{key: mood.get(key) for key in ("family", "intensity")} for mood in (old, new)]
    return {"emotion": {"before": felt[0], "after": felt[1]}} if felt[0] != felt[1] else {}
