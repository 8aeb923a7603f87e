# How deep values may be nested, counted for each thread.
#
# Twin of `howdah.adapt.nesting`. What is read or written natively falls back to Python at its outermost level,
# and Python stays in Python from there on: so both count the same levels.

cdef extern from *:
    """
    #ifdef _MSC_VER
    static __declspec(thread) int howdah_depth = 0;
    #else
    static __thread int howdah_depth = 0;
    #endif
    """
    int howdah_depth


cdef int depth() noexcept:
    """Return how many levels there are."""
    return howdah_depth


cdef int set_depth(int value) noexcept:
    """Count on from another number of levels; return what the number was.

    A row or a parameter begins at 0: the code of adapters, called at some level, may use another connection.
    """
    global howdah_depth
    cdef int former = howdah_depth
    howdah_depth = value
    return former


cdef int enter(int limit) except -1:
    """Count one more level, which `leave` must follow; raise DataError if there are `limit` already."""
    global howdah_depth
    if howdah_depth >= limit:
        from howdah.adapt.nesting import too_deep

        raise too_deep(limit)
    howdah_depth += 1
    return 0


cdef void leave() noexcept:
    """Count one level less."""
    global howdah_depth
    howdah_depth -= 1


cdef class Nesting:
    """The levels that are being read or written in a thread: entered for each, and left."""

    def __enter__(self):
        enter(MAX_DEPTH)

    def __exit__(self, *exc_info):
        leave()

    @property
    def depth(self) -> int:
        """How many levels there are."""
        return howdah_depth
