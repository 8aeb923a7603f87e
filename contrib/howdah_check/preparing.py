"""Has the server prepare statements, without executing them, and looks up what it says about types."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from howdah.client.misplaced_placeholders import suggest_placement
from howdah.errors import DatabaseError, Error
from howdah.io.operation import Operation
from howdah.protocol.exchange import QueryExchange
from howdah.protocol.messages import FieldDescription
from howdah_check.lexing import first_of
from howdah_check.placeholders import query_in_copy
from howdah_check.statements import Fault, Statement
from howdah_check.texts import Text

__all__ = ["Attribute", "Catalog", "DatabaseType", "Prepared", "accepts", "fault_of", "prepare"]

#: How many statements are sent together.
_BATCH = 200

_TYPES = """
    WITH RECURSIVE needed(oid) AS (
        SELECT unnest(%s::oid[])
        UNION
        SELECT CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.typelem END
        FROM needed JOIN pg_catalog.pg_type AS t USING (oid)
        WHERE t.typtype = 'd' OR t.typcategory = 'A'
    )
    SELECT t.oid, t.typname, t.typtype, t.typcategory, t.typbasetype, t.typelem, t.typnotnull,
           pg_catalog.format_type(t.oid, NULL)
    FROM needed JOIN pg_catalog.pg_type AS t USING (oid)
"""
_ATTRIBUTES = """
    SELECT a.attrelid, a.attnum, a.attname, a.attnotnull
    FROM pg_catalog.pg_attribute AS a JOIN pg_catalog.pg_class AS c ON c.oid = a.attrelid
    WHERE a.attrelid = ANY (%s::oid[]) AND c.relkind IN ('r', 'p', 'f')
"""


class DatabaseType(NamedTuple):
    """A type of the database.

    Attributes:
        name: its name in the catalog, as `int4`.
        kind: its `typtype`, `e` for an enum.
        shown: its name in SQL, as `integer`.
        element: the type of the elements, None if it is no array.
        not_null: whether it is a domain without NULL.
    """

    name: str
    kind: str
    shown: str
    element: DatabaseType | None = None
    not_null: bool = False


class Attribute(NamedTuple):
    """A column of a table.

    Attributes:
        name: its name.
        not_null: whether it is declared NOT NULL.
    """

    name: str
    not_null: bool


@dataclass
class Prepared:
    """What the server says about a statement.

    Attributes:
        statement: the statement.
        fault: the server's error, None if it is none.
        parameters: the oids of the parameters' types.
        columns: the columns, None if it returns no rows.
    """

    statement: Statement
    fault: Fault | None = None
    parameters: Sequence[int] = ()
    columns: Sequence[FieldDescription] | None = None


@dataclass
class Catalog:
    """What statements refer to.

    Attributes:
        types: the types by oid.
        attributes: the columns of tables, by the table's oid and the column's number.
    """

    types: dict[int, DatabaseType] = field(default_factory=dict)
    attributes: dict[tuple[int, int], Attribute] = field(default_factory=dict)

    def attribute(self, column: FieldDescription) -> Attribute | None:
        """Return the table's column that a result's column is, None if it is computed."""
        return self.attributes.get((column.table_oid, column.column_attribute))


def prepare(connection: Any, statements: Sequence[Statement]) -> tuple[list[Prepared], Catalog]:
    """Have the server prepare statements; none is executed.

    Each is prepared in an implicit transaction of its own, so that an error concerns no other.

    Args:
        connection: a blocking connection in autocommit mode.
        statements: the statements.

    Returns:
        The outcomes, in the same order, and the types and columns that they refer to.

    Raises:
        howdah.OperationalError: the connection was lost.
    """
    prepared: list[Prepared] = []
    for start in range(0, len(statements), _BATCH):
        batch = [
            (statement, query_in_copy(statement.text)) for statement in statements[start : start + _BATCH]
        ]
        with connection.kernel.lock:
            exchanges = connection.kernel.wait(
                _prepare(connection.kernel, [(str(text), ()) for _, text in batch])
            )
        for (statement, text), exchange in zip(batch, exchanges, strict=True):
            prepared.append(_outcome(statement, text, exchange))
    return prepared, _look_up(connection, prepared)


def accepts(connection: Any, statements: Sequence[tuple[Statement, Sequence[int]]]) -> list[bool]:
    """Return whether the server prepares statements if the types of parameters are given.

    Args:
        connection: a blocking connection in autocommit mode.
        statements: the statements, each with the oids of its parameters' types, 0 where the server decides.
    """
    texts = [(str(query_in_copy(statement.text)), oids) for statement, oids in statements]
    accepted: list[bool] = []
    for start in range(0, len(texts), _BATCH):
        with connection.kernel.lock:
            exchanges = connection.kernel.wait(_prepare(connection.kernel, texts[start : start + _BATCH]))
        accepted += [exchange.error is None for exchange in exchanges]
    return accepted


def fault_of(error: Error, text: Text, sent: Text, code: str = "sql") -> Fault:
    """Return the fault that an error of the server tells.

    Args:
        error: the error.
        text: the statement.
        sent: what was sent for it.
        code: the kind of fault.
    """
    diag = error.diag
    position = diag.statement_position
    place = text.place(first_of(str(text))) if position is None else sent.place(int(position) - 1)
    details = [
        (name, value)
        for name, value in (
            ("detail", diag.message_detail),
            ("hint", diag.message_hint),
        )
        if value
    ]
    return Fault(place, code, diag.message_primary or str(error), details, error.sqlstate)


def _prepare(kernel: Any, texts: Sequence[tuple[str, Sequence[int]]]) -> Operation[list[QueryExchange]]:
    session = yield from kernel.start_operation()
    exchanges = []
    for text, oids in texts:
        query = text.encode()
        exchange = QueryExchange(query=query)
        session.parse(exchange, b"", query, oids)
        session.describe_statement(exchange)
        session.sync(exchange)
        exchanges.append(exchange)
    for exchange in exchanges:
        if not exchange.done:
            yield exchange
    return exchanges


def _outcome(statement: Statement, sent: Text, exchange: QueryExchange) -> Prepared:
    error = exchange.error
    if error is None:
        return Prepared(statement, None, exchange.parameter_oids or (), exchange.fields)
    if not isinstance(error, DatabaseError) or error.sqlstate is None:
        exchange.raise_error()
    suggest_placement(exchange, "utf-8")
    return Prepared(statement, fault_of(error, statement.text, sent))


def _look_up(connection: Any, prepared: Sequence[Prepared]) -> Catalog:
    oids: set[int] = set()
    tables: set[int] = set()
    for outcome in prepared:
        oids.update(outcome.parameters)
        for column in outcome.columns or ():
            oids.add(column.type_oid)
            tables.add(column.table_oid)
    catalog = Catalog()
    rows = {row[0]: row for row in connection.execute(_TYPES, [sorted(oids)]).fetchall()}
    for oid in rows:
        catalog.types[oid] = _type(oid, rows)
    for table, number, name, not_null in connection.execute(_ATTRIBUTES, [sorted(tables)]).fetchall():
        catalog.attributes[table, number] = Attribute(name, not_null)
    return catalog


def _type(oid: int, rows: dict[int, Any]) -> DatabaseType:
    _, name, kind, category, base, element, not_null, shown = rows[oid]
    if kind == "d":
        return _type(base, rows)._replace(shown=shown, not_null=not_null)
    if category == "A" and element in rows:
        return DatabaseType(name, kind, shown, _type(element, rows))
    return DatabaseType(name, kind, shown)
