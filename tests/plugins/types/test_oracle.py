"""The same expressions and objects with psycopg 3: all differences are intended, and listed here."""

from __future__ import annotations

import datetime as dt
import enum
import ipaddress
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import howdah

if TYPE_CHECKING:
    from collections.abc import Iterator

psycopg = pytest.importorskip("psycopg")

UTC = dt.timezone.utc

#: Expressions of all of PostgreSQL's own types.
EXPRESSIONS = """
    true ; false ; NULL::bool ; 1::int2 ; -70000 ; 2::int8 ^ 40 ; (-9223372036854775808)::int8
    4294967295::oid ; 0.1::float8 ; 'NaN'::float8 ; '-Infinity'::float8 ; 1e300::float8
    1.5::float4 ; 3.14::float4 ; 'Infinity'::float4
    1.50 ; 0.000 ; 1e50 ; 'NaN'::numeric ; '-Infinity'::numeric ; 12345678901234567890.123456789 ; 1e-20
    'é'::text ; ''::varchar ; 'a'::char(3) ; 'name'::name ; 'x'::"char" ; ''::"char" ; '\\303'::"char"
    'x'::refcursor ; '\\x00ff'::bytea ; ''::bytea
    '2020-02-29'::date ; '0001-01-01'::date ; '9999-12-31'::date ; 'infinity'::date ; '0044-03-15 BC'::date
    '10000-01-01'::date
    '23:59:59.999999'::time ; '24:00'::time ; '01:02:03-03:30:05'::timetz ; '24:00+0'::timetz
    '2020-02-29 01:02:03.000004'::timestamp ; '-infinity'::timestamp ; '10000-01-01'::timestamp
    '2020-02-29 01:02:03.5+05'::timestamptz ; 'infinity'::timestamptz ; '0044-03-15 BC'::timestamptz
    '1 year 2 mons 3 days 04:05:06.789'::interval ; '-1 day +00:00:01'::interval ; '-1 year -1 mon'::interval
    '12345678-1234-5678-9abc-def012345678'::uuid
    '{"a": [1, null, 1.5, "é"]}'::json ; '{"a": [1, null, 1.5, "é"]}'::jsonb
    'null'::jsonb ; '$.a[*]'::jsonpath
    '1.2.3.4'::inet ; '1.2.3.4/24'::inet ; '::1'::inet ; '::1/64'::inet ; '10.0.0.0/8'::cidr ; '1.2.3.4'::cidr
    '::/0'::cidr ; '08:00:2b:01:02:03'::macaddr ; '08:00:2b:01:02:03:04:05'::macaddr8
    B'10110' ; ''::varbit ; '101'::varbit
    '(1.5,-2)'::point ; '{1,2,3}'::line ; '[(1,2),(3,4)]'::lseg ; '(1,2),(3,4)'::box ; '[(1,2),(3,4)]'::path
    '((1,2),(3,4))'::path ; '((1,2),(3,4))'::polygon ; '<(1,2),3>'::circle ; '(1e15,-0)'::point
    '(NaN,Infinity)'::point ; '(1e-5,1e300)'::point ; '(999999999999999,1234567890123456.5)'::point
    $$'it''s' b:1A,2 'a\\\\c' e:3B,4C$$::tsvector ; ''::tsvector
    $$'a' & !('b':*AB | c <-> d <3> 'it''s')$$::tsquery ; ''::tsquery
    'AB/1F'::pg_lsn ; '(0,1)'::tid ; '7'::xid ; '7'::cid ; '7'::xid8 ; '10:20:10,14,15'::pg_snapshot
    '10:20:'::txid_snapshot ; '1 2 3'::int2vector ; '1 2'::oidvector
    'pg_class'::regclass ; 0::regclass ; 'int4'::regtype ; 'lower(text)'::regprocedure ; 'now'::regproc
    'pg_catalog'::regnamespace ; 'english'::regconfig ; 'simple'::regdictionary ; '"C"'::regcollation
    '+(int4,int4)'::regoperator ; '1234.5'::money ; '-0.5'::money ; 'postgres=r/postgres'::aclitem
    pg_sleep(0) ; 'unknown'
    ARRAY[1,NULL,3] ; ARRAY[[1,2],[3,4]] ; '[0:1]={1,2}'::int[]
    '{}'::text[] ; ARRAY['a,b','NULL',NULL,'"\\']
    '{"(1,1),(0,0)";NULL}'::box[] ; ARRAY['1.2.3.4'::inet] ; ARRAY['{"a":1}'::jsonb] ; ARRAY[B'01']
    ARRAY['2020-01-01'::date,NULL] ; ARRAY['(1,2)'::point] ; ARRAY[1.50,'NaN'] ; ARRAY['1 day'::interval]
""".replace("\n", " ; ").split(" ; ")
EXPRESSIONS = [expression.strip() for expression in EXPRESSIONS if expression.strip()]

