"""A value that is copied to a column is stored as in an INSERT, in whichever format it is sent."""

from __future__ import annotations

import datetime as dt
import enum
import ipaddress
import uuid
from decimal import Decimal
from typing import NamedTuple

import pytest

import howdah
from howdah_types.composite import CompositeInfo, register_composite
from howdah_types.enum import EnumInfo, register_enum
from howdah_types.json import Json, Jsonb, set_json_dumps
from howdah_types.multirange import Multirange
from howdah_types.range import Range


class Mood(enum.Enum):
    sad = "sad"
    glad = "glad"


class Number(enum.IntEnum):
    one = 1


class Pair(NamedTuple):
    a: int
    b: str


EAST = dt.timezone(dt.timedelta(hours=2))

TYPES = [
    *("int2", "int4", "int8", "oid", "float4", "float8", "numeric", "numeric(6,2)", "money", "bool"),
    *("text", "varchar(4)", "char(4)", "name", '"char"', "citext", "bytea", "bit(3)", "varbit", "uuid"),
    "xml",
    *("json", "jsonb", "jsonpath", "json[]", "jsonb[]", "document", "hstore", "tsvector"),
    *("date", "time", "timetz", "timestamp", "timestamptz", "interval", "date[]", "timestamp[]"),
    *("int4[]", "text[]", "numeric[]", "citext[]", "int4range", "numrange", "tsrange", "tstzrange"),
    *("int4multirange", "mood", "mood[]", "pair", "pair[]", "small", "feeling"),
    *("registered_mood", "registered_pair", "inet", "cidr", "macaddr", "point"),
]

VALUES = [
    *(1, 0, -1, 70000, 2**40, 2**70, Number.one, True, False),
    *(1.5, float("nan"), float("inf"), Decimal("1.50"), Decimal("2.5"), Decimal("NaN")),
    *(
        "1",
        "abc",
        "t",
        "",
        "\\N",
        "a\tb",
        "sad",
        "1 day",
        "10:00",
        "2020-01-02",
        "2020-01-02 00:30+02",
        "1.2.3.4",
    ),
    *('"x"', '{"a": 1}', "null", "[1]", "{}", "{1,2}", "[1,3)", "(1,x)", "a=>1", "101", "(1,2)", "<a/>"),
    *(b"abc", b"\0\xff", b"1", bytearray(b"x"), memoryview(b"y")),
    *({"a": 1}, {"a": "b"}, {}),
    *(
        ["1"],
        ["a", "b"],
        ["sad"],
        ['{"a": 1}'],
        [1, 2],
        [None, 1],
        [[1, 2], [3, 4]],
        [Decimal("1.5")],
        [{"a": 1}],
    ),
    *([Json({"a": 1})], [Jsonb("x")], [Range(1, 3)], [Mood.sad], [(1, "x")], [dt.date(2020, 1, 2)], [None]),
    *(Json({"a": 1}), Jsonb([1]), Json("x"), Jsonb("x"), Json(None), Json(5)),
    *(Range(1, 3), Range(Decimal(1), Decimal(3)), Range(empty=True), Multirange([Range(1, 3)])),
    *(Mood.sad, (1, "x"), (1, 2), (1, None), Pair(1, "x")),
    *(
        ipaddress.ip_address("1.2.3.4"),
        ipaddress.ip_network("1.2.0.0/16"),
        ipaddress.ip_interface("1.2.3.4/16"),
    ),
    *(dt.date(2020, 1, 2), dt.time(10), dt.time(10, tzinfo=EAST), dt.timedelta(1, 5), dt.timedelta(400)),
    *(dt.datetime(2020, 1, 2, 0, 30), dt.datetime(2020, 1, 2, 0, 30, tzinfo=EAST)),
    [dt.datetime(2020, 1, 2, 0, 30, tzinfo=EAST)],
    *(dt.date.max, dt.datetime.max.replace(tzinfo=dt.timezone.utc), dt.datetime.min.replace(tzinfo=EAST)),
    *(uuid.UUID(int=5), None),
]


@pytest.fixture(scope="module")
def db(dsn):
    with howdah.connect(dsn, autocommit=True) as conn:
        conn.execute("""
            CREATE SCHEMA columns_of_copy;
            CREATE EXTENSION IF NOT EXISTS hstore;
            CREATE EXTENSION IF NOT EXISTS citext;
            SET search_path TO columns_of_copy, public;
            SET TimeZone TO 'America/New_York';
            CREATE TYPE mood AS ENUM ('sad', 'glad');
            CREATE TYPE registered_mood AS ENUM ('sad', 'glad');
            CREATE TYPE pair AS (a int, b text);
            CREATE TYPE registered_pair AS (a int, b text);
            CREATE DOMAIN small AS int2;
            CREATE DOMAIN document AS jsonb;
            CREATE DOMAIN feeling AS mood;
        """)
        register_enum(EnumInfo.fetch(conn, "registered_mood"), conn, Mood)
        register_composite(CompositeInfo.fetch(conn, "registered_pair"), conn, Pair)
        yield conn
        conn.execute("DROP SCHEMA columns_of_copy CASCADE")


