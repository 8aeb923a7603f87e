"""The steps of checking an adapter, which are run on a sync and on an async connection."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any, NamedTuple, TypeAlias

from howdah_testing.comparing import Array, Composite, Equal, Expected, Value, same

__all__ = [
    "PAIR",
    "TABLE",
    "Copy",
    "Execute",
    "ExecuteMany",
    "Failure",
    "Insert",
    "MakePair",
    "Same",
    "Step",
    "Subject",
    "Travel",
    "Way",
]

TABLE = "pg_temp.howdah_checked"
PAIR = "pg_temp.howdah_pair"

#: The formats that placeholders ask for.
PLACEHOLDERS = {"%s": "", "%t": "text ", "%b": "binary "}
RESULTS: dict[bool | None, str] = {None: "result in any format", False: "text result", True: "binary result"}


@dataclass(frozen=True)
class Step:
    """One combination.

    Attributes:
        label: the description of the combination.
        sent: the value that is sent, for the message; a sequence of values for many rows.
    """

    label: str
    sent: Any = field(kw_only=True)


class Failure(NamedTuple):
    """A failed step.

    Attributes:
        label: the description of the combination.
        details: the lines of the message.
    """

    label: str
    details: tuple[str, ...]


@dataclass(frozen=True)
class Execute(Step):
    """A query for one value."""

    query: str
    params: tuple[Any, ...]
    expected: Expected
    binary: bool | None = None
    prepare: bool = False
    client: bool = False


@dataclass(frozen=True)
class Same(Step):
    """A query for several columns, all of which must be equal."""

    query: str
    params: tuple[Any, ...]


@dataclass(frozen=True)
class ExecuteMany(Step):
    """A query for one value, executed with many sets of parameters."""

    query: str
    params: tuple[tuple[Any, ...], ...]
    expected: tuple[Expected, ...]


@dataclass(frozen=True)
class Insert(Step):
    """Values to store in a table with executemany, and to read back."""

    query: str
    params: tuple[tuple[Any, ...], ...]
    select: str
    expected: tuple[Expected, ...]


@dataclass(frozen=True)
class Copy(Step):
    """Rows of a number and a value, to copy into a table and out of it.

    Attributes:
        format: `text` or `binary`.
        columns: the names of the columns.
        types: their types, for `set_types`.
        typed: whether these types also choose the dumpers, instead of the classes of the values.
        select: the query for the stored values.
        rows: the rows.
        expected: the values of the second column.
    """

    format: str
    columns: str
    types: tuple[str, ...]
    typed: bool
    select: str
    rows: tuple[tuple[Any, ...], ...]
    expected: tuple[Expected, ...]


#: Sends and fetches values of a type: called with a connection, the type, and the values.
Way: TypeAlias = Callable[[Any, str, Sequence[Any]], Sequence[Any]]


@dataclass(frozen=True)
class Travel(Step):
    """Values of a type, sent and fetched by a function of the caller."""

    way: Way
    type_name: str
    expected: tuple[Expected, ...]


#: Returns a composite of the number 1 and a value; None if that is not possible.
MakePair: TypeAlias = "Callable[[int, Any], Any] | None"


class Subject:
    """An adapter, and what to check about it.

    Args:
        type_name: the name of the PostgreSQL type, as in SQL.
        values: the values.
        sql_literals: values by an SQL expression for each.
        returns: returns the expected result for a value.
        equal: compares a result with the expected one.
        cast: whether the values are dumped to another type, which is cast to this one.
        binary: whether there are adapters for the binary format.
        arrays: whether the type has an array type.
        composites: whether to check composites.
        copy: whether to check COPY.
        ways: further functions that send and fetch values, by name.
    """

    def __init__(
        self,
        type_name: str,
        values: Sequence[Any],
        *,
        sql_literals: Mapping[str, Any],
        returns: Callable[[Any], Any] | None,
        equal: Equal | None,
        cast: bool,
        binary: bool,
        arrays: bool,
        composites: bool,
        copy: bool,
        ways: Mapping[str, Way],
    ) -> None:
        self.type_name = type_name
        self.values = [*values, *sql_literals.values()]
        self.sql_literals = sql_literals
        self.equal = equal or same
        self.arrays = arrays
        self.composites = composites
        self._returns = returns or (lambda value: value)
        self._cast = cast
        self._binary = binary
        self._copy = copy
        self._ways_of_its_own = ways

    def steps(self, make_pair: MakePair) -> Iterator[Step]:
        """Return all steps, for a connection on which `setup` has been executed.

        Args:
            make_pair: returns the object to send as a composite.
        """
        yield from self._nulls()
        yield from self._scalars()
        yield from self._literals()
        yield from self._many()
        if self.arrays:
            yield from self._arrays()
        if make_pair is not None:
            yield from self._composites(make_pair)
        if self._copy:
            yield from self._copies()
        yield from self._travels()

    @property
    def setup(self) -> list[str]:
        """The statements to execute first on each connection."""
        columns = f"n int2, value {self.type_name}" + (f", list {self.type_name}[]" if self.arrays else "")
        statements = [f"CREATE TEMP TABLE {TABLE.removeprefix('pg_temp.')} ({columns})"]
        if self.composites:
            statements.append(f"CREATE TYPE {PAIR} AS (n int2, value {self.type_name})")
        return statements

    # The combinations

    def _placeholders(self) -> list[str]:
        return [name for name in PLACEHOLDERS if self._binary or name != "%b"]

    def _ways(self) -> Iterator[tuple[str, bool, bool | None]]:
        """Return placeholders, whether to prepare the query, and formats of the result."""
        results = (None, False, True) if self._binary else (None, False)
        yield from product(self._placeholders(), (False, True), results)

    @staticmethod
    def _label(placeholder: str, prepare: bool, binary: bool | None) -> str:
        prepared = "prepared" if prepare else "not prepared"
        return f"execute, {PLACEHOLDERS[placeholder]}parameter ({placeholder}), {RESULTS[binary]}, {prepared}"

    def _parameter(self, placeholder: str, suffix: str = "") -> str:
        return f"CAST({placeholder} AS {self.type_name}{suffix})" if self._cast else placeholder

    def _expected(self, value: Any) -> Value:
        return Value(None if value is None else self._returns(value))

    # The steps

    def _nulls(self) -> Iterator[Step]:
        for prepare, binary in product((False, True), (None, False, True) if self._binary else (None, False)):
            label = self._label("%s", prepare, binary)
            query = f"SELECT CAST(%s AS {self.type_name})"
            yield Execute(label, query, (None,), Value(None), sent=None, binary=binary, prepare=prepare)

    def _scalars(self) -> Iterator[Step]:
        for value in self.values:
            expected = self._expected(value)
            for placeholder, prepare, binary in self._ways():
                query = f"SELECT {self._parameter(placeholder)}"
                label = self._label(placeholder, prepare, binary)
                yield Execute(label, query, (value,), expected, sent=value, binary=binary, prepare=prepare)
            if not self._cast:
                query = f"SELECT CAST(%s AS {self.type_name})"
                yield Execute("a literal (ClientCursor)", query, (value,), expected, sent=value, client=True)
            if self._binary:
                columns = f"CAST(%t AS {self.type_name})::text, CAST(%b AS {self.type_name})::text"
                label = "what the server has of it, sent as text and in binary"
                yield Same(label, f"SELECT {columns}", (value, value), sent=value)

    def _literals(self) -> Iterator[Step]:
        for sql, value in self.sql_literals.items():
            expected = self._expected(value)
            for binary in (False, True) if self._binary else (False,):
                label = f"the SQL expression {sql}, {RESULTS[binary]}"
                query = f"SELECT CAST({_escaped(sql)} AS {self.type_name})"
                yield Execute(label, query, (), expected, sent=value, binary=binary)
            for placeholder in self._placeholders():
                label = f"what the server has of {sql} and of the {PLACEHOLDERS[placeholder]}parameter"
                columns = ", ".join(
                    f"CAST({each} AS {self.type_name})::text" for each in (_escaped(sql), placeholder)
                )
                yield Same(label, f"SELECT {columns}", (value,), sent=value)

    def _many(self) -> Iterator[Step]:
        values = [*self.values, None]
        expected = tuple(map(self._expected, values))
        for placeholder in self._placeholders():
            label = f"executemany, {PLACEHOLDERS[placeholder]}parameters ({placeholder})"
            params = tuple((value,) for value in values)
            # A NULL parameter has no type, so the query has a cast.
            query = f"SELECT CAST({placeholder} AS {self.type_name})"
            yield ExecuteMany(f"{label}, returning", query, params, expected, sent=values)
            query = f"INSERT INTO {TABLE} (n, value) VALUES (%s, {self._parameter(placeholder)})"
            numbered = tuple(enumerate(values))
            select = f"SELECT value FROM {TABLE} ORDER BY n"
            yield Insert(f"{label}, into a table", query, numbered, select, expected, sent=values)

    def _lists(self) -> list[tuple[list[Any], Array]]:
        """Return arrays of the values, with one and with two dimensions, and with NULLs."""
        values = [*self.values, None]
        flat = Array(tuple(map(self._expected, values)))
        return [(values, flat), ([values, values[::-1]], Array((flat, Array(flat.items[::-1]))))]

    def _arrays(self) -> Iterator[Step]:
        suffix = "[]"
        for sent, expected in self._lists():
            for placeholder, prepare, binary in self._ways():
                query = f"SELECT {self._parameter(placeholder, suffix)}"
                label = f"an array: {self._label(placeholder, prepare, binary)}"
                yield Execute(label, query, (sent,), expected, sent=sent, binary=binary, prepare=prepare)
            if not self._cast:
                query = f"SELECT CAST(%s AS {self.type_name}[])"
                label = "an array: a literal (ClientCursor)"
                yield Execute(label, query, (sent,), expected, sent=sent, client=True)

    def _composites(self, make_pair: Callable[[int, Any], Any]) -> Iterator[Step]:
        for value in [*self.values, None]:
            expected = Composite(self._expected(value))
            for placeholder, prepare, binary in self._ways():
                label = f"in a composite made by ROW: {self._label(placeholder, prepare, binary)}"
                query = f"SELECT ROW(1, {self._parameter(placeholder)})::{PAIR}"
                yield Execute(label, query, (value,), expected, sent=value, binary=binary, prepare=prepare)
                if self._cast:
                    continue
                pair = make_pair(1, value)
                label = f"in a composite: {self._label(placeholder, prepare, binary)}"
                query = f"SELECT {placeholder}"
                yield Execute(label, query, (pair,), expected, sent=value, binary=binary, prepare=prepare)

    def _copies(self) -> Iterator[Step]:
        values = [*self.values, None]
        expected: tuple[Expected, ...] = tuple(map(self._expected, values))
        contents = [("value", self.type_name, values, expected)]
        if self.arrays:
            lists = self._lists()
            sent: list[Any] = [each for each, _ in lists]
            contents.append(("list", f"{self.type_name}[]", sent, tuple(array for _, array in lists)))
        for name, type_name, items, wanted in contents:
            for format, typed in product(("text", "binary") if self._binary else ("text",), (False, True)):
                if self._cast and not typed:
                    continue  # COPY does not cast
                yield Copy(
                    f"COPY, {format}" + (", set_types" if typed else "") + (", arrays" * (name == "list")),
                    format,
                    f"n, {name}",
                    ("int2", _bare(type_name)),
                    typed,
                    f"SELECT {name} FROM {TABLE} ORDER BY n",
                    tuple(enumerate(items)),
                    wanted,
                    sent=items,
                )

    def _travels(self) -> Iterator[Step]:
        values = [*self.values, None]
        flat = tuple(map(self._expected, values))
        for name, way in self._ways_of_its_own.items():
            yield Travel(name, way, self.type_name, flat, sent=values)
            if self.arrays:
                lists = [values, [], None]
                expected = (Array(flat), Array(()), Value(None))
                yield Travel(f"{name}, arrays", way, f"{self.type_name}[]", expected, sent=lists)


def _bare(type_name: str) -> str:
    """Return the name of a type without the modifier."""
    return re.sub(r"\s*\([^()]*\)", "", type_name)


def _escaped(sql: str) -> str:
    """Escape SQL for a query with placeholders."""
    return sql.replace("%", "%%")
