# Generated from tests/plugins/named_cursor/test_named_cursor_async.py by .ci/async_to_sync.py; do not edit.
"""Named cursors."""

from __future__ import annotations

import gc
import warnings
from typing import Any

import pytest

import howdah
from howdah import errors
from howdah.adapt import Loader
from howdah.pq import TransactionStatus
from howdah.rows import dict_row, scalar_row

pytestmark = pytest.mark.anyio

Connection = howdah.Connection

SERIES = "SELECT i FROM generate_series(1, 10) AS i"
#: A plan that cannot be run backwards.
FORWARD_ONLY = "SELECT i, count(*) FROM generate_series(1, 10) AS i GROUP BY i"


def cursors(conn: Any) -> list[str]:
    """Return the names of the cursors that the server has."""
    cur = conn.execute("SELECT name FROM pg_cursors WHERE name <> '' ORDER BY name")
    return [name for (name,) in cur.fetchall()]


def collect(cur: Any, seen: list[Any]) -> None:
    """Append what a cursor yields."""
    for row in cur:
        seen.append(row)


def test_capability() -> None:
    assert howdah.capabilities.has_named_cursor


def test_fetching(conn: Connection[Any]) -> None:
    with conn.cursor(name="herd") as cur:
        assert type(cur) is howdah.ServerCursor
        assert cur.name == "herd"
        assert cur.rownumber is None
        assert cur.execute("SELECT i, i || '!' AS t FROM generate_series(1, 10) AS i") is cur
        assert [column.name for column in cur.description] == ["i", "t"]
        assert [column.type_code for column in cur.description] == [23, 25]
        assert (cur.rownumber, cur.rowcount, cur.statusmessage) == (0, -1, "DECLARE CURSOR")
        assert cur.fetchone() == (1, "1!")
        assert cur.fetchmany() == [(2, "2!")]
        assert cur.fetchmany(3) == [(3, "3!"), (4, "4!"), (5, "5!")]
        assert cur.rownumber == 5
        assert [i for i, _ in cur.fetchall()] == [6, 7, 8, 9, 10]
        assert (cur.rownumber, cur.rowcount, cur.statusmessage) == (10, -1, "FETCH 5")
        assert cur.fetchone() is None
        assert cur.fetchmany(5) == cur.fetchall() == []


@pytest.mark.parametrize("itersize", [1, 3, 5, 10, 100, None])
def test_iteration(conn: Connection[Any], itersize: int | None) -> None:
    cur = conn.cursor("herd", row_factory=scalar_row)
    assert cur.itersize == 100
    cur.itersize = itersize
    cur.execute(SERIES)
    assert list(cur) == [*range(1, 11)]
    assert cur.rownumber == 10
    assert list(cur) == []


def test_itersize_is_what_comes_at_a_time(conn: Connection[Any]) -> None:
    cur = conn.cursor("herd")
    cur.itersize = 4
    cur.execute(SERIES)
    for row in cur:
        assert row == (1,)
        break
    # The server has gone past the four rows that were fetched.
    assert conn.execute("FETCH herd").fetchone() == (5,)


def test_mixed(conn: Connection[Any]) -> None:
    cur = conn.cursor("herd", row_factory=scalar_row)
    cur.itersize = 4
    cur.execute(SERIES)
    seen = []
    for i in cur:
        seen.append(i)
        if i == 2:
            seen.append(cur.fetchone())
        if i == 4:
            break
    assert seen == [1, 2, 3, 4]
    for i in cur:
        assert i == 5
        break
    assert cur.rownumber == 5
    assert cur.fetchmany(4) == [6, 7, 8, 9]
    assert cur.fetchall() == [10]


@pytest.mark.parametrize("name", ["a b", 'say "no"', "Groß; DROP TABLE x --", "n" * 63])
def test_names_are_quoted(conn: Connection[Any], name: str) -> None:
    with conn.cursor(name) as cur:
        cur.execute("SELECT 1")
        assert cursors(conn) == [name]
        assert cur.fetchone() == (1,)
        cur.scroll(0, "absolute")
    assert cursors(conn) == []


@pytest.mark.parametrize("name", ["", "a\0b", "n" * 64, "ß" * 32])
def test_impossible_names(conn: Connection[Any], name: str) -> None:
    with pytest.raises(howdah.ProgrammingError, match="cannot be the name of a cursor"):
        conn.cursor(name)


