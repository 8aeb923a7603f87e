# Generated from tests/kernel/test_cursor_async.py by .ci/async_to_sync.py; do not edit.
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


@pytest.fixture
def cur(conn):
    return conn.cursor()


def collect(rows):
    return list(rows)


class Failing(howdah.adapt.Loader):
    """Fails on odd numbers."""

    def load(self, data):
        number = int(bytes(data))
        if number % 2:
            raise ValueError(f"{number} is odd")
        return number


def test_execute_returns_the_cursor(cur):
    assert cur.execute("select 1") is cur


def test_the_text_that_was_sent(cur):
    assert cur.kernel.query is None
    for i in range(10):  # prepared, and on the fast path
        cur.execute("select %s::int", [i])
        assert cur.kernel.query == b"select $1::int"
    cur.execute("select 1; select 2")
    assert cur.kernel.query == b"select 1; select 2"
    cur.executemany("select %(a)s::int", [{"a": 1}])
    assert cur.kernel.query == b"select $1::int"
    for _ in cur.stream("select 3"):
        assert cur.kernel.query == b"select 3"


def test_execute_forms(cur):
    assert cur.execute(b"select 1").fetchone() == (1,)
    assert cur.execute(sql.SQL("select {}").format(sql.Literal("x"))).fetchone() == ("x",)
    assert cur.execute("select %(a)s, %(b)s, %(a)s", {"a": 1, "b": 2}).fetchone() == (1, 2, 1)
    assert cur.execute("select '%'").fetchone() == ("%",)
    assert cur.execute("select '%%', %s", (1,)).fetchone() == ("%", 1)
    assert cur.execute("select %s::int, %b::int, %t::int", [1, 2, 3]).fetchone() == (1, 2, 3)
    with pytest.raises(TypeError):
        cur.execute(42)
    assert cur.execute("select 4").fetchone() == (4,)


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
def test_parameters_that_do_not_fit(conn, cur, params, error):
    with pytest.raises(error):
        cur.execute("select %s", params)
    # Nothing was sent: no transaction has begun.
    assert conn.info.transaction_status == pq.TransactionStatus.IDLE
    assert cur.execute("select 1").fetchone() == (1,)


def test_fetches(cur):
    assert cur.execute("select generate_series(1, %s)", (6,)) is cur
    assert cur.rowcount == 6
    assert cur.fetchone() == (1,)
    assert cur.fetchmany(2) == [(2,), (3,)]
    assert next(cur) == (4,)
    assert list(cur) == [(5,), (6,)]
    assert cur.fetchall() == []
    assert cur.fetchone() is None
    cur.scroll(-2)
    assert cur.rownumber == 4
    assert cur.fetchall() == [(5,), (6,)]
    with pytest.raises(IndexError):
        cur.scroll(10, "absolute")
    with pytest.raises(StopIteration):
        next(cur)


def test_fetching_a_negative_number(conn, cur):
    named = conn.cursor("negative")
    itersize = conn.cursor()
    itersize.itersize = 2
    for cursor in (cur, named, itersize):
        cursor.execute("select generate_series(1, 3)")
        with pytest.raises(howdah.InterfaceError, match="not -1"):
            cursor.fetchmany(-1)
        cursor.arraysize = -2
        with pytest.raises(howdah.InterfaceError, match="not -2"):
            cursor.fetchmany()
        assert cursor.fetchall() == [(1,), (2,), (3,)]
        cursor.close()


@pytest.mark.parametrize("size", [2.0, 100.0, float("inf"), float("nan"), "2"])
def test_fetching_a_number_that_is_no_integer(conn, cur, size):
    itersize = conn.cursor()
    itersize.itersize = 2
    for cursor in (cur, itersize):
        cursor.execute("select generate_series(1, 3)")
        with pytest.raises(TypeError):
            cursor.fetchmany(size)
        with pytest.raises(TypeError):
            cursor.scroll(size)
        assert cursor.fetchall() == [(1,), (2,), (3,)]
        cursor.close()


def test_no_result(cur):
    for call in (cur.fetchone, cur.fetchmany, cur.fetchall):
        with pytest.raises(howdah.ProgrammingError):
            call()
    with pytest.raises(howdah.ProgrammingError):
        for _ in cur:
            pass


