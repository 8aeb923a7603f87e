"""What is adapted otherwise when the user asks for it, and the types that depend on the server's settings."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

import howdah
from howdah import DataError, NotSupportedError
from howdah.pq import Format
from howdah_types.json import Jsonb, set_json_dumps, set_json_loads
from howdah_types.limits import register_date_limits
from howdah_types.money import register_decimal_money
from tests.plugins.types.adapting import Context, load

UTC = dt.timezone.utc


# -- dates that Python has not -----------------------------------------------------


@pytest.mark.parametrize("binary", [False, True])
@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("'infinity'::date", dt.date.max),
        ("'-infinity'::date", dt.date.min),
        ("'10000-01-01'::date", dt.date.max),
        ("'0044-03-15 BC'::date", dt.date.min),
        ("'2020-02-29'::date", dt.date(2020, 2, 29)),
        ("'infinity'::timestamp", dt.datetime.max),
        ("'0044-03-15 BC'::timestamp", dt.datetime.min),
        ("'-infinity'::timestamptz", dt.datetime.min.replace(tzinfo=UTC)),
        ("'10000-01-01'::timestamptz", dt.datetime.max.replace(tzinfo=UTC)),
        ("'{infinity,2020-02-29}'::date[]", [dt.date.max, dt.date(2020, 2, 29)]),
    ],
)
def test_date_limits(conn, expression, expected, binary):
    conn.execute("SET TimeZone TO 'UTC'")
    with pytest.raises(DataError):
        conn.execute("SELECT 'infinity'::date", binary=binary).fetchone()
    register_date_limits(conn)
    assert conn.execute(f"SELECT {expression}", binary=binary).fetchone() == (expected,)


@pytest.mark.parametrize("placeholder", ["%s", "%t", "%b"])
@pytest.mark.parametrize(
    ("value", "text"),
    [
        (dt.date.max, "infinity date"),
        (dt.date.min, "-infinity date"),
        (dt.date(9999, 12, 30), "9999-12-30 date"),
        (dt.datetime.max, "infinity timestamp without time zone"),
        (dt.datetime.min.replace(tzinfo=UTC), "-infinity timestamp with time zone"),
        (dt.datetime(2020, 1, 2), "2020-01-02 00:00:00 timestamp without time zone"),
    ],
)
def test_date_limits_dumped(conn, value, text, placeholder):
    register_date_limits(conn)
    query = f"SELECT {placeholder} || ' ' || pg_typeof({placeholder})"
    assert conn.execute(query, [value, value]).fetchone() == (text,)
    array = conn.execute(f"SELECT {placeholder}::text", [[value]]).fetchone()[0]
    assert array.strip('{"}') == text.partition(" " + text.split(" ", 1)[1])[0] or value.year == 2020
    cur = howdah.ClientCursor(conn)
    assert cur.execute("SELECT %s || ' ' || pg_typeof(%s)", [value, value]).fetchone() == (text,)


def test_malformed_dates_have_no_limit():
    context = Context()
    register_date_limits(context)
    for format, data in ((Format.TEXT, b"never"), (Format.BINARY, b"\0")):
        with pytest.raises(DataError):
            load("date", format, data, context)


# -- money -------------------------------------------------------------------------


def test_money(conn):
    conn.execute("SET lc_monetary TO 'C'")
    for prepare in (False, True):
        row = conn.execute("SELECT '-1234.5'::money, ARRAY['1'::money]", prepare=prepare).fetchone()
        assert row == ("-$1,234.50", ["$1.00"])
    with pytest.raises(NotSupportedError, match=r"column 'money' \(1\): money in binary .*register_decimal_money"):
        conn.execute("SELECT '1'::money", binary=True).fetchone()


@pytest.mark.parametrize("binary", [False, True, None])
def test_money_as_decimal(conn, binary):
    conn.execute("SET lc_monetary TO 'C'")
    register_decimal_money(2, conn)
    for value in (Decimal("-1234567.89"), Decimal("0.00"), Decimal("-0.05"), Decimal("92233720368547758.07")):
        for prepare in (False, True):
            cur = conn.execute(
                "SELECT %s::money, ARRAY[%s::money]", [value] * 2, binary=binary, prepare=prepare
            )
            row = cur.fetchone()
            assert str(row) == str((value, [value]))
    conn.execute("CREATE TEMP TABLE t (m money)")
    with conn.cursor().copy("COPY t FROM STDIN (FORMAT binary)") as copy:
        copy.set_types(["money"])
        copy.write_row([Decimal("12.3")])
        with pytest.raises(DataError, match="no money with 2 decimals"):
            copy.write_row([Decimal("0.001")])
    assert conn.execute("SELECT * FROM t").fetchone() == (Decimal("12.30"),)


@pytest.mark.parametrize(
    ("decimals", "text", "expected"),
    [
        (2, "$1,234.50", "1234.50"),
        (2, "-$0.05", "-0.05"),
        (2, "($1.00)", "-1.00"),
        (2, "1.234,50 €", "1234.50"),
        (2, "kr. 1.234.567,00", "1234567.00"),
        (0, "￥1,234,567", "1234567"),
        (0, "￥12", "12"),
        (3, "1,234.567", "1234.567"),
        (2, "￥1,234", None),
        (2, "￥12", None),
        (0, "$12.34", None),
        (2, "nothing", None),
    ],
)
def test_money_of_other_locales(decimals, text, expected):
    context = Context()
    register_decimal_money(decimals, context)
    if expected is None:
        with pytest.raises(DataError):
            load("money", Format.TEXT, text.encode(), context)
    else:
        assert str(load("money", Format.TEXT, text.encode(), context)) == expected


# -- JSON --------------------------------------------------------------------------


def test_another_json_library(conn):
    orjson = pytest.importorskip("orjson")
    set_json_dumps(orjson.dumps, conn)
    set_json_loads(orjson.loads, conn)
    value = {"a": [1, None, "é"]}
    for binary in (False, True):
        assert conn.execute("SELECT %s, '[1]'::json", [Jsonb(value)], binary=binary).fetchone() == (
            value,
            [1],
        )
    with pytest.raises(DataError, match=r"parameter 1: cannot dump .* as jsonb"):
        conn.execute("SELECT %s", [Jsonb(object())])


def test_json_that_is_refused(conn):
    def loads(data):
        raise ValueError("not mine")

    set_json_loads(loads, conn)
    for binary in (False, True):
        with pytest.raises(DataError, match=r"column 'jsonb' \(1\): .*no value of the type jsonb") as info:
            conn.execute("SELECT '{}'::jsonb", binary=binary).fetchone()
        assert "not mine" in str(info.value.__cause__)


# -- names of the catalog ------------------------------------------------------------


@pytest.mark.parametrize(
    ("type_name", "value"),
    [
        *(
            ("regclass", "pg_class"),
            ("regtype", "integer"),
            ("regproc", "now"),
            ("regprocedure", "lower(text)"),
        ),
        *(("regnamespace", "pg_catalog"), ("regrole", "pg_monitor"), ("regconfig", "english")),
        *(("regdictionary", "simple"), ("regcollation", '"C"'), ("regoperator", "+(integer,integer)")),
    ],
)
def test_names(conn, type_name, value):
    for prepare in (False, True):
        query = f"SELECT %s::{type_name}, %s::{type_name}[]"
        assert conn.execute(query, [value, [value, None]], prepare=prepare).fetchone() == (
            value,
            [value, None],
        )
    # In binary there is the oid alone, which stands for the same object.
    (oid,) = conn.execute(f"SELECT %s::{type_name}", [value], binary=True).fetchone()
    assert oid.isdigit()
    assert conn.execute(f"SELECT %s::{type_name} = %s::{type_name}", [oid, value]).fetchone() == (True,)
    assert conn.execute(f"SELECT 0::{type_name}", binary=True).fetchone() == ("-",)


def test_what_the_server_has_no_binary_format_for(conn):
    query = "SELECT 'pg_monitor=r/pg_monitor'::aclitem"
    for prepare in (False, True):
        assert conn.execute(query, prepare=prepare).fetchone() == ("pg_monitor=r/pg_monitor",)


def test_xml(conn):
    try:
        conn.execute("SELECT '<a/>'::xml")
    except NotSupportedError:
        pytest.skip("this server is built without libxml")
    for encoding in ("UTF8", "LATIN1"):
        conn.execute(f"SET client_encoding TO {encoding}")
        for value in ("<a>é</a>", '<?xml version="1.0" standalone="yes"?><a/>', ""):
            for placeholder in ("%s", "%t", "%b"):
                for binary in (False, True):
                    row = conn.execute(f"SELECT {placeholder}::xml", [value or "x"], binary=binary).fetchone()
                    assert row == (value or "x",)


# -- array bounds --------------------------------------------------------------------


@pytest.mark.parametrize("binary", [False, True])
def test_lower_bounds_are_lost(conn, binary):
    query = "SELECT '[0:1]={1,2}'::int4[], '[-1:0][5:5]={{a},{b}}'::text[]"
    assert conn.execute(query, binary=binary).fetchone() == ([1, 2], [["a"], ["b"]])