def test_parameters(conn: Connection[Any]) -> None:
    cur = conn.cursor("herd")
    cur.execute("SELECT %s::int, %s, %s::date", [1, "x", None])
    assert cur.fetchone() == (1, "x", None)
    cur.execute("SELECT %(a)s, %(a)s, '%%'", {"a": "y"})
    assert cur.fetchone() == ("y", "y", "%")
    cur.execute("SELECT '%s'")
    assert cur.fetchone() == ("%s",)
    cur.execute(howdah.sql.SQL("SELECT {}").format(7))
    assert cur.fetchone() == (7,)
    conn.server_cursor_factory = howdah.RawServerCursor
    raw = conn.cursor("raw")
    raw.execute("SELECT $1::int + $2", [1, 2])
    assert raw.fetchone() == (3,)


def test_again(conn: Connection[Any]) -> None:
    cur = conn.cursor("herd")
    cur.execute(SERIES)
    assert cur.fetchmany(2) == [(1,), (2,)]
    cur.execute("SELECT 'a' AS b")
    assert cur.rownumber == 0
    assert cur.description[0].name == "b"
    assert cur.fetchall() == [("a",)]
    assert cursors(conn) == ["herd"]


def test_a_name_that_is_taken(conn: Connection[Any]) -> None:
    conn.cursor("herd").execute(SERIES)
    with pytest.raises(errors.DuplicateCursor):
        conn.cursor("herd").execute(SERIES)


@pytest.mark.parametrize("scrollable", [True, None])
def test_scroll(conn: Connection[Any], scrollable: bool | None) -> None:
    cur = conn.cursor("herd", scrollable=scrollable, row_factory=scalar_row)
    cur.execute(SERIES)
    cur.scroll(2)
    assert (cur.rownumber, cur.fetchone()) == (2, 3)
    cur.scroll(3, mode="relative")
    assert cur.fetchone() == 7
    cur.scroll(-7)
    assert (cur.rownumber, cur.fetchone()) == (0, 1)
    cur.scroll(9, mode="absolute")
    assert cur.fetchone() == 10
    cur.scroll(0, "absolute")
    assert cur.fetchall() == [*range(1, 11)]
    cur.scroll(-1)
    assert (cur.rownumber, cur.fetchone()) == (9, 10)
    assert cur.fetchone() is None
    cur.scroll(-10)
    assert cur.fetchall() == [*range(1, 11)]
    cur.scroll(10, "absolute")
    assert cur.fetchone() is None


def test_scroll_among_rows_that_are_here(conn: Connection[Any]) -> None:
    cur = conn.cursor("herd", row_factory=scalar_row)
    cur.itersize = 6
    cur.execute(SERIES)
    for _ in cur:
        break
    cur.scroll(3)
    assert cur.fetchone() == 5
    cur.scroll(-2)
    assert cur.fetchone() == 4
    cur.scroll(4)
    assert (cur.rownumber, cur.fetchone()) == (8, 9)
    cur.scroll(-8)
    assert cur.fetchmany(10) == [*range(2, 11)]


def test_out_of_bound(conn: Connection[Any]) -> None:
    cur = conn.cursor("herd", scrollable=True, row_factory=scalar_row)
    cur.execute(SERIES)
    assert cur.fetchone() == 1
    for value, mode in [(-2, "relative"), (-1, "absolute")]:
        with pytest.raises(IndexError):
            cur.scroll(value, mode)
        assert cur.rownumber == 1
    for value, mode in [(20, "relative"), (11, "absolute")]:
        cur.scroll(1, "absolute")
        with pytest.raises(IndexError):
            cur.scroll(value, mode)
        assert (cur.rownumber, cur.fetchone()) == (10, None)
    cur.scroll(-1)
    assert cur.fetchone() == 10
    with pytest.raises(ValueError, match="bad mode"):
        cur.scroll(1, "sideways")


def test_not_scrollable(conn: Connection[Any]) -> None:
    cur = conn.cursor("herd", scrollable=False, row_factory=scalar_row)
    cur.execute(SERIES)
    cur.scroll(2)
    cur.scroll(4, "absolute")
    assert cur.fetchmany(2) == [5, 6]
    for value, mode in [(-1, "relative"), (0, "absolute")]:
        with pytest.raises(howdah.OperationalError, match="scrollable=True"):
            cur.scroll(value, mode)
    cur.scroll(0)
    # It was noticed before the server could fail the transaction.
    assert cur.fetchone() == 7


