# The kinds of Arrow columns, for both directions.

from libc.stdint cimport uint32_t, uint64_t

# The values of `howdah_arrow.layouts.Kind`.
cdef enum:
    BOOL = 0
    SWAP2 = 1
    SWAP4 = 2
    SWAP8 = 3
    BYTES = 4
    JSONB = 5
    FIXED = 6
    DATE = 7
    TIME = 8
    TIMESTAMP = 9
    INTERVAL = 10
    DECIMAL = 11
    LIST = 12
    NUMBER = 13
    DURATION = 14

cdef enum:
    #: The days from 1970-01-01, Arrow's epoch, to 2000-01-01, PostgreSQL's.
    EPOCH_DAYS = 10957


cdef inline void negate(uint32_t *limbs, int count) noexcept:
    """Turn the sign of a number of 32 bits a limb, the lowest first."""
    cdef uint64_t carry = 1
    cdef int i
    for i in range(count):
        carry += <uint32_t> ~limbs[i]
        limbs[i] = <uint32_t> carry
        carry >>= 32
