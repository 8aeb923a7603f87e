"""Values that are sent to a server and read back: equal, and of the same Python type, in every format."""

from __future__ import annotations

import datetime as dt
import enum
import math
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import howdah
from howdah.adapt import Dumper, Loader, TypeInfo
from howdah_types.json import Json, Jsonb, set_json_loads
from howdah_types.numeric import Float4, FloatLoader, Int8
from tests.plugins.types.strategies import JSON, STRATEGIES, TEXT_ONLY, arrays, bare

if TYPE_CHECKING:
    from collections.abc import Iterator

UTC = dt.timezone.utc
PLACEHOLDERS = ["%s", "%t", "%b"]


@pytest.fixture(scope="module")
def shared(dsn: str) -> Iterator[howdah.Connection[Any]]:
    """One connection for all the examples of hypothesis."""
    with howdah.connect(dsn, autocommit=True) as conn:
        for extension in ("citext", "ltree"):
            conn.execute(f"CREATE EXTENSION IF NOT EXISTS {extension}")
        for name in ("citext", "ltree", "lquery", "ltxtquery"):
            TypeInfo.fetch(conn, name).register(conn)
        yield conn


def same(loaded: Any, value: Any) -> bool:
    """Whether two values are equal, NaN being equal to itself, and of one type."""
    if type(loaded) is not type(value):
        return False
    if isinstance(value, list):
        return len(loaded) == len(value) and all(map(same, loaded, value))
    if isinstance(value, (float, Decimal)) and math.isnan(value):
        return math.isnan(loaded)
    return bool(loaded == value)


def assert_returns(
    conn: Any, type_name: str, value: Any, expected: Any = ..., placeholders: Any = PLACEHOLDERS
) -> None:
    """Assert that a value comes back in every combination of formats, and as a literal."""
    expected = value if expected is ... else expected
    for placeholder in placeholders:
        for prepare in (False, True):
            for binary in (False, True, None):
                cur = conn.execute(
                    f"SELECT {placeholder}::{type_name}", [value], prepare=prepare, binary=binary
                )
                (loaded,) = cur.fetchone()
                assert same(loaded, expected), (placeholder, prepare, binary, loaded)
    if "%s" not in placeholders:
        return
    cur = howdah.ClientCursor(conn)
    # In -1::int2 the cast comes before the minus.
    (loaded,) = cur.execute(f"SELECT CAST(%s AS {type_name})", [value]).fetchone()
    assert same(loaded, expected), ("literal", loaded)


@pytest.mark.parametrize("type_name", STRATEGIES)
@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_scalar(shared, type_name, data):
    assert_returns(shared, type_name, data.draw(STRATEGIES[type_name]))


@pytest.mark.parametrize("type_name", STRATEGIES)
@settings(max_examples=5, deadline=None)
@given(data=st.data())
def test_array(shared, type_name, data):
    value = data.draw(arrays(STRATEGIES[type_name]))
    # As text the server would have to be told that it is semicolons that separate boxes.
    placeholders = ["%b"] if type_name == "box" else PLACEHOLDERS
    assume(type_name != "box" or "(" in str(value))
    assert_returns(shared, f"{type_name}[]", value, placeholders=placeholders)


@pytest.mark.parametrize("type_name", STRATEGIES)
@settings(max_examples=5, deadline=None)
@given(data=st.data())
def test_copy(shared, type_name, data):
    value = data.draw(STRATEGIES[type_name])
    array = data.draw(arrays(STRATEGIES[type_name]))
    name = bare(type_name)
    shared.execute("DROP TABLE IF EXISTS copied")
    shared.execute(f"CREATE TEMP TABLE copied (a {type_name}, b {type_name}[], c {type_name})")
    for written in ["text"] if name in TEXT_ONLY else ["text", "binary"]:
        with shared.cursor().copy(f"COPY copied FROM STDIN ({FORMATS[written]})") as copy:
            if written == "binary" or type_name == "box" or data.draw(st.booleans()):
                copy.set_types([name, f"{name}[]", name])
            copy.write_row((value, array, None))
    for read, options in FORMATS.items():
        with shared.cursor().copy(f"COPY copied TO STDOUT ({options})") as copy:
            copy.set_types([name, f"{name}[]", name])
            for row in copy.rows():
                assert same(list(row), [value, array, None]), read


