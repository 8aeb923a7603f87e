"""Cursors: queries, results, and errors."""

from __future__ import annotations

import gc
import pickle

import pytest

import howdah
from howdah import pq, sql
from howdah.rows import class_row, dict_row, namedtuple_row, scalar_row
from tests.proxy import Proxy

pytestmark = pytest.mark.anyio

ASYNC = True


@pytest.fixture
def cur(aconn):
    return aconn.cursor()


async def collect(rows):
    return [row async for row in rows]


class Failing(howdah.adapt.Loader):
    """Fails on odd numbers."""

    def load(self, data):
        number = int(bytes(data))
        if number % 2:
            raise ValueError(f"{number} is odd")
        return number


async def test_execute_returns_the_cursor(cur):
    assert await cur.execute("select 1") is cur


async def test_the_text_that_was_sent(cur):
    assert cur.kernel.query is None
    for i in range(10):  # prepared, and on the fast path
        await cur.execute("select %s::int", [i])
        assert cur.kernel.query == b"select $1::int"
    await cur.execute("select 1; select 2")
    assert cur.kernel.query == b"select 1; select 2"
    await cur.executemany("select %(a)s::int", [{"a": 1}])
    assert cur.kernel.query == b"select $1::int"
    async for _ in cur.stream("select 3"):
        assert cur.kernel.query == b"select 3"


async def test_execute_forms(cur):
    assert await (await cur.execute(b"select 1")).fetchone() == (1,)
    assert await (await cur.execute(sql.SQL("select {}").format(sql.Literal("x")))).fetchone() == ("x",)
    assert await (await cur.execute("select %(a)s, %(b)s, %(a)s", {"a": 1, "b": 2})).fetchone() == (1, 2, 1)
    assert await (await cur.execute("select '%'")).fetchone() == ("%",)
    assert await (await cur.execute("select '%%', %s", (1,))).fetchone() == ("%", 1)
    assert await (await cur.execute("select %s::int, %b::int, %t::int", [1, 2, 3])).fetchone() == (1, 2, 3)
    with pytest.raises(TypeError):
        await cur.execute(42)
    assert await (await cur.execute("select 4")).fetchone() == (4,)


@pytest.mark.parametrize(
    ("params", "error"),
    [
        ((), howdah.ProgrammingError),
        ((1, 2), howdah.ProgrammingError),
        ({"a": 1}, TypeError),
        ("x", TypeError),
    ]
    + [((object(),), howdah.ProgrammingError)],
)
async def test_parameters_that_do_not_fit(aconn, cur, params, error):
    with pytest.raises(error):
        await cur.execute("select %s", params)
    # Nothing was sent: no transaction has begun.
    assert aconn.info.transaction_status == pq.TransactionStatus.IDLE
    assert await (await cur.execute("select 1")).fetchone() == (1,)


async def test_fetches(cur):
    assert await cur.execute("select generate_series(1, %s)", (6,)) is cur
    assert cur.rowcount == 6
    assert await cur.fetchone() == (1,)
    assert await cur.fetchmany(2) == [(2,), (3,)]
    assert await anext(cur) == (4,)
    assert [row async for row in cur] == [(5,), (6,)]
    assert await cur.fetchall() == []
    assert await cur.fetchone() is None
    await cur.scroll(-2)
    assert cur.rownumber == 4
    assert await cur.fetchall() == [(5,), (6,)]
    with pytest.raises(IndexError):
        await cur.scroll(10, "absolute")
    with pytest.raises(StopAsyncIteration):
        await anext(cur)


async def test_fetching_a_negative_number(aconn, cur):
    named = aconn.cursor("negative")
    itersize = aconn.cursor()
    itersize.itersize = 2
    for cursor in (cur, named, itersize):
        await cursor.execute("select generate_series(1, 3)")
        with pytest.raises(howdah.InterfaceError, match="not -1"):
            await cursor.fetchmany(-1)
        cursor.arraysize = -2
        with pytest.raises(howdah.InterfaceError, match="not -2"):
            await cursor.fetchmany()
        assert await cursor.fetchall() == [(1,), (2,), (3,)]
        await cursor.close()


