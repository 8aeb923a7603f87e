# Generated from tests/kernel/test_named_parameters_async.py by .ci/async_to_sync.py; do not edit.
"""Parameters with names, passed again and again: the same mappings are accepted, on every way."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import Any

import pytest

import howdah

pytestmark = pytest.mark.anyio

QUERY = "SELECT %(a)s::int, %(b)s::text, %(a)s::int"
#: After so many executions a query is prepared, and takes the fast path.
PREPARED = 8


class Default(dict[str, Any]):
    """Has a value for every name."""

    def __missing__(self, name: str) -> Any:
        return 7 if name == "a" else "seven"


class Name(str):
    """A str that is not one exactly."""


class Failing(Name):
    """Cannot be compared."""

    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        raise LookupError("no elephant")


@pytest.fixture
def cur(conn: Any) -> Any:
    cur = conn.cursor()
    for _ in range(PREPARED):
        cur.execute(QUERY, {"a": 0, "b": "x"})
    return cur


@pytest.mark.parametrize(
    ("params", "row"),
    [
        ({"a": 1, "b": "x"}, (1, "x", 1)),
        ({"b": "x", "c": object(), "a": None}, (None, "x", None)),
        ({Name("a"): 2, "b": "y"}, (2, "y", 2)),
        (MappingProxyType({"a": 3, "b": "z"}), (3, "z", 3)),
        (Default(b="w"), (7, "w", 7)),
        (Default(), (7, "seven", 7)),
    ],
)
def test_mappings(cur: Any, params: Any, row: Any) -> None:
    for _ in range(2):
        cur.execute(QUERY, params)
        assert cur.fetchone() == row


@pytest.mark.parametrize(("params", "missing"), [({}, "a, b"), ({"a": 1}, "b"), ({"b": "x", "A": 1}, "a")])
def test_missing_ones(cur: Any, params: Any, missing: str) -> None:
    with pytest.raises(howdah.ProgrammingError, match=f"^query parameters missing: {re.escape(missing)}"):
        cur.execute(QUERY, params)
    cur.execute(QUERY, {"a": 4, "b": "x"})
    assert cur.fetchone() == (4, "x", 4)


def test_a_name_that_cannot_be_compared(cur: Any) -> None:
    with pytest.raises(LookupError, match="no elephant"):
        cur.execute(QUERY, {Failing("a"): 1, "b": "x"})
    cur.execute(QUERY, {"a": 5, "b": "x"})
    assert cur.fetchone() == (5, "x", 5)


def test_a_sequence(cur: Any) -> None:
    with pytest.raises(TypeError, match="a mapping of parameters"):
        cur.execute(QUERY, (1, "x"))


def test_executemany(conn: Any) -> None:
    conn.execute("CREATE TEMP TABLE calf (id int, mother text)")
    cur = conn.cursor()
    rows = [{"id": i, "mother": f"m{i % 7}"} for i in range(500)]
    cur.executemany("INSERT INTO calf VALUES (%(id)s, %(mother)s)", rows)
    assert cur.rowcount == 500 and cur.statusmessage == "INSERT 0 1"
    # As many rows as before, fewer, none, more.
    mothers = [{"name": name} for name in ("m0", "m1", "m1", "m6", "m6", "nobody", "nobody", "m0", "m3")]
    cur.executemany("UPDATE calf SET id = -id WHERE mother = %(name)s", mothers)
    counts = [sum(row["mother"] == each["name"] for row in rows) for each in mothers]
    assert cur.rowcount == sum(counts)
    assert cur.statusmessage == f"UPDATE {counts[-1]}"


def test_executemany_with_one_missing(conn: Any) -> None:
    conn.execute("CREATE TEMP TABLE calf (id int)")
    cur = conn.cursor()
    rows = [{"id": i} for i in range(20)]
    with pytest.raises(howdah.ProgrammingError, match="query parameters missing: id"):
        cur.executemany("INSERT INTO calf VALUES (%(id)s)", [*rows, {"no": 1}, *rows])
