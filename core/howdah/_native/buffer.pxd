"""A growing block of memory that messages and values are written to."""

from libc.stdint cimport int64_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memcpy

from howdah._native.network cimport set_uint16, set_uint32, set_uint64


cdef class Buffer:
    cdef char *data
    cdef Py_ssize_t length
    cdef Py_ssize_t capacity
    #: How many bytes it may have, 0 for as many as there is memory for.
    cdef Py_ssize_t limit

    cdef int grow(self, Py_ssize_t size) except -1
    cdef int put_digits(self, uint64_t value) except -1
    cdef int put_integer(self, int64_t value) except -1

    cdef inline char *reserve(self, Py_ssize_t size) except NULL:
        """Append `size` bytes of no particular value; return where they start.

        The pointer holds until the buffer is next written to.
        """
        cdef Py_ssize_t start
        if size >= self.capacity - self.length:  # equal: there may be no memory at all yet
            self.grow(size)
        start = self.length
        self.length = start + size
        return self.data + start

    cdef inline int put(self, const char *source, Py_ssize_t size) except -1:
        """Append `size` bytes from `source`."""
        memcpy(self.reserve(size), source, size)
        return 0

    cdef inline int put_uint16(self, uint16_t value) except -1:
        """Append a 16-bit integer in network order."""
        set_uint16(self.reserve(2), value)
        return 0

    cdef inline int put_uint32(self, uint32_t value) except -1:
        """Append a 32-bit integer in network order."""
        set_uint32(self.reserve(4), value)
        return 0

    cdef inline int put_uint64(self, uint64_t value) except -1:
        """Append a 64-bit integer in network order."""
        set_uint64(self.reserve(8), value)
        return 0
