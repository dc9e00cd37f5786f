"""What customers ask of the archive: one conversation as text, a page of their earlier ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from desk.archive import rules, store
from desk.archive.rules import Entry
from desk.attachments.rules import spoken
from desk.clocks import business_hours
from desk.handoffs import repeat_rules

if TYPE_CHECKING:
    import sqlalchemy as sa

    from desk.kernel.context import Scene


class TextFile(Struct, frozen=True):
    """A file to be saved."""

    name: str
    text: str


def transcript(connection: sa.Connection, conversation_id: str, scene: Scene) -> TextFile:
    """The conversation as its customer saw it: no private notes, nothing that only agents see."""
    zone = business_hours.load(scene.settings.playbook_dir).shop.zone
    found = store.all_events(connection, conversation_id)
    text = rules.transcript(found, conversation_id, scene.now, zone, scene.wording)
    return TextFile(rules.file_name(scene.now, zone, scene.wording), text)


def earlier(
    connection: sa.Connection, customer_id: str, before: str | None, limit: int, scene: Scene
) -> dict[str, Any]:
    """{conversations, next}: newest first; `next` is the cursor of the following page, None on the last."""
    rows = store.page(connection, customer_id, before, limit + 1)
    entries = [_entry(connection, row, scene) for row in rows[:limit]]
    return {
        "conversations": [rules.entry_view(entry, scene.wording) for entry in entries],
        "next": entries[-1].conversation_id if len(rows) > limit else None,
    }


def _entry(connection: sa.Connection, row: sa.Row[Any], scene: Scene) -> Entry:
    said = store.messages_of_customer(connection, row.id)
    intents = {str(intent.get("name")) for one in said for intent in (one.understanding or {}).get("intents") or []}
    topics = repeat_rules.load(scene.settings.playbook_dir)
    words = (spoken(one.text, one.attachments, scene.wording) for one in said)
    return Entry(
        conversation_id=row.id,
        state=row.state,
        created_at=row.created_at,
        updated_at=row.updated_at,
        outcome=store.outcome(connection, row.id),
        topics=topics.titles(topics.topics_of(intents)),
        first_words=next(words, ""),
    )
