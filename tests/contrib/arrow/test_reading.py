# Generated from tests/contrib/arrow/test_reading_async.py by .ci/async_to_sync.py; do not edit.
"""Results as Arrow data."""

from __future__ import annotations

from datetime import date, datetime, time, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import pyarrow as pa
import pytest

import howdah

UTC = timezone.utc
KEY = UUID("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11")

#: An SQL type, values of it as SQL has them, the Arrow type, the values as pyarrow has them.
TYPES: list[tuple[str, list[str], pa.DataType, list[Any]]] = [
    ("bool", ["true", "false"], pa.bool_(), [True, False]),
    ("int2", ["-32768", "32767"], pa.int16(), [-32768, 32767]),
    ("int4", ["-2147483648", "2147483647"], pa.int32(), [-(2**31), 2**31 - 1]),
    ("int8", ["'-9223372036854775808'", "5"], pa.int64(), [-(2**63), 5]),
    ("float4", ["1.5", "'-Infinity'"], pa.float32(), [1.5, float("-inf")]),
    ("float8", ["0.1", "-1e300"], pa.float64(), [0.1, -1e300]),
    ("numeric(12,2)", ["-1.25", "1234567890.1", "0"], pa.decimal128(12, 2),
     ["-1.25", "1234567890.10", "0.00"]),
    ("numeric(5,0)", ["12345", "-7"], pa.decimal128(5, 0), ["12345", "-7"]),
    ("numeric(3,5)", ["0.00123", "-0.00001"], pa.decimal128(5, 5), ["0.00123", "-0.00001"]),
    ("numeric(2,-3)", ["99000", "-1000"], pa.decimal128(5, 0), ["99000", "-1000"]),
    ("numeric(38,10)", [f"-{'9' * 28}.{'1' * 10}"], pa.decimal128(38, 10), [f"-{'9' * 28}.{'1' * 10}"]),
    ("numeric(76,40)", [f"{'8' * 36}.{'7' * 40}", "-1e-40"], pa.decimal256(76, 40),
     [f"{'8' * 36}.{'7' * 40}", "-1E-40"]),
    ("numeric", ["1.50", "'NaN'", "1e30"], pa.string(), ["1.50", "NaN", "1" + 30 * "0"]),
    ("numeric(80,2)", ["1.50"], pa.string(), ["1.50"]),
    ("pg_temp.price", ["1.5"], pa.decimal128(8, 3), ["1.500"]),
    ("text", ["'Żółć'", "''"], pa.string(), ["Żółć", ""]),
    ("varchar(5)", ["'abc'"], pa.string(), ["abc"]),
    ("char(5)", ["'abc'"], pa.string(), ["abc  "]),
    ("name", ["'abc'"], pa.string(), ["abc"]),
    ('"char"', ["'x'"], pa.string(), ["x"]),
    ("bytea", [r"'\x00ff'", "''"], pa.binary(), [b"\0\xff", b""]),
    ("date", ["'2024-02-29'", "'0001-01-01'"], pa.date32(), [date(2024, 2, 29), date(1, 1, 1)]),
    ("time", ["'23:59:59.999999'", "'00:00'"], pa.time64("us"), [time(23, 59, 59, 999999), time()]),
    ("timestamp", ["'2024-02-29 12:30:00.000001'", "'1969-12-31 23:59'"], pa.timestamp("us"),
     [datetime(2024, 2, 29, 12, 30, 0, 1), datetime(1969, 12, 31, 23, 59)]),
    ("timestamptz", ["'2024-02-29 12:30+02'"], pa.timestamp("us", "UTC"),
     [datetime(2024, 2, 29, 10, 30, tzinfo=UTC)]),
    ("timetz", ["'12:30+02'"], pa.string(), ["12:30:00+02"]),
    ("interval", ["'14 months -3 days 4.000005 seconds'", "'0'"], pa.month_day_nano_interval(),
     [pa.MonthDayNano([14, -3, 4_000_005_000]), pa.MonthDayNano([0, 0, 0])]),
    ("uuid", [f"'{KEY}'"], pa.uuid(), [KEY]),
    ("json", ["""'{"a":  1}'"""], pa.string(), ['{"a":  1}']),
    ("jsonb", ["""'{"a":  1}'"""], pa.string(), ['{"a": 1}']),
    ("oid", ["4294967295"], pa.uint32(), [2**32 - 1]),
    ("xid8", ["'18446744073709551615'"], pa.uint64(), [2**64 - 1]),
    ("pg_temp.mood", ["'sad'", "'ok'"], pa.string(), ["sad", "ok"]),
    ("inet", ["'10.0.0.1/8'"], pa.string(), ["10.0.0.1/8"]),
    ("int4range", ["'[1,5)'"], pa.string(), ["[1,5)"]),
    ("point", ["'(1,2)'"], pa.string(), ["(1,2)"]),
    ("int4[]", ["'{1,NULL,3}'", "'{}'"], pa.list_(pa.int32()), [[1, None, 3], []]),
    ("bool[]", ["'{t,f,NULL}'"], pa.list_(pa.bool_()), [[True, False, None]]),
    ("text[]", ["'{a,NULL,\"\"}'"], pa.list_(pa.string()), [["a", None, ""]]),
    ("jsonb[]", ["""ARRAY['{"a":1}'::jsonb]"""], pa.list_(pa.string()), [['{"a": 1}']]),
    ("numeric(6,2)[]", ["'{1.5,NULL}'"], pa.list_(pa.decimal128(6, 2)), [[Decimal("1.50"), None]]),
    ("uuid[]", [f"'{{{KEY},NULL}}'"], pa.list_(pa.uuid()), [[KEY, None]]),
    ("timestamptz[]", ["'{2024-02-29 12:30+02}'"], pa.list_(pa.timestamp("us", "UTC")),
     [[datetime(2024, 2, 29, 10, 30, tzinfo=UTC)]]),
    ("numeric[]", ["'{1.5,NULL}'"], pa.string(), ["{1.5,NULL}"]),
    ("inet[]", ["'{10.0.0.1}'"], pa.string(), ["{10.0.0.1}"]),
    ("int2vector", ["'1 2'"], pa.string(), ["1 2"]),
]  # fmt: skip