@pytest.mark.parametrize("type_name", STRATEGIES)
@settings(max_examples=4, deadline=None)
@given(data=st.data())
def test_composite(shared, type_name, data):
    composite = pytest.importorskip("howdah_types.composite")
    value, array = data.draw(STRATEGIES[type_name]), data.draw(arrays(STRATEGIES[type_name]))
    assume(type_name != "box" or "(" in str(array))
    shared.execute("DROP TYPE IF EXISTS composed")
    shared.execute(f"CREATE TYPE composed AS (a {type_name}, b {type_name}[], c {type_name})")
    composite.register_composite(composite.CompositeInfo.fetch(shared, "composed"), shared)
    query = f"SELECT ROW(%b::{type_name}, %b::{type_name}[], NULL)::composed"
    for prepare in (False, True):
        for binary in (False, True, None):
            cur = shared.execute(query, [value, array], prepare=prepare, binary=binary)
            (loaded,) = cur.fetchone()
            assert same(list(loaded), [value, array, None]), (prepare, binary, loaded)


FORMATS = {"text": "FORMAT text", "binary": "FORMAT binary"}


@pytest.mark.parametrize("wrapper", [Json, Jsonb])
@settings(max_examples=15, deadline=None)
@given(value=JSON)
def test_json(shared, wrapper, value):
    # PostgreSQL takes no NUL in jsonb's strings; TEXT has none.
    name = wrapper.__name__.lower()
    assert_returns(shared, name, wrapper(value), value)
    assert_returns(shared, f"{name}[]", [wrapper(value), wrapper([value])], [value, [value]])


@pytest.mark.parametrize(
    ("type_name", "value", "expected"),
    [
        ("int4", None, None),
        ("int4[]", [], []),
        ("int4[]", [[], []], []),
        ("int4[]", [None], [None]),
        (
            "text[]",
            ["NULL", "", None, 'a"b', "c\\d", "{,}", " "],
            ["NULL", "", None, 'a"b', "c\\d", "{,}", " "],
        ),
        ("name", "n", "n"),
        ("bpchar(3)", "a", "a  "),
        ('"char"', "x", "x"),
        ('"char"', "", ""),
        ("date", dt.date.min, dt.date.min),
        ("date", dt.date.max, dt.date.max),
        ("timestamp", dt.datetime.max, dt.datetime.max),
        ("interval", dt.timedelta.max, dt.timedelta.max),
        ("interval", dt.timedelta.min, dt.timedelta.min),
        ("bytea", bytearray(b"a\0"), b"a\0"),
        ("bytea", memoryview(b"a\0"), b"a\0"),
        ("int8", Int8(5), 5),
        ("float4", Float4(3.14), 3.140000104904175),
        ("float4", 3.14, 3.140000104904175),
        ("numeric", 2**70, Decimal(2**70)),
        ("int8[]", [1, 70000, 2**40], [1, 70000, 2**40]),
        ("int4", enum.IntEnum("Number", {"SEVENTY": 70}).SEVENTY, 70),
        ("text", enum.Enum("Colour", {"RED": "red"}, type=str).RED, "red"),
    ],
)
def test_value(shared, type_name, value, expected):
    assert_returns(shared, type_name, value, expected)


@pytest.mark.parametrize(
    "value",
    [
        True,
        1,
        70000,
        2**40,
        1.5,
        Decimal("1.50"),
        b"\0",
        dt.date(2020, 1, 2),
        dt.time(1, 2),
        dt.time(1, 2, tzinfo=UTC),
        dt.datetime(2020, 1, 2),
        dt.datetime(2020, 1, 2, tzinfo=UTC),
        dt.timedelta(-1, 2, 3),
        UUID(int=1),
        [[1], [None], [2**40]],
        [Decimal("1.50"), None],
        [dt.date(2020, 1, 2)],
        "text",
    ],
)
def test_no_cast_needed(shared, value):
    for placeholder in PLACEHOLDERS:
        assert same(shared.execute(f"SELECT {placeholder}", [value]).fetchone()[0], value)


def test_integers_go_where_they_fit(shared):
    shared.execute(
        "CREATE TEMP TABLE numbers (a int2, b int4, c int8, d numeric, e float8, f int4[], g text)"
    )
    shared.execute("INSERT INTO numbers VALUES (%s, %s, %s, %s, %s, %s, %s)", [1, 1, 1, 1, 1, [1], "1"])
    row = shared.execute("SELECT * FROM numbers WHERE c = %s AND b = ANY(%s)", [1, [1, 2]]).fetchone()
    assert row == (1, 1, 1, Decimal(1), 1.0, [1], "1")
    assert shared.execute("SELECT %s < current_date", ["2020-01-01"]).fetchone() == (True,)


