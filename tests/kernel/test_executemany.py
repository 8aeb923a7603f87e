# Generated from tests/kernel/test_executemany_async.py by .ci/async_to_sync.py; do not edit.
"""executemany with sets of parameters of every kind, from iterators of every kind."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Any

import pytest

import howdah
from howdah.adapt import Dumper

pytestmark = pytest.mark.anyio

#: More sets of parameters than are sent at once.
MANY = 2000


class Reversed(Dumper):
    """Dumps a str from its end to its beginning."""

    def dump(self, obj: str) -> bytes:
        """Return the letters."""
        return obj[::-1].encode()


def stored(conn: howdah.Connection[Any]) -> list[Any]:
    """Return the rows in the order in which they were stored."""
    return conn.execute("SELECT a, b FROM target ORDER BY id").fetchall()


@pytest.fixture
def target(conn: howdah.Connection[Any]) -> howdah.Connection[Any]:
    """A connection with a table."""
    conn.execute("CREATE TEMP TABLE target (id serial, a int8, b text)")
    return conn


def test_rows_of_every_shape(target: howdah.Connection[Any]) -> None:
    """Lists, tuples, NULLs, and values of other types than the row before, all arrive in their order."""
    rows: list[Any] = []
    for i in range(MANY):
        values = (i if i % 7 else None, str(i) if i % 11 else None)
        rows.append(list(values) if i % 3 else values)
        if i % 100 == 0:
            rows.append((1 << 40, "large"))
    cur = target.cursor()
    cur.executemany("INSERT INTO target (a, b) VALUES (%s, %s)", rows)
    assert cur.rowcount == len(rows)
    assert stored(target) == [tuple(row) for row in rows]


def test_results_of_every_row(target: howdah.Connection[Any]) -> None:
    """Each set of parameters has a result, also after more have been sent than are gathered."""
    cur = target.cursor()
    cur.executemany("SELECT %s::int8", [(i,) for i in range(MANY)], returning=True)
    found = [cur.fetchone()]
    while cur.nextset():
        found.append(cur.fetchone())
    assert found == [(i,) for i in range(MANY)]


def test_an_iterator_that_ends_where_enough_is_gathered(target: howdah.Connection[Any]) -> None:
    """The iterator is asked once more at most, and never again after its end."""

    def rows() -> Iterator[tuple[int, str]]:
        for i in range(3):
            yield i, "x" * 16 * 1024

    target.cursor().executemany("INSERT INTO target (a, b) VALUES (%s, %s)", rows())
    assert [row[0] for row in stored(target)] == [0, 1, 2]


@pytest.mark.parametrize("failing", [0, 1, 5, 700])
def test_an_iterator_that_raises(target: howdah.Connection[Any], failing: int) -> None:
    """Nothing is stored, and the connection is usable."""
    target.commit()
    target.set_autocommit(True)

    def rows() -> Iterator[tuple[int, str]]:
        for i in range(MANY):
            if i == failing:
                raise LookupError("no elephant")
            yield i, "x"

    with pytest.raises(LookupError, match="no elephant"):
        target.cursor().executemany("INSERT INTO target (a, b) VALUES (%s, %s)", rows())
    assert stored(target) == []


def test_an_adapter_registered_between_two_rows(target: howdah.Connection[Any]) -> None:
    """It is used from the next row on."""
    cur = target.cursor()
    adapters = cur.adapters

    def rows() -> Iterator[tuple[int, str]]:
        for i in range(20):
            if i == 10:
                adapters.register_dumper(str, Reversed)
            yield i, "abc"

    cur.executemany("INSERT INTO target (a, b) VALUES (%s, %s)", rows())
    assert [b for _, b in stored(target)] == ["abc"] * 10 + ["cba"] * 10


def test_queries_without_parameters(target: howdah.Connection[Any]) -> None:
    """None among the sets of parameters is a query without any."""
    rows: Any = [None] * 5
    target.cursor().executemany("INSERT INTO target (a, b) VALUES (1, 'x')", rows)
    assert stored(target) == [(1, "x")] * 5


def test_objects_of_many_classes(target: howdah.Connection[Any]) -> None:
    """Each is dumped as its own class is, however many classes there are."""
    classes = [type(f"Text{i}", (str,), {}) for i in range(200)]

    def dumper(number: int) -> type[Dumper]:
        def dump(self: Dumper, obj: str) -> bytes:
            return f"{number} {obj}".encode()

        return type(f"Dumper{number}", (Dumper,), {"dump": dump})

    for i, cls in enumerate(classes):
        target.adapters.register_dumper(cls, dumper(i))
    rows = [(i, classes[i % 200]("x")) for i in range(MANY)]
    target.cursor().executemany("INSERT INTO target (a, b) VALUES (%s, %s)", rows)
    assert stored(target) == [(i, f"{i % 200} x") for i in range(MANY)]


def test_a_parameter_that_cannot_be_adapted(target: howdah.Connection[Any]) -> None:
    """The error names the parameter; nothing is stored, and the connection is usable."""
    rows: list[Any] = [(i, "x") for i in range(MANY)]
    rows[900] = (900, object())
    with pytest.raises(howdah.ProgrammingError, match="parameter 2: cannot adapt type 'object'"):
        target.cursor().executemany("INSERT INTO target (a, b) VALUES (%s, %s)", rows)
    target.rollback()
    assert target.execute("SELECT %s::date", [datetime.date(2000, 1, 1)]).fetchone()


def test_a_server_that_is_slow(target: howdah.Connection[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """The client waits until the server receives, and does not try to send again after each row."""
    transport, drains = target.kernel.transport, 0
    drain = transport.drain

    def counted(*args: Any) -> None:
        nonlocal drains
        drains += 1
        drain(*args)

    monkeypatch.setattr(transport, "drain", counted)
    rows = [(0.0 if i else 0.5, i, "x" * 200) for i in range(4 * MANY)]  # two megabytes
    query = "INSERT INTO target (a, b) SELECT a, b FROM pg_sleep(%s), (VALUES (%s::int8, %s)) v (a, b)"
    target.cursor().executemany(query, rows)
    assert len(stored(target)) == len(rows)
    assert drains < 500


def index_of(error: BaseException) -> list[str]:
    """Return the notes of an error, without the values of its set of parameters."""
    notes: list[str] = getattr(error, "__notes__", [])
    assert "hush" not in str(notes)
    return notes


def note(index: int) -> list[str]:
    """Return the notes of an error that a set of parameters has caused."""
    return [f"in the set of parameters at index {index}, counted from 0"]


@pytest.mark.parametrize("failing", [0, 1, 2, 900])
@pytest.mark.parametrize("returning", [False, True])
@pytest.mark.parametrize("kind", ["dumper", "server", "number", "client"])
def test_an_error_tells_the_index(
    target: howdah.Connection[Any], failing: int, returning: bool, kind: str
) -> None:
    """Of a set of parameters that cannot be dumped, that does not fit, or that the server refuses."""
    rows: list[Any] = [(i, "x") for i in range(1000)]
    rows[500] = (1 << 40, "x")  # types for which the statement is parsed anew
    rows[failing] = {"dumper": (object(), "hush"), "number": (1, "hush", 3)}.get(kind, (failing, "hush"))
    cur = howdah.ClientCursor(target) if kind == "client" else target.cursor()
    query = "INSERT INTO target (a, b) SELECT %s, nullif(%s, 'hush')"
    target.execute("ALTER TABLE target ALTER b SET NOT NULL")
    with pytest.raises(howdah.Error) as caught:
        cur.executemany(query, rows, returning=returning)
    assert index_of(caught.value) == note(failing)


@pytest.mark.parametrize("query", ["INSERT INTO nowhere VALUES (%s)", "SELCT %s"])
def test_an_error_of_the_query_has_no_index(target: howdah.Connection[Any], query: str) -> None:
    with pytest.raises(howdah.ProgrammingError) as caught:
        target.cursor().executemany(query, [(1,), (2,)])
    assert index_of(caught.value) == []


def test_an_error_of_the_transaction_has_no_index(target: howdah.Connection[Any]) -> None:
    with pytest.raises(howdah.ProgrammingError):
        target.execute("SELCT 1")
    with pytest.raises(howdah.errors.InFailedSqlTransaction) as caught:
        target.cursor().executemany("INSERT INTO target (a) VALUES (%s)", [(1,), (2,)])
    assert index_of(caught.value) == []


@pytest.mark.parametrize("failing", [0, 700])
@pytest.mark.parametrize("kind", ["dumper", "server"])
def test_an_error_in_a_pipeline_tells_the_index(
    target: howdah.Connection[Any], failing: int, kind: str
) -> None:
    """As outside of it; what follows is skipped, and its error has no index."""
    rows: list[Any] = [(i, "x") for i in range(1000)]
    rows[failing] = (object() if kind == "dumper" else failing, "hush" if kind == "dumper" else None)
    target.execute("ALTER TABLE target ALTER b SET NOT NULL")
    skipped = target.cursor()
    with pytest.raises(howdah.Error) as caught:
        with target.pipeline():
            target.cursor().executemany("INSERT INTO target (a, b) VALUES (%s, %s)", rows)
            skipped.executemany("INSERT INTO target (a, b) VALUES (%s, %s)", rows)
    assert index_of(caught.value) == note(failing)
    if kind == "server":
        with pytest.raises(howdah.errors.PipelineAborted) as caught:
            skipped.fetchall()
        assert index_of(caught.value) == []


def test_an_error_of_the_commit_has_no_index(target: howdah.Connection[Any]) -> None:
    """It is about all sets of parameters."""
    target.commit()
    target.set_autocommit(True)
    target.execute("CREATE TEMP TABLE unique_ones (a int UNIQUE DEFERRABLE INITIALLY DEFERRED)")
    for returning in (False, True):
        with pytest.raises(howdah.errors.UniqueViolation) as caught:
            target.cursor().executemany(
                "INSERT INTO unique_ones VALUES (%s)", [(1,), (2,), (1,)], returning=returning
            )
        assert index_of(caught.value) == []


def test_a_lost_connection_has_no_index(conn: howdah.Connection[Any]) -> None:
    """The server may have executed more than it could tell."""
    with pytest.raises(howdah.OperationalError) as caught:
        conn.cursor().executemany(
            "SELECT CASE WHEN %s THEN pg_terminate_backend(pg_backend_pid()) END",
            [(False,), (True,), (False,)],
        )
    assert conn.broken
    assert index_of(caught.value) == []
