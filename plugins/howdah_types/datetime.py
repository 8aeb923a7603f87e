"""Dates, times, timestamps and intervals.

Source: PostgreSQL documentation, "Date/Time Types"; for the binary formats
PostgreSQL's src/backend/utils/adt/date.c and timestamp.c.
"""

from __future__ import annotations

import re
import struct
from datetime import date, datetime, time, timedelta, timezone, tzinfo
from typing import TYPE_CHECKING, Any, ClassVar
from zoneinfo import ZoneInfo

from howdah.adapt import AdaptContext, AdaptersMap, Dumper, DumperKey, PyFormat
from howdah.adapt.encodings import encoded
from howdah.errors import DataError
from howdah.lazy.pattern import pattern
from howdah.pq import Format
from howdah_types.base import TypeDumper, TypeLoader, encoding_of, type_of

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = [
    "DateBinaryDumper",
    "DateBinaryLoader",
    "DateDumper",
    "DateLoader",
    "DatetimeBinaryDumper",
    "DatetimeDumper",
    "DatetimeNoTzBinaryDumper",
    "DatetimeNoTzDumper",
    "IntervalBinaryLoader",
    "IntervalLoader",
    "TimeBinaryDumper",
    "TimeBinaryLoader",
    "TimeDumper",
    "TimeLoader",
    "TimeTzBinaryDumper",
    "TimeTzDumper",
    "TimedeltaBinaryDumper",
    "TimedeltaDumper",
    "TimestampBinaryLoader",
    "TimestampLoader",
    "TimestamptzBinaryLoader",
    "TimestamptzLoader",
    "TimetzBinaryLoader",
    "TimetzLoader",
    "register_adapters",
]

# In binary format, dates count days and timestamps count microseconds from
# the year 2000; the extreme values are the infinities.
_EPOCH_DAYS = date(2000, 1, 1).toordinal()
_EPOCH = datetime(2000, 1, 1)
_EPOCH_UTC = datetime(2000, 1, 1, tzinfo=timezone.utc)
_MICROSECOND = timedelta(microseconds=1)

_INT4 = struct.Struct("!i")
_INT8 = struct.Struct("!q")
_TIMETZ = struct.Struct("!qi")  # microseconds since midnight, seconds west of UTC
_INTERVAL = struct.Struct("!qii")  # microseconds, days, months

_INT4_MAX, _INT4_MIN = 2**31 - 1, -(2**31)
_INT8_MAX, _INT8_MIN = 2**63 - 1, -(2**63)


def _microseconds(fraction: str | None) -> int:
    return int(fraction.ljust(6, "0")) if fraction else 0


class _DateTimeDumper(TypeDumper):
    """The base class for dumpers of dates and times; what does not equal itself, as pandas' NaT, is NULL.

    If the type is set, as in a COPY, they also get objects of other classes: those of numpy are converted,
    and a `str` is sent unchanged, in text format.
    """

    #: The class of the objects.
    of: ClassVar[type] = date

    def as_text(self, obj: Any) -> bytes:
        """Return an object of the class in the type's text format."""
        raise NotImplementedError

    def as_binary(self, obj: Any) -> bytes:
        """Return an object of the class in the type's binary format."""
        raise NotImplementedError

    def text(self, obj: Any) -> Any:
        if not isinstance(obj, self.of):
            if isinstance(obj, str):
                return encoded(obj, encoding_of(self.connection))
            obj = self._converted(obj)
        return None if obj is None or obj != obj else self.as_text(obj)

    def dump(self, obj: Any) -> Any:
        if self.format == Format.TEXT:
            return self.text(obj)
        if not isinstance(obj, self.of):
            obj = self._converted(obj)
        return None if obj is None or obj != obj else self.as_binary(obj)

    def _converted(self, obj: Any) -> Any:
        """Convert an object of another class to one that can be dumped; None for numpy's NaT."""
        if getattr(getattr(obj, "dtype", None), "kind", "") in ("m", "M"):
            from howdah_types.numpy import python_moment

            obj = python_moment(obj)
        if self.of is datetime and type(obj) is date:
            return datetime(obj.year, obj.month, obj.day)
        if self.of is time and isinstance(obj, datetime) and obj == obj:
            return obj.timetz()
        return obj


