"""Row factories, which determine the objects that a cursor returns as rows.

A row factory is called with the cursor, once for each result. It returns a row
maker: a function that is called with the values of each row. Pass one as
`row_factory` to a connection or a cursor, or write your own:

    def count_nulls(cursor):
        return lambda values: sum(value is None for value in values)
"""

from __future__ import annotations

import re
from collections import namedtuple
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache, partial
from operator import itemgetter
from types import FunctionType
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, NoReturn, Protocol, TypeAlias, TypeVar

from howdah.errors import DataError, InterfaceError, ProgrammingError
from howdah.errors.context import type_of
from howdah.native.implementation import IMPLEMENTATION

if TYPE_CHECKING:
    import typing_extensions

    from howdah.client.column import Column

__all__ = [
    "AsyncRowFactory",
    "BaseRowFactory",
    "DictRow",
    "Record",
    "Row",
    "RowFactory",
    "RowMaker",
    "TupleRow",
    "args_row",
    "class_row",
    "dict_row",
    "kwargs_row",
    "namedtuple_row",
    "no_result",
    "record_row",
    "scalar_row",
    "tuple_row",
]

#: A row made by `tuple_row`.
TupleRow: TypeAlias = tuple[Any, ...]
#: A row made by `dict_row`.
DictRow: TypeAlias = dict[str, Any]

T = TypeVar("T")
#: The type of a connection's or a cursor's rows.
if TYPE_CHECKING:
    Row = typing_extensions.TypeVar("Row", covariant=True, default=TupleRow)
else:  # only type checkers need the default
    Row = TypeVar("Row", covariant=True)


class RowMaker(Protocol[Row]):
    """Makes a row of a sequence of Python objects."""

    def __call__(self, values: Sequence[Any], /) -> Row:
        """Return the row."""


class RowFactory(Protocol[Row]):
    """Returns the row maker for the current result of a `Cursor`."""

    def __call__(self, cursor: Any, /) -> RowMaker[Row]:
        """Return the row maker."""


class AsyncRowFactory(Protocol[Row]):
    """Returns the row maker for the current result of an `AsyncCursor`."""

    def __call__(self, cursor: Any, /) -> RowMaker[Row]:
        """Return the row maker."""


class BaseRowFactory(Protocol[Row]):
    """Returns the row maker for the current result of a cursor of either kind."""

    def __call__(self, cursor: Any, /) -> RowMaker[Row]:
        """Return the row maker."""


class Described(Protocol):
    """The part of a cursor that the factories of this module use."""

    @property
    def description(self) -> Sequence[Column] | None:
        """The columns of the current result, None if there is none."""


def tuple_row(cursor: Described) -> RowMaker[TupleRow]:
    """Make rows that are tuples: the default."""
    return tuple


def dict_row(cursor: Described) -> RowMaker[DictRow]:
    """Make rows that are dictionaries, keyed by column name.

    If several columns have the same name, the row has the value of the last one.
    """
    names = _names(cursor)
    return no_result if names is None else dict_maker(names)


def namedtuple_row(cursor: Described) -> RowMaker[NamedTuple]:
    """Make rows that are named tuples, of a class named `Row`.

    In a column name that is not a valid attribute name, invalid characters become `_`; a name
    that then begins with `_` or a digit gets the prefix `f`.

    Raises:
        howdah.DataError: two columns have the same name, or a name is a Python keyword.
    """
    names = _names(cursor)
    return no_result if names is None else _namedtuple_maker(names)


def record_row(cursor: Described) -> RowMaker[Record]:
    """Make rows that are records: read-only, with values by index and by column name.

    A `Record` takes less memory than a dictionary, and any column can have any name.
    """
    names = _names(cursor)
    return no_result if names is None else record_maker(names)


def class_row(cls: type[T]) -> BaseRowFactory[T]:
    """Make rows that are instances of a class, such as a dataclass.

    Args:
        cls: the class; it is called with the values as keyword arguments, by column name.

    Returns:
        The row factory.

    Raises:
        howdah.ProgrammingError: it cannot be called.
    """
    _check_callable("class_row", cls)
    return kwargs_row(cls)


def args_row(func: Callable[..., T]) -> BaseRowFactory[T]:
    """Make rows by calling a function with the values as positional arguments.

    Args:
        func: returns the row.

    Returns:
        The row factory.

    Raises:
        howdah.ProgrammingError: it cannot be called.
    """
    _check_callable("args_row", func)

    def factory(cursor: Described) -> RowMaker[T]:
        def make(values: Sequence[Any]) -> T:
            return func(*values)

        return no_result if _names(cursor) is None else make

    return factory


