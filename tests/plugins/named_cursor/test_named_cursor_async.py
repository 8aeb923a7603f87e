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

AsyncConnection = howdah.AsyncConnection

SERIES = "SELECT i FROM generate_series(1, 10) AS i"
#: A plan that cannot be run backwards.
FORWARD_ONLY = "SELECT i, count(*) FROM generate_series(1, 10) AS i GROUP BY i"


async def cursors(aconn: Any) -> list[str]:
    """Return the names of the cursors that the server has."""
    cur = await aconn.execute("SELECT name FROM pg_cursors WHERE name <> '' ORDER BY name")
    return [name for (name,) in await cur.fetchall()]


async def collect(cur: Any, seen: list[Any]) -> None:
    """Append what a cursor yields."""
    async for row in cur:
        seen.append(row)


async def test_capability() -> None:
    assert howdah.capabilities.has_named_cursor


async def test_fetching(aconn: AsyncConnection[Any]) -> None:
    async with aconn.cursor(name="herd") as cur:
        assert type(cur) is howdah.AsyncServerCursor
        assert cur.name == "herd"
        assert cur.rownumber is None
        assert await cur.execute("SELECT i, i || '!' AS t FROM generate_series(1, 10) AS i") is cur
        assert [column.name for column in cur.description] == ["i", "t"]
        assert [column.type_code for column in cur.description] == [23, 25]
        assert (cur.rownumber, cur.rowcount, cur.statusmessage) == (0, -1, "DECLARE CURSOR")
        assert await cur.fetchone() == (1, "1!")
        assert await cur.fetchmany() == [(2, "2!")]
        assert await cur.fetchmany(3) == [(3, "3!"), (4, "4!"), (5, "5!")]
        assert cur.rownumber == 5
        assert [i for i, _ in await cur.fetchall()] == [6, 7, 8, 9, 10]
        assert (cur.rownumber, cur.rowcount, cur.statusmessage) == (10, -1, "FETCH 5")
        assert await cur.fetchone() is None
        assert await cur.fetchmany(5) == await cur.fetchall() == []


@pytest.mark.parametrize("itersize", [1, 3, 5, 10, 100, None])
async def test_iteration(aconn: AsyncConnection[Any], itersize: int | None) -> None:
    cur = aconn.cursor("herd", row_factory=scalar_row)
    assert cur.itersize == 100
    cur.itersize = itersize
    await cur.execute(SERIES)
    assert [i async for i in cur] == [*range(1, 11)]
    assert cur.rownumber == 10
    assert [i async for i in cur] == []


async def test_itersize_is_what_comes_at_a_time(aconn: AsyncConnection[Any]) -> None:
    cur = aconn.cursor("herd")
    cur.itersize = 4
    await cur.execute(SERIES)
    async for row in cur:
        assert row == (1,)
        break
    # The server has gone past the four rows that were fetched.
    assert await (await aconn.execute("FETCH herd")).fetchone() == (5,)


async def test_mixed(aconn: AsyncConnection[Any]) -> None:
    cur = aconn.cursor("herd", row_factory=scalar_row)
    cur.itersize = 4
    await cur.execute(SERIES)
    seen = []
    async for i in cur:
        seen.append(i)
        if i == 2:
            seen.append(await cur.fetchone())
        if i == 4:
            break
    assert seen == [1, 2, 3, 4]
    async for i in cur:
        assert i == 5
        break
    assert cur.rownumber == 5
    assert await cur.fetchmany(4) == [6, 7, 8, 9]
    assert await cur.fetchall() == [10]


@pytest.mark.parametrize("name", ["a b", 'say "no"', "Groß; DROP TABLE x --", "n" * 63])
async def test_names_are_quoted(aconn: AsyncConnection[Any], name: str) -> None:
    async with aconn.cursor(name) as cur:
        await cur.execute("SELECT 1")
        assert await cursors(aconn) == [name]
        assert await cur.fetchone() == (1,)
        await cur.scroll(0, "absolute")
    assert await cursors(aconn) == []