@pytest.mark.parametrize("size", [2.0, 100.0, float("inf"), float("nan"), "2"])
async def test_fetching_a_number_that_is_no_integer(aconn, cur, size):
    itersize = aconn.cursor()
    itersize.itersize = 2
    for cursor in (cur, itersize):
        await cursor.execute("select generate_series(1, 3)")
        with pytest.raises(TypeError):
            await cursor.fetchmany(size)
        with pytest.raises(TypeError):
            await cursor.scroll(size)
        assert await cursor.fetchall() == [(1,), (2,), (3,)]
        await cursor.close()


async def test_no_result(cur):
    for call in (cur.fetchone, cur.fetchmany, cur.fetchall):
        with pytest.raises(howdah.ProgrammingError):
            await call()
    with pytest.raises(howdah.ProgrammingError):
        async for _ in cur:
            pass


async def test_closed(cur):
    async with cur:
        await cur.execute("select 1")
    assert cur.closed
    for call in (cur.fetchone, lambda: cur.execute("select 1"), lambda: cur.executemany("select %s", [(1,)])):
        with pytest.raises(howdah.InterfaceError):
            await call()


async def test_a_zero_byte_in_the_query(aconn, cur):
    with pytest.raises(howdah.Error, match="zero byte"):
        await cur.execute("select '\0'")
    with pytest.raises(howdah.Error, match="zero byte"):
        await cur.execute("select '\0', %s", (1,))
    assert aconn.info.transaction_status == pq.TransactionStatus.IDLE
    notices = []
    aconn.add_notice_handler(notices.append)
    assert await (await cur.execute("select 1")).fetchone() == (1,)
    assert notices == []


async def test_too_many_parameters(cur):
    count = 65536
    query = f"select {','.join(['%s'] * count)}"
    with pytest.raises(howdah.ProgrammingError, match="65535"):
        await cur.execute(query, (None,) * count)
    assert await (await cur.execute("select 1")).fetchone() == (1,)


async def test_the_most_parameters(cur):
    values = ",".join(["(%s::int)"] * 65535)
    assert await (
        await cur.execute(f"select count(*) from (values {values}) v", (1,) * 65535)
    ).fetchone() == (65535,)


@pytest.mark.parametrize("query", ["", ";", "  ", "-- nothing", ";;"])
async def test_empty_query(cur, query):
    await cur.execute(query)
    assert cur.description is None
    assert cur.statusmessage is None
    assert cur.rowcount == -1
    with pytest.raises(howdah.ProgrammingError):
        await cur.fetchone()
    assert await (await cur.execute("select 1")).fetchone() == (1,)


async def test_script(cur):
    await cur.execute(
        "create temp table t (x int); insert into t values (1), (2); select * from t; delete from t"
    )
    assert cur.statusmessage == "CREATE TABLE"
    assert cur.nextset()
    assert (cur.statusmessage, cur.rowcount) == ("INSERT 0 2", 2)
    assert cur.nextset()
    assert await cur.fetchall() == [(1,), (2,)]
    assert cur.nextset()
    assert cur.statusmessage == "DELETE 2"
    assert cur.nextset() is None
    await cur.set_result(2)
    assert await cur.fetchall() == [(1,), (2,)]
    await cur.set_result(-3)
    assert cur.statusmessage == "INSERT 0 2"
    for index in (4, -5):
        with pytest.raises(IndexError):
            await cur.set_result(index)
    assert [c.statusmessage async for c in cur.results()] == ["INSERT 0 2", "SELECT 2", "DELETE 2"]
    await cur.set_result(0)
    assert [c.statusmessage async for c in cur.results()] == [
        "CREATE TABLE",
        "INSERT 0 2",
        "SELECT 2",
        "DELETE 2",
    ]


