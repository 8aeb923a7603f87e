# A growing buffer for messages and values.

cimport cython
from cpython.mem cimport PyMem_Free, PyMem_Realloc
from libc.stdint cimport int64_t, uint64_t

from howdah.errors.context import too_large

cdef Py_ssize_t SMALLEST = 256


@cython.freelist(16)
cdef class Buffer:
    """Bytes to append to; the memory is allocated on first use."""

    def __dealloc__(self):
        PyMem_Free(self.data)

    cdef int grow(self, Py_ssize_t size) except -1:
        """Make room for `size` more bytes, at least doubling the capacity; raise DataError beyond the limit."""
        if self.limit and self.length + size > self.limit:
            raise too_large(self.length + size)
        cdef Py_ssize_t capacity = max(self.length + size, 2 * self.capacity, SMALLEST)
        cdef char *data = <char *> PyMem_Realloc(self.data, capacity)
        if data is NULL:
            raise MemoryError(f"cannot allocate {capacity} bytes")
        self.data = data
        self.capacity = capacity
        return 0

    cdef int put_digits(self, uint64_t value) except -1:
        """Append a number in decimal."""
        cdef char[20] digits
        cdef int first = 20
        while True:
            first -= 1
            digits[first] = <char> (c"0" + value % 10)
            value //= 10
            if not value:
                break
        return self.put(digits + first, 20 - first)

    cdef int put_integer(self, int64_t value) except -1:
        """Append a number in decimal, with its sign."""
        if value < 0:
            self.reserve(1)[0] = c"-"
            return self.put_digits(<uint64_t> 0 - <uint64_t> value)
        return self.put_digits(<uint64_t> value)
