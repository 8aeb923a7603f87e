"""Decoding DataRow messages into tuples."""

from howdah._native.loading cimport load_func


cdef struct Column:
    load_func load
    #: Borrowed from the decoder's tuple of loaders.
    void *loader
    #: Whether its values may hold references to other objects.
    bint container


cdef class RowDecoder:
    cdef Column *columns
    cdef Py_ssize_t count
    cdef tuple loaders

    # What derives from the class may override it, to make something else of the rows: the session calls it
    # for each, and keeps what it returns, a tuple or None.
    cdef tuple decode_row(self, const char *data, Py_ssize_t size)