async def test_script_with_parameters_is_refused(cur):
    with pytest.raises(howdah.errors.SyntaxError):
        await cur.execute("select %s; select 2", (1,))


async def test_script_with_a_failing_part(aconn, cur):
    await aconn.set_autocommit(True)
    await cur.execute("create temp table t (x int)")
    with pytest.raises(howdah.errors.DivisionByZero):
        await cur.execute("insert into t values (1); select 1 / 0; insert into t values (2)")
    assert await (await cur.execute("table t")).fetchall() == []


async def test_a_semicolon_in_a_string_is_no_script(cur):
    assert await (await cur.execute("select 'a;b', %s", (";",))).fetchone() == ("a;b", ";")
    assert await (await cur.execute("select 'a;b'")).fetchone() == ("a;b",)


async def test_statusmessage_and_rowcount(cur):
    assert cur.statusmessage is None
    await cur.execute("select generate_series(1, 10)")
    assert (cur.statusmessage, cur.rowcount) == ("SELECT 10", 10)
    await cur.execute("create temp table t (x int)")
    assert (cur.statusmessage, cur.rowcount) == ("CREATE TABLE", -1)
    await cur.execute("insert into t select generate_series(1, 3)")
    assert (cur.statusmessage, cur.rowcount) == ("INSERT 0 3", 3)
    await cur.execute("update t set x = 0 where x > 1 returning x")
    assert (cur.statusmessage, cur.rowcount) == ("UPDATE 2", 2)


async def test_a_failed_query_leaves_no_result(cur):
    await cur.execute("select 1")
    with pytest.raises(howdah.errors.SyntaxError) as info:
        await cur.execute("selec 1")
    assert info.value.sqlstate == "42601"
    assert info.value.diag.severity == "ERROR"
    assert cur.description is None
    assert cur.rowcount == -1
    with pytest.raises(howdah.ProgrammingError):
        await cur.fetchone()


async def test_errors_pickle(cur):
    with pytest.raises(howdah.Error) as info:
        await cur.execute("select * from nowhere_at_all")
    copy = pickle.loads(pickle.dumps(info.value))
    assert type(copy) is howdah.errors.UndefinedTable
    assert copy.diag.message_primary == 'relation "nowhere_at_all" does not exist'
    assert str(copy) == str(info.value)


async def test_row_factory(aconn):
    cur = aconn.cursor(row_factory=scalar_row)
    await cur.execute("select generate_series(1, 3)")
    assert await cur.fetchall() == [1, 2, 3]


async def test_row_factories(cur):
    query = "select 1 as a, 2 as b"
    cur.row_factory = dict_row
    assert await (await cur.execute(query)).fetchone() == {"a": 1, "b": 2}
    cur.row_factory = namedtuple_row
    assert (await (await cur.execute(query)).fetchall())[0].b == 2
    # In the middle of a result too.
    await cur.execute(query)
    cur.row_factory = scalar_row
    assert await cur.fetchmany() == [1]

    class Thing:
        def __init__(self, a, b):
            self.sum = a + b

    cur.row_factory = class_row(Thing)
    assert [thing.sum async for thing in await cur.execute(query)] == [3]


async def test_a_row_factory_that_fails(aconn, cur):
    def factory(cursor):
        def make(values):
            raise ZeroDivisionError

        return make

    cur.row_factory = factory
    await cur.execute("select 1")
    with pytest.raises(ZeroDivisionError):
        await cur.fetchone()
    assert await (await aconn.execute("select 1")).fetchone() == (1,)


@pytest.mark.parametrize("binary", [None, False, True])
async def test_binary(aconn, binary):
    cur = aconn.cursor(binary=binary)
    await cur.execute("select 1, 'a'::text, 1.5::numeric, null")
    assert await cur.fetchone() == (1, "a", pytest.approx(1.5), None)
    for each in (True, False, None):
        await cur.execute("select 1, 'a'::text, %s::int", (3,), binary=each)
        assert await cur.fetchone() == (1, "a", 3)


