"""`python -m desk.export --out FILE`: every stored conversation with its handoffs as JSON lines, for `make replay`."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from msgspec import json

from desk.conversations.rules import Event
from desk.conversations.tables import conversations, events
from desk.handoffs.rules import Handoff
from desk.handoffs.tables import handoffs
from desk.kernel import settings
from desk.kernel.clock import iso
from desk.kernel.engine import create_engine, migrate
from desk.kernel.masking import masked

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

FORMAT = "baton-conversations-1"


def files_of(event: Event) -> list[dict[str, Any]] | None:
    """What was attached, without addresses; the files themselves stay where they are."""
    if not event.attachments:
        return None
    return [
        {"id": file.get("id"), "kind": file.get("kind"), "name": masked(file.get("name")), "bytes": file.get("bytes")}
        for file in event.attachments
    ]


def event_row(event: Event) -> dict[str, Any]:
    """An event without ids of agents and clients; times in ISO 8601 UTC."""
    row = {
        "seq": event.seq,
        "session": event.session,
        "type": event.type,
        "sender": event.sender,
        "message_id": event.message_id,
        "at": iso(event.at),
        "text": masked(event.text),
    }
    optional = {
        "payload": masked(event.payload),
        "understanding": masked(event.understanding),
        "attachments": files_of(event),
    }
    return row | {name: value for name, value in optional.items() if value is not None}


def handoff_row(handoff: Handoff) -> dict[str, Any]:
    """What was decided and why, without the rest of the summary."""
    triggers = handoff.summary.get("triggers")
    return {
        "handoff_id": handoff.id,
        "session": handoff.session,
        "state": handoff.state,
        "queued_seq": handoff.queued_seq,
        "priority": handoff.priority,
        "skill_group": handoff.skill_group,
        "triggers": masked(triggers) if isinstance(triggers, list) else [{"code": handoff.trigger}],
    }


def lines(connection: sa.Connection) -> Iterator[bytes]:
    """One JSON line a conversation, the oldest first; never more than one conversation in memory."""
    ids = [row.id for row in connection.execute(sa.select(conversations.c.id).order_by(conversations.c.created_at))]
    for conversation_id in ids:
        said = connection.execute(
            sa.select(events).where(events.c.conversation_id == conversation_id).order_by(events.c.seq)
        )
        handed = connection.execute(
            sa.select(handoffs).where(handoffs.c.conversation_id == conversation_id).order_by(handoffs.c.queued_at)
        )
        yield json.encode(
            {
                "format": FORMAT,
                "conversation_id": conversation_id,
                "events": [event_row(Event(**row._mapping)) for row in said],
                "handoffs": [handoff_row(Handoff(**row._mapping)) for row in handed],
            }
        )


def export(url: str, out: Path) -> int:
    """Write the file at once, readable by its owner only; how many conversations it holds."""
    engine = create_engine(url)
    fresh = out.with_name(out.name + ".new")
    count = 0
    try:
        fresh.touch(mode=0o600)
        with engine.connect() as connection, fresh.open("wb") as target:
            for line in lines(connection):
                target.write(line + b"\n")
                count += 1
        fresh.replace(out)
    finally:
        engine.dispose()
        fresh.unlink(missing_ok=True)
    return count


def main(argv: Sequence[str] | None = None) -> int:
    """0 when written, 1 with one sentence when not."""
    parser = argparse.ArgumentParser(prog="python -m desk.export", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="the JSON lines file to write")
    arguments = parser.parse_args(argv)
    try:
        values = settings.load(os.environ, require_secrets=False)
        values.data_dir.mkdir(parents=True, exist_ok=True)
        migrate(values.database_url)
        count = export(values.database_url, arguments.out)
    except settings.SettingsError as error:
        print(f"desk: {error}", file=sys.stderr)
        return 1
    except (OSError, sa.exc.SQLAlchemyError) as error:
        print(f"desk: the conversations cannot be exported ({type(error).__name__}: {error}).", file=sys.stderr)
        return 1
    print(f"{count} conversations written to {arguments.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
