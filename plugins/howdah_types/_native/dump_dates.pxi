# Dumping date, time, timetz, timestamp, timestamptz and interval.
#
# Every function handles objects of exactly one class, because subclasses may differ.
#
# Source: PostgreSQL documentation, "Date/Time Types"; the binary layouts are those that the
# types' receive functions (`date_recv`, `timetz_recv`, …) document in their source.

cimport cpython.datetime as c
from libc.stdint cimport int64_t, uint32_t, uint64_t

from howdah.native.adapters cimport Buffer, DumperEntry
from howdah_types._native.calendar cimport MICROSECONDS_PER_DAY, days_from_date, microseconds_from_time

from datetime import timezone

c.import_datetime()

cdef object _utc = timezone.utc

cdef enum:
    TIMESTAMP_OID = 1114
    TIMESTAMPTZ_OID = 1184


# Writing text

cdef inline char *_set_number(char *p, int value, int digits) noexcept:
    """Write a number with a fixed number of digits; return a pointer to its end."""
    cdef int i
    for i in range(digits - 1, -1, -1):
        p[i] = <char> (c"0" + value % 10)
        value //= 10
    return p + digits


cdef int _put_date(int year, int month, int day, Buffer out) except -1:
    cdef char *p = out.reserve(10)
    p = _set_number(p, year, 4)
    p[0] = c"-"
    p = _set_number(p + 1, month, 2)
    p[0] = c"-"
    _set_number(p + 1, day, 2)
    return 0


cdef int _put_time(int hour, int minute, int second, int microsecond, Buffer out) except -1:
    cdef char *p = out.reserve(15 if microsecond else 8)
    p = _set_number(p, hour, 2)
    p[0] = c":"
    p = _set_number(p + 1, minute, 2)
    p[0] = c":"
    p = _set_number(p + 1, second, 2)
    if microsecond:
        p[0] = c"."
        _set_number(p + 1, microsecond, 6)
    return 0