async def test_errors_of_loaders(aconn, cur):
    cur.adapters.register_loader(23, Failing)
    await cur.execute("select generate_series(2, 8, 3)")
    assert cur.rowcount == 3
    assert await cur.fetchone() == (2,)
    with pytest.raises(ValueError, match="5 is odd"):
        await cur.fetchone()
    await cur.execute("values (2), (4), (5), (6)")
    with pytest.raises(ValueError, match="5 is odd"):
        await cur.fetchall()
    await cur.execute("values (2), (4), (5), (6)")
    rows = []
    with pytest.raises(ValueError, match="5 is odd"):
        async for row in cur:
            rows.append(row)
    assert rows == [(2,), (4,)]
    # The connection, and the transaction, are as before.
    assert aconn.info.transaction_status == pq.TransactionStatus.INTRANS
    assert await (await cur.execute("select 2")).fetchone() == (2,)
    assert await (await aconn.execute("select 1")).fetchone() == (1,)


async def test_loader_that_fails(aconn, cur):
    class Loader(howdah.adapt.Loader):
        def load(self, data):
            raise ZeroDivisionError

    cur.adapters.register_loader(23, Loader)
    await cur.execute("select 1")
    with pytest.raises(ZeroDivisionError):
        await cur.fetchone()
    await aconn.execute("select 1")


async def test_a_loader_that_raises_stop_iteration(aconn, cur):
    """It must not look like the end of the rows."""

    class Ending(howdah.adapt.Loader):
        def load(self, data):
            raise StopIteration

    cur.adapters.register_loader(23, Ending)
    await cur.execute("select 1")
    with pytest.raises(RuntimeError, match="StopIteration"):
        [row async for row in cur]
    with pytest.raises(RuntimeError, match="StopIteration"):
        [row async for row in cur.stream("select 1")]


async def test_a_loader_that_cannot_be_made(aconn, cur):
    class Impossible(howdah.adapt.Loader):
        def __init__(self, oid, context=None):
            raise ZeroDivisionError

        def load(self, data):
            return None

    cur.adapters.register_loader(23, Impossible)
    await cur.execute("select 1")
    with pytest.raises(ZeroDivisionError):
        await cur.fetchone()
    assert await (await aconn.execute("select 1")).fetchone() == (1,)


async def test_errors_of_dumpers(aconn, cur):
    class Dumper(howdah.adapt.Dumper):
        def dump(self, obj):
            raise ZeroDivisionError

    cur.adapters.register_dumper(int, Dumper)
    with pytest.raises(ZeroDivisionError):
        await cur.execute("select %s", (1,))
    assert aconn.info.transaction_status == pq.TransactionStatus.IDLE
    assert await (await aconn.execute("select %s", (1,))).fetchone() == (1,)


async def test_scopes_of_adapters(dsn):
    class Loader(howdah.adapt.Loader):
        def load(self, data):
            return "mine"

    driver = howdah.Driver()
    async with await driver.AsyncConnection.connect(dsn) as conn:
        cur = conn.cursor()
        cur.adapters.register_loader(23, Loader)
        assert await (await cur.execute("select 1")).fetchone() == ("mine",)
        assert await (await conn.execute("select 1")).fetchone() == (1,)
        conn.adapters.register_loader(25, Loader)
        assert await (await conn.execute("select 'x'::text")).fetchone() == ("mine",)
        assert await (await conn.cursor().execute("select 'x'::text")).fetchone() == ("mine",)
        driver.adapters.register_loader(16, Loader)
        assert await (await conn.execute("select true")).fetchone() == (True,)
        async with await driver.AsyncConnection.connect(dsn) as other:
            assert await (await other.execute("select true, 1, 'x'::text")).fetchone() == ("mine", 1, "x")
    async with await howdah.AsyncConnection.connect(dsn) as other:
        assert await (await other.execute("select true")).fetchone() == (True,)


