"""Row factories, given the columns of a result."""

from dataclasses import dataclass
from typing import Any, NamedTuple, get_type_hints

import pytest

from howdah import abc, errors, rows
from howdah.client.column import Column


class Field(NamedTuple):
    """A field of a RowDescription."""

    name: str
    table_oid: int = 0
    column_attribute: int = 0
    type_oid: int = 25
    type_size: int = -1
    type_modifier: int = -1
    format: int = 0


class Result:
    """What a factory sees of a cursor."""

    def __init__(self, *names):
        self.description = [Column(Field(name)) for name in names]


class NoResult:
    description = None


@dataclass
class Person:
    name: str
    age: int = 0


def test_tuple_row_is_the_builtin():
    assert rows.tuple_row(Result("a")) is tuple
    assert rows.tuple_row(NoResult()) is tuple


def test_dict_row():
    assert rows.dict_row(Result("name", "birth day"))(["Ann", 7]) == {"name": "Ann", "birth day": 7}


def test_dict_row_of_two_columns_of_one_name():
    assert rows.dict_row(Result("a", "b", "a"))([1, 2, 3]) == {"a": 3, "b": 2}


def test_namedtuple_row():
    row = rows.namedtuple_row(Result("name", "age"))(["Ann", 7])
    assert type(row).__name__ == "Row"
    assert (row.name, row.age) == tuple(row) == ("Ann", 7)


def test_namedtuple_row_makes_attribute_names():
    row = rows.namedtuple_row(Result("c d", "_t", "1x", "é", "?column?"))([1, 2, 3, 4, 5])
    assert row._fields == ("c_d", "f_t", "f1x", "é", "f_column_")


def test_namedtuple_row_keeps_the_class():
    factory = rows.namedtuple_row
    assert type(factory(Result("a", "b"))([1, 2])) is type(factory(Result("a", "b"))([3, 4]))
    assert type(factory(Result("a", "b"))([1, 2])) is not type(factory(Result("a", "c"))([1, 2]))


@pytest.mark.parametrize("names", [("a", "a"), ("class",), ("a b", "a?b")])
def test_namedtuple_row_says_which_columns_it_cannot_name(names):
    with pytest.raises(errors.DataError, match="cannot name the columns"):
        rows.namedtuple_row(Result(*names))


def test_class_row():
    factory = rows.class_row(Person)
    assert factory(Result("name", "age"))(["Ann", 7]) == Person("Ann", 7)
    assert factory(Result("age", "name"))([7, "Ann"]) == Person("Ann", 7)
    with pytest.raises(TypeError, match="height"):
        factory(Result("name", "height"))(["Ann", 7])


def test_args_row():
    assert rows.args_row(Person)(Result("x", "y"))(["Ann", 7]) == Person("Ann", 7)


def test_kwargs_row():
    make = rows.kwargs_row(lambda *, a, b: a - b)(Result("b", "a"))
    assert make([1, 3]) == 2


def test_scalar_row():
    assert rows.scalar_row(Result("a", "b"))([1, 2]) == 1


def test_scalar_row_needs_a_column():
    with pytest.raises(errors.ProgrammingError, match="at least one column"):
        rows.scalar_row(Result())


@pytest.mark.parametrize(
    ("factory", "row"),
    [
        (rows.tuple_row, ()),
        (rows.dict_row, {}),
        (rows.namedtuple_row, ()),
        (rows.kwargs_row(dict), {}),
        (rows.class_row(dict), {}),
        (rows.args_row(lambda *values: values), ()),
    ],
)
def test_a_result_without_columns_has_empty_rows(factory, row):
    assert factory(Result())(()) == row


@pytest.mark.parametrize(
    "factory",
    [
        rows.dict_row,
        rows.namedtuple_row,
        rows.class_row(Person),
        rows.args_row(Person),
        rows.kwargs_row(Person),
        rows.scalar_row,
    ],
)
def test_without_a_result(factory):
    make = factory(NoResult())
    with pytest.raises(errors.InterfaceError, match="the last operation didn't produce records"):
        make((1,))


def test_aliases_for_annotations_exist_at_run_time():
    def function(row: rows.DictRow | None, query: abc.Query, dump: abc.DumpFunc) -> rows.TupleRow | None: ...

    hints = get_type_hints(function)
    assert hints["row"] == dict[str, Any] | None
    assert hints["return"] == tuple[Any, ...] | None
    assert rows.DictRow(a=1) == {"a": 1}


@pytest.mark.parametrize("factory", [rows.dict_row, rows.class_row(dict), rows.kwargs_row(dict)])
def test_row_makers_take_any_sequence_of_the_right_length(conn, factory):
    make = factory(conn.execute("SELECT 1 AS a, 2 AS b"))
    assert make((1, 2)) == make([1, 2]) == {"a": 1, "b": 2}
    for wrong in ((1,), (1, 2, 3), [1]):
        with pytest.raises(ValueError, match="argument 2 is"):
            make(wrong)
    first = make((1, 2))
    first["c"] = 3
    assert make((3, 4)) == {"a": 3, "b": 4}


def test_dictionaries_have_the_last_of_columns_with_the_same_name(conn):
    cur = conn.cursor(row_factory=rows.dict_row)
    assert cur.execute("SELECT 1 AS a, 2 AS b, 3 AS a").fetchall() == [{"a": 3, "b": 2}]
    assert list(cur.execute("SELECT FROM generate_series(1, 2)")) == [{}, {}]
