"""Exchanges and their results."""


cdef class Result:
    cdef public object status
    cdef public object fields
    cdef public object rows
    cdef public object tag
    cdef public object failure
    cdef public object copy


cdef class Exchange:
    cdef public object query
    cdef public list results
    cdef public object fields
    cdef public object copy
    cdef public bint owes_sync
    cdef public object error
    cdef public bint aborted
    cdef public Py_ssize_t pending
    cdef public bint ready
    cdef public bint done
    cdef public object notify
    cdef public object replaced
    cdef readonly bint keeps_rows
    # Whether it is a `CopyExchange`.
    cdef bint copies

    cpdef raise_error(self)
    cpdef await_more(self)
    cpdef await_end(self)
    cpdef discard(self)
    cpdef skip(self)
    cpdef wake(self)
    cpdef settle(self)
    cpdef describe_parameters(self, oids)
    cpdef describe_columns(self, fields)
    cpdef bint begin_copy(self, response) except -1
    cpdef keep_copied(self, data)
    cpdef conclude(self, status, tag=*)
    cpdef statement_failed(self)


cdef class QueryExchange(Exchange):
    cdef public object decoder
    cdef public object describe
    cdef public bint streaming
    cdef public list rows
    cdef public object failure
    cdef public object parameter_oids
    cdef public bint begins
    cdef public bint keeping

    cdef int forget_failure(self) except -1


cdef class CountedExchange(Exchange):
    cdef public long long affected
    cdef public Py_ssize_t executed
    cdef public bytes tag
    # How many rows the tag tells.
    cdef long long told

    cdef bint count_again(self, const char *tag, Py_ssize_t size) noexcept


cdef class CopyExchange(Exchange):
    cdef public bint keep_messages
    cdef public list copied
    cdef public object copy_begun


cdef class FunctionCallExchange(Exchange):
    cdef public object value
