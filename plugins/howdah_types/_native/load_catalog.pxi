# Loading identifiers of transactions, positions and catalog objects, from binary to the server's text format.
#
# Source: PostgreSQL documentation, "Object Identifier Types", "pg_lsn Type" and "Transaction ID and
# Snapshot Information Functions"; for the binary formats the types' send functions in PostgreSQL's
# src/backend/utils/adt.

from cpython.unicode cimport PyUnicode_DecodeASCII
from libc.stdint cimport int64_t, uint32_t

from howdah.native.adapters cimport Buffer, load_python
from howdah.native.byteorder cimport get_int16, get_int32, get_int64, get_uint16, get_uint32, get_uint64

cdef const char *_UPPER_DIGITS = "0123456789ABCDEF"


cdef object _text(Buffer out, Py_ssize_t less=0):
    """Return the written text, without `less` characters at the end."""
    return PyUnicode_DecodeASCII(out.data, out.length - less, NULL)


cdef object load_xid(const char *data, Py_ssize_t size, object loader):
    cdef Buffer out = Buffer.__new__(Buffer)
    if size != 4:
        return load_python(data, size, loader)
    out.put_digits(get_uint32(data))
    return _text(out)


cdef object load_xid8(const char *data, Py_ssize_t size, object loader):
    cdef Buffer out = Buffer.__new__(Buffer)
    if size != 8:
        return load_python(data, size, loader)
    out.put_digits(get_uint64(data))
    return _text(out)


cdef int _put_hex(uint32_t value, Buffer out) except -1:
    """Append a number in hexadecimal."""
    cdef int shift = 28
    while shift and not value >> shift:
        shift -= 4
    while shift >= 0:
        out.reserve(1)[0] = _UPPER_DIGITS[value >> shift & 15]
        shift -= 4
    return 0


cdef object load_lsn(const char *data, Py_ssize_t size, object loader):
    cdef Buffer out = Buffer.__new__(Buffer)
    if size != 8:
        return load_python(data, size, loader)
    _put_hex(get_uint32(data), out)
    out.put("/", 1)
    _put_hex(get_uint32(data + 4), out)
    return _text(out)


cdef object load_tid(const char *data, Py_ssize_t size, object loader):
    cdef Buffer out = Buffer.__new__(Buffer)
    if size != 6:
        return load_python(data, size, loader)
    out.put("(", 1)
    out.put_digits(get_uint32(data))
    out.put(",", 1)
    out.put_digits(get_uint16(data + 4))
    out.put(")", 1)
    return _text(out)


cdef object load_snapshot(const char *data, Py_ssize_t size, object loader):
    # The number of transactions in progress, xmin, xmax, the transactions.
    cdef Buffer out
    cdef Py_ssize_t i, count = get_int32(data) if size >= 20 else -1
    if count < 0 or size != 20 + 8 * count:
        return load_python(data, size, loader)
    out = Buffer.__new__(Buffer)
    out.put_integer(get_int64(data + 4))
    out.put(":", 1)
    out.put_integer(get_int64(data + 12))
    out.put(":", 1)
    for i in range(count):
        out.put_integer(get_int64(data + 20 + 8 * i))
        out.put(",", 1)
    return _text(out, count > 0)


cdef object load_vector(const char *data, Py_ssize_t size, object loader):
    # Like any array: dimensions, NULLs, oid of the elements, length, lower bound, the elements with their sizes.
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
        out.put_integer(<int64_t> get_int16(p + 4) if width == 2 else <int64_t> get_uint32(p + 4))
        out.put(" ", 1)
        p += 4 + width
    return _text(out, count > 0)