pytestmark = pytest.mark.anyio


def collect(stream: Any) -> list[Any]:
    return list(stream)


def rows(type: str, values: list[str]) -> str:
    """Return a query for values of a type, with NULL in front and behind."""
    every = ["NULL", *values, "NULL"]
    selects = [f"SELECT {i} AS i, CAST({value} AS {type}) AS v" for i, value in enumerate(every)]
    return f"SELECT v FROM ({' UNION ALL '.join(selects)}) AS every ORDER BY i"


def comparable(arrow_type: pa.DataType, values: list[Any]) -> list[Any]:
    """Return the values, with decimals where they are written as text."""
    if pa.types.is_decimal(arrow_type):
        return [value if value is None else Decimal(value) for value in values]
    return values


@pytest.mark.parametrize(("type", "sql", "arrow_type", "values"), TYPES, ids=[each[0] for each in TYPES])
def test_types(cur: Any, type: str, sql: list[str], arrow_type: pa.DataType, values: list[Any]) -> None:
    expected = comparable(arrow_type, [None, *values, None])
    table = cur.execute_arrow(rows(type, sql)).fetch_arrow()
    table.validate(full=True)
    assert table.schema == pa.schema([("v", arrow_type)])
    assert table["v"].to_pylist() == expected
    if pa.types.is_decimal(arrow_type):
        assert list(map(str, table["v"].to_pylist())) == list(map(str, expected))
    assert table["v"].null_count == 2


@pytest.mark.parametrize(("type", "sql", "arrow_type", "values"), TYPES, ids=[each[0] for each in TYPES])
def test_types_by_copy(
    cur: Any, type: str, sql: list[str], arrow_type: pa.DataType, values: list[Any]
) -> None:
    table = cur.copy_arrow_out(f"COPY ({rows(type, sql)}) TO STDOUT (FORMAT binary)")
    table.validate(full=True)
    assert table.schema == pa.schema([("v", arrow_type)])
    assert table["v"].to_pylist() == comparable(arrow_type, [None, *values, None])


