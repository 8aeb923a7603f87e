"""Encoding the parameters of a query for Bind."""

from libc.stdint cimport uint32_t

from howdah._native.buffer cimport Buffer
from howdah._native.dumping cimport Dumpers


cdef class Parameters:
    # The oids, in the machine's order, four bytes each; and from `section_start` on what Bind
    # contains: how many formats, the formats, how many values, the values with their lengths.
    cdef Buffer buffer
    cdef Py_ssize_t count
    cdef readonly tuple oids
    cdef readonly tuple formats

    cdef inline const char *section(self) noexcept:
        """Return the parameters' part of a Bind message."""
        return self.buffer.data + 4 * self.count

    cdef inline Py_ssize_t section_size(self) noexcept:
        """Return how many bytes `section` has."""
        return self.buffer.length - 4 * self.count

    cdef int start(self, Py_ssize_t count) except -1
    cdef int finish(self, Parameters previous) except -1
    cdef int set_type(self, Py_ssize_t index, uint32_t oid, int format) except -1
    cdef int put_value(self, object value) except -1
    cdef int close_value(self, Py_ssize_t start, bint null) except -1


cdef class ParameterEncoder:
    cdef object adapters
    cdef object context
    cdef object version
    cdef Dumpers automatic
    cdef Dumpers text
    cdef Dumpers binary
    cdef Parameters previous

    cdef int encode_one(self, object obj, object format, Parameters out, Py_ssize_t index) except -1
