"""The cache of prepared queries: a cached query needs neither the planner nor a choice of adapters.

Twin of `howdah.client.query_cache`, where the arguments and attributes are described.
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from cpython.dict cimport PyDict_CheckExact, PyDict_GetItemWithError
from cpython.list cimport PyList_CheckExact, PyList_GET_SIZE
from cpython.object cimport PyObject
from cpython.ref cimport Py_INCREF
from cpython.tuple cimport PyTuple_CheckExact, PyTuple_GET_SIZE, PyTuple_New, PyTuple_SET_ITEM
from cpython.unicode cimport PyUnicode_CheckExact
from libc.stdint cimport uint32_t
from libc.string cimport memcpy

from howdah.native.adapters cimport EncodedParams, ParameterEncoder
from howdah.native.byteorder cimport set_uint32
from howdah.native.exchange cimport Exchange, QueryExchange
from howdah.native.resultset cimport ResultSet
from howdah.native.wire cimport BIND, EXECUTE, SYNC, Output, Wire, pack_formats

from howdah.io.operation import GATHER
from howdah.pq import TransactionStatus
from howdah.protocol.messages import MAX_LENGTH, check_length
from howdah.client.query import RawQuery
from howdah.client.statement import use_counter

cdef object _IDLE = TransactionStatus.IDLE

cdef enum:
    #: Up to this many rows are released at once; more of them while the server is working.
    FEW = 50
    #: The maximum number of cached queries; with more, the cache is cleared.
    MOST = 1000

cdef Py_ssize_t _LONGEST = MAX_LENGTH - 4
# So much is sent at once.
cdef Py_ssize_t _GATHER = GATHER

# Execute of the unnamed portal, all rows; and Sync.
cdef bytes _EXECUTE = b"E\0\0\0\x09\0\0\0\0\0"
cdef bytes _SYNC = b"S\0\0\0\4"


@cython.final
cdef class CachedQuery:
    """A query whose messages lack only the parameters."""

    cdef object parsed
    # How many parameters there are, -1 if they have names.
    cdef Py_ssize_t count
    cdef tuple formats
    cdef object names
    cdef object statement
    cdef bytes query
    cdef tuple oids
    cdef object fields
    cdef object decoder
    cdef object version
    # How many sets of parameters `bind_rows` has written for it.
    cdef readonly Py_ssize_t written
    # The parts of Bind before and after the parameters.
    cdef bytes called
    cdef bytes result_formats

    def __init__(self, parsed, statement, answer, version=-1):
        self.parsed = parsed
        if parsed is not None:
            if isinstance(parsed, RawQuery):  # whose formats are always the adapters' choice
                self.count = len(statement.oids)
            else:
                self.count = -1 if parsed.names is not None else len(parsed.formats)
                self.formats = parsed.formats
            self.names = parsed.names
        self.statement = statement
        self.query = statement.query
        self.oids = tuple(statement.oids)
        self.fields, self.decoder, formats = answer
        self.result_formats = pack_formats(formats)
        self.called = b"\0" + statement.name + b"\0"
        self.version = version

    cdef QueryExchange exchange(self):
        """Return an exchange for the answer to the query."""
        cdef QueryExchange exchange = QueryExchange.__new__(QueryExchange)
        exchange.query = self.query
        exchange.fields = self.fields
        exchange.decoder = self.decoder
        return exchange


@cython.final
cdef class QueryCache:
    """Sends queries that were sent before, without asking the planner or choosing adapters again."""

    cdef public bint open
    cdef public bint pipelined
    cdef public bint begins
    cdef public bint names_wanted
    cdef Wire session
    cdef object transformer
    cdef object adapters
    cdef dict plain
    cdef dict bound
    # Those of raw cursors: the same text may have other placeholders there.
    cdef dict raw

    def __init__(self, Wire session not None, transformer):
        self.begins = True
        self.session = session
        self.transformer = transformer
        self.adapters = transformer.adapters
        self.plain = {}
        self.bound = {}
        self.raw = {}

    @property
    def independent(self) -> bool:
        """Whether queries may run concurrently on the fast path: it is open, and no transaction is."""
        return self.open and not self.begins and self.session.transaction_status is _IDLE

    def learn(self, str query not None, parsed, statement, answer) -> None:
        """Add a query to the cache."""
        cdef dict queries = self.plain if parsed is None else self.bound
        if isinstance(parsed, RawQuery):
            queries = self.raw
        if len(queries) >= MOST:
            queries.clear()
        queries[query] = CachedQuery(parsed, statement, answer, self.adapters.version)

    def send(self, ResultSet cursor not None, query, params):
        """Write a query's messages, if the fast path is open; the cursor's results are dropped then."""
        cdef CachedQuery cached
        cdef QueryExchange exchange
        self.session.set_mark()
        if not self.open or (self.begins and self.session.transaction_status is _IDLE):
            return None
        cached = self.find(cursor, query, params)
        if cached is None:
            return None
        exchange = cached.exchange()
        return exchange if self.write(cached, self.transformer, params, exchange, cursor, True) else None

    def show(self, ResultSet cursor not None, Exchange exchange not None) -> None:
        """Let a cursor have the results of an exchange that `send` has returned."""
        cursor.select(exchange.results, 0)

    def enqueue(self, ResultSet cursor not None, query, params):
        """Write a query's messages without a Sync, if the fast path is open; its answer is taken later."""
        cdef CachedQuery cached
        cdef QueryExchange exchange
        self.session.set_mark()
        if not self.pipelined:
            return None
        cached = self.find(cursor, query, params)
        if cached is None:
            return None
        exchange = cached.exchange()
        if not self.write(cached, self.transformer, params, exchange, cursor, False):
            return None
        return exchange, cached.statement

    def bind_rows(self, CachedQuery cached not None, transformer, rows, Exchange exchange not None) -> list:
        """Write Bind and Execute for the sets of parameters of an iterator, until there is enough to send."""
        cdef Output output = self.session.unsent
        cdef ParameterEncoder encoder = transformer.encoder
        # By turns: the types of one are compared with those of the one before.
        cdef EncodedParams parameters = EncodedParams(), previous = EncodedParams()
        cdef bint bare = cached.parsed is None
        for params in rows:
            if (params is None) is not bare:
                return [params]
            if bare:
                self.write_bind(cached, None, exchange, False)
            else:
                previous, parameters = parameters, previous
                encoder.encode_row(tuple(in_order(cached, params)), cached.formats, cached.names, parameters)
                parameters.finish(previous)
                if not self.fits(cached, parameters):
                    return [params]
                self.write_bind(cached, parameters, exchange, False)
            cached.written += 1
            if output.length - output.start >= _GATHER:
                break
        return []

    cdef CachedQuery find(self, ResultSet cursor, object query, object params):
        """Return the cached query that can be used, None if there is none."""
        cdef CachedQuery cached
        if (
            not PyUnicode_CheckExact(query)
            or self.session.lost is not None
            or cursor._portal is not None
            or cursor._closed
            or cursor._format is not None
            or cursor._transformer is not self.transformer
        ):
            return None
        cached = (self.plain if params is None else self.raw if cursor.raw else self.bound).get(query)
        if cached is None or not cached.statement.cacheable or cached.version != self.adapters.version:
            return None
        return cached

    cdef bint write(
        self, CachedQuery cached, object transformer, object params, Exchange exchange, ResultSet cursor, bint sync
    ) except -1:
        """Write Bind and Execute, and optionally Sync after them; drop the results of `cursor`."""
        cdef EncodedParams parameters = None
        if params is not None:
            params = in_order(cached, params)
            parameters = (<ParameterEncoder?> transformer.encoder).encode(params, cached.formats, cached.names)
            if not self.fits(cached, parameters):
                return False
        self.write_bind(cached, parameters, exchange, sync)
        cursor._query_text = cached.query
        if sync and PyList_GET_SIZE(cursor._rows) > FEW:
            exchange.replaced = cursor._results
        cursor.reset()
        cached.statement.used = next(use_counter)
        return True

    cdef inline bint fits(self, CachedQuery cached, EncodedParams parameters) except -1:
        """Whether parameters are of the types that the statement was prepared for."""
        if (parameters.oids is not cached.oids and parameters.oids != cached.oids) or self.names_wanted:
            return False
        # The encoder compares with the parameters before: they share the tuple then.
        cached.oids = parameters.oids
        return True

    cdef inline int write_bind(self, CachedQuery cached, EncodedParams parameters, Exchange exchange, bint sync) except -1:
        """Write Bind and Execute, and optionally Sync after them."""
        cdef Wire session = self.session
        cdef Py_ssize_t section_size, size
        cdef char *p
        session.unsent.check()
        section_size = 4 if parameters is None else parameters.section_size()
        size = PyBytes_GET_SIZE(cached.called) + section_size + PyBytes_GET_SIZE(cached.result_formats)
        if size > _LONGEST:
            check_length(size)
        p = session.unsent.reserve(5 + size + PyBytes_GET_SIZE(_EXECUTE) + (PyBytes_GET_SIZE(_SYNC) if sync else 0))
        p[0] = c"B"
        set_uint32(p + 1, <uint32_t> (size + 4))
        p = copied(p + 5, cached.called)
        if parameters is None:
            set_uint32(p, 0)
        else:
            memcpy(p, parameters.section(), section_size)
        p = copied(p + section_size, cached.result_formats)
        p = copied(p, _EXECUTE)
        session.add_step(BIND, exchange)
        session.add_step(EXECUTE, exchange)
        if sync:
            copied(p, _SYNC)
            session.add_step(SYNC, exchange)
        return 0