@pytest.mark.parametrize(("type", "sql", "arrow_type", "values"), TYPES, ids=[each[0] for each in TYPES])
def test_types_of_decoded_rows(
    cur: Any, type: str, sql: list[str], arrow_type: pa.DataType, values: list[Any]
) -> None:
    table = cur.execute(rows(type, sql)).fetch_arrow()
    assert table.schema == pa.schema([("v", arrow_type)])
    got, expected = table["v"].to_pylist(), comparable(arrow_type, [None, *values, None])
    if type in ("json", "jsonb[]", "interval", "timetz", "point", "inet[]", "numeric[]"):
        # The loader has not kept how the server writes it.
        assert [value is None for value in got] == [value is None for value in expected]
    else:
        assert got == expected


def test_all_at_once(cur: Any) -> None:
    columns = [f"CAST({each[1][0]} AS {each[0]}) AS c{i}" for i, each in enumerate(TYPES)]
    table = cur.execute_arrow(f"SELECT {', '.join(columns)} FROM generate_series(1, 3000)").fetch_arrow()
    table.validate(full=True)
    assert table.num_rows == 3000
    for i, (_, _, arrow_type, values) in enumerate(TYPES):
        assert table[f"c{i}"].to_pylist() == comparable(arrow_type, values[:1]) * 3000


def test_nulls_and_growth(cur: Any) -> None:
    query = """
        SELECT CASE WHEN i % 3 = 0 THEN i END AS number,
            CASE WHEN i % 5 > 0 THEN repeat('x', i % 50) END AS label,
            i % 2 = 0 AS flag, CASE WHEN i > 2000 THEN i % 7 = 0 END AS late,
            CASE WHEN i % 4 > 0 THEN array_fill(i, ARRAY[i % 4]) END AS list
        FROM generate_series(1, 10000) i ORDER BY i
    """
    table = cur.execute_arrow(query).fetch_arrow()
    table.validate(full=True)
    assert table.to_pylist() == [
        {
            "number": i if i % 3 == 0 else None,
            "label": "x" * (i % 50) if i % 5 else None,
            "flag": i % 2 == 0,
            "late": i % 7 == 0 if i > 2000 else None,
            "list": [i] * (i % 4) if i % 4 else None,
        }
        for i in range(1, 10001)
    ]


def test_parameters(cur: Any) -> None:
    table = cur.execute_arrow("SELECT %s + 1 AS n, %s AS t", (5, "x"))
    assert table.fetch_arrow().to_pylist() == [{"n": 6, "t": "x"}]


def test_named_parameters(cur: Any) -> None:
    cur.execute_arrow("SELECT %(n)s::int8 AS n", {"n": 2**40})
    assert cur.fetch_arrow().to_pylist() == [{"n": 2**40}]


def test_prepared_statement_by_name(conn: howdah.Connection[Any]) -> None:
    cur = conn.cursor()
    name = conn.prepare("SELECT $1::int AS n")
    assert cur.execute_arrow(f"EXECUTE {name} (%s)", (3,)).fetch_arrow().to_pylist() == [{"n": 3}]


def test_the_cursor_shows_the_result(cur: Any) -> None:
    cur.execute_arrow("SELECT 1 AS a, 'x' AS b UNION ALL SELECT 2, 'y'")
    assert [column.name for column in cur.description] == ["a", "b"]
    assert cur.rowcount == 2
    assert cur.statusmessage == "SELECT 2"
    with pytest.raises(howdah.ProgrammingError, match="fetch_arrow"):
        cur.fetchone()
    with pytest.raises(howdah.ProgrammingError, match="fetch_arrow"):
        cur.fetchall()
    assert cur.fetch_arrow().num_rows == 2
    left = cur.fetch_arrow()
    assert left.num_rows == 0 and left.schema.names == ["a", "b"]


def test_the_next_statement_has_rows_again(cur: Any) -> None:
    cur.execute_arrow("SELECT 1 AS a")
    assert cur.execute("SELECT 2 AS b").fetchall() == [(2,)]
    assert cur.execute("SELECT 2 AS b").fetch_arrow().to_pylist() == [{"b": 2}]


def test_the_rest_of_decoded_rows(cur: Any) -> None:
    cur.execute("SELECT i FROM generate_series(1, 5) i")
    cur.fetchone()
    cur.fetchmany(2)
    assert cur.fetch_arrow()["i"].to_pylist() == [4, 5]
    assert cur.fetchone() is None


def test_decoded_rows_whatever_the_row_factory(conn: howdah.Connection[Any]) -> None:
    cur: Any = conn.cursor(row_factory=howdah.rows.dict_row)
    assert cur.execute("SELECT 1 AS a, 'x' AS b").fetch_arrow().to_pylist() == [{"a": 1, "b": "x"}]
    assert cur.execute("SELECT 1 AS a").fetchone() == {"a": 1}


