"""What was asked, and what came back."""


cdef class Result:
    cdef public object status
    cdef public object fields
    cdef public object rows
    cdef public object tag
    cdef public object failure
    cdef public object copy


cdef class Exchange:
    cdef public object query
    cdef public object fields
    cdef public object decoder
    cdef public object describe
    cdef public bint streaming
    cdef public bint keeping
    cdef public bint copying
    cdef public bint counting
    cdef public long long affected
    cdef public bytes tag
    cdef public list results
    cdef public list rows
    cdef public object failure
    cdef public object error
    cdef public bint aborted
    cdef public bint begins
    cdef public list copied
    cdef public object copy
    cdef public object copy_begun
    cdef public object parameter_oids
    cdef public object value
    cdef public object replaced
    cdef public bint owes_sync
    cdef public Py_ssize_t pending
    cdef public bint ready
    cdef public bint done
    cdef public object notify

    cpdef wake(self)
    cpdef settle(self)
    cpdef conclude(self, status, tag=*)
    cdef int forget_failure(self) except -1
