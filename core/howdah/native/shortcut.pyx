"""The short way of a query that is prepared: what was found out the last time still holds.

Twin of `howdah.client.shortcut`, where the arguments and attributes are described.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from cpython.list cimport PyList_CheckExact, PyList_GET_SIZE
from cpython.tuple cimport PyTuple_CheckExact, PyTuple_GET_SIZE
from cpython.unicode cimport PyUnicode_CheckExact
from libc.stdint cimport uint32_t
from libc.string cimport memcpy

from howdah.native.adapters cimport EncodedParams, ParameterEncoder
from howdah.native.byteorder cimport set_uint32
from howdah.native.exchange cimport Exchange, QueryExchange
from howdah.native.resultset cimport ResultSet
from howdah.native.wire cimport BIND, EXECUTE, SYNC, Wire, pack_formats

from howdah.pq import TransactionStatus
from howdah.protocol.messages import check_length
from howdah.client.statement import times

cdef object _IDLE = TransactionStatus.IDLE

cdef enum:
    #: So many rows are let go of at once; more of them when the server is at work.
    FEW = 50
    #: How many queries are known at most: beyond, they are learnt anew.
    MOST = 1000

# Execute of the unnamed portal, all rows; and Sync.
cdef bytes _EXECUTE = b"E\0\0\0\x09\0\0\0\0\0"
cdef bytes _SYNC = b"S\0\0\0\4"


cdef class Way:
    """What a query has become: its messages lack only the parameters."""

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
    # What Bind says in front of the parameters, and behind.
    cdef bytes called
    cdef bytes result_formats

    def __init__(self, parsed, statement, answer, version=-1):
        self.parsed = parsed
        if parsed is not None:
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
        """Return what the answer to the query will belong to."""
        cdef QueryExchange exchange = QueryExchange.__new__(QueryExchange)
        exchange.query = self.query
        exchange.fields = self.fields
        exchange.decoder = self.decoder
        return exchange


cdef class Shortcuts:
    """Sends queries again that were sent before, without asking a planner or an adapter for its choice."""

    cdef public bint open
    cdef public bint deferred
    cdef public bint begins
    cdef public bint names_wanted
    cdef Wire session
    cdef object transformer
    cdef object adapters
    cdef dict plain
    cdef dict bound

    def __init__(self, Wire session not None, transformer):
        self.begins = True
        self.session = session
        self.transformer = transformer
        self.adapters = transformer.adapters
        self.plain = {}
        self.bound = {}

    def learn(self, str query not None, parsed, statement, answer) -> None:
        """Note what a query has become."""
        cdef dict ways = self.plain if parsed is None else self.bound
        if len(ways) >= MOST:
            ways.clear()
        ways[query] = Way(parsed, statement, answer, self.adapters.version)

    def send(self, ResultSet cursor not None, query, params):
        """Write a query's messages, if the short way is open; the cursor's results are gone then."""
        cdef Way way
        cdef QueryExchange exchange
        self.session.set_mark()
        if not self.open or (self.begins and self.session.transaction_status is _IDLE):
            return None
        way = self.find(cursor, query, params)
        if way is None:
            return None
        exchange = way.exchange()
        return exchange if self.write(way, self.transformer, params, exchange, cursor, True) else None

    def post(self, ResultSet cursor not None, query, params):
        """Write a query's messages without a Sync, if the short way is open; its answer is taken later."""
        cdef Way way
        cdef QueryExchange exchange
        self.session.set_mark()
        if not self.deferred:
            return None
        way = self.find(cursor, query, params)
        if way is None:
            return None
        exchange = way.exchange()
        if not self.write(way, self.transformer, params, exchange, cursor, False):
            return None
        return exchange, way.statement

    def bind(self, Way way not None, transformer, params, Exchange exchange not None) -> bool:
        """Write Bind and Execute, unless the parameters are of other types than the statement's."""
        return (params is None) is (way.parsed is None) and self.write(way, transformer, params, exchange, None, False)

    cdef Way find(self, ResultSet cursor, object query, object params):
        """Return the way that is open to a query, None if there is none."""
        cdef Way way
        if (
            not PyUnicode_CheckExact(query)
            or self.session.lost is not None
            or cursor._portal is not None
            or cursor._closed
            or cursor._format is not None
            or cursor._transformer is not self.transformer
        ):
            return None
        way = (self.plain if params is None else self.bound).get(query)
        if way is None or not way.statement.current or way.version != self.adapters.version:
            return None
        return way

    cdef bint write(
        self, Way way, object transformer, object params, Exchange exchange, ResultSet cursor, bint sync
    ) except -1:
        """Write Bind and Execute, and Sync behind them; a cursor that is given forgets its results."""
        cdef Wire session = self.session
        cdef EncodedParams parameters = None
        cdef Py_ssize_t section_size, size
        cdef char *p
        if params is not None:
            if not is_row(params, way.count):
                params = way.parsed.bind(params)
            parameters = (<ParameterEncoder?> transformer.encoder).encode(params, way.formats, way.names)
            if (parameters.oids is not way.oids and parameters.oids != way.oids) or self.names_wanted:
                return False
            # The encoder compares with the parameters before: they share the tuple then.
            way.oids = parameters.oids
        session.unsent.check()
        section_size = 4 if parameters is None else parameters.section_size()
        size = PyBytes_GET_SIZE(way.called) + section_size + PyBytes_GET_SIZE(way.result_formats)
        check_length(size)
        if cursor is not None:
            cursor._query = way.query
            if sync and PyList_GET_SIZE(cursor._rows) > FEW:
                exchange.replaced = cursor._results
            cursor.reset()
            way.statement.used = next(times)
        p = session.unsent.reserve(5 + size + PyBytes_GET_SIZE(_EXECUTE) + (PyBytes_GET_SIZE(_SYNC) if sync else 0))
        p[0] = c"B"
        set_uint32(p + 1, <uint32_t> (size + 4))
        p = copied(p + 5, way.called)
        if parameters is None:
            set_uint32(p, 0)
        else:
            memcpy(p, parameters.section(), section_size)
        p = copied(p + section_size, way.result_formats)
        p = copied(p, _EXECUTE)
        session.add_step(BIND, exchange)
        session.add_step(EXECUTE, exchange)
        if sync:
            copied(p, _SYNC)
            session.add_step(SYNC, exchange)
        return True


cdef inline bint is_row(object params, Py_ssize_t count) noexcept:
    """Whether parameters are a tuple or list of so many values."""
    if PyTuple_CheckExact(params):
        return PyTuple_GET_SIZE(params) == count
    return PyList_CheckExact(params) and PyList_GET_SIZE(params) == count


cdef inline char *copied(char *target, bytes source) noexcept:
    """Copy `source` and return what is behind it."""
    memcpy(target, PyBytes_AS_STRING(source), PyBytes_GET_SIZE(source))
    return target + PyBytes_GET_SIZE(source)