def test_closed(cur):
    with cur:
        cur.execute("select 1")
    assert cur.closed
    for call in (cur.fetchone, lambda: cur.execute("select 1"), lambda: cur.executemany("select %s", [(1,)])):
        with pytest.raises(howdah.InterfaceError):
            call()


def test_a_zero_byte_in_the_query(conn, cur):
    with pytest.raises(howdah.Error, match="zero byte"):
        cur.execute("select '\0'")
    with pytest.raises(howdah.Error, match="zero byte"):
        cur.execute("select '\0', %s", (1,))
    assert conn.info.transaction_status == pq.TransactionStatus.IDLE
    notices = []
    conn.add_notice_handler(notices.append)
    assert cur.execute("select 1").fetchone() == (1,)
    assert notices == []


def test_too_many_parameters(cur):
    count = 65536
    query = f"select {','.join(['%s'] * count)}"
    with pytest.raises(howdah.ProgrammingError, match="65535"):
        cur.execute(query, (None,) * count)
    assert cur.execute("select 1").fetchone() == (1,)


def test_the_most_parameters(cur):
    values = ",".join(["(%s::int)"] * 65535)
    assert cur.execute(f"select count(*) from (values {values}) v", (1,) * 65535).fetchone() == (65535,)


@pytest.mark.parametrize("query", ["", ";", "  ", "-- nothing", ";;"])
def test_empty_query(cur, query):
    cur.execute(query)
    assert cur.description is None
    assert cur.statusmessage is None
    assert cur.rowcount == -1
    with pytest.raises(howdah.ProgrammingError):
        cur.fetchone()
    assert cur.execute("select 1").fetchone() == (1,)


def test_script(cur):
    cur.execute("create temp table t (x int); insert into t values (1), (2); select * from t; delete from t")
    assert cur.statusmessage == "CREATE TABLE"
    assert cur.nextset()
    assert (cur.statusmessage, cur.rowcount) == ("INSERT 0 2", 2)
    assert cur.nextset()
    assert cur.fetchall() == [(1,), (2,)]
    assert cur.nextset()
    assert cur.statusmessage == "DELETE 2"
    assert cur.nextset() is None
    cur.set_result(2)
    assert cur.fetchall() == [(1,), (2,)]
    cur.set_result(-3)
    assert cur.statusmessage == "INSERT 0 2"
    for index in (4, -5):
        with pytest.raises(IndexError):
            cur.set_result(index)
    assert [c.statusmessage for c in cur.results()] == ["INSERT 0 2", "SELECT 2", "DELETE 2"]
    cur.set_result(0)
    assert [c.statusmessage for c in cur.results()] == [
        "CREATE TABLE",
        "INSERT 0 2",
        "SELECT 2",
        "DELETE 2",
    ]


def test_script_with_parameters_is_refused(cur):
    with pytest.raises(howdah.errors.SyntaxError):
        cur.execute("select %s; select 2", (1,))


def test_script_with_a_failing_part(conn, cur):
    conn.set_autocommit(True)
    cur.execute("create temp table t (x int)")
    with pytest.raises(howdah.errors.DivisionByZero):
        cur.execute("insert into t values (1); select 1 / 0; insert into t values (2)")
    assert cur.execute("table t").fetchall() == []


def test_a_semicolon_in_a_string_is_no_script(cur):
    assert cur.execute("select 'a;b', %s", (";",)).fetchone() == ("a;b", ";")
    assert cur.execute("select 'a;b'").fetchone() == ("a;b",)


def test_statusmessage_and_rowcount(cur):
    assert cur.statusmessage is None
    cur.execute("select generate_series(1, 10)")
    assert (cur.statusmessage, cur.rowcount) == ("SELECT 10", 10)
    cur.execute("create temp table t (x int)")
    assert (cur.statusmessage, cur.rowcount) == ("CREATE TABLE", -1)
    cur.execute("insert into t select generate_series(1, 3)")
    assert (cur.statusmessage, cur.rowcount) == ("INSERT 0 3", 3)
    cur.execute("update t set x = 0 where x > 1 returning x")
    assert (cur.statusmessage, cur.rowcount) == ("UPDATE 2", 2)


