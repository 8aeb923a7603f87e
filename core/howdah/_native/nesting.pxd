"""How deep values may be nested, counted for each thread. Twin of `howdah.adapt.nesting`."""

cdef enum:
    MAX_DEPTH = 100
    MAX_TEXT_DEPTH = 16

cdef int depth() noexcept
cdef int set_depth(int value) noexcept
cdef int enter(int limit) except -1
cdef void leave() noexcept
