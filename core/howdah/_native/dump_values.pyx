"""Dumping the everyday types, in the binary format but for str and numeric's text.

Every function takes objects of exactly one class; subclasses may mean something else.

Source: PostgreSQL documentation, "Data Types"; the binary layouts are those that the
types' receive functions (`int4recv`, `numeric_recv`, …) document in their source.
"""

cimport cpython.datetime as c
from cpython.bool cimport PyBool_Check
from cpython.bytearray cimport PyByteArray_AS_STRING, PyByteArray_CheckExact, PyByteArray_GET_SIZE
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_CheckExact, PyBytes_GET_SIZE
from cpython.float cimport PyFloat_AS_DOUBLE, PyFloat_CheckExact
from cpython.long cimport PyLong_CheckExact
from cpython.unicode cimport PyUnicode_AsUTF8String, PyUnicode_CheckExact
from libc.math cimport isinf
from libc.stdint cimport int64_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport atoi
from libc.string cimport memchr, memcpy

from howdah._native.buffer cimport Buffer
from howdah._native.calendar cimport MICROSECONDS_PER_DAY, days_from_date, microseconds_from_time
from howdah._native.dumping cimport DumperEntry, register_dump, register_key
from howdah._native.network cimport set_float8, set_uint16

from datetime import timezone
from enum import Enum

c.import_datetime()

cdef extern from "Python.h":
    long long PyLong_AsLongLongAndOverflow(object value, int *overflow) except? -1
    bint PyUnicode_IS_COMPACT_ASCII(object value)
    Py_ssize_t PyUnicode_GET_LENGTH(object value)
    const char *PyUnicode_DATA(object value)

cdef object _utc = timezone.utc
cdef type _Decimal = None
cdef type _UUID = None
cdef object _Enum = Enum

cdef enum:
    INT8_OID = 20
    INT2_OID = 21
    INT4_OID = 23
    TIMESTAMP_OID = 1114
    TIMESTAMPTZ_OID = 1184
    #: What numeric can hold on either side of the point.
    MAX_INTEGRAL_DIGITS = 131072
    MAX_SCALE = 0x3FFF
    #: What stands for a numeric that is no number, where others have their sign.
    NAN = 0xC000
    INFINITY = 0xD000
    MINUS_INFINITY = 0xF000

#: What a digit counts for within its group of four, by its exponent modulo 4.
cdef int[4] _POWERS = [1, 10, 100, 1000]


# Numbers

cdef int dump_bool(object obj, Buffer out, uint32_t *oid, DumperEntry entry) except -1:
    if not PyBool_Check(obj):
        return 0
    out.reserve(1)[0] = obj is True
    return 1


cdef int dump_int(object obj, Buffer out, uint32_t *oid, DumperEntry entry) except -1:
    cdef int overflow = 0
    cdef int64_t value
    if not PyLong_CheckExact(obj):
        return 0
    value = PyLong_AsLongLongAndOverflow(obj, &overflow)
    if overflow:
        return 0
    if -0x8000 <= value <= 0x7FFF:
        oid[0] = INT2_OID
        out.put_uint16(<uint16_t> value)
    elif -0x80000000LL <= value <= 0x7FFFFFFF:
        oid[0] = INT4_OID
        out.put_uint32(<uint32_t> value)
    else:
        oid[0] = INT8_OID
        out.put_uint64(<uint64_t> value)
    return 1


cdef int dump_float8(object obj, Buffer out, uint32_t *oid, DumperEntry entry) except -1:
    if not PyFloat_CheckExact(obj):
        return 0
    set_float8(out.reserve(8), PyFloat_AS_DOUBLE(obj))
    return 1


cdef int dump_float4(object obj, Buffer out, uint32_t *oid, DumperEntry entry) except -1:
    cdef double value
    cdef float narrow
    cdef uint32_t bits
    if not PyFloat_CheckExact(obj):
        return 0
    value = PyFloat_AS_DOUBLE(obj)
    narrow = <float> value
    if value != value or (isinf(narrow) and not isinf(value)):
        return 0
    memcpy(&bits, &narrow, 4)
    out.put_uint32(bits)
    return 1


cdef int _import_decimal() except -1:
    """Import the class when the first object comes: its module takes its time."""
    global _Decimal
    from decimal import Decimal
    _Decimal = Decimal
    return 0


