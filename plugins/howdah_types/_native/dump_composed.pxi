# Dumping ranges, tuples and composite types, through the dumpers of their parts.
#
# Source: PostgreSQL documentation, "Range Input/Output", "Composite Type Input and Output
# Syntax"; the binary layouts are those that `range_recv` and `record_recv` read.

from cpython.tuple cimport PyTuple_Check
from libc.stdint cimport uint32_t

from howdah.native.adapters cimport (
    MAX_DEPTH, MAX_TEXT_DEPTH, Buffer, Dumped, DumperEntry, Dumpers, dump_nested, enter, leave, new_dumpers, new_entry
)
from howdah.native.byteorder cimport set_uint32

from howdah.adapt.base import PyFormat

cdef object _TEXT = PyFormat.TEXT
cdef object _BINARY = PyFormat.BINARY

cdef enum:
    MAX_LENGTH = 0x7FFFFFFF


class Unfit(Exception):
    """The value is left to the Python method, which dumps it or raises the error."""


cdef Dumpers _parts(DumperEntry entry):
    """Return the dumpers for the parts of the objects of a dumper."""
    if entry.parts is None:
        dumper = entry.dumper
        entry.parts = new_dumpers(dumper.adapters, dumper.context, _BINARY if entry.format else _TEXT)
    return entry.parts


cdef int _put_text(object obj, const char *special, DumperEntry entry, Buffer out) except -1:
    """Append a part, quoted if necessary; return 0 if it is NULL."""
    cdef Dumped dumped
    cdef Py_ssize_t i, size, doubled = 0, start = out.length
    cdef const char *s
    cdef char *source
    cdef char *target
    cdef char byte
    cdef bint quotes
    if not _parts(entry).append(obj, out, &dumped, True):
        return 0
    size = out.length - start
    quotes = size == 0
    for i in range(start, out.length):
        byte = out.data[i]
        if byte == c'"' or byte == c"\\":
            doubled += 1
        elif byte == c" " or c"\t" <= byte <= c"\r":
            quotes = True
        elif not quotes:
            s = special
            while s[0] and s[0] != byte:
                s += 1
            quotes = s[0] != 0
    if not quotes and not doubled:
        return 1
    out.reserve(doubled + 2)
    source = out.data + start + size
    target = out.data + out.length - 1
    target[0] = c'"'
    while source > out.data + start:
        source -= 1
        target -= 1
        target[0] = source[0]
        if source[0] == c'"' or source[0] == c"\\":
            target -= 1
            target[0] = source[0]
    (target - 1)[0] = c'"'
    return 1


cdef int _put_binary(object obj, uint32_t oid, DumperEntry entry, DumperEntry typed, Buffer out) except -1:
    """Append a part with a given type, after its length; return 0 if it is NULL.

    The dumper for its class is used if it dumps to the type; else `typed`, a dumper for the type, unless None.
    """
    cdef Dumpers parts = _parts(entry)
    cdef Dumped dumped
    cdef Py_ssize_t start = out.length
    cdef int value
    out.reserve(4)
    value = parts.append(obj, out, &dumped, True)
    if dumped.oid != oid or not dumped.format:
        out.length = start + 4
        if typed is None:
            typed = parts.find_by_oid(oid)
        value = typed.append(obj, out, True)
    if out.length - start - 4 > MAX_LENGTH:
        raise Unfit
    set_uint32(out.data + start, <uint32_t> (out.length - start - 4) if value else NULL_LENGTH)
    return value


# Ranges

cdef bint _is_settled(DumperEntry entry):
    """Return whether the type of a range is fixed, or has been determined from its bounds."""
    return entry.oid or entry.upgraded or entry.dumpers is None or entry.dumper.type_name is not None


cdef int _dump_range_text(object obj, Buffer out, uint32_t *oid, DumperEntry entry) except -1:
    cdef str brackets
    if not _is_settled(entry) or not isinstance(obj, entry.dumper.range):
        return 0
    brackets = obj.bounds
    if not brackets:
        out.put("empty", 5)
        return 1
    out.reserve(1)[0] = c"[" if brackets[0] == "[" else c"("
    bound = obj.lower
    if bound is not None and not _put_text(bound, "()[],", entry, out):
        return 0
    out.reserve(1)[0] = c","
    bound = obj.upper
    if bound is not None and not _put_text(bound, "()[],", entry, out):
        return 0
    out.reserve(1)[0] = c"]" if brackets[1] == "]" else c")"
    return 1