def test_the_server_decides(conn: Connection[Any]) -> None:
    cur = conn.cursor("herd", scrollable=True)
    cur.execute(FORWARD_ONLY)
    first = cur.fetchmany(3)
    cur.fetchmany(3)
    cur.scroll(0, "absolute")
    assert cur.fetchmany(3) == first
    cur = conn.cursor("flock")
    cur.execute(FORWARD_ONLY)
    cur.fetchmany(2)
    cur.fetchmany(3)
    with pytest.raises(errors.ObjectNotInPrerequisiteState):
        cur.scroll(-4)


def test_where_current_of(conn: Connection[Any]) -> None:
    conn.execute("CREATE TEMP TABLE elephants AS SELECT i, '' AS seen FROM generate_series(1, 3) AS i")
    cur = conn.cursor("herd")
    cur.execute("SELECT i FROM elephants FOR UPDATE")
    cur.itersize = 1
    for (i,) in cur:
        conn.execute("UPDATE elephants SET seen = %s WHERE CURRENT OF herd", [str(i)])
    rows = conn.execute("SELECT i, seen FROM elephants ORDER BY i").fetchall()
    assert rows == [(1, "1"), (2, "2"), (3, "3")]


def test_without_hold(conn: Connection[Any]) -> None:
    with conn.cursor("herd") as cur:
        cur.execute(SERIES)
        cur.fetchone()
        conn.commit()
        with pytest.raises(errors.InvalidCursorName):
            cur.fetchone()


def test_withhold(conn: Connection[Any]) -> None:
    with conn.cursor("herd", withhold=True, scrollable=True) as cur:
        cur.execute("SELECT i FROM generate_series(1, %s) AS i", [5])
        assert cur.fetchone() == (1,)
        conn.commit()
        assert cur.fetchmany(2) == [(2,), (3,)]
        cur.scroll(-3)
        conn.rollback()
        assert list(cur) == [(1,), (2,), (3,), (4,), (5,)]
        conn.commit()
    assert conn.info.transaction_status == TransactionStatus.IDLE
    assert cursors(conn) == []


def test_withhold_closed_in_a_failed_transaction(conn: Connection[Any]) -> None:
    with conn.cursor("herd", withhold=True) as cur:
        cur.execute(SERIES)
        conn.commit()
        with pytest.raises(errors.DivisionByZero):
            conn.execute("SELECT 1/0")
    assert conn.info.transaction_status == TransactionStatus.INERROR
    conn.rollback()
    assert cursors(conn) == []


def test_autocommit(conn_cls: type[Connection[Any]], dsn: str) -> None:
    with conn_cls.connect(dsn, autocommit=True) as conn:
        cur = conn.cursor("herd")
        with pytest.raises(errors.NoActiveSqlTransaction, match=r"DECLARE CURSOR.*transaction block"):
            cur.execute(SERIES)
        with conn.transaction():
            cur.execute(SERIES)
            assert cur.fetchone() == (1,)
        held = conn.cursor("held", withhold=True)
        held.execute(SERIES)
        assert len(held.fetchall()) == 10
        held.close()
        assert cursors(conn) == []


def test_taken_over(conn: Connection[Any]) -> None:
    conn.execute('DECLARE "He rd" SCROLL CURSOR FOR SELECT i FROM generate_series(1, 10) AS i')
    conn.execute('FETCH 4 FROM "He rd"')
    with conn.cursor("He rd", row_factory=scalar_row) as cur:
        assert cur.description is None
        assert cur.fetchmany(2) == [5, 6]
        assert cur.rownumber == 2
        assert cur.description[0].name == "i"
        cur.scroll(-4)
        assert cur.fetchone() == 3
        cur.scroll(8, "absolute")
        assert (cur.rownumber, cur.fetchone()) == (8, 9)
        with pytest.raises(IndexError):
            cur.scroll(100)
        cur.scroll(-1)
        assert (cur.rownumber, cur.fetchone()) == (9, 10)
    assert cursors(conn) == []


def test_taken_over_and_scrolled_first(conn: Connection[Any]) -> None:
    conn.execute("DECLARE herd SCROLL CURSOR FOR SELECT i FROM generate_series(1, 10) AS i")
    conn.execute("FETCH 4 FROM herd")
    cur = conn.cursor("herd", row_factory=scalar_row)
    cur.scroll(-4)
    assert (cur.rownumber, cur.fetchone()) == (0, 1)
    with pytest.raises(IndexError):
        cur.scroll(-2)
    other = conn.cursor("herd", row_factory=scalar_row)
    with pytest.raises(IndexError):
        other.scroll(-2)
    assert (other.rownumber, other.fetchone()) == (0, 1)
    third = conn.cursor("herd", row_factory=scalar_row)
    with pytest.raises(IndexError):
        third.scroll(11, "absolute")
    third.scroll(-2)
    assert third.fetchall() == [9, 10]