cdef int dump_numeric_text(object obj, Buffer out, uint32_t *oid, DumperEntry entry) except -1:
    if _Decimal is None:
        _import_decimal()
    if type(obj) is not _Decimal:
        return 0
    cdef str text = str(obj)
    cdef const char *p = PyUnicode_DATA(text)
    cdef Py_ssize_t size = PyUnicode_GET_LENGTH(text)
    if memchr(p, c"a", size) is not NULL:
        out.put("NaN", 3)  # of either sign, signalling, with a payload
    else:
        out.put(p, size)
    return 1


cdef int _put_special(const char *p, const char *end, bint negative, Buffer out) except -1:
    """Append the numeric that is no number: NaN, if there is nothing more to it, or an infinity."""
    cdef uint16_t sign
    if p[0] == c"I":
        sign = MINUS_INFINITY if negative else INFINITY
    elif end - p == 3 and not negative:
        sign = NAN
    else:
        return 0
    out.put_uint32(0)  # neither digits nor weight
    out.put_uint16(sign)
    out.put_uint16(0)
    return 1


cdef int dump_numeric(object obj, Buffer out, uint32_t *oid, DumperEntry entry) except -1:
    if _Decimal is None:
        _import_decimal()
    if type(obj) is not _Decimal:
        return 0
    cdef str text = str(obj)
    cdef const char *p = PyUnicode_DATA(text)
    cdef const char *end = p + PyUnicode_GET_LENGTH(text)
    cdef bint negative = p[0] == c"-"
    if negative:
        p += 1
    cdef const char *point = p
    while point < end and c"0" <= point[0] <= c"9":
        point += 1
    if point == p:
        return _put_special(p, end, negative, out)
    # What the exponent says moves the point.
    cdef int shift = 0
    cdef const char *letter = <const char *> memchr(point, c"E", end - point)
    if letter is not NULL:
        if end - letter > 8:
            return 0  # too far
        shift = atoi(letter + 1)
        end = letter
    cdef Py_ssize_t scale = (end - point - 1 if point < end else 0) - shift
    if scale < 0:
        scale = 0
    if point - p + shift > MAX_INTEGRAL_DIGITS or scale > MAX_SCALE:
        return 0  # too long

    # What follows the header is groups of four decimal digits, each a number below
    # 10,000; groups of zeros at either end are left out.
    cdef Py_ssize_t header = out.length
    cdef int exponent = <int> (point - p) - 1 + shift
    cdef int group = 0, weight = 0, count = 0, kept = 0
    out.reserve(8)
    while p < end:
        if p[0] != c".":
            group += (p[0] - c"0") * _POWERS[exponent & 3]
            if exponent & 3 == 0 or p + 1 == end:
                if group and not count:
                    weight = exponent >> 2
                if group or count:
                    out.put_uint16(<uint16_t> group)
                    count += 1
                if group:
                    kept = count
                group = 0
            exponent -= 1
        p += 1
    out.length = header + 8 + 2 * kept
    set_uint16(out.data + header, <uint16_t> kept)
    set_uint16(out.data + header + 2, <uint16_t> weight)
    set_uint16(out.data + header + 4, 0x4000 if negative and kept else 0)
    set_uint16(out.data + header + 6, <uint16_t> scale)
    return 1


# Text, bytea, uuid

cdef int dump_str(object obj, Buffer out, uint32_t *oid, DumperEntry entry) except -1:
    cdef const char *p
    cdef Py_ssize_t size
    cdef bytes encoded
    if not PyUnicode_CheckExact(obj):
        return 0
    if PyUnicode_IS_COMPACT_ASCII(obj):
        p = PyUnicode_DATA(obj)
        size = PyUnicode_GET_LENGTH(obj)
    else:
        try:
            encoded = PyUnicode_AsUTF8String(obj)
        except UnicodeEncodeError:
            return 0
        p = PyBytes_AS_STRING(encoded)
        size = PyBytes_GET_SIZE(encoded)
    if memchr(p, 0, size) is not NULL:
        return 0  # text holds no NUL
    out.put(p, size)
    return 1


cdef int dump_bytea(object obj, Buffer out, uint32_t *oid, DumperEntry entry) except -1:
    if PyBytes_CheckExact(obj):
        out.put(PyBytes_AS_STRING(obj), PyBytes_GET_SIZE(obj))
        return 1
    if PyByteArray_CheckExact(obj):
        out.put(PyByteArray_AS_STRING(obj), PyByteArray_GET_SIZE(obj))
        return 1
    return 0