#: What text and binary cannot both tell, or the server does not send in binary.
TEXT_ONLY = ("::reg", "::money", "::aclitem")

#: Expressions that come otherwise than from psycopg as text, and why.
DIFFERENCES = {
    "3.14::float4": "the float that it is, as in binary; psycopg reads the shortened text as if of a float8",
}
#: And in binary. Besides, psycopg returns what it does not read in binary as bytes.
BINARY_DIFFERENCES = {
    "''::\"char\"": "no character, as in text; psycopg returns a NUL",
    "'\\303'::\"char\"": "the escaped byte, as in text; psycopg fails to decode it",
}


@pytest.fixture(scope="module")
def connections(dsn: str) -> Iterator[tuple[howdah.Connection[Any], Any]]:
    """One connection of each driver."""
    with howdah.connect(dsn, autocommit=True) as ours, psycopg.connect(dsn, autocommit=True) as theirs:
        for conn in (ours, theirs):
            conn.execute("SET TimeZone TO 'Europe/Rome'")
        yield ours, theirs


def fetch(conn: Any, query: str, params: Any = None, *, binary: bool = False, **options: Any) -> str:
    """Return a row as text that tells types and values; or the name of the error."""
    try:
        return repr(conn.cursor(binary=binary).execute(query, params, **options).fetchone())
    except (howdah.Error, psycopg.Error, UnicodeError) as error:
        return type(error).__name__


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_results(connections, expression):
    ours, theirs = connections
    query = f"SELECT {expression}"
    as_text = fetch(ours, query)
    assert (as_text != fetch(theirs, query)) == (expression in DIFFERENCES)
    assert fetch(ours, query, prepare=True) == as_text
    if any(name in expression for name in TEXT_ONLY):
        assert fetch(ours, query, binary=True, prepare=False) in ("NotSupportedError", "UndefinedFunction")
        assert fetch(ours, query, binary=True, prepare=True) == as_text
    else:
        for prepare in (False, True):
            assert fetch(ours, query, binary=True, prepare=prepare) == as_text
        as_binary = fetch(theirs, query, binary=True)
        if not re.search("b['\"]", as_binary):
            assert (as_binary != as_text) == (expression in BINARY_DIFFERENCES)


@pytest.mark.parametrize("style", ["ISO, DMY", "SQL, DMY", "SQL, MDY", "German", "Postgres, DMY"])
@pytest.mark.parametrize("interval", ["postgres", "postgres_verbose", "sql_standard", "iso_8601"])
@settings(max_examples=5, deadline=None)
@given(moment=st.datetimes(dt.datetime(1900, 1, 1), dt.datetime(2100, 1, 1)), duration=st.timedeltas())
def test_styles(connections, style, interval, moment, duration):
    """psycopg reads no interval but of the style postgres, and no timestamptz but of the style ISO."""
    ours, theirs = connections
    params = [moment.date(), moment, moment.replace(tzinfo=UTC), duration]
    query = "SELECT %b::date, %b::timestamp, %b::timestamptz, %b::interval"
    for conn in connections:
        conn.execute("SET DateStyle TO ISO")
        conn.execute("SET IntervalStyle TO postgres")
    expected = fetch(theirs, query, params)
    ours.execute(f"SET DateStyle TO {style}")
    ours.execute(f"SET IntervalStyle TO {interval}")
    try:
        assert fetch(ours, query, params) == fetch(ours, query, params, binary=True) == expected
    finally:
        ours.execute("SET DateStyle TO ISO")
        ours.execute("SET IntervalStyle TO postgres")


