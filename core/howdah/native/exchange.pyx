"""Exchanges: messages sent together and the server's answers to them, as `Result`s.

The twins in `howdah.protocol.exchange` document the arguments and attributes.
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from libc.string cimport memcmp

from howdah.errors import OperationalError
from howdah.errors.base import unraised
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
    """A group of messages sent together, and the server's answers to them."""

    def __cinit__(self):
        # All other attributes are None, False or 0.
        self.results = []

    def __init__(self, *, query=None):
        self.query = query

    @property
    def tags(self) -> list:
        """The command tags of what was executed; only the last one where results are counted."""
        return [(<Result> result).tag for result in self.results]

    # What its owner does

    cpdef raise_error(self):
        """Raise the server's error, if there is one."""
        if self.error is not None:
            raise unraised(self.error)

    cpdef await_more(self):
        """Count as not ready until something else arrives, unless the exchange is done."""
        self.ready = self.done

    cpdef await_end(self):
        """Count as not ready until the exchange is done: rows no longer make it ready."""
        self.ready = self.done

    cpdef discard(self):
        """Discard the rows and the COPY data that the owner has not taken."""

    cpdef skip(self):
        """Count as skipped: nothing of it will be executed."""
        self.aborted = self.done = True
        self.wake()

    # What the session does

    cpdef wake(self):
        """Mark the exchange ready and notify its owner."""
        self.ready = True
        if self.notify is not None:
            self.notify()

    cpdef settle(self):
        """Count a step as answered; with the last one, the exchange is done."""
        self.pending -= 1
        if not self.pending:
            self.done = True
            self.wake()

    cpdef describe_parameters(self, oids):
        """Note the types of a statement's parameters."""

    cpdef describe_columns(self, fields):
        """Note the columns of the rows to come, None if there are none."""
        self.fields = fields

    cpdef bint begin_copy(self, response) except -1:
        """Note that the server has begun a COPY; return whether the owner handles it."""
        self.copy = response
        return False

    cpdef keep_copied(self, data):
        """Keep COPY data that has arrived, if the owner wants it."""

    @property
    def kept(self):
        """What is kept for the owner to take: rows, or chunks of COPY data."""
        return ()

    cpdef conclude(self, status, tag=b""):
        """Make a result of what has arrived for the statement being answered."""
        self.results.append(make_result(status, self.fields, [], tag, None, self.copy))
        self.copy = None

    cpdef statement_failed(self):
        """Drop what has arrived for the statement that has failed."""
        self.copy = None


cdef class QueryExchange(Exchange):
    """A query whose rows are kept."""

    def __cinit__(self):
        self.keeps_rows = True
        self.rows = []

    def __init__(self, *, query=None, fields=None, decoder=None, describe=None, bint streaming=False):
        self.query = query
        self.fields = fields
        self.decoder = decoder
        self.describe = describe
        self.streaming = streaming

    cpdef await_end(self):
        """Count as not ready until the exchange is done: rows no longer make it ready."""
        self.streaming = False
        self.ready = self.done

    cpdef discard(self):
        """Discard the rows that were not taken; later rows must not look like the whole result."""
        if self.rows and not self.keeping:
            self.rows = []
            if self.failure is None:
                self.failure = OperationalError(
                    "the rows are not here: the wait for them was interrupted; execute the query again"
                )

    cpdef describe_parameters(self, oids):
        """Note the types of a statement's parameters."""
        self.parameter_oids = oids

    cpdef describe_columns(self, fields):
        """Note the columns of the rows to come, and have a decoder made for them."""
        self.fields = fields
        self.decoder = None
        if fields is not None and self.describe is not None and self.failure is None:
            try:
                self.decoder = self.describe(fields)
            except BaseException as e:
                # A loader's fault, not the session's: reported when a row is fetched.
                self.failure = e
                if not isinstance(e, Exception):
                    raise  # and the message is processed again

    @property
    def kept(self) -> list:
        """The rows that are kept for the owner to take."""
        return self.rows

    cpdef conclude(self, status, tag=b""):
        """Make a result of what has arrived for the statement being answered."""
        self.results.append(make_result(status, self.fields, self.rows, tag, self.failure, self.copy))
        self.rows = []
        self.copy = None
        self.forget_failure()

    cdef int forget_failure(self) except -1:
        """Drop the failure of this statement, unless it has interrupted the whole exchange."""
        if self.failure is not None and isinstance(self.failure, Exception):
            self.failure = None
        return 0

    cpdef statement_failed(self):
        """Drop what has arrived for the statement; streamed rows can still be taken."""
        if not self.streaming:
            self.rows = []
        self.failure = None
        self.copy = None


cdef class CountedExchange(Exchange):
    """Many executions of a statement; only the total number of rows is kept."""

    def __cinit__(self):
        self.tag = b""

    def __init__(self, *, query=None):
        self.query = query

    @property
    def tags(self) -> list:
        """The command tag of the last execution."""
        return [self.tag]

    cpdef conclude(self, status, tag=b""):
        """Count the rows of an execution."""
        self.told = rows_told(tag)
        self.executed += 1
        self.affected = min(self.affected + self.told, MOST_AFFECTED)
        self.tag = tag
        self.copy = None

    cdef bint count_again(self, const char *tag, Py_ssize_t size) noexcept:
        """Count the rows of an execution with the same tag as the last one; return False if it has another."""
        if self.tag is None or PyBytes_GET_SIZE(self.tag) != size or memcmp(PyBytes_AS_STRING(self.tag), tag, size):
            return False
        self.executed += 1
        self.affected = min(self.affected + self.told, MOST_AFFECTED)
        self.copy = None
        return True


cdef class CopyExchange(Exchange):
    """A COPY that its owner handles: incoming data, and the start of a COPY, make it ready."""

    def __cinit__(self):
        self.copies = True
        self.copied = []

    def __init__(self, *, query=None, bint keep_messages=False):
        self.query = query
        self.keep_messages = keep_messages

    cpdef discard(self):
        """Discard the data that was not taken."""
        self.copied.clear()

    cpdef bint begin_copy(self, response) except -1:
        """Note that the server has begun a COPY; return True: the owner handles it."""
        self.copy = response
        if self.copy_begun is None:
            self.copy_begun = response
        self.wake()
        return True

    cpdef keep_copied(self, data):
        """Keep COPY data that has arrived."""
        self.copied.append(data)
        self.wake()

    @property
    def kept(self) -> list:
        """The chunks that are kept for the owner to take."""
        return self.copied


cdef class FunctionCallExchange(Exchange):
    """A call of a function in the server."""

    def __init__(self):
        pass


cdef inline Result make_result(object status, object fields, object rows, object tag, object failure, object copy):
    """Return a `Result`, as its class does when it is called."""
    cdef Result result = Result.__new__(Result)
    result.status = status
    result.fields = fields
    result.rows = rows
    result.tag = tag
    result.failure = failure
    result.copy = copy
    return result


cdef long long rows_told(bytes tag) except -1:
    """Return the row count in a command tag, 0 if there is none."""
    cdef const char *start = PyBytes_AS_STRING(tag)
    cdef Py_ssize_t i = PyBytes_GET_SIZE(tag)
    cdef long long rows = 0, unit = 1
    while i and c"0" <= start[i - 1] <= c"9" and unit < 10 ** 18:
        i -= 1
        rows += unit * (start[i] - c"0")
        unit *= 10
    return rows if not i or start[i - 1] == c" " else 0