def test_a_failed_query_leaves_no_result(cur):
    cur.execute("select 1")
    with pytest.raises(howdah.errors.SyntaxError) as info:
        cur.execute("selec 1")
    assert info.value.sqlstate == "42601"
    assert info.value.diag.severity == "ERROR"
    assert cur.description is None
    assert cur.rowcount == -1
    with pytest.raises(howdah.ProgrammingError):
        cur.fetchone()


def test_errors_pickle(cur):
    with pytest.raises(howdah.Error) as info:
        cur.execute("select * from nowhere_at_all")
    copy = pickle.loads(pickle.dumps(info.value))
    assert type(copy) is howdah.errors.UndefinedTable
    assert copy.diag.message_primary == 'relation "nowhere_at_all" does not exist'
    assert str(copy) == str(info.value)


def test_row_factory(conn):
    cur = conn.cursor(row_factory=scalar_row)
    cur.execute("select generate_series(1, 3)")
    assert cur.fetchall() == [1, 2, 3]


def test_row_factories(cur):
    query = "select 1 as a, 2 as b"
    cur.row_factory = dict_row
    assert cur.execute(query).fetchone() == {"a": 1, "b": 2}
    cur.row_factory = namedtuple_row
    assert cur.execute(query).fetchall()[0].b == 2
    # In the middle of a result too.
    cur.execute(query)
    cur.row_factory = scalar_row
    assert cur.fetchmany() == [1]

    class Thing:
        def __init__(self, a, b):
            self.sum = a + b

    cur.row_factory = class_row(Thing)
    assert [thing.sum for thing in cur.execute(query)] == [3]


def test_a_row_factory_that_fails(conn, cur):
    def factory(cursor):
        def make(values):
            raise ZeroDivisionError

        return make

    cur.row_factory = factory
    cur.execute("select 1")
    with pytest.raises(ZeroDivisionError):
        cur.fetchone()
    assert conn.execute("select 1").fetchone() == (1,)


@pytest.mark.parametrize("binary", [None, False, True])
def test_binary(conn, binary):
    cur = conn.cursor(binary=binary)
    cur.execute("select 1, 'a'::text, 1.5::numeric, null")
    assert cur.fetchone() == (1, "a", pytest.approx(1.5), None)
    for each in (True, False, None):
        cur.execute("select 1, 'a'::text, %s::int", (3,), binary=each)
        assert cur.fetchone() == (1, "a", 3)


def test_errors_of_loaders(conn, cur):
    cur.adapters.register_loader(23, Failing)
    cur.execute("select generate_series(2, 8, 3)")
    assert cur.rowcount == 3
    assert cur.fetchone() == (2,)
    with pytest.raises(ValueError, match="5 is odd"):
        cur.fetchone()
    cur.execute("values (2), (4), (5), (6)")
    with pytest.raises(ValueError, match="5 is odd"):
        cur.fetchall()
    cur.execute("values (2), (4), (5), (6)")
    rows = []
    with pytest.raises(ValueError, match="5 is odd"):
        for row in cur:
            rows.append(row)
    assert rows == [(2,), (4,)]
    # The connection, and the transaction, are as before.
    assert conn.info.transaction_status == pq.TransactionStatus.INTRANS
    assert cur.execute("select 2").fetchone() == (2,)
    assert conn.execute("select 1").fetchone() == (1,)


def test_loader_that_fails(conn, cur):
    class Loader(howdah.adapt.Loader):
        def load(self, data):
            raise ZeroDivisionError

    cur.adapters.register_loader(23, Loader)
    cur.execute("select 1")
    with pytest.raises(ZeroDivisionError):
        cur.fetchone()
    conn.execute("select 1")


def test_a_loader_that_raises_stop_iteration(conn, cur):
    """It must not look like the end of the rows."""

    class Ending(howdah.adapt.Loader):
        def load(self, data):
            raise StopIteration

    cur.adapters.register_loader(23, Ending)
    cur.execute("select 1")
    with pytest.raises(RuntimeError, match="StopIteration"):
        list(cur)
    with pytest.raises(RuntimeError, match="StopIteration"):
        list(cur.stream("select 1"))


def test_a_loader_that_cannot_be_made(conn, cur):
    class Impossible(howdah.adapt.Loader):
        def __init__(self, oid, context=None):
            raise ZeroDivisionError

        def load(self, data):
            return None

    cur.adapters.register_loader(23, Impossible)
    cur.execute("select 1")
    with pytest.raises(ZeroDivisionError):
        cur.fetchone()
    assert conn.execute("select 1").fetchone() == (1,)