@pytest.mark.parametrize("name", ["", "a\0b", "n" * 64, "ß" * 32])
async def test_impossible_names(aconn: AsyncConnection[Any], name: str) -> None:
    with pytest.raises(howdah.ProgrammingError, match="cannot be the name of a cursor"):
        aconn.cursor(name)


async def test_parameters(aconn: AsyncConnection[Any]) -> None:
    cur = aconn.cursor("herd")
    await cur.execute("SELECT %s::int, %s, %s::date", [1, "x", None])
    assert await cur.fetchone() == (1, "x", None)
    await cur.execute("SELECT %(a)s, %(a)s, '%%'", {"a": "y"})
    assert await cur.fetchone() == ("y", "y", "%")
    await cur.execute("SELECT '%s'")
    assert await cur.fetchone() == ("%s",)
    await cur.execute(howdah.sql.SQL("SELECT {}").format(7))
    assert await cur.fetchone() == (7,)
    aconn.server_cursor_factory = howdah.AsyncRawServerCursor
    raw = aconn.cursor("raw")
    await raw.execute("SELECT $1::int + $2", [1, 2])
    assert await raw.fetchone() == (3,)


async def test_again(aconn: AsyncConnection[Any]) -> None:
    cur = aconn.cursor("herd")
    await cur.execute(SERIES)
    assert await cur.fetchmany(2) == [(1,), (2,)]
    await cur.execute("SELECT 'a' AS b")
    assert cur.rownumber == 0
    assert cur.description[0].name == "b"
    assert await cur.fetchall() == [("a",)]
    assert await cursors(aconn) == ["herd"]


async def test_a_name_that_is_taken(aconn: AsyncConnection[Any]) -> None:
    await aconn.cursor("herd").execute(SERIES)
    with pytest.raises(errors.DuplicateCursor):
        await aconn.cursor("herd").execute(SERIES)


@pytest.mark.parametrize("scrollable", [True, None])
async def test_scroll(aconn: AsyncConnection[Any], scrollable: bool | None) -> None:
    cur = aconn.cursor("herd", scrollable=scrollable, row_factory=scalar_row)
    await cur.execute(SERIES)
    await cur.scroll(2)
    assert (cur.rownumber, await cur.fetchone()) == (2, 3)
    await cur.scroll(3, mode="relative")
    assert await cur.fetchone() == 7
    await cur.scroll(-7)
    assert (cur.rownumber, await cur.fetchone()) == (0, 1)
    await cur.scroll(9, mode="absolute")
    assert await cur.fetchone() == 10
    await cur.scroll(0, "absolute")
    assert await cur.fetchall() == [*range(1, 11)]
    await cur.scroll(-1)
    assert (cur.rownumber, await cur.fetchone()) == (9, 10)
    assert await cur.fetchone() is None
    await cur.scroll(-10)
    assert await cur.fetchall() == [*range(1, 11)]
    await cur.scroll(10, "absolute")
    assert await cur.fetchone() is None


async def test_scroll_among_rows_that_are_here(aconn: AsyncConnection[Any]) -> None:
    cur = aconn.cursor("herd", row_factory=scalar_row)
    cur.itersize = 6
    await cur.execute(SERIES)
    async for _ in cur:
        break
    await cur.scroll(3)
    assert await cur.fetchone() == 5
    await cur.scroll(-2)
    assert await cur.fetchone() == 4
    await cur.scroll(4)
    assert (cur.rownumber, await cur.fetchone()) == (8, 9)
    await cur.scroll(-8)
    assert await cur.fetchmany(10) == [*range(2, 11)]


