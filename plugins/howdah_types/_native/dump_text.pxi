# Dumping bytea, uuid and enums.
#
# Every function handles objects of exactly one class, because subclasses may differ.
#
# Source: PostgreSQL documentation, "bytea Hex Format", "UUID Type".

from cpython.bytearray cimport PyByteArray_AS_STRING, PyByteArray_CheckExact, PyByteArray_GET_SIZE
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_CheckExact, PyBytes_GET_SIZE
from libc.stdint cimport uint32_t, uint64_t

from howdah.native.adapters cimport Buffer, DumperEntry, dump_str

from enum import Enum

cdef object _Enum = Enum
cdef const char *_DIGITS = "0123456789abcdef"


cdef inline void _set_hex(char *p, unsigned char value) noexcept:
    p[0] = _DIGITS[value >> 4]
    p[1] = _DIGITS[value & 15]


cdef int dump_bytea_text(object obj, Buffer out, uint32_t *oid, DumperEntry entry) except -1:
    cdef const unsigned char *source
    cdef Py_ssize_t i, size
    cdef char *p
    if PyBytes_CheckExact(obj):
        source = <const unsigned char *> PyBytes_AS_STRING(obj)
        size = PyBytes_GET_SIZE(obj)
    elif PyByteArray_CheckExact(obj):
        source = <const unsigned char *> PyByteArray_AS_STRING(obj)
        size = PyByteArray_GET_SIZE(obj)
    else:
        return 0
    p = out.reserve(2 + 2 * size)
    p[0] = c"\\"
    p[1] = c"x"
    for i in range(size):
        _set_hex(p + 2 + 2 * i, source[i])
    return 1


cdef int dump_bytea(object obj, Buffer out, uint32_t *oid, DumperEntry entry) except -1:
    if PyBytes_CheckExact(obj):
        out.put(PyBytes_AS_STRING(obj), PyBytes_GET_SIZE(obj))
        return 1
    if PyByteArray_CheckExact(obj):
        out.put(PyByteArray_AS_STRING(obj), PyByteArray_GET_SIZE(obj))
        return 1
    return 0


cdef int _is_uuid(object obj) except -1:
    """Return whether an object is a `UUID`; the class is imported on first use."""
    if _UUID is None:
        _import_uuid()
    return type(obj) is _UUID


cdef int dump_uuid_text(object obj, Buffer out, uint32_t *oid, DumperEntry entry) except -1:
    cdef uint64_t half
    cdef char *p
    cdef int i
    if not _is_uuid(obj):
        return 0
    value = obj.int
    p = out.reserve(32)
    half = <uint64_t> (value >> 64)
    for i in range(8):
        _set_hex(p + 2 * i, <unsigned char> (half >> (56 - 8 * i)))
    half = <uint64_t> (value & 0xFFFFFFFFFFFFFFFF)
    for i in range(8):
        _set_hex(p + 16 + 2 * i, <unsigned char> (half >> (56 - 8 * i)))
    return 1


cdef int dump_uuid(object obj, Buffer out, uint32_t *oid, DumperEntry entry) except -1:
    if not _is_uuid(obj):
        return 0
    value = obj.int
    out.put_uint64(<uint64_t> (value >> 64))
    out.put_uint64(<uint64_t> (value & 0xFFFFFFFFFFFFFFFF))
    return 1


cdef int dump_enum(object obj, Buffer out, uint32_t *oid, DumperEntry entry) except -1:
    cdef dict labels = entry.dumper.labels
    if not isinstance(obj, _Enum):
        return 0
    label = labels.get(obj) if labels else None
    return dump_str(obj.name if label is None else label, out, oid, entry)