cdef inline bint is_row(object params, Py_ssize_t count) noexcept:
    """Whether parameters are a tuple or list of this many values."""
    if PyTuple_CheckExact(params):
        return PyTuple_GET_SIZE(params) == count
    return PyList_CheckExact(params) and PyList_GET_SIZE(params) == count


cdef inline object in_order(CachedQuery cached, object params):
    """Return parameters in the order of the placeholders."""
    cdef tuple values
    if is_row(params, cached.count):
        return params
    values = named_values(params, cached.names) if cached.count < 0 else None
    return cached.parsed.bind(params) if values is None else values


cdef tuple named_values(object params, tuple names):
    """Return the values of a dictionary in the order of names; None if it is none, or if one is missing."""
    cdef Py_ssize_t i, count = PyTuple_GET_SIZE(names)
    cdef PyObject *found
    cdef object value
    cdef tuple values
    if not PyDict_CheckExact(params):
        return None
    values = PyTuple_New(count)
    for i in range(count):
        found = PyDict_GetItemWithError(params, names[i])
        if found is NULL:
            return None
        value = <object> found
        Py_INCREF(value)
        PyTuple_SET_ITEM(values, i, value)
    return values


cdef inline char *copied(char *target, bytes source) noexcept:
    """Copy `source`; return a pointer to the end of the copy."""
    memcpy(target, PyBytes_AS_STRING(source), PyBytes_GET_SIZE(source))
    return target + PyBytes_GET_SIZE(source)
