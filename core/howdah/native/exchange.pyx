"""What was asked, and what came back: `Exchange` and its `Result`s.

Twins of those in `howdah.protocol.exchange`, where their arguments and attributes are described.
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE

from howdah.pq import ExecStatus

cdef long long MOST_AFFECTED = <long long> 1 << 62

cdef object _TUPLES_CHUNK = ExecStatus.TUPLES_CHUNK


@cython.freelist(16)
cdef class Result:
    """The answer to one statement."""

    def __init__(self, status, fields=None, rows=None, tag=b"", failure=None, copy=None):
        self.status = status
        self.fields = fields
        self.rows = [] if rows is None else rows
        self.tag = tag
        self.failure = failure
        self.copy = copy

    @property
    def suspended(self) -> bool:
        """Whether the portal has more rows (PortalSuspended)."""
        return self.status == _TUPLES_CHUNK


@cython.freelist(16)
cdef class Exchange:
    """A group of messages sent together, and all that the server answers to them."""

    def __cinit__(self, *args, **kwargs):
        # All else is None, False or 0.
        self.results = []
        self.rows = []
        self.copied = []
        self.tag = b""

    def __init__(self, fields=None, decoder=None, describe=None, bint streaming=False, query=None,
                 bint copying=False, bint counting=False):
        self.copying = copying
        self.counting = counting
        self.query = query
        self.fields = fields
        self.decoder = decoder
        self.describe = describe
        self.streaming = streaming

    cpdef wake(self):
        """Mark the exchange ready and tell its owner."""
        self.ready = True
        if self.notify is not None:
            self.notify()

    cpdef settle(self):
        """Take one step off; the exchange is done with the last."""
        self.pending -= 1
        if not self.pending:
            self.done = True
            self.wake()

    cpdef conclude(self, status, tag=b""):
        """Make a result of what has come in for the statement being answered."""
        cdef Result result
        if self.counting:
            self.affected = min(self.affected + rows_told(tag), MOST_AFFECTED)
            self.tag = tag
            self.rows = []
            self.copy = None
            self.forget_failure()
            return
        result = Result.__new__(Result)
        result.status = status
        result.fields = self.fields
        result.rows = self.rows
        result.tag = tag
        result.failure = self.failure
        result.copy = self.copy
        self.results.append(result)
        self.rows = []
        self.copy = None
        self.forget_failure()

    cdef int forget_failure(self) except -1:
        """Begin the next statement without the failure of this one, unless it has interrupted all of them."""
        if self.failure is not None and isinstance(self.failure, Exception):
            self.failure = None
        return 0


cdef long long rows_told(bytes tag) except -1:
    """Return the number of rows that a command tag tells, 0 if it tells none."""
    cdef const char *start = PyBytes_AS_STRING(tag)
    cdef Py_ssize_t i = PyBytes_GET_SIZE(tag)
    cdef long long rows = 0, unit = 1
    while i and c"0" <= start[i - 1] <= c"9" and unit < 10 ** 18:
        i -= 1
        rows += unit * (start[i] - c"0")
        unit *= 10
    return rows if not i or start[i - 1] == c" " else 0
