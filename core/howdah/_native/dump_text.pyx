"""Dumping the everyday types in the text format, and integers of a given type in the binary one.

Every function takes objects of exactly one class, as those of `dump_values`.

Source: PostgreSQL documentation, "Data Types".
"""

cimport cpython.datetime as c
from cpython.bool cimport PyBool_Check
from cpython.bytearray cimport PyByteArray_AS_STRING, PyByteArray_CheckExact, PyByteArray_GET_SIZE
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_CheckExact, PyBytes_GET_SIZE
from cpython.float cimport PyFloat_AS_DOUBLE, PyFloat_CheckExact
from cpython.long cimport PyLong_CheckExact
from cpython.mem cimport PyMem_Free
from libc.stdint cimport int64_t, uint16_t, uint32_t, uint64_t
from libc.string cimport strlen

from howdah._native.buffer cimport Buffer
from howdah._native.dumping cimport DumperEntry, register_dump

from datetime import timezone

c.import_datetime()

cdef extern from "Python.h":
    long long PyLong_AsLongLongAndOverflow(object value, int *overflow) except? -1
    char *PyOS_double_to_string(double value, char format, int precision, int flags, int *kind) except NULL
    int Py_DTSF_ADD_DOT_0

cdef object _utc = timezone.utc
cdef type _UUID = None
cdef const char *_DIGITS = "0123456789abcdef"

cdef enum:
    INT8_OID = 20
    INT2_OID = 21
    INT4_OID = 23
    TIMESTAMP_OID = 1114
    TIMESTAMPTZ_OID = 1184


# Numbers

cdef int _get_integer(object obj, int64_t *value) except -1:
    """Get the value of an int; return whether there is one that fits."""
    cdef int overflow = 0
    if not PyLong_CheckExact(obj):
        return 0
    value[0] = PyLong_AsLongLongAndOverflow(obj, &overflow)
    return not overflow


cdef int dump_int(object obj, Buffer out, uint32_t *oid, DumperEntry entry) except -1:
    cdef int64_t value
    if not _get_integer(obj, &value):
        return 0
    if -0x8000 <= value <= 0x7FFF:
        oid[0] = INT2_OID
    elif -0x80000000LL <= value <= 0x7FFFFFFF:
        oid[0] = INT4_OID
    else:
        oid[0] = INT8_OID
    out.put_integer(value)
    return 1


cdef int dump_integer(object obj, Buffer out, uint32_t *oid, DumperEntry entry) except -1:
    cdef int64_t value
    if not _get_integer(obj, &value):
        return 0
    out.put_integer(value)
    return 1


cdef int dump_int2_binary(object obj, Buffer out, uint32_t *oid, DumperEntry entry) except -1:
    cdef int64_t value
    if not _get_integer(obj, &value) or not -0x8000 <= value <= 0x7FFF:
        return 0
    out.put_uint16(<uint16_t> value)
    return 1


cdef int dump_int4_binary(object obj, Buffer out, uint32_t *oid, DumperEntry entry) except -1:
    cdef int64_t value
    if not _get_integer(obj, &value) or not -0x80000000LL <= value <= 0x7FFFFFFF:
        return 0
    out.put_uint32(<uint32_t> value)
    return 1


cdef int dump_oid_binary(object obj, Buffer out, uint32_t *oid, DumperEntry entry) except -1:
    cdef int64_t value
    if not _get_integer(obj, &value) or not 0 <= value <= 0xFFFFFFFFLL:
        return 0
    out.put_uint32(<uint32_t> value)
    return 1


cdef int dump_int8_binary(object obj, Buffer out, uint32_t *oid, DumperEntry entry) except -1:
    cdef int64_t value
    if not _get_integer(obj, &value):
        return 0
    out.put_uint64(<uint64_t> value)
    return 1


cdef int dump_float8(object obj, Buffer out, uint32_t *oid, DumperEntry entry) except -1:
    cdef char *text
    if not PyFloat_CheckExact(obj):
        return 0
    text = PyOS_double_to_string(PyFloat_AS_DOUBLE(obj), c"r", 0, Py_DTSF_ADD_DOT_0, NULL)
    try:
        out.put(text, strlen(text))
    finally:
        PyMem_Free(text)
    return 1


cdef int dump_bool(object obj, Buffer out, uint32_t *oid, DumperEntry entry) except -1:
    if not PyBool_Check(obj):
        return 0
    out.reserve(1)[0] = c"t" if obj is True else c"f"
    return 1


# bytea, uuid

cdef inline void _set_hex(char *p, unsigned char value) noexcept:
    p[0] = _DIGITS[value >> 4]
    p[1] = _DIGITS[value & 15]