async def test_out_of_bound(aconn: AsyncConnection[Any]) -> None:
    cur = aconn.cursor("herd", scrollable=True, row_factory=scalar_row)
    await cur.execute(SERIES)
    assert await cur.fetchone() == 1
    for value, mode in [(-2, "relative"), (-1, "absolute")]:
        with pytest.raises(IndexError):
            await cur.scroll(value, mode)
        assert cur.rownumber == 1
    for value, mode in [(20, "relative"), (11, "absolute")]:
        await cur.scroll(1, "absolute")
        with pytest.raises(IndexError):
            await cur.scroll(value, mode)
        assert (cur.rownumber, await cur.fetchone()) == (10, None)
    await cur.scroll(-1)
    assert await cur.fetchone() == 10
    with pytest.raises(ValueError, match="bad mode"):
        await cur.scroll(1, "sideways")


async def test_not_scrollable(aconn: AsyncConnection[Any]) -> None:
    cur = aconn.cursor("herd", scrollable=False, row_factory=scalar_row)
    await cur.execute(SERIES)
    await cur.scroll(2)
    await cur.scroll(4, "absolute")
    assert await cur.fetchmany(2) == [5, 6]
    for value, mode in [(-1, "relative"), (0, "absolute")]:
        with pytest.raises(howdah.OperationalError, match="scrollable=True"):
            await cur.scroll(value, mode)
    await cur.scroll(0)
    # It was noticed before the server could fail the transaction.
    assert await cur.fetchone() == 7


async def test_the_server_decides(aconn: AsyncConnection[Any]) -> None:
    cur = aconn.cursor("herd", scrollable=True)
    await cur.execute(FORWARD_ONLY)
    first = await cur.fetchmany(3)
    await cur.fetchmany(3)
    await cur.scroll(0, "absolute")
    assert await cur.fetchmany(3) == first
    cur = aconn.cursor("flock")
    await cur.execute(FORWARD_ONLY)
    await cur.fetchmany(2)
    await cur.fetchmany(3)
    with pytest.raises(errors.ObjectNotInPrerequisiteState):
        await cur.scroll(-4)


async def test_where_current_of(aconn: AsyncConnection[Any]) -> None:
    await aconn.execute("CREATE TEMP TABLE elephants AS SELECT i, '' AS seen FROM generate_series(1, 3) AS i")
    cur = aconn.cursor("herd")
    await cur.execute("SELECT i FROM elephants FOR UPDATE")
    cur.itersize = 1
    async for (i,) in cur:
        await aconn.execute("UPDATE elephants SET seen = %s WHERE CURRENT OF herd", [str(i)])
    rows = await (await aconn.execute("SELECT i, seen FROM elephants ORDER BY i")).fetchall()
    assert rows == [(1, "1"), (2, "2"), (3, "3")]


async def test_without_hold(aconn: AsyncConnection[Any]) -> None:
    async with aconn.cursor("herd") as cur:
        await cur.execute(SERIES)
        await cur.fetchone()
        await aconn.commit()
        with pytest.raises(errors.InvalidCursorName):
            await cur.fetchone()


async def test_withhold(aconn: AsyncConnection[Any]) -> None:
    async with aconn.cursor("herd", withhold=True, scrollable=True) as cur:
        await cur.execute("SELECT i FROM generate_series(1, %s) AS i", [5])
        assert await cur.fetchone() == (1,)
        await aconn.commit()
        assert await cur.fetchmany(2) == [(2,), (3,)]
        await cur.scroll(-3)
        await aconn.rollback()
        assert [row async for row in cur] == [(1,), (2,), (3,), (4,), (5,)]
        await aconn.commit()
    assert aconn.info.transaction_status == TransactionStatus.IDLE
    assert await cursors(aconn) == []


async def test_withhold_closed_in_a_failed_transaction(aconn: AsyncConnection[Any]) -> None:
    async with aconn.cursor("herd", withhold=True) as cur:
        await cur.execute(SERIES)
        await aconn.commit()
        with pytest.raises(errors.DivisionByZero):
            await aconn.execute("SELECT 1/0")
    assert aconn.info.transaction_status == TransactionStatus.INERROR
    await aconn.rollback()
    assert await cursors(aconn) == []


