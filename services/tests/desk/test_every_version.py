"""From every earlier schema, with rows as that version knew them, to the newest: nothing is lost, desk and shop."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from desk.kernel.database import metadata as desk_metadata
from desk.kernel.engine import create_engine
from desk.kernel.settings import REPOSITORY
from desk.privacy import retention as _every_table  # noqa: F401 - it leads to all of them
from shop.tables import Base

START = datetime(2026, 11, 20, 2, 30, 15, 250_000, tzinfo=UTC)
# What migrations look at has the values that version wrote; everything else is made up by type.
SAID = {
    ("handoffs", "state"): ["queued", "active", "resolved"],
    ("handoffs", "priority_rank"): [0, 3, 2],
    ("conversations", "state"): ["queued", "active", "closed"],
    ("conversations", "owner_kind"): ["queue", "agent", "bot"],
    ("agents", "presence"): ["online", "busy", "offline"],
}
ROWS = 3  # everything filled, optional columns empty, everything filled with other values


@dataclass(frozen=True)
class Service:
    """Whose schema it is."""

    name: str
    metadata: sa.MetaData

    def config(self) -> Config:
        config = Config()
        config.set_main_option("script_location", str(REPOSITORY / "services" / self.name / "migrations"))
        return config

    def revisions(self) -> list[str]:
        """Every version but the newest, the oldest first."""
        script = ScriptDirectory.from_config(self.config())
        return [one.revision for one in script.walk_revisions()][:0:-1]


DESK, SHOP = Service("desk", desk_metadata), Service("shop", Base.metadata)
STEPS = [(service, revision) for service in (DESK, SHOP) for revision in service.revisions()]


@pytest.fixture(params=["sqlite", "postgresql"])
def new_engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], sa.Engine]]:
    """Makes an empty database."""
    made: list[sa.Engine] = []

    def make() -> sa.Engine:
        url = f"sqlite:///{tmp_path / 'data.db'}"
        if request.param == "postgresql":
            url = request.getfixturevalue("fresh_postgres").render_as_string(hide_password=False)
        made.append(create_engine(url, writer=True))
        return made[-1]

    yield make
    for engine in made:
        engine.dispose()


def migrate(engine: sa.Engine, service: Service, revision: str) -> None:
    config = service.config()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def tables(connection: sa.Connection) -> sa.MetaData:
    """The schema as it is in the database now."""
    found = sa.MetaData()
    found.reflect(connection)
    found.remove(found.tables["alembic_version"])
    return found


def fill(connection: sa.Connection, known: sa.MetaData) -> None:
    """Rows in every table; what belongs together has the same number."""
    for table in known.sorted_tables:
        for number in range(ROWS):
            row = {column.name: value(column, number, connection.dialect.name) for column in table.columns}
            connection.execute(table.insert().values({name: one for name, one in row.items() if one is not None}))


def value(column: sa.Column[Any], number: int, dialect: str) -> Any:  # noqa: PLR0911 - one line a type
    """What this column of row `number` holds; keys to other tables name their row of that number."""
    table = column.table.name
    if (table, column.name) in SAID:
        return SAID[table, column.name][number]
    if column.nullable and number == 1:  # the optional columns of one row are empty
        return None
    for key in column.foreign_keys:
        return value(key.column, number, dialect)
    kind = column.type
    if isinstance(kind, sa.JSON):
        return {"text": "接力", "number": number, "list": [1, None, "二"]}
    if isinstance(kind, sa.Boolean):
        return number % 2 == 0
    if isinstance(kind, sa.DateTime):
        at = START + timedelta(minutes=number)
        return at.replace(tzinfo=None) if dialect == "sqlite" else at
    if isinstance(kind, sa.Date):
        return START.date()
    if isinstance(kind, sa.Integer):
        return number + 1
    if isinstance(kind, sa.Float | sa.Numeric):
        return number + 0.5
    assert isinstance(kind, sa.String), (table, column.name, kind)
    text = f"{number}{column.name}的“值”\n'%s'"
    return text[: kind.length or 200]


def content(connection: sa.Connection, known: sa.MetaData) -> dict[str, list[str]]:
    """Every row, in the columns of `known`."""
    return {
        table.name: sorted(repr(tuple(row)) for row in connection.execute(sa.select(*table.columns)))
        for table in known.sorted_tables
    }


@pytest.mark.parametrize(("service", "revision"), STEPS, ids=[f"{one.name}-{revision}" for one, revision in STEPS])
def test_nothing_is_lost_on_the_way_to_the_newest_schema(
    new_engine: Callable[[], sa.Engine], service: Service, revision: str
) -> None:
    engine = new_engine()
    migrate(engine, service, revision)
    with engine.begin() as connection:
        known = tables(connection)
        fill(connection, known)
        before = content(connection, known)
    assert all(len(rows) == ROWS for rows in before.values()) and len(before) > 8
    migrate(engine, service, "head")
    with engine.begin() as connection:
        assert content(connection, known) == before
        assert compare_metadata(MigrationContext.configure(connection), service.metadata) == []
        for table in service.metadata.sorted_tables:  # today's code reads every row, with what was added to it
            rows = connection.execute(sa.select(table)).all()
            assert len(rows) == (ROWS if table.name in before else 0), table.name
        if "handoffs" in before:
            due = sa.select(service.metadata.tables["handoffs"].c.due_at)
            assert all(at >= START for at in connection.execute(due).scalars())
        if engine.dialect.name == "sqlite":
            assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []


def test_no_version_is_forgotten() -> None:
    for service in (DESK, SHOP):
        files = (REPOSITORY / "services" / service.name / "migrations" / "versions").glob("[0-9]*.py")
        assert len(service.revisions()) == len(list(files)) - 1
