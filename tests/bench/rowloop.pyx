# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True
"""The rows of an answer as tuples, and tuples as messages, by loops that trust both: what no driver can undercut.

Source: PostgreSQL documentation, "Message Formats"; src/backend/utils/adt/arrayfuncs.c, array_send.
"""

from cpython.bytearray cimport PyByteArray_AS_STRING, PyByteArray_Resize
from cpython.bytes cimport PyBytes_FromStringAndSize
from cpython.datetime cimport (
    date_day, date_month, date_new, date_year, datetime_hour, datetime_microsecond, datetime_minute, datetime_new,
    datetime_second, import_datetime,
)
from cpython.list cimport PyList_New, PyList_SET_ITEM
from cpython.ref cimport Py_INCREF
from cpython.tuple cimport PyTuple_New, PyTuple_SET_ITEM
from cpython.unicode cimport PyUnicode_AsUTF8AndSize, PyUnicode_DecodeUTF8
from libc.stdint cimport int16_t, int32_t, int64_t, uint32_t, uint64_t
from libc.string cimport memcpy

import_datetime()

cdef extern from "Python.h":
    void PyObject_GC_UnTrack(object obj)


cdef inline uint32_t _uint32(const char *p) noexcept:
    cdef const unsigned char *bytes = <const unsigned char *> p
    return <uint32_t> bytes[0] << 24 | <uint32_t> bytes[1] << 16 | <uint32_t> bytes[2] << 8 | bytes[3]


cdef inline int16_t _int16(const char *p) noexcept:
    cdef const unsigned char *bytes = <const unsigned char *> p
    return <int16_t> (bytes[0] << 8 | bytes[1])


cdef inline int64_t _int64(const char *p) noexcept:
    return <int64_t> (<uint64_t> _uint32(p) << 32 | _uint32(p + 4))


cdef inline double _float64(const char *p) noexcept:
    cdef int64_t bits = _int64(p)
    cdef double value
    memcpy(&value, &bits, 8)
    return value