# -- date ----------------------------------------------------------------------


class DateDumper(_DateTimeDumper):
    """`date` to date, as text."""

    oid = 1082
    native = "howdah_types._native.structured:DATE"
    of = date

    def as_text(self, obj: date) -> bytes:
        return date.isoformat(obj).encode()


class DateBinaryDumper(DateDumper):
    """`date` to date, as binary."""

    format = Format.BINARY
    native = "howdah_types._native.structured:DATE"

    def as_binary(self, obj: date) -> bytes:
        return _INT4.pack(obj.toordinal() - _EPOCH_DAYS)


# The form of a value shows its DateStyle, except for the order of day and
# month, so a change of DateStyle in a session does not matter.
# Source: PostgreSQL's src/backend/utils/adt/datetime.c, EncodeDateOnly() and
# EncodeDateTime().
_TIME = r"(?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)(?:\.(?P<fraction>\d+))?"
_ISO_DATE = r"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)"
_OFFSET = r"(?P<sign>[+-])(?P<hours>\d\d)(?::(?P<minutes>\d\d))?(?::(?P<seconds>\d\d))?"
# Style SQL has slashes, German has dots, and Postgres (for dates only) has dashes.
_OTHER_DATE = r"(?P<first>\d\d)(?P<separator>[/.-])(?P<second_>\d\d)(?P=separator)(?P<year>\d{4})"
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

_DATE = pattern(_ISO_DATE)
_DATE_OTHER = pattern(_OTHER_DATE)
_TIMESTAMP = pattern(f"{_ISO_DATE} {_TIME}")
_TIMESTAMP_OTHER = pattern(f"{_OTHER_DATE} {_TIME}")
_TIMESTAMP_POSTGRES = pattern(
    r"\w{3} (?:(?P<name1>[A-Z]\w\w) (?P<day1>\d\d)|(?P<day2>\d\d) (?P<name2>[A-Z]\w\w))"
    rf" {_TIME} (?P<year>\d{{4}})"
)
_TIMESTAMPTZ = pattern(f"{_ISO_DATE} {_TIME}{_OFFSET}")
# Styles other than ISO have the abbreviation of the time zone after a space, if there is one. An offset
# in place of it has a space only in style Postgres.
_ZONE = r"(?: |(?=[+-]))(?P<zone>\S+)"
_TIMESTAMPTZ_OTHER = pattern(f"{_OTHER_DATE} {_TIME}{_ZONE}")
_TIMESTAMPTZ_POSTGRES = pattern(f"{_TIMESTAMP_POSTGRES.pattern}{_ZONE}")
_MAX_ABBREVIATION = 10
#: An abbreviation that is an offset, as in many time zones.
_NUMERIC_ZONE = pattern(r"(?P<sign>[+-])(?P<hours>\d\d):?(?P<minutes>\d\d)?:?(?P<seconds>\d\d)?")
#: A time zone given as an abbreviation and the hours west of UTC, such as `<+03>-03` or `EST5`.
_POSIX_ZONE = pattern(
    r"(?:<(?P<quoted>[^>]+)>|(?P<name>[A-Za-z]+))"
    r"(?P<sign>[+-]?)(?P<hours>\d{1,2})(?::(?P<minutes>\d\d))?(?::(?P<seconds>\d\d))?"
)
_TIME_ONLY = pattern(_TIME)
_TIMETZ_ONLY = pattern(f"{_TIME}{_OFFSET}")


