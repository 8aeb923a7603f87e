"""How the native core turns Python objects into values: C functions, found by name."""

from libc.stdint cimport uint32_t

from howdah._native.buffer cimport Buffer

# A function that appends the value for an object to a buffer and returns 1; or returns 0,
# having written anything or nothing, to leave the object to the dumper's Python methods.
# `oid` is the dumper's; a function whose type depends on the object changes it.
ctypedef int (*dump_func)(object obj, Buffer out, uint32_t *oid) except -1

cdef int register_dump(int format, str name, dump_func function) except -1
cdef dump_func find_dump(object dumper) except? NULL