@pytest.mark.parametrize(
    "query",
    ["copy (select 1) to stdout", "copy t from stdin", "copy (select generate_series(1, 100000)) to stdout"],
)
@pytest.mark.parametrize("autocommit", [True, False])
@pytest.mark.parametrize("itersize", [None, 5])
async def test_copy_is_refused(aconn, cur, query, autocommit, itersize):
    await aconn.set_autocommit(autocommit)
    await aconn.execute("create temp table t (x int)")
    cur.itersize = itersize
    for call in (
        lambda: cur.execute(query),
        lambda: cur.execute(query if itersize else f"{query}; select 1"),
        lambda: collect(cur.stream(query)),
        lambda: cur.executemany(query, [()]),
    ):
        with pytest.raises(howdah.ProgrammingError) as info:
            await call()
        assert not aconn.closed
        assert "copy()" in str(info.value)
        if not autocommit:
            await aconn.rollback()
            await aconn.execute("create temp table t (x int)")
        assert await (await aconn.execute("select 1")).fetchone() == (1,)


# Many at once


@pytest.mark.parametrize("count", [3, 30_000])
async def test_executemany(aconn, cur, count):
    await cur.execute("create temp table t (x int primary key)")
    await aconn.commit()
    await aconn.set_autocommit(True)
    await cur.executemany("insert into t values (%s)", [(n,) for n in range(count)])
    assert cur.rowcount == count
    with pytest.raises(howdah.errors.UniqueViolation):
        await cur.executemany("insert into t values (%s)", [(n,) for n in range(2 * count, 0, -1)])
    await cur.execute("select count(*) from t")
    assert await cur.fetchone() == (count,)
    await cur.executemany("select %s", [(1,), (2,)], returning=True)
    assert [await c.fetchone() async for c in cur.results()] == [(1,), (2,)]


async def test_executemany_returning(cur):
    await cur.executemany("select %s + 1", [(1,), (2,), (3,)], returning=True)
    assert await cur.fetchall() == [(2,)]
    assert cur.nextset()
    assert await cur.fetchall() == [(3,)]
    assert cur.nextset()
    assert not cur.nextset()
    assert [await c.fetchone() async for c in (await cur.set_result(0)).results()] == [(2,), (3,), (4,)]


async def test_executemany_without_returning_has_no_results(cur):
    await cur.executemany("select %s", [(1,), (2,)])
    assert cur.rowcount == 2
    for fetch in (cur.fetchone, cur.fetchmany, cur.fetchall):
        with pytest.raises(howdah.ProgrammingError, match=r"no result available: .* returning=True"):
            await fetch()
    await cur.executemany("select %s", [])
    with pytest.raises(howdah.ProgrammingError, match=r"no result available: execute a query first"):
        await cur.fetchone()


async def test_executemany_of_nothing(aconn, cur):
    await cur.executemany("select %s", [])
    assert cur.rowcount == 0
    await cur.executemany("select %s", iter([]), returning=True)
    with pytest.raises(howdah.ProgrammingError):
        await cur.fetchone()


async def test_executemany_with_types_that_change(cur):
    await cur.execute("create temp table t (x text)")
    await cur.executemany("insert into t values (%s)", [(1,), ("a",), (2.5,), (None,), (10**12,)])
    assert await (await cur.execute("table t")).fetchall() == [
        ("1",),
        ("a",),
        ("2.5",),
        (None,),
        (str(10**12),),
    ]


@pytest.mark.parametrize("count", [10, 30_000])
async def test_executemany_that_fails_leaves_nothing_in_autocommit(aconn, cur, count):
    await aconn.set_autocommit(True)
    await cur.execute("create temp table t (x int primary key)")
    rows = [(n,) for n in range(count)]
    with pytest.raises(howdah.errors.UniqueViolation):
        await cur.executemany("insert into t values (%s)", [*rows, (0,), *rows])
    assert aconn.info.transaction_status == pq.TransactionStatus.IDLE
    assert await (await cur.execute("select count(*) from t")).fetchone() == (0,)
    with pytest.raises(howdah.ProgrammingError):
        await cur.executemany("insert into t values (%s)", [*rows, (object(),)])
    assert await (await cur.execute("select count(*) from t")).fetchone() == (0,)
    await cur.executemany("insert into t values (%s)", rows)
    assert cur.rowcount == count
    assert await (await cur.execute("select count(*) from t")).fetchone() == (count,)