def test_errors_of_dumpers(conn, cur):
    class Dumper(howdah.adapt.Dumper):
        def dump(self, obj):
            raise ZeroDivisionError

    cur.adapters.register_dumper(int, Dumper)
    with pytest.raises(ZeroDivisionError):
        cur.execute("select %s", (1,))
    assert conn.info.transaction_status == pq.TransactionStatus.IDLE
    assert conn.execute("select %s", (1,)).fetchone() == (1,)


def test_scopes_of_adapters(dsn):
    class Loader(howdah.adapt.Loader):
        def load(self, data):
            return "mine"

    driver = howdah.Driver()
    with driver.Connection.connect(dsn) as conn:
        cur = conn.cursor()
        cur.adapters.register_loader(23, Loader)
        assert cur.execute("select 1").fetchone() == ("mine",)
        assert conn.execute("select 1").fetchone() == (1,)
        conn.adapters.register_loader(25, Loader)
        assert conn.execute("select 'x'::text").fetchone() == ("mine",)
        assert conn.cursor().execute("select 'x'::text").fetchone() == ("mine",)
        driver.adapters.register_loader(16, Loader)
        assert conn.execute("select true").fetchone() == (True,)
        with driver.Connection.connect(dsn) as other:
            assert other.execute("select true, 1, 'x'::text").fetchone() == ("mine", 1, "x")
    with howdah.Connection.connect(dsn) as other:
        assert other.execute("select true").fetchone() == (True,)


@pytest.mark.parametrize(
    "query",
    ["copy (select 1) to stdout", "copy t from stdin", "copy (select generate_series(1, 100000)) to stdout"],
)
@pytest.mark.parametrize("autocommit", [True, False])
@pytest.mark.parametrize("itersize", [None, 5])
def test_copy_is_refused(conn, cur, query, autocommit, itersize):
    conn.set_autocommit(autocommit)
    conn.execute("create temp table t (x int)")
    cur.itersize = itersize
    for call in (
        lambda: cur.execute(query),
        lambda: cur.execute(query if itersize else f"{query}; select 1"),
        lambda: collect(cur.stream(query)),
        lambda: cur.executemany(query, [()]),
    ):
        with pytest.raises(howdah.ProgrammingError) as info:
            call()
        assert not conn.closed
        assert "copy()" in str(info.value)
        if not autocommit:
            conn.rollback()
            conn.execute("create temp table t (x int)")
        assert conn.execute("select 1").fetchone() == (1,)


# Many at once


@pytest.mark.parametrize("count", [3, 30_000])
def test_executemany(conn, cur, count):
    cur.execute("create temp table t (x int primary key)")
    conn.commit()
    conn.set_autocommit(True)
    cur.executemany("insert into t values (%s)", [(n,) for n in range(count)])
    assert cur.rowcount == count
    with pytest.raises(howdah.errors.UniqueViolation):
        cur.executemany("insert into t values (%s)", [(n,) for n in range(2 * count, 0, -1)])
    cur.execute("select count(*) from t")
    assert cur.fetchone() == (count,)
    cur.executemany("select %s", [(1,), (2,)], returning=True)
    assert [c.fetchone() for c in cur.results()] == [(1,), (2,)]


def test_executemany_returning(cur):
    cur.executemany("select %s + 1", [(1,), (2,), (3,)], returning=True)
    assert cur.fetchall() == [(2,)]
    assert cur.nextset()
    assert cur.fetchall() == [(3,)]
    assert cur.nextset()
    assert not cur.nextset()
    assert [c.fetchone() for c in cur.set_result(0).results()] == [(2,), (3,), (4,)]


def test_executemany_without_returning_has_no_results(cur):
    cur.executemany("select %s", [(1,), (2,)])
    assert cur.rowcount == 2
    for fetch in (cur.fetchone, cur.fetchmany, cur.fetchall):
        with pytest.raises(howdah.ProgrammingError, match=r"no result available: .* returning=True"):
            fetch()
    cur.executemany("select %s", [])
    with pytest.raises(howdah.ProgrammingError, match=r"no result available: execute a query first"):
        cur.fetchone()