async def test_autocommit(aconn_cls: type[AsyncConnection[Any]], dsn: str) -> None:
    async with await aconn_cls.connect(dsn, autocommit=True) as aconn:
        cur = aconn.cursor("herd")
        with pytest.raises(errors.NoActiveSqlTransaction, match=r"DECLARE CURSOR.*transaction block"):
            await cur.execute(SERIES)
        async with aconn.transaction():
            await cur.execute(SERIES)
            assert await cur.fetchone() == (1,)
        held = aconn.cursor("held", withhold=True)
        await held.execute(SERIES)
        assert len(await held.fetchall()) == 10
        await held.close()
        assert await cursors(aconn) == []


async def test_taken_over(aconn: AsyncConnection[Any]) -> None:
    await aconn.execute('DECLARE "He rd" SCROLL CURSOR FOR SELECT i FROM generate_series(1, 10) AS i')
    await aconn.execute('FETCH 4 FROM "He rd"')
    async with aconn.cursor("He rd", row_factory=scalar_row) as cur:
        assert cur.description is None
        assert await cur.fetchmany(2) == [5, 6]
        assert cur.rownumber == 2
        assert cur.description[0].name == "i"
        await cur.scroll(-4)
        assert await cur.fetchone() == 3
        await cur.scroll(8, "absolute")
        assert (cur.rownumber, await cur.fetchone()) == (8, 9)
        with pytest.raises(IndexError):
            await cur.scroll(100)
        await cur.scroll(-1)
        assert (cur.rownumber, await cur.fetchone()) == (9, 10)
    assert await cursors(aconn) == []


async def test_taken_over_and_scrolled_first(aconn: AsyncConnection[Any]) -> None:
    await aconn.execute("DECLARE herd SCROLL CURSOR FOR SELECT i FROM generate_series(1, 10) AS i")
    await aconn.execute("FETCH 4 FROM herd")
    cur = aconn.cursor("herd", row_factory=scalar_row)
    await cur.scroll(-4)
    assert (cur.rownumber, await cur.fetchone()) == (0, 1)
    with pytest.raises(IndexError):
        await cur.scroll(-2)
    other = aconn.cursor("herd", row_factory=scalar_row)
    with pytest.raises(IndexError):
        await other.scroll(-2)
    assert (other.rownumber, await other.fetchone()) == (0, 1)
    third = aconn.cursor("herd", row_factory=scalar_row)
    with pytest.raises(IndexError):
        await third.scroll(11, "absolute")
    await third.scroll(-2)
    assert await third.fetchall() == [9, 10]


async def test_nothing_to_take_over(aconn: AsyncConnection[Any]) -> None:
    cur = aconn.cursor("nobody")
    with pytest.raises(errors.InvalidCursorName, match="nobody"):
        await cur.fetchone()
    await aconn.rollback()
    await cur.close()


@pytest.mark.parametrize("binary", [None, True, False])
async def test_formats(aconn: AsyncConnection[Any], binary: bool | None) -> None:
    query = "SELECT 1, 'x', 2.5::float8, '2020-02-03'::date, ARRAY[1, 2], NULL::int"
    plain = await (await aconn.execute(query)).fetchone()
    cur = aconn.cursor("herd", binary=binary)
    await cur.execute(query)
    assert await cur.fetchone() == plain
    other = aconn.cursor("flock")
    await other.execute(query, binary=binary)
    assert await other.fetchone() == plain
    expected = 0 if binary is False else 1
    assert cur._result.fields[0].format == other._result.fields[0].format == expected


class Shout(Loader):
    def load(self, data: Any) -> str:
        return bytes(data).decode() + "!"


async def test_adapters_of_the_cursor(aconn: AsyncConnection[Any]) -> None:
    cur = aconn.cursor("herd", binary=False)
    await cur.execute("SELECT i, 'x'::text FROM generate_series(1, 3) AS i")
    assert await cur.fetchone() == (1, "x")
    cur.adapters.register_loader("text", Shout)
    assert await cur.fetchone() == (2, "x!")


