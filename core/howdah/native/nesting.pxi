# The limit on nested values, counted for each thread.
#
# Twin of `howdah.adapt.nesting`. Native functions fall back to Python at the outermost level of a value, and
# Python methods do not call native ones for inner levels: so both count the same levels.

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
    """Return the current number of levels."""
    return howdah_depth


cdef int set_depth(int value) noexcept:
    """Set the number of levels; return the previous one.

    A row or a parameter starts at 0: Python code of an adapter may use another connection at any level.
    """
    global howdah_depth
    cdef int former = howdah_depth
    howdah_depth = value
    return former


cdef int enter(int limit) except -1:
    """Count one more level, until `leave`; raise DataError if there are `limit` already."""
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
    """Counts the nested levels that a thread is reading or writing; a context manager for one of them."""

    def __enter__(self):
        enter(MAX_DEPTH)

    def __exit__(self, *exc_info):
        leave()

    @property
    def depth(self) -> int:
        """The current number of levels."""
        return howdah_depth
