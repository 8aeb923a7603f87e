"""Dates, timestamps and intervals as text in every style: the same values as in binary format."""

from __future__ import annotations

import datetime as dt
from contextlib import closing
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import howdah
from howdah import DataError
from howdah.pq import Format
from howdah_types.limits import register_date_limits
from tests.plugins.types.adapting import Context, load

if TYPE_CHECKING:
    from collections.abc import Iterator

UTC = dt.timezone.utc
STYLES = ["ISO, MDY", "SQL, DMY", "SQL, MDY", "German, DMY", "Postgres, DMY", "Postgres, MDY"]
INTERVAL_STYLES = ["postgres", "postgres_verbose", "sql_standard", "iso_8601"]
#: With abbreviations, without, at half hours, south of the equator, and none of Python's.
ZONES = [
    *("UTC", "Europe/Berlin", "Europe/London", "America/New_York", "America/Sao_Paulo", "Asia/Kolkata"),
    *("Australia/Lord_Howe", "Pacific/Chatham", "Asia/Kathmandu", "Africa/Casablanca", "Europe/Dublin"),
    *("<+03>-03", "<-0330>+03:30", "UTC+3", "FOO-5:30", "<+05>-03"),
]


@pytest.fixture(scope="module")
def shared(dsn: str) -> Iterator[howdah.Connection[Any]]:
    """One connection for all the examples of hypothesis."""
    with closing(howdah.connect(dsn, autocommit=True)) as conn:
        yield conn


def moment(value: dt.datetime) -> Any:
    """Return what two datetimes must have in common: equal they are with another `fold`, too."""
    return value.astimezone(UTC), value.utcoffset(), value.tzinfo, value.replace(tzinfo=None)


def both(conn: Any, expression: str, params: Any = ()) -> tuple[Any, Any]:
    """Return a value as text and in binary."""
    text, binary = [
        conn.execute(f"SELECT {expression}", params, binary=b).fetchone()[0] for b in (False, True)
    ]
    return text, binary


@pytest.mark.parametrize("style", STYLES)
@settings(max_examples=20)
@given(day=st.dates(), value=st.datetimes())
def test_date_and_timestamp(shared, style, day, value):
    shared.execute(f"SET DateStyle TO {style}")
    assert both(shared, "%b::date", [day]) == (day, day)
    assert both(shared, "%b::timestamp", [value]) == (value, value)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("style", STYLES)
@settings(max_examples=15)
@given(
    value=st.datetimes(dt.datetime(1970, 1, 2), dt.datetime(2037, 12, 30), timezones=st.just(UTC))
    # The hours around the ends of daylight saving time, mostly of Europe.
    | st.builds(
        lambda year, day, seconds: dt.datetime(year, 10, day, tzinfo=UTC) + dt.timedelta(seconds=seconds),
        st.integers(1996, 2036),
        st.integers(25, 31),
        st.integers(0, 4 * 3600),
    )
)
def test_timestamptz(shared, style, zone, value):
    shared.execute(f"SET DateStyle TO {style}")
    shared.execute(f"SET TimeZone TO '{zone}'")
    text, binary = both(shared, "%b::timestamptz", [value])
    assert binary.astimezone(UTC) == value
    assert moment(text) == moment(binary)


@pytest.mark.parametrize("style", STYLES)
@settings(max_examples=20)
@given(value=st.timedeltas(), months=st.integers(-500, 500))
def test_interval(shared, style, value, months):
    assume(abs(value.days) < 900_000_000)
    for interval_style in INTERVAL_STYLES:
        shared.execute(f"SET IntervalStyle TO {interval_style}")
        text, binary = both(shared, "%b::interval + %b * interval '1 month'", [value, months])
        assert text == binary