async def test_types_known_by_name(aconn: AsyncConnection[Any]) -> None:
    await aconn.execute("CREATE TYPE pg_temp.gait AS ENUM ('walk', 'amble')")
    aconn.adapters.register_loader("pg_temp.gait", Shout)
    cur = aconn.cursor("herd")
    await cur.execute("SELECT 'walk'::pg_temp.gait")
    assert await cur.fetchone() == ("walk!",)


async def test_row_factories(aconn: AsyncConnection[Any]) -> None:
    cur = aconn.cursor("herd", row_factory=dict_row)
    await cur.execute("SELECT i AS a FROM generate_series(1, 5) AS i")
    assert await cur.fetchone() == {"a": 1}
    assert await cur.fetchmany(1) == [{"a": 2}]
    cur.row_factory = scalar_row
    assert await cur.fetchone() == 3
    assert [row async for row in cur] == [4, 5]


async def test_a_row_that_cannot_be_loaded(aconn: AsyncConnection[Any]) -> None:
    class Fussy(Loader):
        def load(self, data: Any) -> int:
            if data == b"3":
                raise ValueError("not three")
            return int(bytes(data))

    cur = aconn.cursor("herd", binary=False, row_factory=scalar_row)
    cur.adapters.register_loader("int4", Fussy)
    await cur.execute(SERIES)
    assert await cur.fetchmany(2) == [1, 2]
    for _ in range(2):
        with pytest.raises(ValueError, match="not three"):
            await cur.fetchall()
    await cur.scroll(1)
    assert await cur.fetchone() == 4
    await cur.scroll(0, "absolute")
    seen: list[int] = []
    with pytest.raises(ValueError, match="not three"):
        await collect(cur, seen)
    assert seen == [1, 2]


async def test_close(aconn: AsyncConnection[Any]) -> None:
    cur = aconn.cursor("herd")
    await cur.execute(SERIES)
    await cur.close()
    assert cur.closed
    assert await cursors(aconn) == []
    await cur.close()
    for call in (cur.fetchone, cur.fetchall, cur.fetchmany):
        with pytest.raises(howdah.InterfaceError, match="closed"):
            await call()
    with pytest.raises(howdah.InterfaceError, match="closed"):
        await cur.scroll(1)
    with pytest.raises(howdah.InterfaceError, match="closed"):
        await cur.execute(SERIES)


async def test_failed_transaction(aconn: AsyncConnection[Any]) -> None:
    async with aconn.cursor("herd", row_factory=scalar_row) as cur:
        await cur.execute(SERIES)
        assert await cur.fetchone() == 1
        with pytest.raises(errors.DivisionByZero):
            await aconn.execute("SELECT 1/0")
        with pytest.raises(errors.InFailedSqlTransaction):
            await cur.fetchone()
        await aconn.rollback()
        with pytest.raises(errors.InvalidCursorName):
            await cur.fetchone()
        await aconn.rollback()
        await cur.execute(SERIES)
        assert await cur.fetchall() == [*range(1, 11)]
        with pytest.raises(errors.DivisionByZero):
            await aconn.execute("SELECT 1/0")
    await aconn.rollback()


async def test_error_while_declaring(aconn: AsyncConnection[Any]) -> None:
    async with aconn.cursor("herd") as cur:
        with pytest.raises(errors.UndefinedTable, match="nowhere"):
            await cur.execute("SELECT * FROM nowhere")
        await aconn.rollback()
        with pytest.raises(errors.SyntaxError):
            await cur.execute("CREATE TABLE x (i int)")


async def test_error_while_fetching(aconn: AsyncConnection[Any]) -> None:
    async with aconn.cursor("herd", row_factory=scalar_row) as cur:
        await cur.execute("SELECT 1 / (3 - i) FROM generate_series(1, 5) AS i")
        assert await cur.fetchmany(2) == [0, 1]
        with pytest.raises(errors.DivisionByZero):
            await cur.fetchall()
    await aconn.rollback()
    assert await (await aconn.execute("SELECT 1")).fetchone() == (1,)


