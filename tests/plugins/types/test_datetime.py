"""Dates, times and intervals: styles, time zones, limits."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from howdah import sql
from howdah.adapt import PyFormat
from howdah.errors import DataError
from howdah.pq import Format
from howdah_types.datetime import TimestamptzBinaryLoader, TimestamptzLoader
from tests.plugins.types.adapting import Context, dump, load, quote

UTC = dt.timezone.utc
OFFSETS = st.builds(
    dt.timezone,
    st.timedeltas(-dt.timedelta(hours=15), dt.timedelta(hours=15)).map(
        lambda delta: dt.timedelta(seconds=delta // dt.timedelta(seconds=1))
    ),
)


@pytest.mark.parametrize("format", [PyFormat.TEXT, PyFormat.BINARY])
@given(st.data())
def test_round_trip(format, data):
    for name, strategy in (
        ("date", st.dates()),
        ("time", st.times()),
        ("timetz", st.times(timezones=OFFSETS)),
        ("timestamp", st.datetimes()),
        ("timestamptz", st.datetimes(dt.datetime(2, 1, 1), dt.datetime(9998, 12, 31), timezones=OFFSETS)),
    ):
        value = data.draw(strategy)
        dumped = dump(value, format)
        assert load(name, dumped.format, dumped.data) == value


@given(st.timedeltas())
def test_interval_round_trip(value):
    dumped = dump(value, PyFormat.BINARY)
    assert load("interval", Format.BINARY, dumped.data) == value


# -- DateStyle -----------------------------------------------------------------

DATE = dt.date(2020, 3, 4)
MOMENT = dt.datetime(2020, 3, 4, 5, 6, 7, 80_000)


@pytest.mark.parametrize(
    ("style", "date", "timestamp"),
    [
        ("ISO, DMY", b"2020-03-04", b"2020-03-04 05:06:07.08"),
        ("SQL, DMY", b"04/03/2020", b"04/03/2020 05:06:07.08"),
        ("SQL, MDY", b"03/04/2020", b"03/04/2020 05:06:07.08"),
        ("German, DMY", b"04.03.2020", b"04.03.2020 05:06:07.08"),
        ("German, MDY", b"04.03.2020", b"04.03.2020 05:06:07.08"),
        ("Postgres, DMY", b"04-03-2020", b"Wed 04 Mar 05:06:07.08 2020"),
        ("Postgres, MDY", b"03-04-2020", b"Wed Mar 04 05:06:07.08 2020"),
    ],
)
def test_date_style(style, date, timestamp):
    context = Context(DateStyle=style)
    assert load("date", Format.TEXT, date, context) == DATE
    assert load("timestamp", Format.TEXT, timestamp, context) == MOMENT


@pytest.mark.parametrize(
    "text",
    [b"04/03/2020 05:06:07.08 UTC", b"04.03.2020 05:06:07.08 UTC", b"Wed Mar 04 05:06:07.08 2020 PST"],
)
def test_abbreviations_without_a_session(text):
    with pytest.raises(DataError, match=r"which moment .*SET datestyle TO ISO"):
        load("timestamptz", Format.TEXT, text)


# -- what Python has not ---------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "text", "binary", "said"),
    [
        ("date", b"infinity", "7fffffff", "infinity"),
        ("date", b"-infinity", "80000000", "-infinity"),
        ("date", b"0044-03-15 BC", "fff49d7b", "0044-03-15 BC"),
        ("date", b"10000-01-01", "002c95d4", "10000-01-01"),
        ("time", b"24:00:00", "000000141dd76000", "24:00:00"),
        ("timetz", b"24:00:00+01", "000000141dd76000fffff1f0", "24:00:00"),
        ("timestamp", b"infinity", "7fffffffffffffff", "infinity"),
        ("timestamp", b"-infinity", "8000000000000000", "-infinity"),
        ("timestamp", b"10000-01-01 00:00:00", "0380e70b913b8000", "10000-01-01 00:00:00"),
        ("timestamp", b"0001-12-31 23:59:59 BC", "ff1fe2ffc58d1dc0", "0001-12-31 23:59:59 BC"),
        ("timestamptz", b"infinity", "7fffffffffffffff", "infinity"),
        ("timestamptz", b"10000-01-01 00:00:00+00", "0380e70b913b8000", "10000-01-01 00:00:00"),
        ("timestamptz", b"0001-12-31 23:59:59+00 BC", "ff1fe2ffc58d1dc0", "0001-12-31 23:59:59"),
        ("interval", b"infinity", "7fffffffffffffff7fffffff7fffffff", "infinity"),
        ("interval", b"-infinity", "80000000000000008000000080000000", "-infinity"),
        ("interval", b"178000000 years", "0000000000000000000000007f500e00", ""),
    ],
)
def test_out_of_range(name, text, binary, said):
    for format, data in ((Format.TEXT, text), (Format.BINARY, bytes.fromhex(binary))):
        with pytest.raises(DataError, match=f"^the {name}.* cannot be represented in Python") as info:
            load(name, format, data)
        assert (said in str(info.value)) == (said in ("", "infinity", "-infinity"))


def test_garbage_is_an_error():
    for name in ("date", "time", "timetz", "timestamp", "interval"):
        with pytest.raises(DataError, match=f"the (type )?{name}"):
            load(name, Format.TEXT, b"gar:bage")


# -- time zones ------------------------------------------------------------------


@pytest.mark.parametrize("format", [PyFormat.TEXT, PyFormat.BINARY])
def test_timestamptz_is_in_the_time_zone_of_the_session(format):
    rome = ZoneInfo("Europe/Rome")
    context = Context(timezone=rome)
    value = dt.datetime(2020, 7, 1, 12, tzinfo=UTC)
    dumped = dump(value, format)
    loaded = load("timestamptz", dumped.format, dumped.data, context)
    assert loaded == value
    assert loaded.tzinfo is rome
    assert (loaded.hour, loaded.utcoffset()) == (14, dt.timedelta(hours=2))
    assert load("timestamptz", dumped.format, dumped.data).tzinfo is UTC


ZONES = [UTC, ZoneInfo("UTC"), ZoneInfo("Asia/Tokyo"), dt.timezone(dt.timedelta(hours=-3)), None]


@pytest.mark.parametrize("session", [UTC, ZoneInfo("Europe/Rome")], ids=str)
@pytest.mark.parametrize("zone", ZONES, ids=str)
@pytest.mark.parametrize(
    ("cls", "format"), [(TimestamptzLoader, "TEXT"), (TimestamptzBinaryLoader, "BINARY")]
)
def test_timestamptz_in_a_zone_of_its_own(cls, format, zone, session):
    value = dt.datetime(2020, 7, 1, 12, tzinfo=UTC)
    data = dump(value, PyFormat[format]).data
    for loader in (
        cls.in_zone(zone)(1184, Context(timezone=session)),
        type("Sub", (cls.in_zone(zone),), {})(1184),
    ):
        loaded = loader.load(data)
        assert loaded.tzinfo is zone
        if zone is not None:
            assert loaded == value
        elif loader.connection is not None:
            assert loaded == value.astimezone(session).replace(tzinfo=None)
        else:
            assert loaded == value.replace(tzinfo=None)
    assert cls(1184, Context(timezone=session)).load(data).tzinfo is session


@pytest.mark.parametrize(
    ("cls", "format"), [(TimestamptzLoader, "TEXT"), (TimestamptzBinaryLoader, "BINARY")]
)
def test_a_loader_may_have_a_timezone(cls, format):
    data = dump(dt.datetime(2020, 7, 1, 12, tzinfo=UTC), PyFormat[format]).data
    names = ("timezone", "utc", "zone")
    loader = type("Zoned", (cls,), dict.fromkeys(names))(1184)
    assert [getattr(loader, name) for name in names] == [None, None, None]
    assert loader.load(data).tzinfo is UTC


@pytest.mark.parametrize("format", [PyFormat.TEXT, PyFormat.BINARY])
def test_timestamptz_at_the_edge_of_the_calendar(format):
    for value, hours in ((dt.datetime.max, -6), (dt.datetime.min, 6)):
        zone = dt.timezone(dt.timedelta(hours=hours))
        aware = value.replace(tzinfo=zone)
        dumped = dump(aware, format)
        loaded = load("timestamptz", dumped.format, dumped.data, Context(timezone=zone))
        assert loaded.replace(tzinfo=None) == value
        assert loaded.tzinfo is zone


@pytest.mark.parametrize("format", [PyFormat.TEXT, PyFormat.BINARY])
def test_fold(format):
    rome = ZoneInfo("Europe/Rome")
    hours = [dt.datetime(2020, 10, 25, 2, 30, fold=fold, tzinfo=rome) for fold in (0, 1)]
    loaded = [load("timestamptz", *dump(hour, format)[1:]) for hour in hours]
    assert loaded[1] - loaded[0] == dt.timedelta(hours=1)


@pytest.mark.parametrize("format", PyFormat)
def test_time_in_a_zone_without_fixed_offset(format):
    with pytest.raises(DataError, match="no offset without a date"):
        dump(dt.time(1, 2, tzinfo=ZoneInfo("Europe/Rome")), format)


# -- IntervalStyle -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("texts", "value"),
    [
        (
            (
                b"1 year 2 mons 3 days 04:05:06.789",
                b"@ 1 year 2 mons 3 days 4 hours 5 mins 6.789 secs",
                b"+1-2 +3 +4:05:06.789",
                b"P1Y2M3DT4H5M6.789S",
            ),
            dt.timedelta(365 + 60 + 3, hours=4, minutes=5, seconds=6, milliseconds=789),
        ),
        (
            (
                b"-1 years -2 mons -3 days -04:05:06.789",
                b"@ 1 year 2 mons 3 days 4 hours 5 mins 6.789 secs ago",
                b"-1-2 -3 -4:05:06.789",
                b"P-1Y-2M-3DT-4H-5M-6.789S",
            ),
            -dt.timedelta(365 + 60 + 3, hours=4, minutes=5, seconds=6, milliseconds=789),
        ),
        (
            (b"-3 days -00:00:01", b"@ 3 days 1 sec ago", b"-3 0:00:01", b"P-3DT-1S"),
            dt.timedelta(days=-3, seconds=-1),
        ),
        (
            (b"1 year -2 days +00:00:03", b"@ 1 year -2 days 3 secs", b"+1-0 -2 +0:00:03", b"P1Y-2DT3S"),
            dt.timedelta(days=363, seconds=3),
        ),
        ((b"-00:00:00.5", b"@ 0.5 secs ago", b"-0:00:00.5", b"PT-0.5S"), dt.timedelta(seconds=-0.5)),
        ((b"300:00:00", b"@ 300 hours", b"300:00:00", b"PT300H"), dt.timedelta(hours=300)),
        ((b"00:00:00", b"@ 0", b"0", b"PT0S"), dt.timedelta()),
        ((b"-1 years -2 mons", b"@ 1 year 2 mons ago", b"-1-2", b"P-1Y-2M"), dt.timedelta(-365 - 60)),
        ((b"1 day", b"@ 1 day", b"1 0:00:00", b"P1D"), dt.timedelta(1)),
    ],
)
def test_interval_style(texts, value):
    for text in texts:
        assert load("interval", Format.TEXT, text) == value


@pytest.mark.parametrize(
    ("value", "literal"),
    [
        (dt.date(2020, 1, 2), b"'2020-01-02'"),
        (dt.time(1, 2), b"'01:02:00'"),
        (dt.time(1, 2, tzinfo=UTC), b"'01:02:00+00:00'"),
        (dt.datetime(2020, 1, 2), b"'2020-01-02 00:00:00'"),
        (dt.datetime(2020, 1, 2, tzinfo=UTC), b"'2020-01-02 00:00:00+00:00'"),
        (dt.timedelta(-1, 2), b"'-1 days +2.000000 secs'"),
    ],
)
def test_quote(value, literal):
    assert quote(value) == literal


# -- What is no moment ---------------------------------------------------------


class NoMoment(dt.datetime):
    """Like pandas.NaT: a datetime in name, whose fields mean nothing."""

    __hash__ = dt.datetime.__hash__

    def __eq__(self, other):
        return False

    def __ne__(self, other):
        return True


@pytest.mark.parametrize("placeholder", ["%s", "%t", "%b"])
def test_what_does_not_equal_itself_is_null(conn, placeholder):
    never = NoMoment(1, 1, 1)
    assert conn.execute(f"SELECT {placeholder}", (never,)).fetchone() == (None,)
    assert conn.execute(f"SELECT {placeholder}", ([never, MOMENT],)).fetchone() == ([None, MOMENT],)
    assert sql.Literal(never).as_string(conn) == "NULL"


@pytest.mark.parametrize("format", ["text", "binary"])
@pytest.mark.parametrize("type", ["timestamp", "timestamptz", "date", "time", "interval"])
def test_copy_of_what_does_not_equal_itself(conn, type, format):
    conn.execute(f"CREATE TEMPORARY TABLE moment (at {type})")
    with conn.cursor().copy(f"COPY moment FROM STDIN (FORMAT {format})") as copy:
        copy.set_types([type])
        copy.write_row((NoMoment(1, 1, 1),))
    assert conn.execute("SELECT at FROM moment").fetchone() == (None,)