class _DateTimeLoader(TypeLoader):
    """The base class for text loaders of dates and timestamps."""

    def _fields(self, type_name: str, text: str, *styles: re.Pattern[str]) -> dict[str, str]:
        for style in styles:
            match = style.fullmatch(text)
            if match is not None:
                return match.groupdict(default="")
        raise _not_python(type_name, text)

    def _date(self, fields: dict[str, str]) -> tuple[int, int, int]:
        year = int(fields["year"])
        if "first" in fields:
            first, second = int(fields["first"]), int(fields["second_"])
            if fields["separator"] == "." or self._day_first():
                return year, second, first
            return year, first, second
        if "name1" in fields:
            month = _MONTHS.index(fields["name1"] or fields["name2"]) + 1
            return year, month, int(fields["day1"] or fields["day2"])
        return year, int(fields["month"]), int(fields["day"])

    def _day_first(self) -> bool:
        style = self.connection.info.parameter_status("DateStyle") if self.connection is not None else None
        return "DMY" in (style or "")


def _time(fields: dict[str, str]) -> tuple[int, int, int, int]:
    return (
        int(fields["hour"]),
        int(fields["minute"]),
        int(fields["second"]),
        _microseconds(fields["fraction"]),
    )


def _offset(fields: dict[str, str]) -> timedelta:
    offset = timedelta(
        hours=int(fields["hours"]), minutes=int(fields["minutes"] or 0), seconds=int(fields["seconds"] or 0)
    )
    return -offset if fields["sign"] == "-" else offset


def _not_python(type_name: str, value: object = "") -> DataError:
    special = f" {value!r}" if value in ("infinity", "-infinity") else ""
    return DataError(f"the {type_name}{special} cannot be represented in Python")


class DateLoader(_DateTimeLoader):
    """date as text to `date`."""

    native = "howdah_types._native.structured:DATE"

    def value(self, data: bytes) -> date:
        text = data.decode()
        try:
            return date(*self._date(self._fields("date", text, _DATE, _DATE_OTHER)))
        except ValueError:
            raise _not_python("date", text) from None


class DateBinaryLoader(TypeLoader):
    """date as binary to `date`."""

    format = Format.BINARY
    native = "howdah_types._native.structured:DATE"

    def value(self, data: bytes) -> date:
        days: int = _INT4.unpack(data)[0]
        try:
            return date.fromordinal(days + _EPOCH_DAYS)
        except (ValueError, OverflowError):
            infinite = {_INT4_MAX: "infinity", _INT4_MIN: "-infinity"}
            raise _not_python("date", infinite.get(days) or _beyond(days)) from None


def _beyond(days: int) -> str:
    """Format a date outside of Python's range, in days since the epoch, like the server."""
    # The calendar repeats every 400 years, which are 146,097 days.
    cycles, day = divmod(days + _EPOCH_DAYS - 1, 146_097)
    within = date.fromordinal(day + 1)
    year = within.year + 400 * cycles
    monthday = f"{within.month:02}-{within.day:02}"
    return f"{year:04}-{monthday}" if year > 0 else f"{1 - year:04}-{monthday} BC"


def _beyond_timestamp(microseconds: int) -> str:
    """Format a timestamp outside of Python's range, in microseconds since the epoch."""
    if microseconds in (_INT8_MIN, _INT8_MAX):
        return "infinity" if microseconds > 0 else "-infinity"
    days, microseconds = divmod(microseconds, 86_400_000_000)
    day, _, era = _beyond(days).partition(" ")
    clock = (datetime.min + timedelta(microseconds=microseconds)).time()
    return f"{day} {clock} {era}".rstrip()


# -- time ----------------------------------------------------------------------


class TimeDumper(_DateTimeDumper):
    """`time` to time, or to timetz if it has a time zone, as text."""

    oid = 1083
    native = "howdah_types._native.structured:TIME"
    of = time

    def get_key(self, obj: time, format: PyFormat) -> DumperKey:
        return self.cls if obj.tzinfo is None else TimeTzDumper

    def upgrade(self, obj: time, format: PyFormat) -> Dumper:
        return self if obj.tzinfo is None else TimeTzDumper(self.cls)

    def as_text(self, obj: time) -> bytes:
        return time.isoformat(obj.replace(tzinfo=None)).encode()


