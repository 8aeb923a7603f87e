"""Loading what PostgreSQL counts its own things with, from binary to the text that the server would have sent.

Source: PostgreSQL documentation, "Object Identifier Types", "pg_lsn Type" and "Transaction ID and
Snapshot Information Functions"; for the binary formats the types' send functions in PostgreSQL's
src/backend/utils/adt.
"""

from cpython.unicode cimport PyUnicode_DecodeASCII
from libc.stdint cimport int64_t
from libc.stdio cimport snprintf

from howdah._native.buffer cimport Buffer
from howdah._native.loading cimport load_python, register_load
from howdah._native.network cimport get_int16, get_int32, get_int64, get_uint16, get_uint32, get_uint64

cdef enum:
    #: The most characters that a number of 64 bits has, and one behind it.
    NUMBER_SIZE = 22
    INT2_OID = 21


cdef object load_xid(const char *data, Py_ssize_t size, object loader):
    cdef char[NUMBER_SIZE] text
    if size != 4:
        return load_python(data, size, loader)
    return PyUnicode_DecodeASCII(text, snprintf(text, NUMBER_SIZE, "%u", get_uint32(data)), NULL)


cdef object load_xid8(const char *data, Py_ssize_t size, object loader):
    cdef char[NUMBER_SIZE] text
    if size != 8:
        return load_python(data, size, loader)
    return PyUnicode_DecodeASCII(
        text, snprintf(text, NUMBER_SIZE, "%llu", <unsigned long long> get_uint64(data)), NULL
    )


cdef object load_lsn(const char *data, Py_ssize_t size, object loader):
    cdef char[NUMBER_SIZE] text
    if size != 8:
        return load_python(data, size, loader)
    return PyUnicode_DecodeASCII(
        text, snprintf(text, NUMBER_SIZE, "%X/%X", get_uint32(data), get_uint32(data + 4)), NULL
    )


cdef object load_tid(const char *data, Py_ssize_t size, object loader):
    cdef char[NUMBER_SIZE] text
    if size != 6:
        return load_python(data, size, loader)
    return PyUnicode_DecodeASCII(
        text, snprintf(text, NUMBER_SIZE, "(%u,%u)", get_uint32(data), <unsigned int> get_uint16(data + 4)), NULL
    )


cdef int _put_number(int64_t value, char after, Buffer out) except -1:
    """Append a number and the character that follows it."""
    cdef char *p = out.reserve(NUMBER_SIZE)
    cdef int length = snprintf(p, NUMBER_SIZE, "%lld", <long long> value)
    p[length] = after
    out.length -= NUMBER_SIZE - length - 1
    return 0


cdef object load_snapshot(const char *data, Py_ssize_t size, object loader):
    # How many transactions are in progress, xmin, xmax, the transactions.
    cdef Buffer out
    cdef Py_ssize_t i, count = get_int32(data) if size >= 20 else -1
    if count < 0 or size != 20 + 8 * count:
        return load_python(data, size, loader)
    out = Buffer.__new__(Buffer)
    _put_number(get_int64(data + 4), c":", out)
    _put_number(get_int64(data + 12), c":", out)
    for i in range(count):
        _put_number(get_int64(data + 20 + 8 * i), c",", out)
    return PyUnicode_DecodeASCII(out.data, out.length - (count > 0), NULL)


cdef object load_vector(const char *data, Py_ssize_t size, object loader):
    # As any array: dimensions, NULLs, oid of the elements, length, lower bound, the elements with their sizes.
    cdef Buffer out
    cdef const char *p = data + 20
    cdef int width
    cdef Py_ssize_t i, count = get_int32(data + 12) if size >= 20 else -1
    if count < 0 or get_int32(data) != 1:
        return load_python(data, size, loader)
    width = 2 if get_uint32(data + 8) == INT2_OID else 4
    if size != 20 + (4 + width) * count:
        return load_python(data, size, loader)
    out = Buffer.__new__(Buffer)
    for i in range(count):
        _put_number(<int64_t> get_int16(p + 4) if width == 2 else <int64_t> get_uint32(p + 4), c" ", out)
        p += 4 + width
    return PyUnicode_DecodeASCII(out.data, out.length - (count > 0), NULL)


register_load(1, "xid", load_xid)
register_load(1, "xid8", load_xid8)
register_load(1, "lsn", load_lsn)
register_load(1, "tid", load_tid)
register_load(1, "snapshot", load_snapshot)
register_load(1, "vector", load_vector)
