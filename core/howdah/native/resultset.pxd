"""The results of a cursor, and its position in them."""

from howdah.native.exchange cimport Result


cdef class ResultSet:
    cdef public object _row_factory
    cdef public object _transformer
    cdef public object _format
    cdef public bint _closed
    cdef bint raw
    cdef public object _query_text
    cdef public object _results
    cdef public Py_ssize_t _index
    cdef public Result _result
    cdef public list _rows
    cdef public Py_ssize_t _position
    cdef public Py_ssize_t _offset
    cdef public object _rowcount
    cdef public bytes _tag
    cdef public object _columns
    cdef public object _make_row
    cdef public object _portal
    cdef public bint _synced
    cdef public object _decoder
    cdef public object _pending

    # Not cpdef, whose calls check for a method of a subclass.
    cdef int reset(self) except -1
    cdef int select(self, object results, Py_ssize_t index) except -1
    cdef int check_open(self) except -1
    cdef object make_row_maker(self, object row_factory)
    cdef object check_result(self)
    cdef int raise_failure(self) except -1
