"""Engines for SQLite and PostgreSQL by URL, and bringing a database to the newest schema."""

from __future__ import annotations

from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import make_url

from desk.kernel import patience
from desk.kernel.locks import locks_rows
from desk.kernel.prepared import begin, run_text

_BUSY_SECONDS = 30  # another program that writes is waited for
# SQLite's thousand pages are moved to the database every second or third group commit under load, and its 2 MB of cache
# do not hold the leaves of the indexes.
_SQLITE_SIZES = ("wal_autocheckpoint=4000", "cache_size=-8000")
_MIGRATION_LOCK = 0x6D696772617465  # any number that nothing else locks: "migrate"


def _encode_json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def create_engine(url: str, *, writer: bool = False, pool_size: int = 1, waits: bool = True) -> sa.Engine:
    """An engine for `url`; on SQLite with WAL, full synchronisation and, for the writer, BEGIN IMMEDIATE.

    Without `waits` SQLite says at once that another connection writes.
    """
    parsed = make_url(url)
    if parsed.drivername in {"postgres", "postgresql"}:
        parsed = parsed.set(drivername="postgresql+psycopg")
    options: dict[str, Any] = {
        "json_serializer": _encode_json,
        "json_deserializer": msgspec.json.decode,
        "pool_size": pool_size,
        "max_overflow": 2,
        "hide_parameters": True,  # an error that is logged must not quote what people wrote
    }
    if parsed.get_backend_name() == "sqlite":
        options |= {
            "poolclass": sa.pool.QueuePool,
            "connect_args": {"check_same_thread": False},
        }
    else:
        options |= {"pool_pre_ping": True, "connect_args": patience.connect_arguments(parsed)}
    engine = sa.create_engine(parsed, **options)
    if parsed.get_backend_name() == "sqlite":
        _prepare_sqlite(engine, "BEGIN IMMEDIATE" if writer else "BEGIN", _BUSY_SECONDS if waits else 0)
    elif writer:
        _say_begin(engine)
    return engine


def is_sqlite(url: str) -> bool:
    """Whether there is one desk process only: SQLite has one writer."""
    return make_url(url).get_backend_name() == "sqlite"


def _prepare_sqlite(engine: sa.Engine, begin_words: str, busy_seconds: int) -> None:
    @sa.event.listens_for(engine, "connect")
    def _connect(dbapi_connection: Any, _record: object) -> None:
        dbapi_connection.isolation_level = None  # we say BEGIN ourselves
        cursor = dbapi_connection.cursor()
        busy = f"busy_timeout={busy_seconds * 1000}"
        for pragma in (busy, "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", *_SQLITE_SIZES):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        driver: Any = connection.connection.dbapi_connection
        if not driver.in_transaction:  # `prepared.begin` may have begun it
            run_text(connection, begin_words)


def _say_begin(engine: sa.Engine) -> None:
    """We say BEGIN ourselves here, too, so that a single statement can go without one."""

    @sa.event.listens_for(engine, "connect")
    def _connect(dbapi_connection: Any, _record: object) -> None:
        dbapi_connection.autocommit = True

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        begin(connection)


def migrate(url: str) -> None:
    """Bring the database at `url` to the newest schema."""
    from alembic import command
    from alembic.config import Config

    from desk.kernel.settings import REPOSITORY

    config = Config()
    config.set_main_option("script_location", str(REPOSITORY / "services" / "desk" / "migrations"))
    engine = create_engine(url, writer=True)
    try:
        with engine.begin() as connection:
            if locks_rows(connection):  # several desks that start at once: one migrates, the others wait
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_MIGRATION_LOCK)))
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    finally:
        engine.dispose()