async def test_savepoints(aconn: AsyncConnection[Any]) -> None:
    async with aconn.transaction():
        cur = aconn.cursor("herd")
        await cur.execute(SERIES)
        async with aconn.transaction(force_rollback=True):
            await cur.fetchone()
        # Its position is not rolled back.
        assert await cur.fetchone() == (2,)


async def test_what_is_not_for_named_cursors(aconn: AsyncConnection[Any]) -> None:
    cur = aconn.cursor("herd")
    with pytest.raises(howdah.NotSupportedError):
        await cur.executemany("SELECT %s", [(1,)])
    with pytest.raises(howdah.NotSupportedError):
        cur.stream("SELECT 1")
    with pytest.raises(howdah.NotSupportedError):
        await cur.execute("SELECT 1", prepare=True)
    assert aconn.info.transaction_status == TransactionStatus.IDLE


async def test_repr(aconn: AsyncConnection[Any]) -> None:
    assert "AsyncServerCursor 'herd' [no result]" in repr(aconn.cursor("herd"))


async def test_backend_killed_between_fetches(
    aconn: AsyncConnection[Any], aconn_cls: type[AsyncConnection[Any]], dsn: str
) -> None:
    async with aconn.cursor("herd", row_factory=scalar_row) as cur:
        cur.itersize = 5
        await cur.execute(SERIES)
        assert await cur.fetchone() == 1
        async for i in cur:
            assert i == 2
            break
        async with await aconn_cls.connect(dsn, autocommit=True) as killer:
            await killer.execute("SELECT pg_terminate_backend(%s)", [aconn.info.backend_pid])
        seen: list[int] = []
        with pytest.raises(howdah.OperationalError):
            await collect(cur, seen)
    assert seen == [3, 4, 5, 6]
    assert aconn.broken


async def test_backend_killed_while_fetching(aconn: AsyncConnection[Any]) -> None:
    seen: list[int] = []
    async with aconn.cursor("herd", row_factory=scalar_row) as cur:
        cur.itersize = 3
        await cur.execute(
            "SELECT i FROM generate_series(1, 100000) AS i"
            " WHERE i < 5 OR pg_terminate_backend(pg_backend_pid())"
        )
        with pytest.raises(howdah.OperationalError):
            await collect(cur, seen)
    assert seen == [1, 2, 3]
    assert aconn.broken


async def test_one_result(aconn: AsyncConnection[Any]) -> None:
    async with aconn.cursor("herd") as cur:
        assert [each async for each in cur.results()] == []
        await cur.execute(SERIES)
        assert [await each.fetchone() async for each in cur.results()] == [(1,)]
        assert await cur.set_result(0) is await cur.set_result(-1) is cur
        assert (cur.rownumber, await cur.fetchone(), cur.nextset()) == (1, (2,), None)
        with pytest.raises(IndexError):
            await cur.set_result(1)


@pytest.mark.parametrize("state", ["open", "closed", "new", "failed", "connection closed"])
async def test_a_cursor_left_open_warns(dsn: str, state: str) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        async with await howdah.AsyncConnection.connect(dsn) as aconn:
            cur = aconn.cursor("herd")
            if state == "failed":
                with pytest.raises(errors.SyntaxError):
                    await cur.execute("nonsense")
                await aconn.rollback()
            elif state != "new":
                await cur.execute(SERIES)
            if state == "closed":
                await cur.close()
            if state == "connection closed":
                await aconn.close()
            del cur
            gc.collect()
    assert [each.category for each in caught] == [ResourceWarning] * (state == "open")
    assert state != "open" or "'herd' was deleted" in str(caught[0].message)


async def test_a_name_that_is_refused_leaves_nothing_to_warn_of(aconn: AsyncConnection[Any]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(howdah.ProgrammingError):
            aconn.cursor("x" * 64)
        gc.collect()