def kwargs_row(func: Callable[..., T]) -> BaseRowFactory[T]:
    """Make rows by calling a function with the values as keyword arguments, by column name.

    Args:
        func: returns the row.

    Returns:
        The row factory.

    Raises:
        howdah.ProgrammingError: it cannot be called.
    """
    _check_callable("kwargs_row", func)

    def factory(cursor: Described) -> RowMaker[T]:
        names = _names(cursor)
        return no_result if names is None else KeywordCaller(func, names)

    return factory


def scalar_row(cursor: Described) -> RowMaker[Any]:
    """Make rows that are the value of the first column.

    Raises:
        howdah.ProgrammingError: the result has no columns.
    """
    names = _names(cursor)
    if names is None:
        return no_result
    if not names:
        raise ProgrammingError("scalar_row needs a result with at least one column")
    return itemgetter(0)


def _check_callable(factory: str, func: object) -> None:
    if not callable(func):
        raise ProgrammingError(
            f"{factory} takes a class or a function, not {type_of(func)}:"
            f" what {factory}(…) returns is the row factory"
        )


def _names(cursor: Described) -> tuple[str, ...] | None:
    of_result = getattr(cursor, "_column_names", None)
    if of_result is not None:  # which takes less time than a description
        names: tuple[str, ...] | None = of_result()
        return names
    description = cursor.description
    return None if description is None else tuple([column.name for column in description])


def no_result(values: Sequence[Any]) -> NoReturn:
    """Raise an error; the row maker that factories return if there is no result.

    Raises:
        howdah.InterfaceError: always.
    """
    raise InterfaceError("the last operation didn't produce records")


#: What a row factory is, for those who pass something else.
ROW_FACTORY = (
    "a row factory is called with the cursor, once for each result, and returns a function that makes a row"
    " of the values: pass tuple_row, dict_row or class_row(YourClass) of howdah.rows, or write one"
)


def checked_row_factory(factory: Any) -> Any:
    """Return a row factory.

    Args:
        factory: what a program passes as one.

    Raises:
        howdah.ProgrammingError: it cannot be one: it cannot be called, or it is a class like `dict`, whose
            instances cannot make rows.
    """
    if isinstance(factory, type):
        # Not `callable`, which is true of every class.
        if any("__call__" in vars(base) for base in factory.__mro__):
            return factory
        # What it makes in a way of its own is checked when it has made it.
        own = isinstance(factory.__new__, FunctionType) or type(factory).__call__ is not type.__call__
        if own and not issubclass(factory, (dict, list, set, tuple)):
            return factory
        what = f"the class {factory.__qualname__}"
    elif callable(factory):
        return factory
    else:
        what = type_of(factory)
    raise ProgrammingError(f"{what} is not a row factory; {ROW_FACTORY}")


def not_a_row_maker(factory: Any, made: object) -> ProgrammingError:
    """Return the error for a row factory that has returned what cannot make rows.

    Args:
        factory: the row factory.
        made: what it has returned.
    """
    name = getattr(factory, "__qualname__", type(factory).__qualname__)
    return ProgrammingError(f"the row factory {name} returned {type_of(made)}, no function; {ROW_FACTORY}")


def no_rows_yet(values: Sequence[Any]) -> NoReturn:
    """Raise an error; the row maker while a row factory is called.

    Raises:
        howdah.ProgrammingError: always.
    """
    raise ProgrammingError(f"the row factory takes rows from the cursor: it is no row factory; {ROW_FACTORY}")


class DictMaker:
    """Makes dictionaries.

    Args:
        names: the keys: the columns' names.
    """

    def __init__(self, names: tuple[str, ...]) -> None:
        self._names = names

    def __call__(self, values: Sequence[Any]) -> DictRow:
        """Return the row."""
        return dict(zip(self._names, values, strict=True))