cdef int _put_offset(object offset, Buffer out) except -1:
    """Append an offset from UTC; return 0 if there is none, or if it has fractions of a second."""
    cdef int seconds
    cdef char *p
    if offset is None or c.timedelta_microseconds(offset):
        return 0
    seconds = 86400 * c.timedelta_days(offset) + c.timedelta_seconds(offset)
    p = out.reserve(9 if seconds % 60 else 6)
    p[0] = c"-" if seconds < 0 else c"+"
    if seconds < 0:
        seconds = -seconds
    p = _set_number(p + 1, seconds // 3600, 2)
    p[0] = c":"
    p = _set_number(p + 1, seconds // 60 % 60, 2)
    if seconds % 60:
        p[0] = c":"
        _set_number(p + 1, seconds % 60, 2)
    return 1


# date

cdef int dump_date_text(object obj, Buffer out, uint32_t *oid, DumperEntry entry) except -1:
    if not c.PyDate_CheckExact(obj):
        return 0
    _put_date(c.date_year(obj), c.date_month(obj), c.date_day(obj), out)
    return 1


cdef int dump_date(object obj, Buffer out, uint32_t *oid, DumperEntry entry) except -1:
    if not c.PyDate_CheckExact(obj):
        return 0
    out.put_uint32(<uint32_t> days_from_date(c.date_year(obj), c.date_month(obj), c.date_day(obj)))
    return 1


# time

cdef int dump_time_text(object obj, Buffer out, uint32_t *oid, DumperEntry entry) except -1:
    if not c.PyTime_CheckExact(obj) or c.time_tzinfo(obj) is not None:
        return 0
    _put_time(c.time_hour(obj), c.time_minute(obj), c.time_second(obj), c.time_microsecond(obj), out)
    return 1


cdef int dump_time(object obj, Buffer out, uint32_t *oid, DumperEntry entry) except -1:
    if not c.PyTime_CheckExact(obj) or c.time_tzinfo(obj) is not None:
        return 0
    out.put_uint64(<uint64_t> microseconds_from_time(
        c.time_hour(obj), c.time_minute(obj), c.time_second(obj), c.time_microsecond(obj)
    ))
    return 1


cdef int dump_timetz_text(object obj, Buffer out, uint32_t *oid, DumperEntry entry) except -1:
    if not c.PyTime_CheckExact(obj):
        return 0
    _put_time(c.time_hour(obj), c.time_minute(obj), c.time_second(obj), c.time_microsecond(obj), out)
    return _put_offset(obj.utcoffset(), out)


cdef int dump_timetz(object obj, Buffer out, uint32_t *oid, DumperEntry entry) except -1:
    if not c.PyTime_CheckExact(obj):
        return 0
    offset = obj.utcoffset()
    if offset is None or c.timedelta_microseconds(offset):
        return 0
    out.put_uint64(<uint64_t> microseconds_from_time(
        c.time_hour(obj), c.time_minute(obj), c.time_second(obj), c.time_microsecond(obj)
    ))
    out.put_uint32(<uint32_t> (-86400 * c.timedelta_days(offset) - c.timedelta_seconds(offset)))
    return 1


cdef object time_key(object obj, DumperEntry entry):
    if not c.PyTime_CheckExact(obj) or c.time_tzinfo(obj) is not None:
        return entry.dumper.get_key(obj, entry.dumpers.format)
    return entry.dumper.cls


# timestamp and timestamptz

cdef int dump_datetime_text(object obj, Buffer out, uint32_t *oid, DumperEntry entry) except -1:
    if not c.PyDateTime_CheckExact(obj):
        return 0
    tzinfo = c.datetime_tzinfo(obj)
    _put_date(c.datetime_year(obj), c.datetime_month(obj), c.datetime_day(obj), out)
    out.reserve(1)[0] = c" "
    _put_time(
        c.datetime_hour(obj), c.datetime_minute(obj), c.datetime_second(obj), c.datetime_microsecond(obj), out
    )
    if tzinfo is None:
        oid[0] = TIMESTAMP_OID
    else:
        oid[0] = TIMESTAMPTZ_OID
        if tzinfo is not _utc:
            return _put_offset(obj.utcoffset(), out)
        out.put("+00:00", 6)
    return 1


cdef inline int64_t _microseconds_from_timedelta(c.timedelta value):
    return (
        c.timedelta_days(value) * MICROSECONDS_PER_DAY
        + c.timedelta_seconds(value) * <int64_t> 1000000 + c.timedelta_microseconds(value)
    )


cdef int dump_datetime(object obj, Buffer out, uint32_t *oid, DumperEntry entry) except -1:
    cdef int64_t value
    if not c.PyDateTime_CheckExact(obj):
        return 0
    value = days_from_date(c.datetime_year(obj), c.datetime_month(obj), c.datetime_day(obj))
    value = value * MICROSECONDS_PER_DAY + microseconds_from_time(
        c.datetime_hour(obj), c.datetime_minute(obj), c.datetime_second(obj), c.datetime_microsecond(obj)
    )
    tzinfo = c.datetime_tzinfo(obj)
    if tzinfo is None:
        oid[0] = TIMESTAMP_OID
    else:
        oid[0] = TIMESTAMPTZ_OID
        if tzinfo is not _utc:
            offset = obj.utcoffset()
            if offset is None:
                return 0
            value -= _microseconds_from_timedelta(offset)
    out.put_uint64(<uint64_t> value)
    return 1


cdef int dump_timestamp_text(object obj, Buffer out, uint32_t *oid, DumperEntry entry) except -1:
    if not c.PyDateTime_CheckExact(obj) or c.datetime_tzinfo(obj) is not None:
        return 0
    return dump_datetime_text(obj, out, oid, entry)


cdef int dump_timestamp(object obj, Buffer out, uint32_t *oid, DumperEntry entry) except -1:
    if not c.PyDateTime_CheckExact(obj) or c.datetime_tzinfo(obj) is not None:
        return 0
    return dump_datetime(obj, out, oid, entry)


cdef object datetime_key(object obj, DumperEntry entry):
    if not c.PyDateTime_CheckExact(obj):
        return entry.dumper.get_key(obj, entry.dumpers.format)
    return entry.dumper.naive if c.datetime_tzinfo(obj) is None else entry.dumper.cls


# interval

cdef int dump_interval_text(object obj, Buffer out, uint32_t *oid, DumperEntry entry) except -1:
    if not c.PyDelta_CheckExact(obj):
        return 0
    out.put_integer(c.timedelta_days(obj))
    out.put(" days +", 7)
    out.put_integer(c.timedelta_seconds(obj))
    out.reserve(1)[0] = c"."
    _set_number(out.reserve(6), c.timedelta_microseconds(obj), 6)
    out.put(" secs", 5)
    return 1


cdef int dump_interval(object obj, Buffer out, uint32_t *oid, DumperEntry entry) except -1:
    if not c.PyDelta_CheckExact(obj):
        return 0
    out.put_uint64(<uint64_t> (
        c.timedelta_seconds(obj) * <int64_t> 1000000 + c.timedelta_microseconds(obj)
    ))
    out.put_uint32(<uint32_t> c.timedelta_days(obj))
    out.put_uint32(0)  # months
    return 1