cdef int dump_bytea(object obj, Buffer out, uint32_t *oid, DumperEntry entry) except -1:
    cdef const unsigned char *source
    cdef Py_ssize_t i, size
    cdef char *p
    if PyBytes_CheckExact(obj):
        source = <const unsigned char *> PyBytes_AS_STRING(obj)
        size = PyBytes_GET_SIZE(obj)
    elif PyByteArray_CheckExact(obj):
        source = <const unsigned char *> PyByteArray_AS_STRING(obj)
        size = PyByteArray_GET_SIZE(obj)
    else:
        return 0
    p = out.reserve(2 + 2 * size)
    p[0] = c"\\"
    p[1] = c"x"
    for i in range(size):
        _set_hex(p + 2 + 2 * i, source[i])
    return 1


cdef int _import_uuid() except -1:
    """Import the class when the first object comes: its module takes long."""
    global _UUID
    from uuid import UUID
    _UUID = UUID
    return 0


cdef int dump_uuid(object obj, Buffer out, uint32_t *oid, DumperEntry entry) except -1:
    cdef uint64_t half
    cdef char *p
    cdef int i
    if _UUID is None:
        _import_uuid()
    if type(obj) is not _UUID:
        return 0
    value = obj.int
    p = out.reserve(32)
    half = <uint64_t> (value >> 64)
    for i in range(8):
        _set_hex(p + 2 * i, <unsigned char> (half >> (56 - 8 * i)))
    half = <uint64_t> (value & 0xFFFFFFFFFFFFFFFF)
    for i in range(8):
        _set_hex(p + 16 + 2 * i, <unsigned char> (half >> (56 - 8 * i)))
    return 1


# Dates and times

cdef inline char *_set_number(char *p, int value, int digits) noexcept:
    """Write a number of so many digits; return where it ends."""
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
    """Append an offset from UTC; return 0 if there is none, or one of fractions of a second."""
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


cdef int dump_date(object obj, Buffer out, uint32_t *oid, DumperEntry entry) except -1:
    if not c.PyDate_CheckExact(obj):
        return 0
    _put_date(c.date_year(obj), c.date_month(obj), c.date_day(obj), out)
    return 1


cdef int dump_time(object obj, Buffer out, uint32_t *oid, DumperEntry entry) except -1:
    if not c.PyTime_CheckExact(obj) or c.time_tzinfo(obj) is not None:
        return 0
    _put_time(c.time_hour(obj), c.time_minute(obj), c.time_second(obj), c.time_microsecond(obj), out)
    return 1


cdef int dump_timetz(object obj, Buffer out, uint32_t *oid, DumperEntry entry) except -1:
    if not c.PyTime_CheckExact(obj):
        return 0
    _put_time(c.time_hour(obj), c.time_minute(obj), c.time_second(obj), c.time_microsecond(obj), out)
    return _put_offset(obj.utcoffset(), out)


cdef int dump_interval(object obj, Buffer out, uint32_t *oid, DumperEntry entry) except -1:
    if not c.PyDelta_CheckExact(obj):
        return 0
    out.put_integer(c.timedelta_days(obj))
    out.put(" days +", 7)
    out.put_integer(c.timedelta_seconds(obj))
    out.reserve(1)[0] = c"."
    _set_number(out.reserve(6), c.timedelta_microseconds(obj), 6)
    out.put(" secs", 5)
    return 1


cdef int dump_datetime(object obj, Buffer out, uint32_t *oid, DumperEntry entry) except -1:
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


cdef int dump_timestamp(object obj, Buffer out, uint32_t *oid, DumperEntry entry) except -1:
    if not c.PyDateTime_CheckExact(obj) or c.datetime_tzinfo(obj) is not None:
        return 0
    return dump_datetime(obj, out, oid, entry)


register_dump(0, "bool", dump_bool)
register_dump(0, "int", dump_int)
register_dump(0, "int2", dump_integer)
register_dump(0, "int4", dump_integer)
register_dump(0, "int8", dump_integer)
register_dump(0, "oid", dump_integer)
register_dump(0, "float4", dump_float8)
register_dump(0, "float8", dump_float8)
register_dump(0, "bytea", dump_bytea)
register_dump(0, "uuid", dump_uuid)
register_dump(0, "date", dump_date)
register_dump(0, "time", dump_time)
register_dump(0, "timetz", dump_timetz)
register_dump(0, "interval", dump_interval)
register_dump(0, "datetime", dump_datetime)
register_dump(0, "timestamp", dump_timestamp)
register_dump(1, "int2", dump_int2_binary)
register_dump(1, "int4", dump_int4_binary)
register_dump(1, "int8", dump_int8_binary)
register_dump(1, "oid", dump_oid_binary)