def test_decoded_rows_of_a_portal(cur: Any) -> None:
    cur.itersize = 10
    cur.execute("SELECT i FROM generate_series(1, 100) i")
    assert cur.fetchone() == (1,)
    assert cur.fetch_arrow()["i"].to_pylist() == list(range(2, 101))


def test_decoded_rows_that_do_not_fit(cur: Any) -> None:
    class Words(howdah.adapt.Loader):
        def load(self, data: Any) -> str:
            return "one"

    cur.adapters.register_loader("int4", Words)
    with pytest.raises(howdah.DataError, match="column 'n' does not fit into Arrow's int32"):
        cur.execute("SELECT 1 AS n").fetch_arrow()


@pytest.mark.parametrize("execute", ["execute", "execute_arrow"])
def test_empty_result(cur: Any, execute: str) -> None:
    getattr(cur, execute)("SELECT 1 AS a, 'x' AS b, ARRAY[1] AS c WHERE false")
    table = cur.fetch_arrow()
    assert table.num_rows == 0
    assert table.schema == pa.schema([("a", pa.int32()), ("b", pa.string()), ("c", pa.list_(pa.int32()))])
    getattr(cur, execute)("SELECT 1 WHERE false")
    assert collect(cur.fetch_arrow_batches()) == []


@pytest.mark.parametrize("execute", ["execute", "execute_arrow"])
def test_no_columns(cur: Any, execute: str) -> None:
    getattr(cur, execute)("SELECT FROM generate_series(1, 3)")
    table = cur.fetch_arrow()
    assert (table.num_rows, table.num_columns) == (3, 0)


def test_no_columns_by_copy(cur: Any) -> None:
    table = cur.copy_arrow_out("COPY (SELECT FROM generate_series(1, 3)) TO STDOUT (FORMAT binary)")
    assert (table.num_rows, table.num_columns) == (3, 0)


def test_columns_of_one_name(cur: Any) -> None:
    table = cur.execute_arrow("SELECT 1 AS a, 'x' AS a").fetch_arrow()
    assert table.column(0).to_pylist() == [1] and table.column(1).to_pylist() == ["x"]


@pytest.mark.parametrize("execute", ["execute", "execute_arrow"])
def test_a_statement_without_rows(cur: Any, execute: str) -> None:
    getattr(cur, execute)("CREATE TABLE pg_temp.t (i int)")
    assert cur.statusmessage == "CREATE TABLE"
    with pytest.raises(howdah.ProgrammingError, match="didn't produce records"):
        cur.fetch_arrow()


def test_no_result(cur: Any) -> None:
    with pytest.raises(howdah.ProgrammingError, match="no result"):
        cur.connection.cursor().fetch_arrow()


def test_returning(cur: Any) -> None:
    cur.execute("CREATE TABLE pg_temp.t (i int)")
    table = cur.execute_arrow("INSERT INTO pg_temp.t VALUES (1), (2) RETURNING i").fetch_arrow()
    assert table["i"].to_pylist() == [1, 2]
    assert cur.execute("SELECT count(*) FROM pg_temp.t").fetchone() == (2,)


def test_decoded_rows_in_a_pipeline(conn: howdah.Connection[Any]) -> None:
    cur: Any = conn.cursor()
    with conn.pipeline():
        cur.execute("SELECT 1 AS a")
        assert cur.fetch_arrow().to_pylist() == [{"a": 1}]


# Batches


@pytest.mark.parametrize("execute", ["execute", "execute_arrow"])
def test_batches(cur: Any, execute: str) -> None:
    getattr(cur, execute)("SELECT i, 'row ' || i AS t FROM generate_series(1, 1000) i")
    reader = cur.fetch_arrow_batches(300)
    assert isinstance(reader, pa.RecordBatchReader)
    assert reader.schema.names == ["i", "t"]
    batches = collect(reader)
    assert [batch.num_rows for batch in batches] == [300, 300, 300, 100]
    assert pa.Table.from_batches(batches)["t"].to_pylist() == [f"row {i}" for i in range(1, 1001)]
    assert cur.fetch_arrow().num_rows == 0


