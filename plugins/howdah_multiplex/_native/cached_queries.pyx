"""The hot path of a shared connection: queries that are in the query cache.

Twin of `howdah_multiplex.cached_queries`, where the arguments and attributes are described.
"""

from collections import deque

from howdah.native.exchange cimport Exchange


cdef class Sharing:
    """The state of a `SharedLock`."""

    cdef public Py_ssize_t _sharing
    cdef public Py_ssize_t _depth
    cdef public object _queue

    def __init__(self):
        self._queue = deque()

    def locked(self) -> bool:
        """Return whether anybody holds the lock, alone or shared."""
        return self._depth or self._sharing

    def unshare(self) -> None:
        """Release the shared lock."""
        self._sharing -= 1
        if self._queue and not self._sharing:
            self._admit()


cdef class CachedQueries:
    """Runs queries that are in the query cache, concurrently with others."""

    cdef public object _kernel
    cdef public Sharing _sharing
    cdef public set _under_way
    cdef public list _abandoned
    cdef public dict _may_be_cancelled

    def __init__(self, kernel, Sharing lock not None):
        self._kernel = kernel
        self._sharing = lock
        self._under_way = set()
        self._abandoned = []
        self._may_be_cancelled = {}

    def execute_cached(self, cursor, query, params):
        """Run a query that is in the query cache, concurrently with others if that is possible at once."""
        cdef Sharing lock = self._sharing
        kernel = self._kernel
        if lock._depth or lock._queue or not kernel.query_cache.independent:
            return kernel.execute_cached(cursor, query, params)
        return self._execute_shared(cursor, query, params)

    async def _execute_shared(self, cursor, query, params):
        """Run a cached query concurrently with others; the lock is shared, and released at the end."""
        cdef Exchange exchange
        kernel = self._kernel
        # Not before the coroutine runs: a signal handler may raise before that.
        self._sharing._sharing += 1
        try:
            try:
                exchange = kernel.query_cache.send(cursor, query, params)
            except BaseException:
                kernel.session.rewind()
                raise
            if exchange is None:
                return False
            self._under_way.add(exchange)
            try:
                await kernel.transport.run_until_ready(exchange)
            except GeneratorExit:
                # The event loop or the coroutine was closed: nothing can be waited for.
                self._abandon(exchange)
                raise
            except BaseException as e:
                await self._leave(exchange, e)
                kernel.note_loss()
                raise
            self._under_way.discard(exchange)
            if exchange.error is None:
                if self._may_be_cancelled:
                    self._may_be_cancelled.pop(exchange, None)
                kernel.query_cache.show(cursor, exchange)
            else:
                await self._execute_again(cursor, query, params, exchange)
            return True
        finally:
            self._sharing.unshare()