async def test_executemany_that_fails_in_a_transaction(aconn, cur):
    await cur.execute("create temp table t (x int primary key)")
    await aconn.commit()
    with pytest.raises(howdah.errors.UniqueViolation):
        await cur.executemany("insert into t values (%s)", [(1,), (1,), (2,)])
    assert aconn.info.transaction_status == pq.TransactionStatus.INERROR
    await aconn.rollback()
    with pytest.raises(ZeroDivisionError):
        await cur.executemany("insert into t values (%s)", ((1 // n,) for n in (1, 0)))
    assert aconn.info.transaction_status == pq.TransactionStatus.INTRANS
    await aconn.rollback()
    assert await (await cur.execute("table t")).fetchall() == []


# Size


async def test_large_values_both_ways(cur):
    value = b"\x00\xff" * 25_000_000
    await cur.execute("select %b, length(%b)", (value, value), binary=True)
    back, length = await cur.fetchone()
    assert length == len(value)
    assert back == value


async def test_large_values_both_ways_at_once(cur):
    # More than all buffers together in both directions: neither side may block the other.
    value = "x" * 1_000_000
    await cur.executemany("select %s::text", [(value,)] * 20, returning=True)
    assert sum([len((await c.fetchone())[0]) async for c in cur.results()]) == 20_000_000


async def test_many_rows(cur):
    await cur.execute("select x, repeat('a', 100) from generate_series(1, 100000) x")
    assert cur.rowcount == 100_000
    assert sum([row[0] async for row in cur]) == 100_000 * 100_001 // 2


# States


async def test_repr(aconn, cur):
    assert "[no result]" in repr(cur)
    await cur.execute("select 1")
    assert "[TUPLES_OK]" in repr(cur)
    await cur.execute("set timezone to 'UTC'")
    assert "[COMMAND_OK]" in repr(cur)
    await cur.close()
    assert "[closed]" in repr(cur)
    other = aconn.cursor()
    await aconn.close()
    assert "[connection closed]" in repr(other)


async def test_with_closes(aconn):
    async with aconn.cursor() as cur:
        await cur.execute("select 1")
    assert cur.closed
    with pytest.raises(howdah.InterfaceError):
        await cur.fetchone()


async def test_rows_outlive_the_connection(dsn):
    conn = await howdah.AsyncConnection.connect(dsn)
    cur = await conn.execute("select generate_series(1, 3)")
    await conn.close()
    assert await cur.fetchall() == [(1,), (2,), (3,)]


async def test_stream(aconn, cur):
    assert [row async for row in cur.stream("select generate_series(1, %s)", (3,))] == [(1,), (2,), (3,)]
    assert [row async for row in cur.stream("select 1 where false")] == []
    assert cur.description[0].name == "?column?"
    with pytest.raises(howdah.ProgrammingError):
        [row async for row in cur.stream("set timezone to 'UTC'")]
    with pytest.raises(ValueError, match="size"):
        [row async for row in cur.stream("select 1", size=0)]
    assert await (await aconn.execute("select 1")).fetchone() == (1,)


async def test_stream_binary(cur):
    assert [row async for row in cur.stream("select 1, 'a'::text", binary=True)] == [(1, "a")]


async def test_stream_that_fails_on_the_way(aconn, cur):
    rows = []
    with pytest.raises(howdah.errors.DivisionByZero):
        async for row in cur.stream("select 1 / (x - 5000) from generate_series(1, 10000) x"):
            rows.append(row)
    assert rows
    await aconn.rollback()
    assert await (await cur.execute("select 1")).fetchone() == (1,)


async def test_stream_left_early(aconn, cur):
    stream = cur.stream("select generate_series(1, 10000000)")
    async for row in stream:
        assert row == (1,)
        break
    if ASYNC:
        await stream.aclose()
    else:
        del stream
    await aconn.rollback()
    assert await (await cur.execute("select 'next'")).fetchone() == ("next",)


async def test_stream_has_the_connection_for_itself(aconn, cur):
    stream = cur.stream("select generate_series(1, 100000)")
    await anext(stream)
    for call in (
        lambda: aconn.execute("select 1"),
        aconn.commit,
        lambda: anext(aconn.cursor().stream("select 1")),
    ):
        with pytest.raises(howdah.ProgrammingError, match="stream"):
            await call()
    assert await anext(stream) == (2,)
    await stream.aclose()
    await aconn.rollback()
    assert await (await aconn.execute("select 1")).fetchone() == (1,)


async def test_stream_with_a_loader_that_fails(aconn, cur):
    cur.adapters.register_loader(23, Failing)
    stream = cur.stream("values (2), (4), (5), (6)")
    with pytest.raises(ValueError, match="5 is odd"):
        [row async for row in stream]
    assert aconn.info.transaction_status == pq.TransactionStatus.INTRANS
    assert await (await cur.execute("select 2")).fetchone() == (2,)


async def test_executemany_counts_rows(cur):
    await cur.execute("CREATE TEMP TABLE counted (x int)")
    await cur.executemany(
        "INSERT INTO counted SELECT generate_series(1, %s)", [(1,), (0,), (12,), (100_000,)]
    )
    assert cur.rowcount == 100_013
    await cur.executemany("UPDATE counted SET x = 0 WHERE x = %s RETURNING x", [(1,), (100_001,), (12,)])
    assert cur.rowcount == 5
    await cur.executemany("SELECT %s::int", [(1,), (2,)])
    assert cur.rowcount == 2
    await cur.executemany("SET application_name = 'counted'", [(), ()])
    assert cur.rowcount == 0


async def test_a_query_without_parameters_is_one_message(server):
    with Proxy(server) as proxy:
        async with await howdah.AsyncConnection.connect(
            proxy.dsn, autocommit=True, prepare_threshold=None
        ) as conn:

            async def kinds(*query):
                before = len(proxy.answers)
                rows = await (await conn.execute(*query)).fetchall()
                return rows, proxy.kinds(before)

            assert await kinds("SELECT 'one'") == ([("one",)], "TDCZ")
            assert await kinds("SELECT %s", ["one"]) == ([("one",)], "12TDCZ")
            await conn.set_autocommit(False)
            assert await kinds("SELECT 'one'") == ([("one",)], "12C12TDCZ")  # BEGIN goes along with it
            assert await kinds("SELECT 'one'") == ([("one",)], "TDCZ")
            await conn.rollback()
            await conn.set_autocommit(True)
            conn.kernel.close_statement(b"gone")
            assert await kinds("SELECT 'one'") == ([("one",)], "312TDCZ")


@pytest.mark.parametrize("params", [None, ()])
async def test_rows_without_columns(cur, params):
    assert await (await cur.execute("SELECT FROM generate_series(1, 2)", params)).fetchall() == [(), ()]
    if params is None:
        assert await (await cur.execute("SELECT FROM generate_series(1, 2); SELECT 'next'")).fetchall() == [
            (),
            (),
        ]
        assert cur.nextset()
        assert await cur.fetchone() == ("next",)


async def test_garbage_is_collected_while_rows_come(aconn):
    """A result that always has more to receive leaves moments for it, as for signals."""
    collected = []

    def note(phase, info):
        collected.append(phase)

    gc.callbacks.append(note)
    try:
        await aconn.execute("SELECT ARRAY[i] FROM generate_series(1, 200000) i")
    finally:
        gc.callbacks.remove(note)
    assert collected.count("stop") > 5
