"""`python -m desk export-customer` and `erase-customer`: what the desk, its files and Rasa know about one customer."""

from __future__ import annotations

import argparse
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from desk.attachments.files import LocalFiles
from desk.audit.rules import Actor
from desk.kernel import settings, wording
from desk.kernel.engine import create_engine, is_sqlite, migrate
from desk.kernel.errors import DeskError
from desk.privacy import usecases
from desk.privacy.tracker import TrackerStore, begin

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMANDS = ("export-customer", "erase-customer")


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(prog="python -m desk", description=__doc__)
    commands = top.add_subparsers(dest="command", required=True)
    for name, words in zip(COMMANDS, ("a ZIP with everything", "nothing is left of what was said"), strict=True):
        command = commands.add_parser(name, help=words)
        who = command.add_mutually_exclusive_group(required=True)
        who.add_argument("--customer", help="the shop's id of the customer")
        who.add_argument("--conversation", help="one conversation of a visitor without an id")
        command.add_argument("--by", default="", help="who asks for it, for the audit trail")
        command.add_argument("--reason", default="", help="why, for the audit trail")
    commands.choices[COMMANDS[0]].add_argument("--out", type=Path, required=True, help="the ZIP file to write")
    commands.choices[COMMANDS[1]].add_argument("--yes", action="store_true", help="really: this cannot be undone")
    return top


def run(values: settings.Settings, arguments: argparse.Namespace) -> str:
    """Do it; the line to print. DeskError."""
    request = usecases.Request(
        customer_id=arguments.customer,
        conversation_id=arguments.conversation,
        actor=Actor("command_line", None, arguments.by or "command line"),
        reason=arguments.reason,
        now=datetime.now(UTC),
    )
    files, tracker = LocalFiles(values.attachments_dir), TrackerStore(values.tracker_database_url)
    engine = create_engine(values.database_url, writer=True)
    try:
        with begin(engine) as connection:
            found = usecases.conversations_of(connection, request)
            if arguments.command == COMMANDS[0]:
                counts = usecases.export(connection, request, files, tracker, arguments.out)
                return f"{counts['conversations']} conversations, {counts['files']} files written to {arguments.out}"
        if not arguments.yes:
            return f"{len(found)} conversations would be erased; add --yes to do it"
        done = usecases.erase(engine, request, files, tracker)
        _settle(engine, values.database_url)
    finally:
        engine.dispose()
    return f"{done.conversations} conversations, {done.files} files, {done.tracker_events} tracker events erased"


def _settle(engine: sa.Engine, url: str) -> None:
    """SQLite: what was overwritten leaves the write-ahead log too, as far as readers let it."""
    if is_sqlite(url):
        with engine.connect() as connection:
            connection.connection.driver_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # type: ignore[union-attr]


def main(argv: Sequence[str]) -> int:
    """0 when done, 1 with one sentence when not, 2 for a command line that cannot be read."""
    arguments = parser().parse_args(argv)
    try:
        values = settings.load(os.environ, require_secrets=False)
        words = wording.load(values.playbook_dir)
        migrate(values.database_url)
        print(run(values, arguments))
    except settings.SettingsError as error:
        print(f"desk: {error}", file=sys.stderr)
        return 1
    except DeskError as error:
        print(f"desk: {error.code}: {words.error(error)}", file=sys.stderr)
        return 1
    except (OSError, sa.exc.SQLAlchemyError) as error:
        print(f"desk: {type(error).__name__}: {error}", file=sys.stderr)
        return 1
    return 0