def test_executemany_of_nothing(conn, cur):
    cur.executemany("select %s", [])
    assert cur.rowcount == 0
    cur.executemany("select %s", iter([]), returning=True)
    with pytest.raises(howdah.ProgrammingError):
        cur.fetchone()


def test_executemany_with_types_that_change(cur):
    cur.execute("create temp table t (x text)")
    cur.executemany("insert into t values (%s)", [(1,), ("a",), (2.5,), (None,), (10**12,)])
    assert cur.execute("table t").fetchall() == [
        ("1",),
        ("a",),
        ("2.5",),
        (None,),
        (str(10**12),),
    ]


@pytest.mark.parametrize("count", [10, 30_000])
def test_executemany_that_fails_leaves_nothing_in_autocommit(conn, cur, count):
    conn.set_autocommit(True)
    cur.execute("create temp table t (x int primary key)")
    rows = [(n,) for n in range(count)]
    with pytest.raises(howdah.errors.UniqueViolation):
        cur.executemany("insert into t values (%s)", [*rows, (0,), *rows])
    assert conn.info.transaction_status == pq.TransactionStatus.IDLE
    assert cur.execute("select count(*) from t").fetchone() == (0,)
    with pytest.raises(howdah.ProgrammingError):
        cur.executemany("insert into t values (%s)", [*rows, (object(),)])
    assert cur.execute("select count(*) from t").fetchone() == (0,)
    cur.executemany("insert into t values (%s)", rows)
    assert cur.rowcount == count
    assert cur.execute("select count(*) from t").fetchone() == (count,)