def test_stream(cur: Any) -> None:
    query = "SELECT i, 'row ' || i AS t FROM generate_series(1, %s) i"
    batches = collect(cur.stream_arrow(query, (1000,), size=300))
    assert [batch.num_rows for batch in batches] == [300, 300, 300, 100]
    assert pa.Table.from_batches(batches)["t"].to_pylist() == [f"row {i}" for i in range(1, 1001)]
    assert cur.execute("SELECT 1").fetchone() == (1,)


def test_stream_of_wide_rows(cur: Any) -> None:
    """Not the number of rows bounds the memory, but their size; a row that is too big is alone."""
    query = (
        "SELECT repeat('x', CASE i WHEN 5 THEN 200000 ELSE 20000 END) AS t FROM generate_series(1, 9) AS i"
    )
    batches = collect(cur.stream_arrow(query, max_bytes=50000))
    assert [batch.num_rows for batch in batches] == [2, 2, 1, 2, 2]
    wide = "SELECT repeat('x', 1000000) AS t FROM generate_series(1, 1000) AS i"
    stream = cur.stream_arrow(wide)
    assert next(stream).num_rows == 16
    stream.close()


def test_stream_is_bounded(cur: Any) -> None:
    stream = cur.stream_arrow("SELECT generate_series(1, 300000000) AS i", size=100)
    assert next(stream)["i"].to_pylist() == list(range(1, 101))
    stream.close()


def test_stream_left_early(conn: howdah.Connection[Any]) -> None:
    conn.set_autocommit(True)
    cur = conn.cursor()
    stream: Any = cur.stream_arrow("SELECT generate_series(1, 10000000) AS i", size=10)
    for batch in stream:
        assert batch.num_rows == 10
        break
    del stream
    assert cur.execute("SELECT 1").fetchone() == (1,)


def test_stream_holds_the_connection(cur: Any) -> None:
    stream = cur.stream_arrow("SELECT i FROM generate_series(1, 100000) i", size=10)
    next(stream)
    with pytest.raises(howdah.ProgrammingError, match="streaming"):
        cur.execute("SELECT 1")
    stream.close()
    cur.connection.rollback()
    assert cur.execute("SELECT 1").fetchone() == (1,)


def test_stream_of_nothing(cur: Any) -> None:
    assert collect(cur.stream_arrow("SELECT 1 WHERE false")) == []


def test_stream_without_rows(cur: Any) -> None:
    with pytest.raises(howdah.ProgrammingError, match="none"):
        collect(cur.stream_arrow("CREATE TABLE pg_temp.t (i int)"))
    assert cur.execute("SELECT 1").fetchone() == (1,)


def test_stream_that_fails(conn: howdah.Connection[Any]) -> None:
    conn.set_autocommit(True)
    cur = conn.cursor()
    got = []
    with pytest.raises(howdah.errors.DivisionByZero):
        for batch in cur.stream_arrow(
            "SELECT 10000 / (5000 - i) AS q FROM generate_series(1, 10000) i", size=1000
        ):
            got.append(batch.num_rows)
    assert got == [1000] * 4
    assert cur.execute("SELECT 1").fetchone() == (1,)


def test_stream_of_what_arrow_cannot_hold(cur: Any) -> None:
    query = "SELECT i, CASE WHEN i = 4 THEN date 'infinity' END AS d FROM generate_series(1, 9) i"
    stream = cur.stream_arrow(query, size=2)
    assert next(stream)["i"].to_pylist() == [1, 2]
    with pytest.raises(howdah.DataError, match="column 'd', row 4"):
        next(stream)
    assert cur.connection.execute("SELECT 1").fetchone() == (1,)


def test_a_stream_is_not_ended_by_another_that_is_refused(cur: Any) -> None:
    stream = cur.stream_arrow("SELECT generate_series(1, 100000) AS i", size=10)
    next(stream)
    for _ in range(2):
        with pytest.raises(howdah.ProgrammingError, match="streaming"):
            next(cur.connection.cursor().stream_arrow("SELECT 1"))
    assert sum([batch.num_rows for batch in stream]) == 99990


