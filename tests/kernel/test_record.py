"""Rows whose values are found by index and by column name."""

from __future__ import annotations

import copy
import gc
import operator
import pickle
import weakref

import pytest
from hypothesis import given
from hypothesis import strategies as st

from howdah.rows import Record, RecordMaker, record_row

NAMES = st.lists(st.text(max_size=3), max_size=6)
VALUES = st.one_of(st.none(), st.integers(), st.text(max_size=3), st.lists(st.integers(), max_size=2))


@st.composite
def columns(draw):
    names = draw(NAMES)
    return names, draw(st.lists(VALUES, min_size=len(names), max_size=len(names)))


@given(columns())
def test_it_is_the_tuple_and_the_dictionary(columns):
    names, values = columns
    record = Record(names, values)
    as_tuple, as_dict = tuple(values), dict(zip(names, values))
    assert tuple(record) == as_tuple and list(record) == values and len(record) == len(values)
    assert record == as_tuple and as_tuple == record
    assert (record != as_tuple) is False
    assert record.keys() == tuple(names) and record.values() == as_tuple
    assert record.items() == tuple(zip(names, values))
    assert dict(record) == dict(record.items()) == as_dict
    for index in range(-len(values), len(values)):
        assert record[index] is as_tuple[index]
    for name in names:
        assert record[name] is as_dict[name] is record.get(name) and name in record
    assert record[1:] == as_tuple[1:] and record[::-2] == as_tuple[::-2]
    assert Record(record.keys(), record.values()) == record
    assert bool(record) == bool(values)


@given(columns())
def test_it_can_be_copied(columns):
    record = Record(*columns)
    for same in (copy.copy(record), copy.deepcopy(record), pickle.loads(pickle.dumps(record))):
        assert type(same) is Record
        assert same == record and same.keys() == record.keys()


@given(st.lists(st.integers(), max_size=3), st.lists(st.integers(), max_size=3))
def test_it_compares_and_hashes_like_a_tuple(one, two):
    records = [Record(["a"] * len(values), values) for values in (one, two)]
    for compare in (operator.eq, operator.ne, operator.lt, operator.le, operator.gt, operator.ge):
        expected = compare(tuple(one), tuple(two))
        assert compare(*records) is expected
        assert compare(records[0], tuple(two)) is expected
        assert compare(tuple(one), records[1]) is expected
    assert hash(records[0]) == hash(tuple(one))
    assert len({*records, tuple(one), tuple(two)}) == len({tuple(one), tuple(two)})


def test_other_objects():
    record = Record(["a"], [1])
    assert record != [1] and record != {"a": 1} and record != 1
    with pytest.raises(TypeError):
        assert record < [1]
    with pytest.raises(TypeError):
        hash(Record(["a"], [[]]))


def test_what_is_missing():
    record = Record(["a", "b"], [1, None])
    with pytest.raises(KeyError, match="c"):
        record["c"]
    with pytest.raises(IndexError):
        record[2]
    with pytest.raises(TypeError):
        record[1.5]
    assert record.get("c") is None and record.get("c", 5) == 5 and record.get("b", 5) is None
    assert "c" not in record and 1 not in record and [] not in record


def test_the_last_of_several_columns_with_one_name():
    record = Record(["a", "a"], [1, 2])
    assert record["a"] == 2 and record[0] == 1 and dict(record) == {"a": 2} and record.keys() == ("a", "a")


def test_it_cannot_be_changed():
    record = Record(["a"], [1])
    with pytest.raises(TypeError):
        record["a"] = 2
    with pytest.raises(AttributeError):
        record.a = 2
    with pytest.raises(AttributeError):
        record.a  # noqa: B018


def test_repr():
    assert repr(Record(["a", "b c"], [1, "x"])) == "<Record a=1 b c='x'>"
    assert repr(Record([], [])) == "<Record >"


def test_as_many_values_as_names():
    with pytest.raises(ValueError, match="2 columns and 1 values"):
        Record(["a", "b"], [1])
    with pytest.raises(ValueError, match="1 columns and 2 values"):
        RecordMaker(("a",))((1, 2))


def test_an_uninitialized_one_does_no_harm():
    record = Record.__new__(Record)
    try:
        assert len(record) == 0 and record.keys() == () and repr(record)
    except AttributeError:
        pass


def test_cycles_are_collected():
    class Value:
        pass

    value = Value()
    value.record = Record(["a"], [value])
    reference = weakref.ref(value)
    del value
    gc.collect()
    assert reference() is None


def test_of_a_cursor(conn):
    cur = conn.cursor(row_factory=record_row)
    rows = cur.execute("SELECT 1 AS a, 'x' AS \"B c\", 2").fetchall()
    assert type(rows[0]) is Record and rows == [(1, "x", 2)]
    assert rows[0].keys() == ("a", "B c", "?column?") and rows[0]["B c"] == "x"
    assert cur.execute("SELECT 1 AS a").fetchone()["a"] == 1
    assert [row["a"] for row in cur.execute("SELECT generate_series(1, 3) AS a")] == [1, 2, 3]
    assert [row["a"] for row in cur.stream("SELECT generate_series(1, 3) AS a")] == [1, 2, 3]
    conn.row_factory = record_row
    assert conn.execute("SELECT 1 AS a").fetchone()["a"] == 1