def test_same_type_before_and_after_preparation(shared):
    columns = [
        "3.14::float4",
        "1.50",
        "'2020-01-02 +0'::timestamptz",
        "ARRAY['a']",
        "'{}'::jsonb",
        "'1 mon'::interval",
    ]
    query = "SELECT " + ", ".join([*columns, "'::1'::inet", "'{::1,NULL}'::inet[]"])
    rows = [shared.execute(query, prepare=prepare).fetchone() for prepare in (False, True, True)]
    assert rows[0] == rows[1] == rows[2]
    assert [[type(value) for value in row] for row in rows[1:]] == [[type(value) for value in rows[0]]] * 2


# -- what the session is set to ----------------------------------------------------


@pytest.mark.parametrize("binary", [False, True])
def test_time_zone_of_the_session(conn, binary):
    for name in ("Europe/Rome", "America/New_York"):
        conn.execute(f"SET TimeZone TO '{name}'")
        (loaded,) = conn.cursor(binary=binary).execute("SELECT '2020-07-01 12:00+00'::timestamptz").fetchone()
        assert loaded == dt.datetime(2020, 7, 1, 12, tzinfo=UTC)
        assert loaded.tzinfo == ZoneInfo(name)


@pytest.mark.parametrize("style", ["postgres", "postgres_verbose", "sql_standard", "iso_8601"])
def test_interval_style(conn, style):
    conn.execute(f"SET IntervalStyle TO {style}")
    for text in (
        "1 year 2 mons 3 days 4:05:06.789",
        "-1 year -2 mons -3 days -4:05:06.789",
        "1 year -2 days +3 secs",
        "-3 days -1 sec",
        "-1 mon +1 sec",
        "-0.5 sec",
        "300 hours",
        "0",
    ):
        loaded = [conn.execute("SELECT %s::interval", [text], binary=b).fetchone()[0] for b in (False, True)]
        assert loaded[0] == loaded[1]
    for value in (
        dt.timedelta(-1, 3, 5),
        dt.timedelta(microseconds=-1),
        dt.timedelta(-5),
        dt.timedelta(5, 1),
    ):
        for placeholder in PLACEHOLDERS:
            assert conn.execute(f"SELECT {placeholder}::interval", [value]).fetchone() == (value,)


def test_bytea_output(conn):
    conn.execute("SET bytea_output TO escape")
    data = bytes(range(256))
    assert conn.execute("SELECT %s::bytea", [data], binary=False).fetchone() == (data,)


@pytest.mark.parametrize("setting", ["on", "off"])
def test_literals_without_standard_strings(conn, setting):
    conn.execute("SET escape_string_warning TO off")
    conn.execute(f"SET standard_conforming_strings TO {setting}")
    cur = howdah.ClientCursor(conn)
    for value in ("a\\b'c", b"\0\\'", ["a\\", "'"], Jsonb("\\")):
        expected = value.obj if isinstance(value, Jsonb) else value
        assert cur.execute("SELECT %s", [value]).fetchone()[0] in (expected, '{"a\\\\",\'}')


def test_client_encoding(conn):
    conn.execute("SET client_encoding TO LATIN1")
    for binary in (False, True):
        row = conn.execute("SELECT %s, %s::text[], %s", ["é", ["é"], Jsonb("é")], binary=binary).fetchone()
        assert row == ("é", ["é"], "é")
    with pytest.raises(howdah.DataError, match="cannot represent"):
        conn.execute("SELECT %s", ["€"])
    conn.execute("SET client_encoding TO SQL_ASCII")
    assert conn.execute("SELECT 'e', %s", ["é"]).fetchone() == (b"e", "é".encode())


@pytest.mark.parametrize("binary", [False, True])
@pytest.mark.parametrize(
    "literal",
    [
        "date 'infinity'",
        "date '10000-01-01'",
        "timestamp '-infinity'",
        "timestamptz '0001-01-01 BC'",
        "time '24:00'",
    ],
)
def test_what_python_has_not(conn, literal, binary):
    name = literal.split()[0]
    with pytest.raises(howdah.DataError, match=f"the {name}.* cannot be represented in Python"):
        conn.execute(f"SELECT {literal}", binary=binary).fetchone()
    assert conn.execute("SELECT 1").fetchone() == (1,)