TSQUERIES = st.recursive(
    st.sampled_from(["a", "b:*", "c:AB", "'it''s'", r"'\\'", "d:*D"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["&", "|", "<->", "<3>"]), inner).map(
            "({0[0]} {0[1]} {0[2]})".format
        ),
        inner.map("!{}".format),
    ),
    max_leaves=12,
)
TSVECTORS = st.lists(
    st.tuples(
        st.text("ab'\\é ", min_size=1, max_size=4), st.lists(st.integers(1, 20000)), st.sampled_from("ABCD")
    )
).map(
    lambda words: " ".join(
        "'{}'{}".format(
            word.replace("\\", "\\\\").replace("'", "''"),
            ":" + ",".join(f"{n}{weight}" for n in numbers) if numbers else "",
        )
        for word, numbers, weight in words
    )
)
POINTS = st.tuples(st.floats(), st.floats()).map("({0[0]},{0[1]})".format)


@pytest.mark.parametrize(
    ("name", "values"), [("tsquery", TSQUERIES), ("tsvector", TSVECTORS), ("point", POINTS)]
)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_texts_that_are_composed(connections, name, values, data):
    """What the loaders of the binary format compose is what the server writes."""
    ours, theirs = connections
    value = data.draw(values)
    query = f"SELECT %s::{name}"
    assert fetch(ours, query, [value], binary=True) == fetch(theirs, query, [value])


class Colour(str, enum.Enum):
    RED = "red"


class Size(enum.IntEnum):
    BIG = 70000


OBJECTS = [
    *(None, True, 1, -1, 70000, 2**40, 2**70, 1.5, float("nan"), float("inf"), 1e300, Size.BIG),
    *(Decimal("1.50"), Decimal("NaN"), Decimal("-Infinity"), Decimal("1E+20"), Decimal("1E-20"), b"\0", b""),
    *(bytearray(b"a"), memoryview(b"a"), UUID(int=1), dt.date(2020, 2, 29), dt.date.min, dt.date.max),
    *(dt.time(1, 2, 3, 4), dt.time(1, 2, tzinfo=UTC), dt.datetime(2020, 1, 2, 3, 4, 5, 6)),
    *(dt.datetime(2020, 1, 2, tzinfo=UTC), dt.timedelta(-1, 2, 3), dt.timedelta(400)),
    *(ipaddress.ip_address("1.2.3.4"), ipaddress.ip_address("::1"), ipaddress.ip_interface("1.2.3.4/8")),
    *(ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("::/0")),
    *([1, 2], [[1, None], [3, 70000]], [1.5], [Decimal("1.5")], [dt.date(2020, 1, 1)], [True, None]),
    *([b"a"], [UUID(int=2)], [ipaddress.ip_address("::1")], [dt.timedelta(1)]),
]
STRINGS = ["text", Colour.RED, ["a", None, "NULL", "b,c"], [], [None]]


def describe(obj: Any) -> str:
    return f"{type(obj).__name__}-{bytes(obj) if isinstance(obj, memoryview) else obj}"


@pytest.mark.parametrize("placeholder", ["%s", "%t", "%b"])
@pytest.mark.parametrize("obj", OBJECTS, ids=describe)
def test_parameters(connections, obj, placeholder):
    query = f"SELECT {placeholder}::text, pg_typeof({placeholder})"
    ours, theirs = [fetch(conn, query, [obj, obj]) for conn in connections]
    assert ours == theirs


@pytest.mark.parametrize("placeholder", ["%s", "%t", "%b"])
@pytest.mark.parametrize("obj", STRINGS, ids=describe)
def test_parameters_without_a_type(connections, obj, placeholder):
    query = f"SELECT {placeholder}::{'text[]' if isinstance(obj, list) else 'text'}"
    ours, theirs = [fetch(conn, query, [obj]) for conn in connections]
    assert ours == theirs


SCALARS = ["bool_", "int8", "int16", "int32", "int64", "longlong", "intc", "uint8", "uint16", "uint32"]
SCALARS += ["uint64", "float16", "float32", "float64"]


@pytest.mark.parametrize("name", SCALARS)
@pytest.mark.parametrize("placeholder", ["%s", "%t", "%b"])
def test_scalars_of_numpy(connections, name, placeholder):
    numpy = pytest.importorskip("numpy")
    obj = getattr(numpy, name)(1)
    query = f"SELECT {placeholder}::text, pg_typeof({placeholder})"
    ours, theirs = [fetch(conn, query, [obj, obj]) for conn in connections]
    # A numeric is compared with an int8, and an index on that is of no use: int8 if it fits.
    assert ours == (theirs if name != "uint64" else theirs.replace("numeric", "bigint"))
