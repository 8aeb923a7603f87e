"""How the native core turns Python objects into values: C functions, found by name."""

from libc.stdint cimport uint32_t

from howdah._native.buffer cimport Buffer

cdef class DumperEntry
cdef class Dumpers

# A function that appends the value for an object to a buffer and returns 1; or returns 0,
# having written anything or nothing, to leave the object to the dumper's Python methods.
# `oid` is the dumper's; a function whose type depends on the object changes it.
ctypedef int (*dump_func)(object obj, Buffer out, uint32_t *oid, DumperEntry entry) except -1

# A function that returns what the dumper's `get_key` does.
ctypedef object (*key_func)(object obj, DumperEntry entry)


cdef class DumperEntry:
    cdef object dumper
    cdef dump_func dump
    cdef key_func key
    cdef int format
    cdef uint32_t oid
    # Whether the value of an object has a say in which dumper it gets, and whether others have.
    cdef bint keyed
    cdef bint deciding
    # Whether the value of an object has led to it.
    cdef bint upgraded
    # Where it belongs; None if its dumper is for whatever comes.
    cdef Dumpers dumpers
    # The dumper of what an object contains, or those of what it is made of.
    cdef DumperEntry item
    cdef Dumpers parts

    cdef object get_key(self, object obj)
    cdef int append(self, object obj, Buffer out, bint part) except -1
    cdef int append_natively(self, object obj, Buffer out) except -1
    cdef int append_dumped(self, object obj, Buffer out, bint part) except -1


cdef struct Dumped:
    uint32_t oid
    int format


cdef class Dumpers:
    cdef object adapters
    cdef object context
    cdef object format
    # From a class, or another key that a dumper gave, to its DumperEntry.
    cdef dict entries

    cdef DumperEntry find(self, object obj)
    cdef DumperEntry find_by_oid(self, uint32_t oid)
    cdef DumperEntry upgrade(self, DumperEntry entry, object obj)
    cdef int append(self, object obj, Buffer out, Dumped *dumped, bint part) except -1


cdef Dumpers new_dumpers(object adapters, object context, object format)
cdef DumperEntry new_entry(object dumper, Dumpers dumpers)
cdef int put_value(Buffer out, object value) except -1
cdef int register_dump(int format, str name, dump_func function) except -1
cdef int register_key(str name, key_func function) except -1
cdef int dump_nested(dump_func write, object obj, Buffer out, uint32_t *oid, DumperEntry entry, int limit) except -1