cdef int dump_enum(object obj, Buffer out, uint32_t *oid, DumperEntry entry) except -1:
    cdef dict labels = entry.dumper.labels
    if not isinstance(obj, _Enum):
        return 0
    label = labels.get(obj) if labels else None
    return dump_str(obj.name if label is None else label, out, oid, entry)


cdef int _import_uuid() except -1:
    """Import the class when the first object comes: its module takes long."""
    global _UUID
    from uuid import UUID
    _UUID = UUID
    return 0


cdef int dump_uuid(object obj, Buffer out, uint32_t *oid, DumperEntry entry) except -1:
    if _UUID is None:
        _import_uuid()
    if type(obj) is not _UUID:
        return 0
    value = obj.int
    out.put_uint64(<uint64_t> (value >> 64))
    out.put_uint64(<uint64_t> (value & 0xFFFFFFFFFFFFFFFF))
    return 1


# Dates and times

cdef int dump_date(object obj, Buffer out, uint32_t *oid, DumperEntry entry) except -1:
    if not c.PyDate_CheckExact(obj):
        return 0
    out.put_uint32(<uint32_t> days_from_date(c.date_year(obj), c.date_month(obj), c.date_day(obj)))
    return 1


cdef int dump_time(object obj, Buffer out, uint32_t *oid, DumperEntry entry) except -1:
    if not c.PyTime_CheckExact(obj) or c.time_tzinfo(obj) is not None:
        return 0
    out.put_uint64(<uint64_t> microseconds_from_time(
        c.time_hour(obj), c.time_minute(obj), c.time_second(obj), c.time_microsecond(obj)
    ))
    return 1


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


cdef object datetime_key(object obj, DumperEntry entry):
    if not c.PyDateTime_CheckExact(obj):
        return entry.dumper.get_key(obj, entry.dumpers.format)
    return entry.dumper.naive if c.datetime_tzinfo(obj) is None else entry.dumper.cls


cdef object time_key(object obj, DumperEntry entry):
    if not c.PyTime_CheckExact(obj) or c.time_tzinfo(obj) is not None:
        return entry.dumper.get_key(obj, entry.dumpers.format)
    return entry.dumper.cls


cdef int dump_timestamp(object obj, Buffer out, uint32_t *oid, DumperEntry entry) except -1:
    if not c.PyDateTime_CheckExact(obj) or c.datetime_tzinfo(obj) is not None:
        return 0
    return dump_datetime(obj, out, oid, entry)


cdef inline int64_t _microseconds_from_timedelta(c.timedelta value):
    return (
        c.timedelta_days(value) * MICROSECONDS_PER_DAY
        + c.timedelta_seconds(value) * <int64_t> 1000000 + c.timedelta_microseconds(value)
    )


cdef int dump_interval(object obj, Buffer out, uint32_t *oid, DumperEntry entry) except -1:
    if not c.PyDelta_CheckExact(obj):
        return 0
    out.put_uint64(<uint64_t> (
        c.timedelta_seconds(obj) * <int64_t> 1000000 + c.timedelta_microseconds(obj)
    ))
    out.put_uint32(<uint32_t> c.timedelta_days(obj))
    out.put_uint32(0)  # months
    return 1


register_dump(0, "str", dump_str)
register_dump(0, "numeric", dump_numeric_text)
register_dump(1, "bool", dump_bool)
register_dump(1, "int", dump_int)
register_dump(1, "float4", dump_float4)
register_dump(1, "float8", dump_float8)
register_dump(1, "numeric", dump_numeric)
register_dump(1, "str", dump_str)
register_dump(0, "enum", dump_enum)
register_dump(1, "enum", dump_enum)
register_dump(1, "bytea", dump_bytea)
register_dump(1, "uuid", dump_uuid)
register_dump(1, "date", dump_date)
register_dump(1, "time", dump_time)
register_dump(1, "timetz", dump_timetz)
register_dump(1, "datetime", dump_datetime)
register_dump(1, "timestamp", dump_timestamp)
register_dump(1, "interval", dump_interval)
register_key("datetime", datetime_key)
register_key("time", time_key)