class TimeBinaryDumper(TimeDumper):
    """`time` to time, or to timetz if it has a time zone, as binary."""

    format = Format.BINARY
    native = "howdah_types._native.structured:TIME"

    def get_key(self, obj: time, format: PyFormat) -> DumperKey:
        return self.cls if obj.tzinfo is None else TimeTzBinaryDumper

    def upgrade(self, obj: time, format: PyFormat) -> Dumper:
        return self if obj.tzinfo is None else TimeTzBinaryDumper(self.cls)

    def as_binary(self, obj: time) -> bytes:
        return _INT8.pack(_since_midnight(obj))


def _since_midnight(obj: time) -> int:
    return ((obj.hour * 60 + obj.minute) * 60 + obj.second) * 1_000_000 + obj.microsecond


class TimeTzDumper(_DateTimeDumper):
    """`time` with a time zone to timetz, as text."""

    oid = 1266
    native = "howdah_types._native.structured:TIMETZ"
    of = time

    def as_text(self, obj: time) -> bytes:
        _utcoffset(obj)
        return time.isoformat(obj).encode()


class TimeTzBinaryDumper(TimeTzDumper):
    """`time` with a time zone to timetz, as binary."""

    format = Format.BINARY
    native = "howdah_types._native.structured:TIMETZ"

    def as_binary(self, obj: time) -> bytes:
        return _TIMETZ.pack(_since_midnight(obj), -int(_utcoffset(obj).total_seconds()))


def _utcoffset(obj: time) -> timedelta:
    offset = obj.utcoffset()
    if offset is None:
        raise DataError(
            f"cannot dump {type_of(obj)} as timetz: its time zone has no offset without a date;"
            " use a datetime, or a datetime.timezone"
        )
    return offset


class TimeLoader(TypeLoader):
    """time as text to `time`."""

    native = "howdah_types._native.structured:TIME"

    def value(self, data: bytes) -> time:
        text = data.decode()
        match = _TIME_ONLY.fullmatch(text)
        try:
            if match is not None:
                return time(*_time(match.groupdict(default="")))
        except ValueError:  # PostgreSQL allows 24:00:00
            pass
        raise _not_python("time", text)


class TimeBinaryLoader(TypeLoader):
    """time as binary to `time`."""

    format = Format.BINARY
    native = "howdah_types._native.structured:TIME"

    def value(self, data: bytes) -> time:
        return _time_of_day("time", _INT8.unpack(data)[0])


def _time_of_day(type_name: str, microseconds: int, zone: tzinfo | None = None) -> time:
    seconds, microsecond = divmod(microseconds, 1_000_000)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    try:
        return time(hour, minute, second, microsecond, zone)
    except ValueError:
        raise _not_python(type_name, f"{hour:02}:{minute:02}:{second:02}") from None


class TimetzLoader(TypeLoader):
    """timetz as text to `time` with a fixed offset from UTC."""

    native = "howdah_types._native.structured:TIMETZ"

    def value(self, data: bytes) -> time:
        text = data.decode()
        match = _TIMETZ_ONLY.fullmatch(text)
        try:
            if match is not None:
                fields = match.groupdict(default="")
                return time(*_time(fields), timezone(_offset(fields)))
        except ValueError:
            pass
        raise _not_python("timetz", text)


class TimetzBinaryLoader(TypeLoader):
    """timetz as binary to `time` with a fixed offset from UTC."""

    format = Format.BINARY
    native = "howdah_types._native.structured:TIMETZ"

    def value(self, data: bytes) -> time:
        microseconds, west = _TIMETZ.unpack(data)
        return _time_of_day("timetz", microseconds, timezone(timedelta(seconds=-west)))