# -- adapters of one's own -----------------------------------------------------------


@pytest.mark.parametrize("binary", [False, True])
def test_scopes(conn, dsn, binary):
    set_json_loads(lambda data: "mine", conn)
    cur = conn.cursor(binary=binary)
    set_json_loads(lambda data: "the cursor's", cur)
    query = "SELECT '{}'::json, '{}'::jsonb, '{}'::jsonb[]"
    assert cur.execute(query).fetchone() == ("the cursor's", "the cursor's", [])
    assert conn.execute(query, binary=binary).fetchone() == ("mine", "mine", [])
    with howdah.connect(dsn) as other:
        assert other.execute(query, binary=binary).fetchone() == ({}, {}, [])


def test_a_loader_registered_later_replaces_the_one_in_use(conn):
    query = "SELECT 1.5::numeric, ARRAY[1.5]"
    assert conn.execute(query, binary=False).fetchone() == (Decimal("1.5"), [Decimal("1.5")])
    conn.adapters.register_loader("numeric", FloatLoader)
    row = conn.execute(query, binary=False).fetchone()
    assert repr(row) == "(1.5, [1.5])"


class Mood(str):
    pass


class MoodDumper(Dumper):
    type_name = "mood"

    def dump(self, obj):
        return str.encode(obj)


class MoodLoader(Loader):
    def load(self, data):
        return Mood(bytes(data).decode())


@pytest.fixture
def mood(conn):
    """A type whose oid nobody knows beforehand."""
    conn.execute("CREATE TYPE pg_temp.mood AS ENUM ('sad', 'so so')")
    conn.execute("SET search_path TO pg_temp, public")


def test_type_by_name(conn, mood):
    conn.adapters.register_loader("mood", MoodLoader)
    conn.adapters.register_dumper(Mood, MoodDumper)
    for _ in range(2):
        loaded = conn.execute("SELECT %s, %s", [Mood("sad"), [Mood("so so"), None]], binary=False).fetchone()
        assert loaded == ("sad", ["so so", None])
        assert type(loaded[0]) is type(loaded[1][0]) is Mood
        conn.execute("SELECT 1 WHERE %s = 'sad'::mood", [Mood("sad")])


def test_fetch_type(conn, mood):
    info = TypeInfo.fetch(conn, "mood")
    assert (info.name, info.regtype) == ("mood", "mood")
    assert info.oid >= 16384
    assert info.array_oid
    assert TypeInfo.fetch(conn, '"no such \'type\\"') is None
    assert TypeInfo.fetch(conn, howdah.sql.Identifier("pg_catalog", "int4")).regtype == "integer"

    info.register(conn)
    assert conn.adapters.types["mood"] is info
    for prepare in (False, True):
        cur = conn.execute("SELECT '{sad,\"so so\"}'::mood[]", prepare=prepare)
        assert cur.fetchone() == (["sad", "so so"],)


def test_fetch_type_leaves_no_transaction_open(dsn):
    with howdah.connect(dsn) as conn:
        assert TypeInfo.fetch(conn, "box").delimiter == ";"
        assert conn.info.transaction_status == howdah.pq.TransactionStatus.IDLE


# -- async ---------------------------------------------------------------------------


@pytest.mark.anyio
async def test_async(aconn):
    for type_name, value in (
        ("int8", 2**40),
        ("numeric", Decimal("1.50")),
        ("timestamptz", dt.datetime(2020, 1, 2, tzinfo=UTC)),
        ("text[]", [["a", None], ["NULL", ""]]),
        ("uuid", UUID(int=7)),
        ("interval", dt.timedelta(-1, 2, 3)),
    ):
        for placeholder in PLACEHOLDERS:
            for binary in (False, True):
                cur = aconn.cursor(binary=binary)
                await cur.execute(f"SELECT {placeholder}::{type_name}", [value])
                (loaded,) = await cur.fetchone()
                assert same(loaded, value)


@pytest.mark.anyio
async def test_fetch_type_async(aconn):
    info = await TypeInfo.fetch(aconn, "box")
    assert (info.oid, info.array_oid, info.delimiter) == (603, 1020, ";")
    assert await TypeInfo.fetch(aconn, "nope") is None
