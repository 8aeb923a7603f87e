"""Arrow data into tables."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import howdah

UTC = timezone.utc
KEY = UUID("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11")
BIG = Decimal("9" * 36 + "." + "8" * 40)

#: The type of a column, an Arrow array, what the values are in SQL, as text.
STORED: list[tuple[str, pa.Array, list[str]]] = [
    ("bool", pa.array([True, False]), ["true", "false"]),
    ("int2", pa.array([-32768, 32767], pa.int16()), ["-32768", "32767"]),
    ("int4", pa.array([-(2**31), 2**31 - 1], pa.int32()), ["-2147483648", "2147483647"]),
    ("int8", pa.array([-(2**63), 2**63 - 1]), ["-9223372036854775808", "9223372036854775807"]),
    ("int8", pa.array([1, 255], pa.uint8()), ["1", "255"]),
    ("int2", pa.array([1, -1], pa.int64()), ["1", "-1"]),
    ("oid", pa.array([2**32 - 1], pa.uint32()), ["4294967295"]),
    ("float4", pa.array([1.5, float("inf")], pa.float32()), ["1.5", "Infinity"]),
    ("float8", pa.array([0.1, float("nan")]), ["0.1", "NaN"]),
    ("float8", pa.array([1.5], pa.float16()), ["1.5"]),
    ("float8", pa.array([3], pa.int32()), ["3"]),
    ("numeric", pa.array([Decimal("-1.50"), Decimal("0.00")]), ["-1.50", "0.00"]),
    ("numeric", pa.array([Decimal("12345678.90")], pa.decimal128(38, 2)), ["12345678.90"]),
    ("numeric", pa.array([Decimal("1E+3")], pa.decimal128(3, -3)), ["1000"]),
    ("numeric", pa.array([BIG, BIG.copy_negate(), Decimal("1E-40")], pa.decimal256(76, 40)),
     [str(BIG), f"-{BIG}", "0." + "0" * 39 + "1"]),
    ("numeric", pa.array([-(2**63)]), ["-9223372036854775808"]),
    ("numeric", pa.array([0.1, 1e20, 1.5e-7, -2.0, float("nan"), float("-inf")]),
     ["0.1", "100000000000000000000", "0.00000015", "-2", "NaN", "-Infinity"]),
    ("numeric", pa.array(["1.50", " -0.00012 ", "1e3", "00", "+7.", ".5", "123456789.000100"]),
     ["1.50", "-0.00012", "1000", "0", "7", "0.5", "123456789.000100"]),
    ("numeric(8,2)", pa.array([1.005, 2.5]), ["1.01", "2.50"]),
    ("numeric(8,2)", pa.array([Decimal("1.234")]), ["1.23"]),
    ("text", pa.array(["Żółć", ""]), ["Żółć", ""]),
    ("text", pa.array(["a"], pa.large_string()), ["a"]),
    ("text", pa.array(["a", "b", "a"]).dictionary_encode(), ["a", "b", "a"]),
    ("text", pa.array(["a", "a text, not inlined"], pa.string_view()), ["a", "a text, not inlined"]),
    ("text", pa.array([1, 2]), ["1", "2"]),
    ("varchar(3)", pa.array(["abc"]), ["abc"]),
    ("char(3)", pa.array(["a"]), ["a"]),
    ("bytea", pa.array([b"\0\xff", b""]), [r"\x00ff", r"\x"]),
    ("bytea", pa.array([b"\0\xff"], pa.large_binary()), [r"\x00ff"]),
    ("bytea", pa.array([b"abcd"], pa.binary(4)), [r"\x61626364"]),
    ("date", pa.array([date(2024, 2, 29), date(1, 1, 1)]), ["2024-02-29", "0001-01-01"]),
    ("date", pa.array([date(2024, 2, 29)], pa.date64()), ["2024-02-29"]),
    ("date", pa.array([datetime(1969, 12, 30), None]), ["1969-12-30", None]),
    ("time", pa.array([time(23, 59, 59, 999999), time()]), ["23:59:59.999999", "00:00:00"]),
    ("time", pa.array([time(23, 59, 59)], pa.time32("s")), ["23:59:59"]),
    ("timestamp", pa.array([datetime(2024, 2, 29, 12, 30, 0, 1), datetime(1969, 1, 1)]),
     ["2024-02-29 12:30:00.000001", "1969-01-01 00:00:00"]),
    ("timestamp", pa.array([datetime(2024, 2, 29)], pa.timestamp("ns")), ["2024-02-29 00:00:00"]),
    ("timestamptz", pa.array([datetime(2024, 2, 29, tzinfo=UTC)], pa.timestamp("ms", "Europe/Paris")),
     ["2024-02-29 00:00:00+00"]),
    ("interval", pa.array([pa.MonthDayNano([14, -3, 4_000_005_000])]),
     ["1 year 2 mons -3 days +00:00:04.000005"]),
    ("interval", pa.array([timedelta(hours=-30)]), ["-30:00:00"]),
    ("uuid", pa.array([KEY.bytes], pa.uuid()), [str(KEY)]),
    ("uuid", pa.array([KEY.bytes], pa.binary(16)), [str(KEY)]),
    ("uuid", pa.array([str(KEY), KEY.hex]), [str(KEY), str(KEY)]),
    ("json", pa.array(['{"a":  1}']), ['{"a":  1}']),
    ("jsonb", pa.array(['{"a":  1}']), ['{"a": 1}']),
    ("pg_temp.mood", pa.array(["sad", "ok"]).dictionary_encode(), ["sad", "ok"]),
    ("pg_temp.price", pa.array([Decimal("1.5")]), ["1.500"]),
    ("int4[]", pa.array([[1, None, 3], []], pa.list_(pa.int64())), ["{1,NULL,3}", "{}"]),
    ("int8[]", pa.array([[1, 2]], pa.large_list(pa.int8())), ["{1,2}"]),
    ("text[]", pa.array([["a", ""]], pa.list_(pa.string(), 2)), ['{a,""}']),
    ("numeric[]", pa.array([[Decimal("1.50")]]), ["{1.50}"]),
    ("numeric[]", pa.array([[1.5]]), ["{1.5}"]),
    ("jsonb[]", pa.array([['{"a":1}']]), ['{"{\\"a\\": 1}"}']),
    ("timestamp[]", pa.array([[datetime(2024, 2, 29)]]), ['{"2024-02-29 00:00:00"}']),
    ("uuid[]", pa.array([[KEY.bytes]], pa.list_(pa.binary(16))), [f"{{{KEY}}}"]),
]  # fmt: skip

pytestmark = pytest.mark.anyio

ASYNC = True


def with_nulls(array: pa.Array) -> pa.ChunkedArray:
    """Return the array with NULL in front and behind."""
    null = pa.nulls(1, array.type)
    return pa.chunked_array([null, array, null]).combine_chunks()


@pytest.mark.parametrize(("type", "array", "texts"), STORED, ids=[f"{t}-{a.type}" for t, a, _ in STORED])
@pytest.mark.parametrize("sliced", [False, True])
async def test_types(cur: Any, type: str, array: pa.Array, texts: list[str], sliced: bool) -> None:
    await cur.execute(f"SET timezone TO 'UTC'; CREATE TABLE pg_temp.t (i serial, v {type})")
    data = pa.table({"v": with_nulls(array)})
    expected = [None, *texts, None]
    if sliced:
        data, expected = data.slice(1), expected[1:]
    assert await cur.copy_arrow_in("t", data) == len(expected)
    await cur.execute("SELECT v::text FROM pg_temp.t ORDER BY i")
    assert [value for (value,) in await cur.fetchall()] == expected


@pytest.mark.parametrize(
    "type", ["int4", "text", "numeric", "numeric(5,2)", "uuid", "interval", "int4[]", "jsonb"]
)
async def test_only_nulls(cur: Any, type: str) -> None:
    await cur.execute(f"CREATE TABLE pg_temp.t (v {type})")
    assert await cur.copy_arrow_in("t", pa.table({"v": pa.nulls(3)})) == 3
    assert await (await cur.execute("SELECT count(*), count(v) FROM pg_temp.t")).fetchone() == (3, 0)


@pytest.mark.parametrize(
    ("type", "array", "message"),
    [
        ("int2", pa.array([40000]), "column 'v': a value of int64 does not go into int16"),
        ("int4", pa.array([1.5]), "column 'v': a value of double does not go into int32"),
        ("int4", pa.array(["x"]), "column 'v': a value of string does not go into int32"),
        ("text", pa.array([b"\xff"]), "column 'v': a value of binary does not go into string"),
        ("numeric", pa.array(["1.5", "one"]), "column 'v', row 2: this is no number"),
        ("numeric", pa.array(["1e"]), "this is no number"),
        ("numeric", pa.array(["-NaN"]), "this is no number"),
        ("numeric", pa.array(["1 000"]), "this is no number"),
        ("numeric", pa.array([""]), "this is no number"),
        ("numeric", pa.array(["."]), "this is no number"),
        ("numeric", pa.array(["1e200000"]), "more digits"),
        ("uuid", pa.array(["x"]), "column 'v': a value of string does not go into fixed_size_binary"),
        (
            "timestamp",
            pa.array([1], pa.timestamp("ns")),
            "column 'v': a value of timestamp.* does not go into",
        ),
        (
            "timestamp",
            pa.array([-(2**63) + 5], pa.timestamp("us")),
            "row 1: the timestamp is out of the range",
        ),
        ("date", pa.array([-(2**31)], pa.date32()), "row 1: the date is out of the range"),
        ("interval", pa.array([pa.MonthDayNano([0, 0, 1])]), "nanoseconds"),
        ("int4[]", pa.array([[[1]]]), "column 'v': Arrow's list<.*> does not go into integer"),
        ("int4[]", pa.array([1]), "is no list"),
        ("int4", pa.array([[1]]), "column 'v': Arrow's list<.*> does not go into integer"),
        ("text", pa.array([{"a": 1}]), "column 'v': Arrow's struct<.*> does not go into text"),
        ("float4", pa.array([1.0, None, 1e300]), "column 'v': a value of double does not go into float"),
        ("float4", pa.array([1e300]).dictionary_encode(), "column 'v': a value of dictionary.* does not go"),
        ("float4", pa.array([Decimal(10) ** 60]), "column 'v': a value of decimal.* does not go"),
        (
            "float4[]",
            pa.array([[1.0], None, [-1e300]]),
            "column 'v': a value of list.* does not go into list",
        ),
        (
            "text",
            pa.array([2**31 - 1], pa.date32()),
            "column 'v': a value of date32.* does not go into string",
        ),
        ("text[]", pa.array([[2**31 - 1]], pa.list_(pa.date32())), "column 'v': a value of list"),
        (
            "date",
            pa.array([0, None, 5], pa.timestamp("ns")),
            "column 'v': a value of timestamp.* does not go",
        ),
        *[
            (type, pa.array([5], source), "column 'v': .*: cast it to the type that is meant")
            for type, source in [
                ("timestamp", pa.int64()),
                ("date", pa.int32()),
                ("time", pa.int64()),
                ("int8", pa.timestamp("us")),
                ("int4", pa.date32()),
                ("int8", pa.duration("us")),
                ("float8", pa.time64("us")),
                ("numeric", pa.timestamp("us")),
                ("numeric", pa.duration("s")),
                ("text", pa.duration("s")),
                ("date", pa.timestamp("us", "UTC")),
                ("time", pa.timestamp("us")),
            ]
        ],
        (
            "timestamp[]",
            pa.array([[5]], pa.list_(pa.int64())),
            "column 'v': .*: cast it to the type that is meant",
        ),
        ("timestamp", pa.array([1], pa.timestamp("us", "UTC")), "without a time zone"),
        ("timestamptz", pa.array([1], pa.timestamp("us")), "with a time zone"),
        (
            "inet",
            pa.array(["10.0.0.1"]),
            "column 'v': Arrow's string does not go into inet, whose binary format",
        ),
    ],
)
async def test_wrong_data(cur: Any, type: str, array: pa.Array, message: str) -> None:
    await cur.execute(f"CREATE TABLE pg_temp.t (v {type})")
    await cur.connection.commit()
    with pytest.raises((howdah.DataError, howdah.NotSupportedError), match=message):
        await cur.copy_arrow_in("t", pa.table({"v": array}))
    await cur.connection.rollback()
    assert await (await cur.execute("SELECT count(*) FROM pg_temp.t")).fetchone() == (0,)


async def test_columns_by_name(cur: Any) -> None:
    await cur.execute("""CREATE TABLE pg_temp.t (a int, "B b" text DEFAULT 'none', c int DEFAULT 7)""")
    await cur.copy_arrow_in("t", pa.table({"B b": ["x"], "a": [1]}))
    await cur.copy_arrow_in("t", pa.table({"x": [5], "y": [2]}), columns=["c", "a"])
    assert await (await cur.execute("SELECT * FROM pg_temp.t ORDER BY a")).fetchall() == [
        (1, "x", 7),
        (2, "none", 5),
    ]
    with pytest.raises(howdah.errors.UndefinedColumn, match='"z"'):
        await cur.copy_arrow_in("t", pa.table({"z": [1]}))


async def test_targets(cur: Any) -> None:
    await cur.execute('CREATE TABLE pg_temp."a ""b" (a int, b int)')
    data = pa.table({"a": [1], "b": [2]})
    name = howdah.sql.Identifier("pg_temp", 'a "b')
    targets = [
        'a "b',
        name,
        'COPY pg_temp."a ""b" FROM STDIN (FORMAT binary)',
        'copy pg_temp."a ""b" (b, a)  from stdin with binary',
        howdah.sql.SQL("COPY {} ({}) FROM STDIN WITH (FORMAT BINARY)").format(name, howdah.sql.SQL("a, b")),
    ]
    for target in targets:
        assert await cur.copy_arrow_in(target, data) == 1
    assert await (await cur.execute('SELECT sum(a), sum(b) FROM pg_temp."a ""b"')).fetchone() == (6, 9)
    assert cur.statusmessage == "SELECT 1"


@pytest.mark.parametrize(
    ("target", "columns", "message"),
    [
        ("COPY t FROM STDIN", None, "FORMAT binary"),
        ("COPY t TO STDOUT (FORMAT binary)", None, "no COPY"),
        ("COPY (SELECT 1) TO STDOUT (FORMAT binary)", None, "no COPY"),
        ("COPY t FROM STDIN (FORMAT binary)", ["a"], "columns"),
    ],
)
async def test_statements_that_do_not_copy_in(cur: Any, target: str, columns: Any, message: str) -> None:
    with pytest.raises(howdah.ProgrammingError, match=message):
        await cur.copy_arrow_in(target, pa.table({"a": [1]}), columns=columns)


async def test_another_number_of_columns(cur: Any) -> None:
    await cur.execute("CREATE TABLE pg_temp.t (a int, b int)")
    with pytest.raises(howdah.DataError, match="the data has 1 columns, the COPY 2"):
        await cur.copy_arrow_in("COPY pg_temp.t FROM STDIN (FORMAT binary)", pa.table({"a": [1]}))


def batch(i: int) -> pa.RecordBatch:
    """Return a batch of three rows."""
    return pa.record_batch({"n": pa.array([i, i + 1, None]), "t": pa.array([str(i), None, "x"])})


@pytest.mark.parametrize(
    "make",
    [
        lambda: batch(1),
        lambda: pa.Table.from_batches([batch(1)]),
        lambda: pa.RecordBatchReader.from_batches(batch(1).schema, [batch(1)]),
        lambda: [batch(1)],
        lambda: (each for each in [batch(1)]),
        lambda: Stream(pa.Table.from_batches([batch(1)])),
        lambda: Array(batch(1)),
        lambda: pytest.importorskip("polars").from_arrow(batch(1)),
        lambda: pytest.importorskip("pandas").DataFrame(
            {"n": [1, 2, None], "t": ["1", None, "x"]}, index=[7, 8, 9]
        ),
    ],
    ids=["batch", "table", "reader", "list", "generator", "stream", "array", "polars", "pandas"],
)
async def test_sources(cur: Any, make: Any) -> None:
    await cur.execute("CREATE TABLE pg_temp.t (n int, t text)")
    assert await cur.copy_arrow_in("t", make()) == 3
    assert await (await cur.execute("SELECT * FROM pg_temp.t")).fetchall() == [
        (1, "1"),
        (2, None),
        (None, "x"),
    ]


class Stream:
    """Something that has an Arrow stream."""

    def __init__(self, table: pa.Table) -> None:
        self.table = table

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self.table.__arrow_c_stream__(requested_schema)


class Array:
    """Something that is one batch."""

    def __init__(self, batch: pa.RecordBatch) -> None:
        self.batch = batch

    def __arrow_c_array__(self, requested_schema: object = None) -> object:
        return self.batch.__arrow_c_array__(requested_schema)


@pytest.mark.parametrize("data", [5, "x", [], [1], {"a": [1]}])
async def test_no_arrow_data(cur: Any, data: Any) -> None:
    with pytest.raises(TypeError, match="Arrow table"):
        await cur.copy_arrow_in("t", data)


async def test_many_batches(cur: Any) -> None:
    await cur.execute("CREATE TABLE pg_temp.t (n int, t text)")
    assert await cur.copy_arrow_in("t", (batch(i) for i in range(500))) == 1500
    assert await (await cur.execute("SELECT sum(n), count(t) FROM pg_temp.t")).fetchone() == (
        sum(2 * i + 1 for i in range(500)),
        1000,
    )


async def test_empty_data(cur: Any) -> None:
    await cur.execute("CREATE TABLE pg_temp.t (n int, t text)")
    assert await cur.copy_arrow_in("t", batch(1).slice(0, 0)) == 0
    assert await cur.copy_arrow_in("t", pa.Table.from_batches([], batch(1).schema)) == 0


async def test_no_columns(cur: Any) -> None:
    await cur.execute("CREATE TABLE pg_temp.t ()")
    data = pa.RecordBatch.from_struct_array(pa.array([{}] * 3, pa.struct([])))
    assert await cur.copy_arrow_in("t", data) == 3
    assert await (await cur.execute("SELECT count(*) FROM pg_temp.t")).fetchone() == (3,)


async def test_all_or_nothing(aconn: howdah.AsyncConnection[Any]) -> None:
    await aconn.set_autocommit(True)
    cur: Any = aconn.cursor()
    await cur.execute("CREATE TABLE pg_temp.t (n int CHECK (n <> 99000))")
    with pytest.raises(howdah.errors.CheckViolation):
        await cur.copy_arrow_in("t", pa.table({"n": range(100_000)}))

    def broken() -> Any:
        yield pa.record_batch({"n": [1, 2]})
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await cur.copy_arrow_in("t", broken())

    def narrow() -> Any:
        yield pa.record_batch({"n": [1, 2]})
        yield pa.record_batch({"n": [1, 2], "m": [1, 2]})

    with pytest.raises(howdah.DataError, match="2 columns"):
        await cur.copy_arrow_in("t", narrow())
    assert await (await cur.execute("SELECT count(*) FROM pg_temp.t")).fetchone() == (0,)


async def test_rows_are_counted_through_batches(cur: Any) -> None:
    await cur.execute("CREATE TABLE pg_temp.t (v numeric)")
    batches = [pa.record_batch({"v": texts}) for texts in (["1", "2"], ["3", "4"], ["x"])]
    with pytest.raises(howdah.DataError, match="column 'v', row 5: this is no number"):
        await cur.copy_arrow_in("t", batches)


async def test_from_one_connection_to_another(aconn: howdah.AsyncConnection[Any], dsn: str) -> None:
    async with await howdah.AsyncConnection.connect(dsn) as other:
        source: Any = other.cursor()
        cur: Any = aconn.cursor()
        await cur.execute("CREATE TABLE pg_temp.t (i int, t text)")
        stream = source.stream_arrow("SELECT i, 'row ' || i AS t FROM generate_series(1, 10000) i", size=1000)
        assert await cur.copy_arrow_in("t", stream) == 10000
        await cur.execute("SELECT count(DISTINCT t), sum(i) FROM pg_temp.t")
        assert await cur.fetchone() == (10000, 50005000)


async def test_a_stream_of_no_batches(cur: Any) -> None:
    await cur.execute("CREATE TABLE pg_temp.t (i int)")

    async def nothing() -> Any:
        for batch in ():
            yield batch

    with pytest.raises(TypeError, match="at least one batch"):
        await cur.copy_arrow_in("t", nothing())


async def test_out_and_in(cur: Any) -> None:
    await cur.execute("CREATE TABLE pg_temp.t (i int, t text)")
    data = pa.table({"i": range(10000), "t": [f"row {i}" for i in range(10000)]})
    assert await cur.copy_arrow_in("t", data) == 10000
    there = await cur.copy_arrow_out("t")
    assert there["i"].to_pylist() == list(range(10000)) and there["t"].to_pylist() == data["t"].to_pylist()


# There and back

_SAFE_TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
COLUMNS: dict[str, tuple[pa.DataType, Any]] = {
    "bool": (pa.bool_(), st.booleans()),
    "int2": (pa.int16(), st.integers(-(2**15), 2**15 - 1)),
    "int4": (pa.int32(), st.integers(-(2**31), 2**31 - 1)),
    "int8": (pa.int64(), st.integers(-(2**63), 2**63 - 1)),
    "float4": (pa.float32(), st.floats(width=32, allow_nan=False)),
    "float8": (pa.float64(), st.floats(allow_nan=False)),
    "numeric(18,4)": (pa.decimal128(18, 4), st.decimals(-(10**14) + 1, 10**14 - 1, places=4)),
    "numeric(38,0)": (pa.decimal128(38, 0), st.decimals(-(10**38) + 1, 10**38 - 1, places=0)),
    "numeric(38,37)": (
        pa.decimal128(38, 37),
        st.integers(-(10**38) + 1, 10**38 - 1).map(lambda i: scaled(i, 37)),
    ),
    "numeric(76,38)": (
        pa.decimal256(76, 38),
        st.integers(-(10**76) + 1, 10**76 - 1).map(lambda i: scaled(i, 38)),
    ),
    "text": (pa.string(), _SAFE_TEXT),
    "bytea": (pa.binary(), st.binary()),
    "date": (pa.date32(), st.dates()),
    "time": (pa.time64("us"), st.times()),
    "timestamp": (pa.timestamp("us"), st.datetimes()),
    "interval": (
        pa.month_day_nano_interval(),
        st.tuples(st.integers(-1000, 1000), st.integers(-1000, 1000), st.integers(-(10**15), 10**15)).map(
            lambda each: pa.MonthDayNano([each[0], each[1], each[2] * 1000])
        ),
    ),
    "uuid": (pa.binary(16), st.uuids().map(lambda key: key.bytes)),
    "int4[]": (pa.list_(pa.int32()), st.lists(st.none() | st.integers(-(2**31), 2**31 - 1), max_size=5)),
    "text[]": (pa.list_(pa.string()), st.lists(st.none() | _SAFE_TEXT, max_size=5)),
    "numeric(9,3)[]": (
        pa.list_(pa.decimal128(9, 3)),
        st.lists(st.none() | st.decimals(-999999, 999999, places=3), max_size=4),
    ),
}


def scaled(integer: int, scale: int) -> Decimal:
    """Return a decimal with so many digits behind the point."""
    return Decimal((integer < 0, tuple(map(int, str(abs(integer)))), -scale))


@pytest.fixture
async def wide(aconn: howdah.AsyncConnection[Any]) -> Any:
    """A cursor, and a table with a column of each type."""
    cur = aconn.cursor()
    columns = ", ".join([f"c{i} {type}" for i, type in enumerate(COLUMNS)])
    await cur.execute(f"CREATE TABLE pg_temp.wide (i int, {columns})")
    return cur


if ASYNC:
    EXAMPLES = 15  # the encoding does not depend on the side
else:
    EXAMPLES = 60

ROWS = st.lists(st.tuples(*[st.none() | values for _, values in COLUMNS.values()]), max_size=20)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ROWS)
async def test_round_trip(wide: Any, rows: list[tuple[Any, ...]]) -> None:
    await wide.execute("TRUNCATE pg_temp.wide")
    columns = {"i": pa.array(range(len(rows)), pa.int32())}
    for index, (arrow_type, _) in enumerate(COLUMNS.values()):
        columns[f"c{index}"] = pa.array([row[index] for row in rows], arrow_type)
    table = pa.table(columns)
    assert await wide.copy_arrow_in("wide", table) == len(rows)
    there = await (await wide.execute_arrow("SELECT * FROM pg_temp.wide ORDER BY i")).fetch_arrow()
    there.validate(full=True)
    key = there.schema.get_field_index(f"c{list(COLUMNS).index('uuid')}")
    assert there.schema.field(key).type == pa.uuid()
    storage = pa.chunked_array([chunk.storage for chunk in there[key].chunks], pa.binary(16))
    assert there.set_column(key, f"c{list(COLUMNS).index('uuid')}", storage).equals(table)
    assert (await wide.copy_arrow_out("wide")).num_rows == len(rows)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.decimals().filter(lambda d: not d.is_snan() and str(d) != "-NaN"), min_size=1))
async def test_numbers_as_text(wide: Any, numbers: list[Decimal]) -> None:
    small = [each for each in numbers if not each.is_finite() or abs(each.adjusted()) < 10000]
    await wide.execute("CREATE TABLE IF NOT EXISTS pg_temp.numbers (n numeric); TRUNCATE pg_temp.numbers")
    await wide.copy_arrow_in("numbers", pa.table({"n": pa.array(list(map(str, small)), pa.string())}))
    await wide.execute("SELECT n FROM pg_temp.numbers")
    there = [value for (value,) in await wide.fetchall()]
    for back, number in zip(there, small, strict=True):
        if number.is_nan():
            assert back.is_nan()
        else:
            assert back == number
            exponent = number.as_tuple().exponent
            if isinstance(exponent, int):
                assert back.as_tuple().exponent == min(exponent, 0)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1))
async def test_floats_as_numbers(wide: Any, floats: list[float]) -> None:
    await wide.execute("CREATE TABLE IF NOT EXISTS pg_temp.numbers (n numeric); TRUNCATE pg_temp.numbers")
    await wide.copy_arrow_in("numbers", pa.table({"n": floats}))
    await wide.execute("SELECT n FROM pg_temp.numbers")
    assert [float(value) for (value,) in await wide.fetchall()] == floats