# -- timestamp and timestamptz -------------------------------------------------


class DatetimeNoTzDumper(_DateTimeDumper):
    """`datetime` without a time zone to timestamp, as text."""

    oid = 1114
    native = "howdah_types._native.structured:TIMESTAMP"
    of = datetime

    def as_text(self, obj: datetime) -> bytes:
        return datetime.isoformat(obj.replace(tzinfo=None), " ").encode()


class DatetimeNoTzBinaryDumper(DatetimeNoTzDumper):
    """`datetime` without a time zone to timestamp, as binary."""

    format = Format.BINARY
    native = "howdah_types._native.structured:TIMESTAMP"

    def as_binary(self, obj: datetime) -> bytes:
        return _INT8.pack((obj.replace(tzinfo=None) - _EPOCH) // _MICROSECOND)


class DatetimeDumper(_DateTimeDumper):
    """`datetime` to timestamptz, or to timestamp if it has no time zone, as text."""

    oid = 1184
    native = "howdah_types._native.structured:DATETIME"
    of = datetime
    #: The dumper for objects without a time zone.
    naive: ClassVar[type[Dumper]] = DatetimeNoTzDumper

    def get_key(self, obj: datetime, format: PyFormat) -> DumperKey:
        return self.cls if obj.tzinfo is not None else self.naive

    def upgrade(self, obj: datetime, format: PyFormat) -> Dumper:
        return self if obj.tzinfo is not None else self.naive(self.cls)

    def as_text(self, obj: datetime) -> bytes:
        return datetime.isoformat(obj, " ").encode()


class DatetimeBinaryDumper(DatetimeDumper):
    """`datetime` to timestamptz, or to timestamp if it has no time zone, as binary."""

    format = Format.BINARY
    native = "howdah_types._native.structured:DATETIME"
    naive = DatetimeNoTzBinaryDumper

    def as_binary(self, obj: datetime) -> bytes:
        offset = obj.utcoffset()
        if offset is None:
            raise DataError(f"cannot dump {type_of(obj)} as timestamptz: it has no time zone")
        return _INT8.pack((obj.replace(tzinfo=None) - _EPOCH - offset) // _MICROSECOND)


class TimestampLoader(_DateTimeLoader):
    """timestamp as text to `datetime`."""

    native = "howdah_types._native.structured:TIMESTAMP"

    def value(self, data: bytes) -> datetime:
        text = data.decode()
        fields = self._fields("timestamp", text, _TIMESTAMP, _TIMESTAMP_OTHER, _TIMESTAMP_POSTGRES)
        try:
            return datetime(*self._date(fields), *_time(fields))
        except ValueError:
            raise _not_python("timestamp", text) from None


class TimestampBinaryLoader(TypeLoader):
    """timestamp as binary to `datetime`."""

    format = Format.BINARY
    native = "howdah_types._native.structured:TIMESTAMP"

    def value(self, data: bytes) -> datetime:
        microseconds: int = _INT8.unpack(data)[0]
        try:
            return _EPOCH + timedelta(microseconds=microseconds)
        except OverflowError:
            raise _not_python("timestamp", _beyond_timestamp(microseconds)) from None


class TimestamptzLoader(_DateTimeLoader):
    """timestamptz as text to `datetime` in the time zone of the session, or in one of its own."""

    native = "howdah_types._native.structured:TIMESTAMPTZ"

    _own_zone: tzinfo | None = None
    _naive = False

    def __init__(self, oid: int, context: AdaptContext | None = None) -> None:
        super().__init__(oid, context)
        # Private names, because a subclass may have a `timezone` of its own.
        self._session_zone: tzinfo = (
            self.connection.info.timezone if self.connection is not None else timezone.utc
        )
        self._timezone = self._own_zone or self._session_zone
        self._tzinfo = None if self._naive else self._timezone
        is_utc = self._timezone is timezone.utc or getattr(self._timezone, "key", None) == "UTC"
        # The same if the native loader need not convert it, else None.
        self._utc = self._timezone if is_utc and not self._naive else None

    @classmethod
    def in_zone(cls, zone: tzinfo | None) -> type[Self]:
        """Return a loader class whose values are in a time zone, whatever the session's is.

        Args:
            zone: the time zone; None for values without one, in the local time of the session.
        """
        members: dict[str, Any] = {"_own_zone": zone, "_naive": zone is None, "__module__": cls.__module__}
        if "native" in vars(cls):
            members["native"] = cls.native
        return type(cls.__name__, (cls,), members)

    def _local(self, since_epoch: timedelta) -> datetime:
        """Return the value for a duration since the epoch."""
        local = _in_zone(since_epoch, self._timezone)
        return local.replace(tzinfo=None) if self._naive else local

    def value(self, data: bytes) -> datetime:
        text = data.decode()
        fields = self._fields("timestamptz", text, _TIMESTAMPTZ, _TIMESTAMPTZ_OTHER, _TIMESTAMPTZ_POSTGRES)
        try:
            local = datetime(*self._date(fields), *_time(fields))
            offset = self._offset_of(fields["zone"], local) if "zone" in fields else _offset(fields)
            if offset is not None:
                return self._local(local - _EPOCH - offset)
        except (ValueError, OverflowError):
            raise _not_python("timestamptz", text) from None
        raise DataError(
            "which moment the timestamptz is cannot be told from the abbreviation of its time zone:"
            " SET datestyle TO ISO, or ask for binary"
        )

    def _offset_of(self, abbreviation: str, local: datetime) -> timedelta | None:
        """Return the UTC offset of a local time in the session's zone; None if it is unknown."""
        zone = self._session_zone
        if isinstance(zone, ZoneInfo):
            # At the end of daylight saving time, a local time occurs twice.
            moments = [local.replace(tzinfo=zone, fold=fold) for fold in (0, 1)]
            offsets = {
                moment.utcoffset()
                for moment in moments
                if (moment.tzname() or "")[:_MAX_ABBREVIATION] == abbreviation
            }
            if offsets:
                return offsets.pop() if len(offsets) == 1 else None
        elif self.connection is not None:
            posix = _POSIX_ZONE.fullmatch(self.connection.info.parameter_status("TimeZone") or "")
            if posix is not None and abbreviation == (posix["quoted"] or posix["name"])[:_MAX_ABBREVIATION]:
                return -_offset(posix.groupdict(default=""))
        numeric = _NUMERIC_ZONE.fullmatch(abbreviation)
        return None if numeric is None else _offset(numeric.groupdict(default=""))


class TimestamptzBinaryLoader(TimestamptzLoader):
    """timestamptz as binary to `datetime` in the time zone of the session."""

    format = Format.BINARY
    native = "howdah_types._native.structured:TIMESTAMPTZ"

    def value(self, data: bytes) -> datetime:
        microseconds: int = _INT8.unpack(data)[0]
        try:
            return self._local(timedelta(microseconds=microseconds))
        except OverflowError:
            moment = _beyond_timestamp(microseconds)
            raise _not_python("timestamptz", moment if "inf" in moment else f"{moment} UTC") from None


def _in_zone(since_epoch: timedelta, zone: tzinfo) -> datetime:
    """Return the time in a time zone, given the duration since the epoch."""
    try:
        return (_EPOCH_UTC + since_epoch).astimezone(zone)
    except OverflowError:
        # In UTC the year may be outside of 1 to 9999, but not in the zone.
        edge = datetime.max if since_epoch > timedelta(0) else datetime.min
        offset = zone.utcoffset(edge.replace(tzinfo=zone))
        return (_EPOCH + (since_epoch + (offset or timedelta(0)))).replace(tzinfo=zone)


# -- interval ------------------------------------------------------------------


class TimedeltaDumper(_DateTimeDumper):
    """`timedelta` to interval, as text."""

    oid = 1186
    native = "howdah_types._native.structured:INTERVAL"
    of = timedelta

    # With an explicit sign, the seconds do not take the sign of the days,
    # whatever IntervalStyle is.
    def as_text(self, obj: timedelta) -> bytes:
        return b"%d days +%d.%06d secs" % (obj.days, obj.seconds, obj.microseconds)


class TimedeltaBinaryDumper(TimedeltaDumper):
    """`timedelta` to interval, as binary."""

    format = Format.BINARY
    native = "howdah_types._native.structured:INTERVAL"

    def as_binary(self, obj: timedelta) -> bytes:
        return _INTERVAL.pack(obj.seconds * 1_000_000 + obj.microseconds, obj.days, 0)


# The form of a value shows its IntervalStyle. Source:
# PostgreSQL's src/backend/utils/adt/datetime.c, EncodeInterval().
_UNIT = pattern(r"([+-]?)(\d+)(?:\.(\d+))? (year|mon|day|hour|min|sec)s?(?: |$)")
_ISO_UNIT = pattern(r"([+-]?)(\d+)(?:\.(\d+))?([YMWDHS])")
_CLOCK = pattern(r"(\d+):(\d\d):(\d\d)(?:\.(\d+))?")
_MONTHS_IN = {"year": 12, "mon": 1}
_SECONDS_IN = {"hour": 3600, "min": 60, "sec": 1}
_ISO_DATE_UNITS = {"Y": "year", "M": "mon", "D": "day"}
_ISO_TIME_UNITS = {"H": "hour", "M": "min", "S": "sec"}


class _Interval:
    """An interval in PostgreSQL's representation: months, days and microseconds."""

    def __init__(self) -> None:
        self.months = self.days = self.microseconds = 0

    def add(self, sign: int, count: int, fraction: str | None, unit: str) -> None:
        if unit in _MONTHS_IN:
            self.months += sign * count * _MONTHS_IN[unit]
        elif unit == "day":
            self.days += sign * count
        else:
            self.microseconds += sign * (count * _SECONDS_IN[unit] * 1_000_000 + _microseconds(fraction))

    def add_clock(self, sign: int, text: str) -> bool:
        match = _CLOCK.fullmatch(text)
        if match is None:
            return False
        hours, minutes, seconds, fraction = match.groups()
        self.add(sign, (int(hours) * 60 + int(minutes)) * 60 + int(seconds), fraction, "sec")
        return True

    def timedelta(self) -> timedelta:
        # A month counts as 30 days, a year as 365.
        years, months = divmod(abs(self.months), 12)
        days = 365 * years + 30 * months
        return timedelta(self.days + (days if self.months > 0 else -days), 0, self.microseconds)


def _signed(text: str, otherwise: int = 1) -> tuple[int, str]:
    if text[:1] in ("+", "-"):
        return (-1 if text[0] == "-" else 1), text[1:]
    return otherwise, text


def _parse_units(text: str) -> _Interval | None:
    """Parse the styles postgres, `1 day -02:03:04`, and postgres_verbose, `@ 1 day 2 hours ago`."""
    interval = _Interval()
    body = text.removeprefix("@ ").removesuffix(" ago")
    end = 0
    while match := _UNIT.match(body, end):
        end = match.end()
        sign, count, fraction, unit = match.groups()
        interval.add(-1 if sign == "-" else 1, int(count), fraction, unit)
    if end < len(body) and body != "0" and not interval.add_clock(*_signed(body[end:])):
        return None
    if text.endswith(" ago"):
        interval.months, interval.days = -interval.months, -interval.days
        interval.microseconds = -interval.microseconds
    return interval


def _parse_iso(text: str) -> _Interval | None:
    """Parse the style iso_8601, `P1Y2M3DT4H5M6S`."""
    interval = _Interval()
    day, _, clock = text[1:].partition("T")
    for part, units in ((day, _ISO_DATE_UNITS), (clock, _ISO_TIME_UNITS)):
        end = 0
        while match := _ISO_UNIT.match(part, end):
            sign, count, fraction, unit = match.groups()
            if unit not in units:
                return None
            end = match.end()
            interval.add(-1 if sign == "-" else 1, int(count), fraction, units[unit])
        if end != len(part):
            return None
    return interval


def _parse_sql(text: str) -> _Interval | None:
    """Parse the style sql_standard, `1-2`, `3 4:05:06` or `+1-2 -3 +4:05:06`."""
    interval = _Interval()
    sign = 1
    for part in text.split(" "):
        # Either every part has a sign, or the sign of the first part applies to all.
        sign, digits = _signed(part, sign)
        years, dash, months = digits.partition("-")
        if dash and years.isdigit() and months.isdigit():
            interval.months += sign * (12 * int(years) + int(months))
        elif digits.isdigit():
            interval.days += sign * int(digits)
        elif not interval.add_clock(sign, digits):
            return None
    return interval


class IntervalLoader(TypeLoader):
    """interval as text, of any IntervalStyle, to `timedelta`."""

    native = "howdah_types._native.structured:INTERVAL"

    def value(self, data: bytes) -> timedelta:
        text = data.decode()
        if text.startswith("P"):
            interval = _parse_iso(text)
        elif text.startswith("@") or _UNIT.match(text):
            interval = _parse_units(text)
        else:
            interval = _parse_sql(text)
        try:
            if interval is not None:
                return interval.timedelta()
        except OverflowError:
            pass
        raise _not_python("interval", text)


class IntervalBinaryLoader(TypeLoader):
    """interval as binary to `timedelta`."""

    format = Format.BINARY
    native = "howdah_types._native.structured:INTERVAL"

    def value(self, data: bytes) -> timedelta:
        interval = _Interval()
        interval.microseconds, interval.days, interval.months = _INTERVAL.unpack(data)
        try:
            return interval.timedelta()
        except OverflowError:
            name = f"{interval.months} months {interval.days} days {interval.microseconds} microseconds"
            if (interval.months, interval.days) in ((_INT4_MAX, _INT4_MAX), (_INT4_MIN, _INT4_MIN)):
                name = "infinity" if interval.months > 0 else "-infinity"
            raise _not_python("interval", name) from None


def register_adapters(adapters: AdaptersMap) -> None:
    """Register the adapters of this module."""
    adapters.register_dumper(date, DateDumper)
    adapters.register_dumper(date, DateBinaryDumper)
    # The dumpers to timetz and timestamp are found by `upgrade`, or by oid.
    adapters.register_dumper(time, TimeTzDumper)
    adapters.register_dumper(time, TimeTzBinaryDumper)
    adapters.register_dumper(time, TimeDumper)
    adapters.register_dumper(time, TimeBinaryDumper)
    adapters.register_dumper(datetime, DatetimeNoTzDumper)
    adapters.register_dumper(datetime, DatetimeNoTzBinaryDumper)
    adapters.register_dumper(datetime, DatetimeDumper)
    adapters.register_dumper(datetime, DatetimeBinaryDumper)
    adapters.register_dumper(timedelta, TimedeltaDumper)
    adapters.register_dumper(timedelta, TimedeltaBinaryDumper)
    for name, text, binary in (
        ("date", DateLoader, DateBinaryLoader),
        ("time", TimeLoader, TimeBinaryLoader),
        ("timetz", TimetzLoader, TimetzBinaryLoader),
        ("timestamp", TimestampLoader, TimestampBinaryLoader),
        ("timestamptz", TimestamptzLoader, TimestamptzBinaryLoader),
        ("interval", IntervalLoader, IntervalBinaryLoader),
    ):
        adapters.register_loader(name, text)
        adapters.register_loader(name, binary)