cdef int _dump_range(object obj, Buffer out, uint32_t *oid, DumperEntry entry) except -1:
    cdef Py_ssize_t start = out.length
    cdef unsigned char flags = 0
    cdef uint32_t subtype_oid
    cdef str brackets
    dumper = entry.dumper
    if not _is_settled(entry) or not isinstance(obj, dumper.range):
        return 0
    out.reserve(1)
    brackets = obj.bounds
    if not brackets:
        out.data[start] = EMPTY
        return 1
    subtype_oid = dumper.subtype_oid
    if not subtype_oid:
        return 0
    flags = (LOWER_INCLUSIVE if brackets[0] == "[" else 0) | (UPPER_INCLUSIVE if brackets[1] == "]" else 0)
    for flag, bound in ((LOWER_INFINITE, obj.lower), (UPPER_INFINITE, obj.upper)):
        if bound is None:
            flags |= <unsigned char> flag
            continue
        if entry.item is None:
            entry.item = new_entry(
                dumper.adapters.get_dumper_by_oid(subtype_oid, dumper.format)(type(bound), dumper.context), None
            )
        if not _put_binary(bound, subtype_oid, entry, entry.item, out):
            return 0
    out.data[start] = <char> flags
    return 1


cdef object range_key(object obj, DumperEntry entry):
    """Return the key of a range; if its type is not fixed, the key depends on the bounds."""
    dumper = entry.dumper
    if not isinstance(obj, dumper.range):
        return dumper.get_key(obj, entry.dumpers.format)
    if _is_settled(entry):
        return dumper.cls
    bound = obj.lower
    other = obj.upper
    if bound is None:
        bound = other
    elif isinstance(bound, int) and isinstance(other, int):
        # The one with more bits determines the type.
        if (~other if other < 0 else other) > (~bound if bound < 0 else bound):
            bound = other
    return dumper.cls if bound is None else _bound_key(bound, entry)


cdef object _bound_key(object bound, DumperEntry entry):
    """Return the key of a range whose type depends on a bound."""
    cdef DumperEntry item
    enter(MAX_DEPTH)
    try:
        item = entry.dumpers.upgrade(entry.dumpers.find(bound), bound)
        return (entry.dumper.cls, item.get_key(bound), type(item.dumper))
    finally:
        leave()


# Composite types

cdef int _put_fields(tuple values, Buffer out, DumperEntry entry) except -1:
    """Append a record in text format."""
    cdef bint first = True
    out.reserve(1)[0] = c"("
    for value in values:
        if not first:
            out.reserve(1)[0] = c","
        first = False
        if value is not None:
            _put_text(value, "(),", entry, out)
    out.reserve(1)[0] = c")"
    return 0


cdef int _dump_tuple(object obj, Buffer out, uint32_t *oid, DumperEntry entry) except -1:
    if not PyTuple_Check(obj):
        return 0
    _put_fields(tuple(obj), out, entry)
    return 1


cdef int _dump_composite_text(object obj, Buffer out, uint32_t *oid, DumperEntry entry) except -1:
    _put_fields(tuple(entry.dumper.values(obj)), out, entry)
    return 1


cdef int _dump_composite(object obj, Buffer out, uint32_t *oid, DumperEntry entry) except -1:
    cdef tuple values, oids
    cdef Py_ssize_t i
    info = entry.dumper.info
    if info is None:
        return 0
    values = tuple(entry.dumper.values(obj))
    oids = tuple(info.field_types)
    if len(values) != len(oids):
        return 0
    out.put_uint32(<uint32_t> len(oids))
    for i in range(len(oids)):
        out.put_uint32(oids[i])
        if values[i] is None:
            out.put_uint32(NULL_LENGTH)
        else:
            _put_binary(values[i], oids[i], entry, None, out)
    return 1


# Each counts as one level.

cdef int dump_range_text(object obj, Buffer out, uint32_t *oid, DumperEntry entry) except -1:
    return dump_nested(_dump_range_text, obj, out, oid, entry, MAX_TEXT_DEPTH)


cdef int dump_tuple(object obj, Buffer out, uint32_t *oid, DumperEntry entry) except -1:
    return dump_nested(_dump_tuple, obj, out, oid, entry, MAX_TEXT_DEPTH)


cdef int dump_composite_text(object obj, Buffer out, uint32_t *oid, DumperEntry entry) except -1:
    return dump_nested(_dump_composite_text, obj, out, oid, entry, MAX_TEXT_DEPTH)


cdef int dump_range(object obj, Buffer out, uint32_t *oid, DumperEntry entry) except -1:
    return dump_nested(_dump_range, obj, out, oid, entry, MAX_DEPTH)


cdef int dump_composite(object obj, Buffer out, uint32_t *oid, DumperEntry entry) except -1:
    return dump_nested(_dump_composite, obj, out, oid, entry, MAX_DEPTH)
