"""A growing block of memory that messages and values are written to."""

cimport cython
from cpython.mem cimport PyMem_Free, PyMem_Realloc

cdef Py_ssize_t SMALLEST = 256


@cython.freelist(16)
cdef class Buffer:
    """Bytes that are appended to; its memory is allocated on first use."""

    def __dealloc__(self):
        PyMem_Free(self.data)

    cdef int grow(self, Py_ssize_t size) except -1:
        """Make room for `size` more bytes, at least doubling what there is."""
        cdef Py_ssize_t capacity = max(self.length + size, 2 * self.capacity, SMALLEST)
        cdef char *data = <char *> PyMem_Realloc(self.data, capacity)
        if data is NULL:
            raise MemoryError(f"cannot allocate {capacity} bytes")
        self.data = data
        self.capacity = capacity
        return 0
