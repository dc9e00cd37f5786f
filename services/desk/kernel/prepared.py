"""Statements of every message: compiled once, run on the driver's connection.

SQLAlchemy works out anew for each execution what never changes: 60-100 µs a statement, which for a message's few
statements is more than the database needs. Types, errors and the transaction are SQLAlchemy's as ever.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

import sqlalchemy as sa
from psycopg.pq import TransactionStatus

T = TypeVar("T")

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy.sql.dml import Insert, UpdateBase
    from sqlalchemy.sql.selectable import Select

    Statement = Select[Any] | UpdateBase | Insert


def _as_it_is(value: Any) -> Any:
    return value


class _Compiled:
    """A statement for one dialect: its text, how values become the driver's, how columns become ours."""

    def __init__(self, statement: Statement, dialect: sa.Dialect, names: tuple[str, ...]) -> None:
        compiled = statement.compile(dialect=dialect, column_keys=list(names))
        self.text = str(compiled)
        self._by_name = compiled.positiontup is None
        to_driver = {
            name: bind.type.dialect_impl(dialect).bind_processor(dialect) or _as_it_is
            for name, bind in compiled.binds.items()
        }
        self._constants = {name: to_driver[name](value) for name, value in compiled.params.items() if name not in names}
        order = compiled.positiontup if compiled.positiontup is not None else list(compiled.params)
        self._order = [(name, None if name in self._constants else to_driver[name]) for name in order]
        returned = getattr(statement, "exported_columns", ())
        self.from_driver = [column.type.dialect_impl(dialect).result_processor(dialect, None) for column in returned]

    def ours(self, row: Sequence[Any]) -> tuple[Any, ...]:
        """The driver's row with the types of its columns."""
        return tuple(
            value if convert is None else convert(value) for value, convert in zip(row, self.from_driver, strict=True)
        )

    def parameters(self, values: dict[str, Any]) -> Any:
        """What the driver takes: a list in the order of the text, or names."""
        constants = self._constants
        given = [constants[name] if to_driver is None else to_driver(values[name]) for name, to_driver in self._order]
        return dict(zip([name for name, _ in self._order], given, strict=True)) if self._by_name else given


class Prepared:
    """A statement whose parameters are always the same `names`."""

    def __init__(self, statement: Statement, *names: str) -> None:
        self._statement, self._names = statement, names
        self._compiled: dict[str, _Compiled] = {}

    def row(self, connection: sa.Connection, values: dict[str, Any]) -> tuple[Any, ...] | None:
        """The first row, or None; sqlalchemy.exc.DBAPIError as from `connection.execute`."""
        compiled = self._for(connection.dialect)
        row = self._run(connection, compiled, values).fetchone()
        return None if row is None else compiled.ours(row)

    def rows(self, connection: sa.Connection, values: dict[str, Any]) -> list[tuple[Any, ...]]:
        """All rows; the same errors."""
        compiled = self._for(connection.dialect)
        return [compiled.ours(row) for row in self._run(connection, compiled, values).fetchall()]

    def run(self, connection: sa.Connection, values: dict[str, Any]) -> int:
        """How many rows it changed; the same errors."""
        return int(self._run(connection, self._for(connection.dialect), values).rowcount)

    def _for(self, dialect: sa.Dialect) -> _Compiled:
        compiled = self._compiled.get(dialect.name)
        if compiled is None:
            compiled = self._compiled[dialect.name] = _Compiled(self._statement, dialect, self._names)
        return compiled

    def _run(self, connection: sa.Connection, compiled: _Compiled, values: dict[str, Any]) -> Any:
        return run_text(connection, compiled.text, compiled.parameters(values))


class PreparedRead(Generic[T]):
    """A SELECT of a table's columns whose rows are `kind`s with fields of the same names."""

    def __init__(self, statement: Select[Any], kind: Callable[..., T], *names: str) -> None:
        self._prepared, self._kind = Prepared(statement, *names), kind
        self._fields = [str(column.key) for column in statement.exported_columns]

    def one(self, connection: sa.Connection, values: dict[str, Any]) -> T | None:
        """The first, or None; errors as Prepared.row."""
        row = self._prepared.row(connection, values)
        return None if row is None else self._made(row)

    def all(self, connection: sa.Connection, values: dict[str, Any]) -> list[T]:
        """Every one; the same errors."""
        return [self._made(row) for row in self._prepared.rows(connection, values)]

    def _made(self, row: tuple[Any, ...]) -> T:
        return self._kind(**dict(zip(self._fields, row, strict=True)))


def begin(connection: sa.Connection) -> None:
    """Begin a transaction of a writing engine, whose statements may all be prepared, unless it is begun.

    SQLAlchemy keeps no book of it until it is given a statement; `commit` and closing the connection end it all the
    same.
    """
    driver: Any = connection.connection.dbapi_connection
    if connection.dialect.name == "sqlite":
        if not driver.in_transaction:
            run_text(connection, "BEGIN IMMEDIATE")
    elif driver.info.transaction_status == TransactionStatus.IDLE:
        run_text(connection, "BEGIN")


def commit(connection: sa.Connection) -> None:
    """End what `begin` began; the same errors as from a statement."""
    if connection.in_transaction():
        connection.commit()
    else:
        run_text(connection, "COMMIT")


def run_text(connection: sa.Connection, text: str, parameters: Any = ()) -> Any:
    """Run the driver's own text; the driver's cursor, or sqlalchemy.exc.DBAPIError as from `connection.execute`."""
    driver: Any = connection.connection.dbapi_connection
    try:
        return driver.execute(text, parameters)
    except connection.dialect.loaded_dbapi.Error as error:
        raise _as_ours(connection, driver, error, text) from error


def run_many(connection: sa.Connection, text: str, rows: Sequence[Sequence[Any]]) -> None:
    """Run the driver's own text for each of the rows; the same errors."""
    driver: Any = connection.connection.dbapi_connection
    try:
        driver.executemany(text, rows)
    except connection.dialect.loaded_dbapi.Error as error:
        raise _as_ours(connection, driver, error, text) from error


def _as_ours(connection: sa.Connection, driver: Any, error: Any, text: str) -> Exception:
    dialect = connection.dialect
    gone = dialect.is_disconnect(error, driver, None)
    if gone:
        connection.invalidate(error)
    base: Any = dialect.loaded_dbapi.Error
    ours: Exception = sa.exc.DBAPIError.instance(
        text, None, error, base, hide_parameters=True, connection_invalidated=gone
    )
    return ours
