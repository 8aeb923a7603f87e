# Loading the geometric types from binary to the server's text format.
#
# Source: PostgreSQL documentation, "Geometric Types"; for the binary formats
# PostgreSQL's src/backend/utils/adt/geo_ops.c.

from cpython.mem cimport PyMem_Free
from cpython.unicode cimport PyUnicode_DecodeASCII
from libc.string cimport strlen

from howdah.native.adapters cimport Buffer, load_python
from howdah.native.byteorder cimport get_float8, get_int32

cdef extern from "Python.h":
    char *PyOS_double_to_string(double value, char format, int precision, int flags, int *kind) except NULL


cdef int _put_numbers(const char *data, int count, Buffer out) except -1:
    """Append numbers, separated by commas; return 0 to leave them to Python."""
    cdef double value
    cdef char *text
    cdef int i
    for i in range(count):
        value = get_float8(data + 8 * i)
        # For other numbers the text differs between Python and PostgreSQL.
        if not -1e15 < value < 1e15:
            return 0
        text = PyOS_double_to_string(value, c"r", 0, 0, NULL)
        if i:
            out.reserve(1)[0] = c","
        out.put(text, strlen(text))
        PyMem_Free(text)
    return 1


cdef int _put_points(const char *data, Py_ssize_t count, Buffer out) except -1:
    """Append points, separated by commas; return 0 to leave them to Python."""
    cdef Py_ssize_t i
    for i in range(count):
        out.put(",(" if i else "(", 2 if i else 1)
        if not _put_numbers(data + 16 * i, 2, out):
            return 0
        out.reserve(1)[0] = c")"
    return 1


cdef object _load_points(const char *data, Py_ssize_t size, Py_ssize_t count, const char *around, object loader):
    """Load a value that ends with `count` points; `around` has the two characters around them, if any."""
    cdef Buffer out = Buffer.__new__(Buffer)
    if around is not NULL:
        out.put(around, 1)
    if not _put_points(data + size - 16 * count, count, out):
        return load_python(data, size, loader)
    if around is not NULL:
        out.put(around + 1, 1)
    return PyUnicode_DecodeASCII(out.data, out.length, NULL)


cdef object load_point(const char *data, Py_ssize_t size, object loader):
    return _load_points(data, size, 1, NULL, loader) if size == 16 else load_python(data, size, loader)


cdef object load_box(const char *data, Py_ssize_t size, object loader):
    return _load_points(data, size, 2, NULL, loader) if size == 32 else load_python(data, size, loader)


cdef object load_lseg(const char *data, Py_ssize_t size, object loader):
    return _load_points(data, size, 2, "[]", loader) if size == 32 else load_python(data, size, loader)


cdef object load_polygon(const char *data, Py_ssize_t size, object loader):
    cdef Py_ssize_t count = get_int32(data) if size >= 4 else -1
    if count < 0 or size != 4 + 16 * count:
        return load_python(data, size, loader)
    return _load_points(data, size, count, "()", loader)


cdef object load_path(const char *data, Py_ssize_t size, object loader):
    cdef Py_ssize_t count = get_int32(data + 1) if size >= 5 else -1
    if count < 0 or size != 5 + 16 * count or not 0 <= data[0] <= 1:
        return load_python(data, size, loader)
    return _load_points(data, size, count, "()" if data[0] else "[]", loader)


cdef object load_line(const char *data, Py_ssize_t size, object loader):
    cdef Buffer out = Buffer.__new__(Buffer)
    if size != 24:
        return load_python(data, size, loader)
    out.put("{", 1)
    if not _put_numbers(data, 3, out):
        return load_python(data, size, loader)
    out.put("}", 1)
    return PyUnicode_DecodeASCII(out.data, out.length, NULL)


cdef object load_circle(const char *data, Py_ssize_t size, object loader):
    cdef Buffer out = Buffer.__new__(Buffer)
    if size != 24:
        return load_python(data, size, loader)
    out.put("<(", 2)
    if not _put_numbers(data, 2, out):
        return load_python(data, size, loader)
    out.put("),", 2)
    if not _put_numbers(data + 16, 1, out):
        return load_python(data, size, loader)
    out.put(">", 1)
    return PyUnicode_DecodeASCII(out.data, out.length, NULL)