class Record:
    """A row whose values are found by index and by column name: what `record_row` makes.

    It iterates over its values, and equals a tuple of them; `in` looks for a column name. If several columns
    have the same name, the name stands for the last one.

    Args:
        names: the column names.
        values: the values, as many as names.

    Raises:
        ValueError: the numbers of names and values differ.
    """

    __slots__ = ("_columns", "_values")

    _columns: RecordMaker
    _values: tuple[Any, ...]

    def __init__(self, names: Sequence[str], values: Sequence[Any]) -> None:
        self._columns = RecordMaker(tuple(names))
        self._values = self._columns.check(tuple(values))

    def __len__(self) -> int:
        return len(self._values)

    def __getitem__(self, key: Any) -> Any:
        """Return the value of a column by its name or index, or a tuple of values for a slice.

        Args:
            key: the name, the index or the slice.

        Raises:
            KeyError: no column has the name.
            IndexError: there is no such column.
        """
        return self._values[self._columns.index[key] if isinstance(key, str) else key]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._values)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name in self._columns.index

    def get(self, name: str, default: Any = None) -> Any:
        """Return the value of a column, or `default` if there is none of this name.

        Args:
            name: the column name.
            default: what to return without such a column.
        """
        index = self._columns.index.get(name)
        return default if index is None else self._values[index]

    def keys(self) -> tuple[str, ...]:
        """Return the column names."""
        return self._columns.names

    def values(self) -> tuple[Any, ...]:
        """Return the values."""
        return self._values

    def items(self) -> tuple[tuple[str, Any], ...]:
        """Return pairs of column names and values."""
        return tuple(zip(self._columns.names, self._values))

    def __eq__(self, other: object) -> bool:
        values = values_of(other)
        return NotImplemented if values is None else self._values == values

    def __lt__(self, other: object) -> bool:
        values = values_of(other)
        return NotImplemented if values is None else self._values < values

    def __le__(self, other: object) -> bool:
        values = values_of(other)
        return NotImplemented if values is None else self._values <= values

    def __gt__(self, other: object) -> bool:
        values = values_of(other)
        return NotImplemented if values is None else self._values > values

    def __ge__(self, other: object) -> bool:
        values = values_of(other)
        return NotImplemented if values is None else self._values >= values

    def __hash__(self) -> int:
        return hash(self._values)

    def __repr__(self) -> str:
        return f"<Record {' '.join([f'{name}={value!r}' for name, value in self.items()])}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return Record, (self._columns.names, self._values)


class RecordMaker:
    """Makes records.

    Args:
        names: the column names.

    Attributes:
        names: as given.
        index: the position of the last column of each name.
    """

    __slots__ = ("index", "names")

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names
        self.index = {name: position for position, name in enumerate(names)}

    def __call__(self, values: Sequence[Any]) -> Record:
        """Return the row."""
        record = object.__new__(Record)
        record._columns = self
        record._values = self.check(tuple(values))
        return record

    def check(self, values: tuple[Any, ...]) -> tuple[Any, ...]:
        """Return values, if they are as many as names.

        Raises:
            ValueError: they are not.
        """
        if len(values) != len(self.names):
            raise ValueError(f"the record has {len(self.names)} columns and {len(values)} values")
        return values


def values_of(row: object) -> tuple[Any, ...] | None:
    """Return the values of a record or a tuple, None for anything else."""
    if isinstance(row, Record):
        return row.values()
    return row if isinstance(row, tuple) else None


class KeywordCaller(Generic[T]):
    """Calls a function with the values as keyword arguments.

    Args:
        func: returns the row.
        names: the names of the arguments: the columns' names.
    """

    def __init__(self, func: Callable[..., T], names: tuple[str, ...]) -> None:
        self._func = func
        self._names = names

    def __call__(self, values: Sequence[Any]) -> T:
        """Return the row."""
        return self._func(**dict(zip(self._names, values, strict=True)))


if not TYPE_CHECKING and IMPLEMENTATION == "native":
    from howdah.native.rowmakers import DictMaker, KeywordCaller, Record, RecordMaker

#: Kept for the results of other queries that have the same columns.
dict_maker = lru_cache(maxsize=512)(DictMaker)
record_maker = lru_cache(maxsize=512)(RecordMaker)


@lru_cache(maxsize=512)
def _namedtuple_maker(names: tuple[str, ...]) -> RowMaker[NamedTuple]:
    try:
        # Not its method `_make`, which is written in Python.
        return partial(tuple.__new__, namedtuple("Row", map(_attribute, names)))  # type: ignore[arg-type]
    except ValueError as ex:
        raise DataError(f"namedtuple_row cannot name the columns {', '.join(names)}: {ex}") from None


def _attribute(name: str) -> str:
    if name.isascii():
        name = re.sub(r"\W", "_", name)
    else:
        name = "".join([char if f"_{char}".isidentifier() else "_" for char in name])
    return f"f{name}" if name[:1] == "_" or name[:1].isdigit() else name
