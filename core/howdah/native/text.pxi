# The adapters of the kernel itself, for text and bytes.

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.unicode cimport PyUnicode_AsUTF8String, PyUnicode_CheckExact, PyUnicode_DecodeUTF8
from libc.stdint cimport uint32_t
from libc.string cimport memchr

from howdah.native.strings cimport PyUnicode_GET_LENGTH, is_ascii, new_ascii

cdef extern from "Python.h":
    bint PyUnicode_IS_COMPACT_ASCII(object value)
    const char *PyUnicode_DATA(object value)


cdef object load_str(const char *data, Py_ssize_t size, object loader):
    """Load text in UTF-8."""
    if is_ascii(data, size):
        return new_ascii(data, size)
    return _decode(data, size, loader)


cdef object _decode(const char *data, Py_ssize_t size, object loader):
    try:
        return PyUnicode_DecodeUTF8(data, size, NULL)
    except UnicodeDecodeError:
        return load_python(data, size, loader)


cdef object load_bytes(const char *data, Py_ssize_t size, object loader):
    """Return the value unchanged."""
    return PyBytes_FromStringAndSize(data, size)


cdef int dump_str(object obj, Buffer out, uint32_t *oid, DumperEntry entry) except -1:
    """Dump a `str` in UTF-8."""
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
        return 0  # PostgreSQL does not allow a NUL in text
    out.put(p, size)
    return 1


TEXT = native_adapter(load_str, load_str, dump_str, dump_str)
BYTES = native_adapter(NULL, load_bytes)