cdef int _civil(int64_t days, int *month, int *day) noexcept:
    """Return the year of a day after 2000, and its month and day."""
    # Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days.
    cdef int64_t shifted = days + 10957 + 719468
    cdef int64_t era = shifted // 146097
    cdef int64_t of_era = shifted - era * 146097
    cdef int64_t year = (of_era - of_era // 1460 + of_era // 36524 - of_era // 146096) // 365
    cdef int64_t of_year = of_era - (365 * year + year // 4 - year // 100)
    cdef int64_t shifted_month = (5 * of_year + 2) // 153
    day[0] = <int> (of_year - (153 * shifted_month + 2) // 5 + 1)
    month[0] = <int> (shifted_month + 3 if shifted_month < 10 else shifted_month - 9)
    return <int> (year + era * 400 + (month[0] <= 2))


cdef object _date(const char *p):
    cdef int month = 0, day = 0
    cdef int year = _civil(<int32_t> _uint32(p), &month, &day)
    return date_new(year, month, day)


cdef object _timestamp(const char *p):
    cdef int64_t stamp = _int64(p)
    cdef int64_t days = stamp // 86400000000
    cdef int64_t micros = stamp - days * 86400000000
    cdef int64_t seconds = micros // 1000000
    cdef int month = 0, day = 0
    cdef int year = _civil(days, &month, &day)
    return datetime_new(
        year, month, day, seconds // 3600, seconds // 60 % 60, seconds % 60, micros % 1000000, None
    )


cdef object _integers(const char *p):
    """Return an array of int4 that has one dimension and no NULL."""
    cdef Py_ssize_t i, count = _uint32(p + 12)
    cdef list values = PyList_New(count)
    cdef object value
    for i in range(count):
        value = <int32_t> _uint32(p + 24 + 8 * i)
        Py_INCREF(value)
        PyList_SET_ITEM(values, i, value)
    return values


cdef inline object _value(char kind, const char *p, Py_ssize_t size):
    if kind == c"i":
        return <int32_t> _uint32(p)
    if kind == c"o":
        return _uint32(p)
    if kind == c"h":
        return _int16(p)
    if kind == c"?":
        return p[0] != 0
    if kind == c"t":
        return PyUnicode_DecodeUTF8(p, size, NULL)
    if kind == c"q":
        return _int64(p)
    if kind == c"d":
        return _float64(p)
    if kind == c"D":
        return _date(p)
    if kind == c"T":
        return _timestamp(p)
    if kind == c"a":
        return _integers(p)
    return PyBytes_FromStringAndSize(p, size)


def rows(const unsigned char[::1] data, Py_ssize_t end, bytes kinds) -> list:
    """Return the rows in the messages up to `end`.

    Args:
        data: Messages.
        end: Where they end.
        kinds: By column, what its value becomes: q, i, h and o numbers of eight, four and two bytes, and unsigned
            ones; d a float; D a date and T a timestamp, of 2000 and later; ? a bool, t text, a an array of i, b bytes.
    """
    cdef const char *p = <const char *> &data[0]
    cdef const char *limit = p + end
    cdef const char *value
    cdef const char *letters = kinds
    cdef Py_ssize_t i, columns = len(kinds)
    cdef int32_t size
    cdef list found = []
    cdef tuple row
    cdef object item
    cdef bint atomic = b"a" not in kinds
    while p < limit:
        if p[0] == c"D":
            value = p + 7
            row = PyTuple_New(columns)
            for i in range(columns):
                size = <int32_t> _uint32(value)
                value += 4
                item = None if size < 0 else _value(letters[i], value, size)
                Py_INCREF(item)
                PyTuple_SET_ITEM(row, i, item)
                value += max(size, 0)
            if atomic:
                PyObject_GC_UnTrack(row)
            found.append(row)
        p += 1 + _uint32(p + 1)
    return found


cdef inline char *_put32(char *p, uint32_t value) noexcept:
    p[0] = <char> (value >> 24)
    p[1] = <char> (value >> 16)
    p[2] = <char> (value >> 8)
    p[3] = <char> value
    return p + 4


cdef inline char *_put64(char *p, int64_t value) noexcept:
    return _put32(_put32(p, <uint32_t> (<uint64_t> value >> 32)), <uint32_t> value)


cdef int64_t _days(object day) noexcept:
    """Return how many days after 2000-01-01 a day of 1600 and later is."""
    # Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", days_from_civil.
    cdef int64_t month = date_month(day)
    cdef int64_t year = date_year(day) - (month <= 2)
    cdef int64_t era = year // 400
    cdef int64_t of_era = year - era * 400
    cdef int64_t of_year = (153 * (month - 3 if month > 2 else month + 9) + 2) // 5 + date_day(day) - 1
    return era * 146097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719468 - 10957


cdef char *_parameter(char *p, char kind, object value) except NULL:
    """Write the size of a value, and the value, in at most 20 bytes; a text has room for itself."""
    cdef double number
    cdef int64_t bits
    cdef Py_ssize_t size
    cdef const char *text
    if kind == c"i":
        return _put32(_put32(p, 4), <int32_t> value)
    if kind == c"q":
        return _put64(_put32(p, 8), <int64_t> value)
    if kind == c"d":
        number = value
        memcpy(&bits, &number, 8)
        return _put64(_put32(p, 8), bits)
    if kind == c"?":
        p = _put32(p, 1)
        p[0] = value is True
        return p + 1
    if kind == c"D":
        return _put32(_put32(p, 4), <uint32_t> <int32_t> _days(value))
    if kind == c"T":
        bits = (datetime_hour(value) * 60 + datetime_minute(value)) * 60 + datetime_second(value)
        return _put64(_put32(p, 8), (_days(value) * 86400 + bits) * 1000000 + datetime_microsecond(value))
    text = PyUnicode_AsUTF8AndSize(value, &size)
    memcpy(_put32(p, <uint32_t> size), text, size)
    return p + 4 + size


def binds(list rows, bytes kinds) -> bytearray:
    """Return Bind of the statement s, in binary format, and Execute for each row, and Sync.

    Args:
        rows: Tuples without None.
        kinds: By column, what its values are: the letters of `rows`, of which t must not be longer than 1,000 bytes.
    """
    cdef Py_ssize_t i, columns = len(kinds)
    cdef Py_ssize_t most = 64 + columns * 1024
    cdef bytearray data = bytearray(len(rows) * 128 + most)
    cdef char *start = PyByteArray_AS_STRING(data)
    cdef char *p = start
    cdef char *message
    cdef const char *letters = kinds
    cdef tuple row
    for row in rows:
        if len(data) - (p - start) < most:
            i = p - start
            PyByteArray_Resize(data, 2 * len(data) + most)
            start = PyByteArray_AS_STRING(data)
            p = start + i
        message = p
        memcpy(p, b"B....\0s\0\0\1\0\1\0", 13)
        p[13] = <char> columns
        p += 14
        for i in range(columns):
            p = _parameter(p, letters[i], row[i])
        p[0] = p[1] = 0
        p += 2
        _put32(message + 1, <uint32_t> (p - message - 1))
        memcpy(p, b"E\0\0\0\t\0\0\0\0\0", 10)
        p += 10
    memcpy(p, b"S\0\0\0\4", 5)
    PyByteArray_Resize(data, p + 5 - start)
    return data
