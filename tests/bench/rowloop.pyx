# cython: language_level=3, boundscheck=False, wraparound=False
"""The rows of an answer as tuples, by a loop that trusts the server: what no driver that makes the same can undercut.

Source: PostgreSQL documentation, "Message Formats"; src/backend/utils/adt/arrayfuncs.c, array_send.
"""

from cpython.bytes cimport PyBytes_FromStringAndSize
from cpython.list cimport PyList_New, PyList_SET_ITEM
from cpython.ref cimport Py_INCREF
from cpython.tuple cimport PyTuple_New, PyTuple_SET_ITEM
from cpython.unicode cimport PyUnicode_DecodeUTF8
from libc.stdint cimport int16_t, int32_t, uint32_t

cdef extern from "Python.h":
    void PyObject_GC_UnTrack(object obj)


cdef inline uint32_t _uint32(const char *p) noexcept:
    cdef const unsigned char *bytes = <const unsigned char *> p
    return <uint32_t> bytes[0] << 24 | <uint32_t> bytes[1] << 16 | <uint32_t> bytes[2] << 8 | bytes[3]


cdef inline int16_t _int16(const char *p) noexcept:
    cdef const unsigned char *bytes = <const unsigned char *> p
    return <int16_t> (bytes[0] << 8 | bytes[1])


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
    if kind == c"a":
        return _integers(p)
    return PyBytes_FromStringAndSize(p, size)


def rows(const unsigned char[::1] data, Py_ssize_t end, bytes kinds) -> list:
    """Return the rows in the messages up to `end`.

    Args:
        data: Messages.
        end: Where they end.
        kinds: By column, what its value becomes: i, h and o numbers of four and two bytes, and unsigned ones;
            ? a bool, t text, a an array of i, b bytes.
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