@pytest.mark.parametrize("size", [0, -1])
def test_wrong_sizes(cur: Any, size: int) -> None:
    cur.execute_arrow("SELECT 1")
    with pytest.raises(ValueError, match="size"):
        cur.fetch_arrow_batches(size)
    with pytest.raises(ValueError, match="size"):
        next(cur.stream_arrow("SELECT 1", size=size))
    with pytest.raises(ValueError, match="max_bytes"):
        next(cur.stream_arrow("SELECT 1", max_bytes=size))


# What cannot be


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("date 'infinity'", "Arrow has no date 'infinity'"),
        ("date '-infinity'", "Arrow has no date '-infinity'"),
        ("timestamp 'infinity'", "Arrow has no timestamp 'infinity'"),
        ("timestamptz '-infinity'", "Arrow has no timestamp '-infinity'"),
        ("timestamp '294276-12-31'", "too late"),
        ("time '24:00'", "24:00"),
        ("interval '300000000 hours'", "hours"),
        ("ARRAY[[1,2],[3,4]]", "2 dimensions"),
        ("ARRAY[date 'infinity']", "Arrow has no date 'infinity'"),
    ],
)
def test_values_that_arrow_cannot_hold(cur: Any, value: str, message: str) -> None:
    query = f"SELECT CASE WHEN i = 2 THEN {value} END AS v FROM generate_series(1, 2) i"
    with pytest.raises(howdah.DataError, match=rf"column 'v', row 2: .*{message}"):
        cur.execute_arrow(query)
    with pytest.raises(howdah.DataError, match=rf"column 'v', row 2: .*{message}"):
        cur.copy_arrow_out(f"COPY ({query}) TO STDOUT (FORMAT binary)")
    assert cur.execute("SELECT 1").fetchone() == (1,)


def test_not_a_number(cur: Any) -> None:
    with pytest.raises(howdah.DataError, match="column 'v', row 2: Arrow's decimals have no NaN"):
        cur.execute_arrow("SELECT 1::numeric(5,2) AS v UNION ALL SELECT 'NaN'::numeric(5,2)")


def test_infinite_interval(cur: Any) -> None:
    if cur.connection.info.server_version < 170000:
        pytest.skip("intervals are infinite from PostgreSQL 17 on")
    with pytest.raises(howdah.DataError, match="column 'v', row 1: Arrow has no interval '-infinity'"):
        cur.execute_arrow("SELECT interval '-infinity' AS v")


def test_errors_of_the_server(conn: howdah.Connection[Any]) -> None:
    conn.set_autocommit(True)
    cur: Any = conn.cursor()
    with pytest.raises(howdah.errors.SyntaxError):
        cur.execute_arrow("SELEC 1")
    with pytest.raises(howdah.errors.UndefinedTable):
        cur.execute_arrow("SELECT * FROM nowhere")
    with pytest.raises(howdah.errors.DivisionByZero):
        cur.execute_arrow("SELECT 1 / (3 - i) FROM generate_series(1, 5) i")
    with pytest.raises(howdah.errors.SyntaxError):
        cur.copy_arrow_out("COPY (SELEC 1) TO STDOUT (FORMAT binary)")
    with pytest.raises(howdah.DataError, match="column 'd', row 1"):
        cur.execute_arrow("SELECT date 'infinity' AS d")
    assert cur.execute_arrow("SELECT 1 AS a").fetch_arrow().to_pylist() == [{"a": 1}]


def test_another_client_encoding(cur: Any) -> None:
    cur.execute("SET client_encoding TO latin1")
    for call in (cur.execute_arrow, cur.copy_arrow_out):
        with pytest.raises(howdah.NotSupportedError, match="LATIN1"):
            call("COPY (SELECT 'é') TO STDOUT (FORMAT binary)")


def test_closed(cur: Any) -> None:
    cur.execute_arrow("SELECT 1")
    cur.close()
    with pytest.raises(howdah.InterfaceError):
        cur.fetch_arrow()
    with pytest.raises(howdah.InterfaceError):
        cur.execute_arrow("SELECT 1")


def test_in_a_pipeline(conn: howdah.Connection[Any]) -> None:
    cur: Any = conn.cursor()
    other = conn.cursor()
    with conn.pipeline():
        other.execute("SELECT 1")
        assert cur.execute_arrow("SELECT 2 AS n").fetch_arrow().to_pylist() == [{"n": 2}]
        with pytest.raises(howdah.ProgrammingError, match="pipeline"):
            next(cur.stream_arrow("SELECT 1"))
    assert other.fetchone() == (1,)


