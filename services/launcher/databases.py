"""Copies of one database while it is in use, and back into an empty place: SQLite's own backup, pg_dump, pg_restore."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import URL, make_url

from launcher.settings import LauncherError

SQLITE, POSTGRESQL = "sqlite", "postgresql"
SUFFIX = {SQLITE: "db", POSTGRESQL: "dump"}


def kind_of(url: str) -> str:
    """sqlite or postgresql; LauncherError for anything else."""
    name = make_url(url).get_backend_name()
    if name not in SUFFIX:
        raise LauncherError(f"a database of kind {name} cannot be backed up here.")
    return name


def is_there(url: str) -> bool:
    """Whether there is something to copy; a PostgreSQL that cannot be reached counts, so that pg_dump says why."""
    return kind_of(url) == POSTGRESQL or _file(url).exists()


def is_empty(url: str) -> bool:
    """Whether nothing would be overwritten: no file, no table."""
    if kind_of(url) == SQLITE:
        return not _file(url).exists()
    engine = sa.create_engine(make_url(url).set(drivername="postgresql+psycopg"))
    try:
        return not sa.inspect(engine).get_table_names()
    except sa.exc.OperationalError as error:
        raise LauncherError(f"{_shown(url)} cannot be reached: {_first_line(str(error.orig))}") from error
    finally:
        engine.dispose()


def save(url: str, target: Path) -> None:
    """A consistent copy, as of one moment, of a database that others go on writing to."""
    if kind_of(url) == POSTGRESQL:
        _postgresql(url, "pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={target}")
        return
    with closing(_read_only(_file(url))) as source, closing(sqlite3.connect(target)) as copy:
        source.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")  # one file, without a log beside it
        (verdict,) = copy.execute("PRAGMA integrity_check").fetchone()
    if verdict != "ok":
        raise LauncherError(f"{_file(url)} is damaged: {verdict}")


def restore(source: Path, url: str) -> None:
    """What `save` wrote, into the empty place `url` names; nothing of it is there when this fails."""
    if kind_of(url) == POSTGRESQL:
        _postgresql(
            url, "pg_restore", "--exit-on-error", "--single-transaction", "--no-owner", "--no-privileges", source
        )
        return
    target = _file(url)
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(f"{target.name}.restoring")
    shutil.copyfile(source, unfinished)
    unfinished.rename(target)


def _read_only(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True, timeout=30)


def _file(url: str) -> Path:
    return Path(make_url(url).database or "")


def _postgresql(url: str, tool: str, *options: str | Path) -> None:
    """Run a tool of PostgreSQL; the password goes through the environment, where nobody else reads it."""
    parsed = make_url(url)
    address = parsed.set(drivername="postgresql", password=None).render_as_string(hide_password=False)
    environment = {**os.environ, **({"PGPASSWORD": str(parsed.password)} if parsed.password else {})}
    command = [_tool(tool), f"--dbname={address}", *map(str, options)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode != 0:
        raise LauncherError(f"{tool} of {_shown(url)} failed: {_first_line(done.stderr)}")


def _tool(name: str) -> str:
    folder = os.environ.get("BATON_PG_BIN")
    found = shutil.which(name, path=folder) if folder else shutil.which(name)
    if found is None:
        where = f"in BATON_PG_BIN ({folder})" if folder else "on PATH; install PostgreSQL's client or set BATON_PG_BIN"
        raise LauncherError(f"{name} is not {where}.")
    return found


def _shown(url: str) -> str:
    parsed: URL = make_url(url)
    return f"database {parsed.database!r} at {parsed.host or 'the local socket'}"


def _first_line(text: str) -> str:
    return next((line for line in text.strip().splitlines() if line.strip()), "no reason given")
