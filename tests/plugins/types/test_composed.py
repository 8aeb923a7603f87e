"""Composed types, sent to a server and read back in every way."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import howdah
from howdah_types.composite import register_composite
from tests.plugins.types.composed import CREATE, OPTIONS, STRATEGIES, TYPED, register, same

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def shared(dsn: str) -> Iterator[howdah.Connection[Any]]:
    """A connection of a driver on which the types are registered by name."""
    with howdah.connect(dsn, autocommit=True) as conn:
        for statement in CREATE:
            conn.execute(statement)
    driver = howdah.Driver()
    register(driver.adapters)
    for name in STRATEGIES:
        register_composite(f"of_{name}", driver.adapters)
    with driver.connect(dsn, options=OPTIONS, autocommit=True) as conn:
        for name in STRATEGIES:
            conn.execute(f"CREATE TYPE of_{name} AS (alone {name}, many {name}[])")
            conn.execute(f"CREATE TEMP TABLE kept_{name} (alone {name}, many {name}[], both_ of_{name})")
        yield conn
    with howdah.connect(dsn, autocommit=True) as conn:
        conn.execute(CREATE[0])


@functools.cache
def arrays(elements: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Lists of elements and NULLs, of one or two dimensions."""

    @functools.cache
    def of(lengths: tuple[int, ...]) -> st.SearchStrategy[Any]:
        strategy = st.none() | elements
        for length in lengths:
            strategy = st.lists(strategy, min_size=length, max_size=length)
        return strategy

    return st.lists(st.integers(1, 2), min_size=1, max_size=2).map(tuple).flatmap(of)


def typed(name: str, value: Any) -> Any:
    if isinstance(value, list):
        return [typed(name, item) for item in value]
    return value if value is None or name not in TYPED else TYPED[name](value)


@pytest.mark.parametrize("name", STRATEGIES)
@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_query(shared, name, data):
    value = data.draw(STRATEGIES[name])
    many = data.draw(arrays(STRATEGIES[name]))
    for placeholder in ("%s", "%t", "%b"):
        sent, sent_many = (typed(name, each) if placeholder == "%b" else each for each in (value, many))
        columns = ("{0}::{1}", "{0}::{1}[]", "ROW({0}, {0})::of_{1}")
        query = "SELECT " + ", ".join(columns).format(placeholder, name)
        for binary, prepare in ((None, False), (None, True), (True, False), (False, True)):
            cur = shared.execute(query, [sent, sent_many, sent, sent_many], binary=binary, prepare=prepare)
            alone, array, composite = cur.fetchone()
            assert same(alone, value), (placeholder, binary, prepare)
            assert same(array, many), (placeholder, binary, prepare)
            assert same(composite.alone, value), (placeholder, binary, prepare)
            assert same(composite.many, many), (placeholder, binary, prepare)


@pytest.mark.parametrize("name", STRATEGIES)
@settings(max_examples=4, deadline=None)
@given(data=st.data())
def test_copy(shared, name, data):
    row = (data.draw(STRATEGIES[name]), data.draw(arrays(STRATEGIES[name])))
    row += (row,)
    types = [name, f"{name}[]", f"of_{name}"]
    shared.execute(f"TRUNCATE kept_{name}")
    cur = shared.cursor()
    for format in ("text", "binary"):
        with cur.copy(f"COPY kept_{name} FROM STDIN (FORMAT {format})") as copy:
            copy.set_types(types)
            copy.write_row(row)
    for format in ("text", "binary"):
        with cur.copy(f"COPY kept_{name} TO STDOUT (FORMAT {format})") as copy:
            copy.set_types(types)
            rows = list(copy.rows())
        assert len(rows) == 2
        for alone, many, both in rows:
            assert same(alone, row[0])
            assert same(many, row[1])
            assert same(tuple(both), row[2])


@pytest.mark.parametrize("name", STRATEGIES)
@settings(max_examples=4, deadline=None)
@given(data=st.data())
def test_literal(shared, name, data):
    value = data.draw(STRATEGIES[name])
    many = data.draw(arrays(STRATEGIES[name]))
    cur = howdah.ClientCursor(shared)
    alone, array = cur.execute(f"SELECT CAST(%s AS {name}), CAST(%s AS {name}[])", [value, many]).fetchone()
    assert same(alone, value)
    assert same(array, many)
