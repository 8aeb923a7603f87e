"""Fast paths for ASCII text."""

from cpython.unicode cimport PyUnicode_DecodeASCII
from libc.stdint cimport uint32_t, uint64_t
from libc.string cimport memcmp, memcpy


cdef extern from "Python.h":
    str PyUnicode_New(Py_ssize_t size, uint32_t largest)
    void *PyUnicode_1BYTE_DATA(object text)
    Py_ssize_t PyUnicode_GET_LENGTH(object text)


cdef inline bint is_ascii(const char *data, Py_ssize_t size) noexcept nogil:
    """Return whether all bytes are ASCII."""
    cdef uint64_t eight
    cdef unsigned char seen = 0
    while size >= 8:
        memcpy(&eight, data, 8)
        if eight & <uint64_t> 0x8080808080808080:
            return False
        data += 8
        size -= 8
    while size:
        size -= 1
        seen |= <unsigned char> data[size]
    return seen < 0x80


cdef inline str new_ascii(const char *data, Py_ssize_t size):
    """Return a string of bytes that are known to be ASCII."""
    cdef str text
    if size < 2:
        return PyUnicode_DecodeASCII(data, size, NULL)  # Python caches strings of one character
    text = PyUnicode_New(size, 127)
    memcpy(PyUnicode_1BYTE_DATA(text), data, size)
    return text


cdef inline bint equals_ascii(str text, const char *data, Py_ssize_t size) noexcept:
    """Return whether an ASCII string consists of these bytes."""
    return PyUnicode_GET_LENGTH(text) == size and memcmp(PyUnicode_1BYTE_DATA(text), data, size) == 0


cdef inline int nibble(char digit) noexcept nogil:
    """Return the value of a hexadecimal digit, or -1."""
    if c"0" <= digit <= c"9":
        return digit - c"0"
    if c"a" <= digit <= c"f":
        return digit - c"a" + 10
    if c"A" <= digit <= c"F":
        return digit - c"A" + 10
    return -1
