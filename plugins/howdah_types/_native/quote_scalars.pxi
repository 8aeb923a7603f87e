# SQL literals of booleans, numbers and bytea, made of their texts.

from libc.string cimport memmove

from howdah.native.adapters cimport Buffer, DumperEntry, quote_text


cdef int quote_bool(Buffer out, Py_ssize_t start, DumperEntry entry) except -1:
    cdef bint value = out.data[start] == c"t"
    out.length = start
    if value:
        out.put("true", 4)
    else:
        out.put("false", 5)
    return 1


cdef int quote_number(Buffer out, Py_ssize_t start, DumperEntry entry) except -1:
    """Leave NaN and infinities to Python."""
    cdef Py_ssize_t size = out.length - start
    cdef char first
    if size == 0:
        return 0
    first = out.data[start]
    if c"0" <= first <= c"9":
        return 1
    if first != c"-" or size == 1 or not c"0" <= out.data[start + 1] <= c"9":
        return 0
    # The space prevents two minus signs in a row, which would begin a comment.
    out.reserve(1)
    memmove(out.data + start + 1, out.data + start, size)
    out.data[start] = c" "
    return 1


cdef int quote_bytea(Buffer out, Py_ssize_t start, DumperEntry entry) except -1:
    cdef Py_ssize_t size = out.length - start
    connection = entry.dumper.connection
    if connection is not None:
        if connection.info.parameter_status("standard_conforming_strings") == "off":
            return quote_text(out, start, entry)
    out.reserve(2)
    memmove(out.data + start + 1, out.data + start, size)
    out.data[start] = c"'"
    out.data[out.length - 1] = c"'"
    return 1