def test_nothing_to_take_over(conn: Connection[Any]) -> None:
    cur = conn.cursor("nobody")
    with pytest.raises(errors.InvalidCursorName, match="nobody"):
        cur.fetchone()
    conn.rollback()
    cur.close()


@pytest.mark.parametrize("binary", [None, True, False])
def test_formats(conn: Connection[Any], binary: bool | None) -> None:
    query = "SELECT 1, 'x', 2.5::float8, '2020-02-03'::date, ARRAY[1, 2], NULL::int"
    plain = conn.execute(query).fetchone()
    cur = conn.cursor("herd", binary=binary)
    cur.execute(query)
    assert cur.fetchone() == plain
    other = conn.cursor("flock")
    other.execute(query, binary=binary)
    assert other.fetchone() == plain
    expected = 0 if binary is False else 1
    assert cur._result.fields[0].format == other._result.fields[0].format == expected


class Shout(Loader):
    def load(self, data: Any) -> str:
        return bytes(data).decode() + "!"


def test_adapters_of_the_cursor(conn: Connection[Any]) -> None:
    cur = conn.cursor("herd", binary=False)
    cur.execute("SELECT i, 'x'::text FROM generate_series(1, 3) AS i")
    assert cur.fetchone() == (1, "x")
    cur.adapters.register_loader("text", Shout)
    assert cur.fetchone() == (2, "x!")


def test_types_known_by_name(conn: Connection[Any]) -> None:
    conn.execute("CREATE TYPE pg_temp.gait AS ENUM ('walk', 'amble')")
    conn.adapters.register_loader("pg_temp.gait", Shout)
    cur = conn.cursor("herd")
    cur.execute("SELECT 'walk'::pg_temp.gait")
    assert cur.fetchone() == ("walk!",)


def test_row_factories(conn: Connection[Any]) -> None:
    cur = conn.cursor("herd", row_factory=dict_row)
    cur.execute("SELECT i AS a FROM generate_series(1, 5) AS i")
    assert cur.fetchone() == {"a": 1}
    assert cur.fetchmany(1) == [{"a": 2}]
    cur.row_factory = scalar_row
    assert cur.fetchone() == 3
    assert list(cur) == [4, 5]


def test_a_row_that_cannot_be_loaded(conn: Connection[Any]) -> None:
    class Fussy(Loader):
        def load(self, data: Any) -> int:
            if data == b"3":
                raise ValueError("not three")
            return int(bytes(data))

    cur = conn.cursor("herd", binary=False, row_factory=scalar_row)
    cur.adapters.register_loader("int4", Fussy)
    cur.execute(SERIES)
    assert cur.fetchmany(2) == [1, 2]
    for _ in range(2):
        with pytest.raises(ValueError, match="not three"):
            cur.fetchall()
    cur.scroll(1)
    assert cur.fetchone() == 4
    cur.scroll(0, "absolute")
    seen: list[int] = []
    with pytest.raises(ValueError, match="not three"):
        collect(cur, seen)
    assert seen == [1, 2]


def test_close(conn: Connection[Any]) -> None:
    cur = conn.cursor("herd")
    cur.execute(SERIES)
    cur.close()
    assert cur.closed
    assert cursors(conn) == []
    cur.close()
    for call in (cur.fetchone, cur.fetchall, cur.fetchmany):
        with pytest.raises(howdah.InterfaceError, match="closed"):
            call()
    with pytest.raises(howdah.InterfaceError, match="closed"):
        cur.scroll(1)
    with pytest.raises(howdah.InterfaceError, match="closed"):
        cur.execute(SERIES)


def test_failed_transaction(conn: Connection[Any]) -> None:
    with conn.cursor("herd", row_factory=scalar_row) as cur:
        cur.execute(SERIES)
        assert cur.fetchone() == 1
        with pytest.raises(errors.DivisionByZero):
            conn.execute("SELECT 1/0")
        with pytest.raises(errors.InFailedSqlTransaction):
            cur.fetchone()
        conn.rollback()
        with pytest.raises(errors.InvalidCursorName):
            cur.fetchone()
        conn.rollback()
        cur.execute(SERIES)
        assert cur.fetchall() == [*range(1, 11)]
        with pytest.raises(errors.DivisionByZero):
            conn.execute("SELECT 1/0")
    conn.rollback()


