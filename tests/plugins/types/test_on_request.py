"""Adapters that a program chooses, and types that depend on the server's settings."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

import howdah
from howdah import DataError, NotSupportedError
from howdah.pq import Format
from howdah_types.domain import register_domain
from howdah_types.json import Jsonb, set_json_dumps, set_json_loads
from howdah_types.limits import register_date_limits
from howdah_types.money import register_decimal_money
from howdah_types.range import Range, register_range
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
    with pytest.raises(
        NotSupportedError, match=r"column 'money' \(1\): money in binary .*register_decimal_money"
    ):
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
        assert "not mine" in str(info.value.__context__)


# -- names of the catalog, and other types that binary does not tell all of -------------

REG = "SELECT 1::int4 AS a, 'pg_class'::regclass AS b, ARRAY['int4'::regtype] AS c"
ROW = (1, "pg_class", ["integer"])


def test_columns_that_are_known_come_as_text(conn):
    """Where binary is asked for, column by column."""
    cur = conn.execute(REG, binary=True, prepare=True)
    assert [column._field.format for column in cur.description] == [1, 0, 0]
    assert cur.fetchone() == ROW
    for _ in range(2):
        assert conn.execute(REG, binary=True).fetchone() == ROW
    assert list(conn.cursor(binary=True).execute(REG)) == [ROW]
    name = conn.prepare("SELECT $1::regclass")
    execute = f'EXECUTE "{name}" (%s)'
    assert conn.execute(execute, ["pg_class"], binary=True).fetchone() == ("pg_class",)
    with conn.cursor("c", binary=True) as cur:
        assert cur.execute(REG).fetchall() == [ROW]


def test_preparing_asks_once(conn):
    """What cannot be parsed is told as without."""
    with pytest.raises(howdah.errors.UndefinedTable):
        conn.execute("SELECT * FROM nowhere", binary=True, prepare=True)
    conn.rollback()
    with pytest.raises(howdah.errors.DivisionByZero):
        conn.execute("SELECT 1 / 0", binary=True, prepare=True)
    conn.rollback()
    assert conn.execute("SELECT count(*) FROM pg_prepared_statements").fetchone() == (0,)
    for i in range(3):
        assert conn.execute(
            "SELECT %s::int4, 'int4'::regtype", [i], binary=True, prepare=True
        ).fetchone() == (
            i,
            "integer",
        )
    (count,) = conn.execute("SELECT count(*) FROM pg_prepared_statements").fetchone()
    assert count == 1


def test_portal_of_a_statement_to_prepare(conn):
    cur = conn.cursor(binary=True)
    cur.itersize = 1
    assert list(cur.execute(REG, prepare=True)) == [ROW]


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("'pg_class'::regclass", "regclass in binary format is the oid alone, here 1259, .*prepare=True"),
        ("ARRAY['int4'::regtype]", "regtype in binary format is the oid alone, here 23, .*cast it to text"),
        ("ROW(1, 'pg_class'::regclass)", "regclass in binary format is the oid alone"),
        ("'12.34'::money", "money in binary format, here 1234, .*prepare=True.*register_decimal_money"),
        ("ARRAY[ROW('1'::money)]", "money in binary format, here 100"),
    ],
)
def test_columns_that_are_not_known(conn, expression, message):
    conn.execute("SET lc_monetary TO 'C'")
    query = f"SELECT 1 AS a, {expression} AS b"
    place = r"^column 'b' \(2\): "
    with pytest.raises(NotSupportedError, match=place + message):
        conn.execute(query, binary=True).fetchone()
    with pytest.raises(NotSupportedError, match=place + message):
        list(conn.cursor(binary=True).stream(query))
    assert conn.execute(query).fetchone()[0] == 1


def test_copy_of_names(conn):
    with conn.cursor().copy(f"COPY ({REG}) TO STDOUT (FORMAT binary)") as copy:
        copy.set_types(["int4", "regclass", "regtype[]"])
        with pytest.raises(NotSupportedError, match=r"^row 1 of the COPY, column 2: regclass in binary"):
            copy.read_row()


def test_money_that_is_decimal_is_had_in_binary(conn):
    """The loader that is registered decides."""
    conn.execute("SET lc_monetary TO 'C'")
    register_decimal_money(2, conn)
    cur = conn.execute("SELECT '12.34'::money", binary=True, prepare=True)
    assert cur.description[0]._field.format == 1
    assert cur.fetchone() == (Decimal("12.34"),)


def test_domains_and_ranges_of_them(conn):
    conn.execute("CREATE DOMAIN relation AS regclass")
    conn.execute("CREATE TYPE moneyrange AS RANGE (subtype = money)")
    conn.execute("SET lc_monetary TO 'C'")
    register_domain("relation", conn)
    register_range("moneyrange", conn)
    query = "SELECT ARRAY['pg_class'::relation], moneyrange('1', '2')"
    expected = conn.execute(query, binary=False).fetchone()
    assert expected == (["pg_class"], Range("$1.00", "$2.00"))
    assert conn.execute(query, binary=True, prepare=True).fetchone() == expected


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