def stored(conn, table):
    return conn.execute(f"SELECT v::text FROM {table}").fetchall()


def attempt(conn, table, function, *args, **kwargs):
    """Return what is stored, and remove it; None if the value is refused."""
    try:
        function(*args, **kwargs)
    except howdah.Error:
        return None
    return conn.execute(f"DELETE FROM {table} RETURNING v::text").fetchall()


@pytest.mark.parametrize("type_name", TYPES)
def test_the_same_value_is_stored(db, type_name):
    db.execute(
        f"CREATE TEMP TABLE alone (v {type_name}); CREATE TEMP TABLE beside (v {type_name}, other mood)"
    )
    try:
        for value in VALUES:
            inserted = attempt(db, "alone", db.fetch, "INSERT INTO alone VALUES ($1)", value)
            alone = attempt(db, "alone", db.copy_records_to_table, "alone", records=[(value,)])
            # No adapter dumps to this enum as binary: everything is sent as text.
            beside = attempt(db, "beside", db.copy_records_to_table, "beside", records=[(value, "sad")])
            results = [each for each in (inserted, alone, beside) if each is not None]
            assert all(each == results[0] for each in results), (value, inserted, alone, beside)
    finally:
        db.execute("DROP TABLE alone, beside")


@pytest.mark.parametrize("others", ["", ", other mood"])
@pytest.mark.parametrize(
    ("type_name", "value", "expected"),
    [
        ("jsonb", {"a": [1, "x", None]}, '{"a": [1, "x", null]}'),
        ("jsonb", '{"a":1}', '{"a": 1}'),
        ("json", '{"a":1}', '{"a":1}'),
        ("jsonb", [], "[]"),  # a parameter would be '{}', as an array without a type is
        ("jsonb", Json("x"), '"x"'),
        ("jsonb", 5, "5"),
        ("jsonb[]", ['{"a":1}', {"b": 2}], '{"{\\"a\\": 1}","{\\"b\\": 2}"}'),
        ("document", {"a": 1}, '{"a": 1}'),
        ("numeric", 5, "5"),
        ("float4", 1, "1"),
        ("timestamp", dt.datetime(2020, 1, 2, 0, 30, tzinfo=EAST), "2020-01-01 17:30:00"),
        ("timetz", dt.datetime(2020, 1, 2, 0, 30, tzinfo=EAST), "17:30:00-05"),
        ("date", dt.datetime(2020, 1, 2, 0, 30, tzinfo=EAST), "2020-01-01"),
        ("registered_mood", Mood.sad, "sad"),
        ("registered_pair", Pair(1, "x"), "(1,x)"),
    ],
)
def test_values_dumped_to_the_type_of_the_column(db, others, type_name, value, expected):
    db.execute(f"CREATE TEMP TABLE t (v {type_name}{others})")
    try:
        record = (value, "sad") if others else (value,)
        assert db.copy_records_to_table("t", records=[record]) == "COPY 1"
        assert stored(db, "t") == [(expected,)]
    finally:
        db.execute("DROP TABLE t")


@pytest.mark.parametrize("others", ["", ", other mood"])
@pytest.mark.parametrize(
    ("type_name", "value"),
    [
        ("text[]", "abc"),
        ("text[]", ("a", "b")),
        ("text", True),
        ("citext", True),
        ("text", 5),
        ("citext", uuid.UUID(int=5)),
        ("timestamp", dt.datetime.min.replace(tzinfo=EAST)),
        ("int4", 1.5),
    ],
)
def test_values_that_would_be_stored_as_something_else_are_refused(db, others, type_name, value):
    db.execute(f"CREATE TEMP TABLE t (v {type_name}{others})")
    try:
        record = (value, "sad") if others else (value,)
        with pytest.raises(howdah.DataError, match=r"row 1 of the COPY, column 1|invalid input syntax"):
            db.copy_records_to_table("t", records=[record])
        assert stored(db, "t") == []
    finally:
        db.execute("DROP TABLE t")


def test_adapters_of_the_program_are_used(dsn):
    with howdah.connect(dsn, autocommit=True) as conn:
        set_json_dumps(lambda obj: '{"mine": true}', conn)
        conn.execute("CREATE TEMP TABLE t (v jsonb)")
        conn.copy_records_to_table("t", records=[({"a": 1},), ("[2]",)])
        assert stored(conn, "t") == [('{"mine": true}',), ("[2]",)]
        # The connection's own adapters are unchanged: this is JSON's string.
        with conn.cursor().copy("COPY t FROM STDIN (FORMAT binary)") as copy:
            copy.set_types(["jsonb"])
            copy.write_row(["[3]"])
        assert stored(conn, "t")[2] == ('{"mine": true}',)