def test_error_while_declaring(conn: Connection[Any]) -> None:
    with conn.cursor("herd") as cur:
        with pytest.raises(errors.UndefinedTable, match="nowhere"):
            cur.execute("SELECT * FROM nowhere")
        conn.rollback()
        with pytest.raises(errors.SyntaxError):
            cur.execute("CREATE TABLE x (i int)")


def test_error_while_fetching(conn: Connection[Any]) -> None:
    with conn.cursor("herd", row_factory=scalar_row) as cur:
        cur.execute("SELECT 1 / (3 - i) FROM generate_series(1, 5) AS i")
        assert cur.fetchmany(2) == [0, 1]
        with pytest.raises(errors.DivisionByZero):
            cur.fetchall()
    conn.rollback()
    assert conn.execute("SELECT 1").fetchone() == (1,)


def test_savepoints(conn: Connection[Any]) -> None:
    with conn.transaction():
        cur = conn.cursor("herd")
        cur.execute(SERIES)
        with conn.transaction(force_rollback=True):
            cur.fetchone()
        # Its position is not rolled back.
        assert cur.fetchone() == (2,)


def test_what_is_not_for_named_cursors(conn: Connection[Any]) -> None:
    cur = conn.cursor("herd")
    with pytest.raises(howdah.NotSupportedError):
        cur.executemany("SELECT %s", [(1,)])
    with pytest.raises(howdah.NotSupportedError):
        cur.stream("SELECT 1")
    with pytest.raises(howdah.NotSupportedError):
        cur.execute("SELECT 1", prepare=True)
    assert conn.info.transaction_status == TransactionStatus.IDLE


def test_repr(conn: Connection[Any]) -> None:
    assert "ServerCursor 'herd' [no result]" in repr(conn.cursor("herd"))


def test_backend_killed_between_fetches(
    conn: Connection[Any], conn_cls: type[Connection[Any]], dsn: str
) -> None:
    with conn.cursor("herd", row_factory=scalar_row) as cur:
        cur.itersize = 5
        cur.execute(SERIES)
        assert cur.fetchone() == 1
        for i in cur:
            assert i == 2
            break
        with conn_cls.connect(dsn, autocommit=True) as killer:
            killer.execute("SELECT pg_terminate_backend(%s)", [conn.info.backend_pid])
        seen: list[int] = []
        with pytest.raises(howdah.OperationalError):
            collect(cur, seen)
    assert seen == [3, 4, 5, 6]
    assert conn.broken


def test_backend_killed_while_fetching(conn: Connection[Any]) -> None:
    seen: list[int] = []
    with conn.cursor("herd", row_factory=scalar_row) as cur:
        cur.itersize = 3
        cur.execute(
            "SELECT i FROM generate_series(1, 100000) AS i"
            " WHERE i < 5 OR pg_terminate_backend(pg_backend_pid())"
        )
        with pytest.raises(howdah.OperationalError):
            collect(cur, seen)
    assert seen == [1, 2, 3]
    assert conn.broken


def test_one_result(conn: Connection[Any]) -> None:
    with conn.cursor("herd") as cur:
        assert list(cur.results()) == []
        cur.execute(SERIES)
        assert [each.fetchone() for each in cur.results()] == [(1,)]
        assert cur.set_result(0) is cur.set_result(-1) is cur
        assert (cur.rownumber, cur.fetchone(), cur.nextset()) == (1, (2,), None)
        with pytest.raises(IndexError):
            cur.set_result(1)


@pytest.mark.parametrize("state", ["open", "closed", "new", "failed", "connection closed"])
def test_a_cursor_left_open_warns(dsn: str, state: str) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with howdah.Connection.connect(dsn) as conn:
            cur = conn.cursor("herd")
            if state == "failed":
                with pytest.raises(errors.SyntaxError):
                    cur.execute("nonsense")
                conn.rollback()
            elif state != "new":
                cur.execute(SERIES)
            if state == "closed":
                cur.close()
            if state == "connection closed":
                conn.close()
            del cur
            gc.collect()
    assert [each.category for each in caught] == [ResourceWarning] * (state == "open")
    assert state != "open" or "'herd' was deleted" in str(caught[0].message)


def test_a_name_that_is_refused_leaves_nothing_to_warn_of(conn: Connection[Any]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(howdah.ProgrammingError):
            conn.cursor("x" * 64)
        gc.collect()