def test_transactions(conn: howdah.Connection[Any]) -> None:
    cur: Any = conn.cursor()
    cur.execute_arrow("CREATE TABLE arrow_tx (i int)")
    assert conn.info.transaction_status == howdah.pq.TransactionStatus.INTRANS
    conn.rollback()
    cur.execute_arrow("SELECT to_regclass('arrow_tx')::text AS r")
    assert cur.fetch_arrow().to_pylist() == [{"r": None}]


def test_observers(dsn: str) -> None:
    seen: list[Any] = []

    class Observer:
        def query_started(self, query: bytes, params: Any) -> None:
            seen.append((query, params))

        def query_ended(self, token: Any, status: str | None, rowcount: int, error: Any) -> None:
            seen.append((status, rowcount, error))

    class Plugin:
        @howdah.hookspecs.hookimpl
        def howdah_query_observer(self, connection: Any) -> Observer:
            return Observer()

    driver = howdah.Driver(plugins=[("watching", Plugin())])
    with driver.Connection.connect(dsn) as conn:
        cur: Any = conn.cursor()
        cur.execute_arrow("SELECT %s AS n", (1,))
        collect(cur.stream_arrow("SELECT 2 AS n"))
    assert seen == [
        (b"SELECT $1 AS n", (1,)),
        ("SELECT 1", 1, None),
        (b"SELECT 2 AS n", None),
        ("SELECT 1", 1, None),
    ]


# Copying out


def test_copy_a_table_out(cur: Any) -> None:
    cur.execute('CREATE TABLE pg_temp."a b" (i int, "C" inet)')
    cur.execute("""INSERT INTO pg_temp."a b" SELECT i, '10.0.0.1' FROM generate_series(1, 20000) i""")
    table = cur.copy_arrow_out("a b")
    assert table.num_rows == 20000
    assert table.slice(19999).to_pylist() == [{"i": 20000, "C": "10.0.0.1"}]
    assert cur.rowcount == 20000
    name = howdah.sql.Identifier("pg_temp", "a b")
    assert cur.copy_arrow_out(name, columns=["C"]).schema == pa.schema([("C", pa.string())])
    assert cur.copy_arrow_out('COPY pg_temp."a b" (i) TO STDOUT WITH BINARY').schema.names == ["i"]
    assert (
        cur.copy_arrow_out(howdah.sql.SQL("COPY {} TO STDOUT (FORMAT binary)").format(name)).num_rows == 20000
    )


@pytest.mark.parametrize(
    ("statement", "columns", "message"),
    [
        ("COPY t TO STDOUT", None, "FORMAT binary"),
        ("COPY t FROM STDIN (FORMAT binary)", None, "no COPY"),
        ("COPY t TO '/tmp/x' (FORMAT binary)", None, "no COPY"),
        ("COPY t TO STDOUT (FORMAT binary)", ["a"], "columns"),
    ],
)
def test_statements_that_do_not_copy_out(cur: Any, statement: str, columns: Any, message: str) -> None:
    with pytest.raises(howdah.ProgrammingError, match=message):
        cur.copy_arrow_out(statement, columns=columns)


# Further on


def test_to_pandas_and_polars(cur: Any) -> None:
    polars = pytest.importorskip("polars")
    pytest.importorskip("pandas")
    cur.execute_arrow("SELECT 1 AS a, 'x' AS b, 1.5::numeric(4,2) AS c, now() AS d, ARRAY[1,2] AS e")
    table = cur.fetch_arrow()
    assert table.to_pandas()["b"].tolist() == ["x"]
    frame = polars.from_arrow(table)
    assert frame["e"].to_list() == [[1, 2]] and frame["c"].to_list() == [Decimal("1.50")]


def test_memory_outlives_the_cursor(conn: howdah.Connection[Any]) -> None:
    cur: Any = conn.cursor()
    query = "SELECT i, repeat('x', 100) AS t FROM generate_series(1, 5000) i"
    batches = collect(cur.stream_arrow(query, size=500))
    del cur
    conn.close()
    table = pa.Table.from_batches(batches)
    table.validate(full=True)
    assert table["i"].to_pylist() == list(range(1, 5001))
    assert set(table["t"].to_pylist()) == {"x" * 100}
    assert table["i"].chunk(3).to_pylist()[0] == 1501