@pytest.mark.parametrize("style", STYLES[1:])
@pytest.mark.parametrize(
    ("zone", "utc"),
    [
        # Before and after the end of daylight saving time.
        ("Europe/Berlin", "2020-10-25 00:30"),
        ("Europe/Berlin", "2020-10-25 01:30"),
        ("America/New_York", "2020-11-01 05:30"),
        ("America/New_York", "2020-11-01 06:30"),
        ("Australia/Lord_Howe", "2020-04-04 14:45"),
        ("Australia/Lord_Howe", "2020-04-04 15:15"),
        # Offsets with seconds: local mean time.
        ("Europe/Berlin", "1890-01-01 12:00:00.500000"),
        ("America/New_York", "1880-01-01 12:00"),
        ("Africa/Monrovia", "1970-01-01 12:00"),
        # The edges of Python's years.
        ("UTC", "0001-01-01 00:00"),
        ("America/New_York", "0001-01-01 05:00"),
        ("UTC", "9999-12-31 23:59:59.999999"),
        ("Asia/Kolkata", "9999-12-31 18:29"),
        ("<+03>-03", "2020-01-01 00:00"),
    ],
)
def test_moments(shared, style, zone, utc):
    shared.execute(f"SET DateStyle TO {style}")
    shared.execute(f"SET TimeZone TO '{zone}'")
    text, binary = both(shared, "%s::timestamptz", [f"{utc}+00"])
    assert binary.astimezone(UTC) == dt.datetime.fromisoformat(utc).replace(tzinfo=UTC)
    assert moment(text) == moment(binary)


@pytest.mark.parametrize("style", STYLES[1:])
@pytest.mark.parametrize("utc", ["2014-10-25 21:30", "2014-10-25 22:30"])
def test_what_cannot_be_told(shared, style, utc):
    """In 2014 Moscow went back an hour, and both hours are MSK."""
    shared.execute(f"SET DateStyle TO {style}")
    shared.execute("SET TimeZone TO 'Europe/Moscow'")
    with pytest.raises(DataError, match=r"column 'd' \(1\): which moment .*SET datestyle TO ISO"):
        shared.execute("SELECT %s::timestamptz AS d", [f"{utc}+00"], binary=False).fetchone()
    (binary,) = shared.execute("SELECT %s::timestamptz", [f"{utc}+00"], binary=True).fetchone()
    assert binary.astimezone(UTC) == dt.datetime.fromisoformat(utc).replace(tzinfo=UTC)


def test_an_abbreviation_that_the_zone_has_not():
    context = Context(timezone=ZoneInfo("Europe/Berlin"), DateStyle="SQL, DMY", TimeZone="Europe/Berlin")
    assert load("timestamptz", Format.TEXT, b"01/07/2020 12:00:00 CEST", context).utcoffset() is not None
    for zone in (b"CET", b"EST", b"XYZ"):
        with pytest.raises(DataError, match="cannot be told"):
            load("timestamptz", Format.TEXT, b"01/07/2020 12:00:00 " + zone, context)


def test_a_zone_that_python_has_not():
    """It is UTC to Python, but an abbreviation alone does not tell how far that is away."""
    context = Context(timezone=UTC, DateStyle="SQL, DMY", TimeZone="UTC+3FOO,M3.2.0,M11.1.0")
    with pytest.raises(DataError, match="cannot be told"):
        load("timestamptz", Format.TEXT, b"01/07/2020 12:00:00 UTC", context)
    loaded = load("timestamptz", Format.TEXT, b"01/07/2020 12:00:00+0330", context)
    assert loaded == dt.datetime(2020, 7, 1, 8, 30, tzinfo=UTC)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("binary", [False, True])
def test_limits(conn, style, binary):
    conn.execute(f"SET DateStyle TO {style}")
    conn.execute("SET TimeZone TO 'Europe/Moscow'")
    for name, first, last in (
        ("date", dt.date.min, dt.date.max),
        ("timestamp", dt.datetime.min, dt.datetime.max),
        ("timestamptz", None, None),
    ):
        for value in ("-infinity", "0044-03-15 BC", "infinity", "12345-03-15", "123456-03-15"):
            with pytest.raises(DataError, match=f"the {name}.* cannot be represented in Python"):
                conn.execute(f"SELECT %s::{name}", [value], binary=binary).fetchone()
            cur = conn.cursor(binary=binary)
            register_date_limits(cur)
            (loaded,) = cur.execute(f"SELECT %s::{name}", [value]).fetchone()
            if first is not None:
                assert loaded == (first if "-inf" in value or "BC" in value else last)
            else:
                assert loaded.year == (1 if "-inf" in value or "BC" in value else 9999)
                assert loaded.tzinfo == ZoneInfo("Europe/Moscow")
    if not binary and not style.startswith("ISO"):  # it is ambiguous, not late
        with pytest.raises(DataError, match="cannot be told"):
            cur.execute("SELECT '2014-10-25 21:30:00.123456+00'::timestamptz").fetchone()