def test_executemany_that_fails_in_a_transaction(conn, cur):
    cur.execute("create temp table t (x int primary key)")
    conn.commit()
    with pytest.raises(howdah.errors.UniqueViolation):
        cur.executemany("insert into t values (%s)", [(1,), (1,), (2,)])
    assert conn.info.transaction_status == pq.TransactionStatus.INERROR
    conn.rollback()
    with pytest.raises(ZeroDivisionError):
        cur.executemany("insert into t values (%s)", ((1 // n,) for n in (1, 0)))
    assert conn.info.transaction_status == pq.TransactionStatus.INTRANS
    conn.rollback()
    assert cur.execute("table t").fetchall() == []


# Size


def test_large_values_both_ways(cur):
    value = b"\x00\xff" * 25_000_000
    cur.execute("select %b, length(%b)", (value, value), binary=True)
    back, length = cur.fetchone()
    assert length == len(value)
    assert back == value


def test_large_values_both_ways_at_once(cur):
    # More than all buffers together in both directions: neither side may block the other.
    value = "x" * 1_000_000
    cur.executemany("select %s::text", [(value,)] * 20, returning=True)
    assert sum([len(c.fetchone()[0]) for c in cur.results()]) == 20_000_000


def test_many_rows(cur):
    cur.execute("select x, repeat('a', 100) from generate_series(1, 100000) x")
    assert cur.rowcount == 100_000
    assert sum([row[0] for row in cur]) == 100_000 * 100_001 // 2


# States


def test_repr(conn, cur):
    assert "[no result]" in repr(cur)
    cur.execute("select 1")
    assert "[TUPLES_OK]" in repr(cur)
    cur.execute("set timezone to 'UTC'")
    assert "[COMMAND_OK]" in repr(cur)
    cur.close()
    assert "[closed]" in repr(cur)
    other = conn.cursor()
    conn.close()
    assert "[connection closed]" in repr(other)


def test_with_closes(conn):
    with conn.cursor() as cur:
        cur.execute("select 1")
    assert cur.closed
    with pytest.raises(howdah.InterfaceError):
        cur.fetchone()


def test_rows_outlive_the_connection(dsn):
    conn = howdah.Connection.connect(dsn)
    cur = conn.execute("select generate_series(1, 3)")
    conn.close()
    assert cur.fetchall() == [(1,), (2,), (3,)]


def test_stream(conn, cur):
    assert list(cur.stream("select generate_series(1, %s)", (3,))) == [(1,), (2,), (3,)]
    assert list(cur.stream("select 1 where false")) == []
    assert cur.description[0].name == "?column?"
    with pytest.raises(howdah.ProgrammingError):
        list(cur.stream("set timezone to 'UTC'"))
    with pytest.raises(ValueError, match="size"):
        list(cur.stream("select 1", size=0))
    assert conn.execute("select 1").fetchone() == (1,)


def test_stream_binary(cur):
    assert list(cur.stream("select 1, 'a'::text", binary=True)) == [(1, "a")]


def test_stream_that_fails_on_the_way(conn, cur):
    rows = []
    with pytest.raises(howdah.errors.DivisionByZero):
        for row in cur.stream("select 1 / (x - 5000) from generate_series(1, 10000) x"):
            rows.append(row)
    assert rows
    conn.rollback()
    assert cur.execute("select 1").fetchone() == (1,)


def test_stream_left_early(conn, cur):
    stream = cur.stream("select generate_series(1, 10000000)")
    for row in stream:
        assert row == (1,)
        break
    del stream
    conn.rollback()
    assert cur.execute("select 'next'").fetchone() == ("next",)


def test_stream_has_the_connection_for_itself(conn, cur):
    stream = cur.stream("select generate_series(1, 100000)")
    next(stream)
    for call in (
        lambda: conn.execute("select 1"),
        conn.commit,
        lambda: next(conn.cursor().stream("select 1")),
    ):
        with pytest.raises(howdah.ProgrammingError, match="stream"):
            call()
    assert next(stream) == (2,)
    stream.close()
    conn.rollback()
    assert conn.execute("select 1").fetchone() == (1,)


def test_stream_with_a_loader_that_fails(conn, cur):
    cur.adapters.register_loader(23, Failing)
    stream = cur.stream("values (2), (4), (5), (6)")
    with pytest.raises(ValueError, match="5 is odd"):
        list(stream)
    assert conn.info.transaction_status == pq.TransactionStatus.INTRANS
    assert cur.execute("select 2").fetchone() == (2,)


def test_executemany_counts_rows(cur):
    cur.execute("CREATE TEMP TABLE counted (x int)")
    cur.executemany("INSERT INTO counted SELECT generate_series(1, %s)", [(1,), (0,), (12,), (100_000,)])
    assert cur.rowcount == 100_013
    cur.executemany("UPDATE counted SET x = 0 WHERE x = %s RETURNING x", [(1,), (100_001,), (12,)])
    assert cur.rowcount == 5
    cur.executemany("SELECT %s::int", [(1,), (2,)])
    assert cur.rowcount == 2
    cur.executemany("SET application_name = 'counted'", [(), ()])
    assert cur.rowcount == 0


def test_a_query_without_parameters_is_one_message(server):
    with Proxy(server) as proxy:
        with howdah.Connection.connect(proxy.dsn, autocommit=True, prepare_threshold=None) as conn:

            def kinds(*query):
                before = len(proxy.answers)
                rows = conn.execute(*query).fetchall()
                return rows, proxy.kinds(before)

            assert kinds("SELECT 'one'") == ([("one",)], "TDCZ")
            assert kinds("SELECT %s", ["one"]) == ([("one",)], "12TDCZ")
            conn.set_autocommit(False)
            assert kinds("SELECT 'one'") == ([("one",)], "12C12TDCZ")  # BEGIN goes along with it
            assert kinds("SELECT 'one'") == ([("one",)], "TDCZ")
            conn.rollback()
            conn.set_autocommit(True)
            conn.kernel.close_statement(b"gone")
            assert kinds("SELECT 'one'") == ([("one",)], "312TDCZ")


@pytest.mark.parametrize("params", [None, ()])
def test_rows_without_columns(cur, params):
    assert cur.execute("SELECT FROM generate_series(1, 2)", params).fetchall() == [(), ()]
    if params is None:
        assert cur.execute("SELECT FROM generate_series(1, 2); SELECT 'next'").fetchall() == [
            (),
            (),
        ]
        assert cur.nextset()
        assert cur.fetchone() == ("next",)


def test_garbage_is_collected_while_rows_come(conn):
    """A result that always has more to receive leaves moments for it, as for signals."""
    collected = []

    def note(phase, info):
        collected.append(phase)

    gc.callbacks.append(note)
    try:
        conn.execute("SELECT ARRAY[i] FROM generate_series(1, 200000) i")
    finally:
        gc.callbacks.remove(note)
    assert collected.count("stop") > 5
