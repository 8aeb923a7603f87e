"""Parameters of executemany() that come from the connection itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

import howdah
from howdah.adapt import Dumper

INSERT = "INSERT INTO numbers VALUES (%s)"


@pytest.fixture(params=[True, False], ids=["autocommit", "transactions"])
def conn(dsn: str, request: pytest.FixtureRequest) -> Iterator[Any]:
    with howdah.connect(dsn, autocommit=request.param) as conn:
        conn.execute("CREATE TEMP TABLE numbers (number int)")
        conn.commit()
        yield conn


def fetched(conn: Any, first: int = 0) -> Iterator[Any]:
    """Fetch each set of parameters when it is wanted; those before `first` are at hand."""
    for number in range(10):
        yield (number,) if number < first else conn.execute("SELECT %s::int", [number]).fetchone()


def plain(conn: Any) -> None:
    conn.cursor().executemany(INSERT, fetched(conn))


def later(conn: Any) -> None:
    conn.cursor().executemany(INSERT, fetched(conn, 5))


def returning(conn: Any) -> None:
    conn.cursor().executemany(f"{INSERT} RETURNING number", fetched(conn), returning=True)


def raw(conn: Any) -> None:
    howdah.RawCursor(conn).executemany("INSERT INTO numbers VALUES ($1)", fetched(conn))


def in_pipeline(conn: Any) -> None:
    with conn.pipeline():
        conn.cursor().executemany(INSERT, fetched(conn))


def in_block(conn: Any) -> None:
    with conn.transaction():
        conn.cursor().executemany(INSERT, fetched(conn, 2))


def from_portal(conn: Any) -> None:
    with conn.transaction(), conn.cursor("source") as source:
        source.itersize = 3
        source.execute("SELECT generate_series(1, 10)")
        conn.cursor().executemany(INSERT, source)


def with_commits(conn: Any) -> None:
    def numbers() -> Iterator[Any]:
        for number in range(10):
            yield (number,)
            conn.rollback()

    conn.cursor().executemany(INSERT, numbers())


def dumped(conn: Any) -> None:
    class Number(int):
        pass

    class NumberDumper(Dumper):
        oid = 23

        def dump(self, obj: Any) -> bytes:
            conn.execute("SELECT %s", [int(obj)])
            return b"%d" % obj

    cur = conn.cursor()
    cur.adapters.register_dumper(Number, NumberDumper)
    cur.executemany(INSERT, [(Number(number),) for number in range(10)])


@pytest.mark.parametrize(
    "way",
    [plain, later, returning, raw, in_pipeline, in_block, from_portal, with_commits, dumped],
    ids=lambda way: way.__name__,
)
def test_they_are_refused(conn: Any, way: Callable[[Any], None]) -> None:
    """The server would take them for the parameters of the statement that fetches them."""
    with pytest.raises(howdah.ProgrammingError, match="fetch them first, as a list"):
        way(conn)
    conn.rollback()
    assert conn.execute("SELECT count(*) FROM numbers").fetchone() == (0,)


def test_rows_that_were_fetched_are_parameters(conn: Any) -> None:
    source = conn.execute("SELECT generate_series(1, 2000)")
    conn.cursor().executemany(INSERT, source)
    assert conn.execute("SELECT sum(number) FROM numbers").fetchone() == (2001000,)
