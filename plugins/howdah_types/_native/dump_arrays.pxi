# Dumping lists to arrays, through the dumper of their elements.
#
# Each list is copied to a tuple first, because code that is called here, or another
# thread, may change the list.
#
# Source: PostgreSQL documentation, "Array Input and Output Syntax"; the binary layout is the one
# that `array_recv` reads: number of dimensions, whether there are nulls, the elements' oid, size and
# lower bound of each dimension, then every element with its length.

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from cpython.list cimport PyList_Check, PyList_CheckExact
from cpython.long cimport PyLong_CheckExact
from cpython.tuple cimport PyTuple_GET_ITEM, PyTuple_GET_SIZE
from libc.stdint cimport int64_t, uint32_t

from howdah.native.adapters cimport (
    MAX_DEPTH, MAX_TEXT_DEPTH, Buffer, DumperEntry, dump_nested, enter, leave, new_entry
)
from howdah.native.byteorder cimport set_uint32

cdef extern from "Python.h":
    long long PyLong_AsLongLongAndOverflow(object value, int *overflow) except? -1
    tuple PyList_AsTuple(object list)


@cython.final
@cython.freelist(4)
cdef class Array:
    """A list that is being dumped to an array."""

    cdef Buffer out
    cdef DumperEntry item
    cdef char delimiter
    cdef int dimensions
    cdef Py_ssize_t[MAX_DIMENSIONS] lengths
    cdef bint has_null

    cdef int measure(self, tuple level) except -1:
        """Determine the lengths of nested lists from the first one at each level; return 0 to leave it to Python."""
        self.dimensions = 0
        while True:
            if self.dimensions == MAX_DIMENSIONS or not level:
                return 0
            self.lengths[self.dimensions] = PyTuple_GET_SIZE(level)
            self.dimensions += 1
            first = <object> PyTuple_GET_ITEM(level, 0)
            if not PyList_CheckExact(first):
                return 1
            level = PyList_AsTuple(first)

    cdef int put_binary(self, tuple level, int dimension) except -1:
        """Append the items of one of the lists; return 0 to leave it to Python."""
        cdef Buffer out = self.out
        cdef Py_ssize_t i, start
        if PyTuple_GET_SIZE(level) != self.lengths[dimension]:
            return 0
        for i in range(PyTuple_GET_SIZE(level)):
            obj = <object> PyTuple_GET_ITEM(level, i)
            if dimension < self.dimensions - 1:
                if not PyList_CheckExact(obj) or not self.put_binary(PyList_AsTuple(obj), dimension + 1):
                    return 0
                continue
            start = out.length
            out.reserve(4)
            if obj is not None:
                if PyList_Check(obj):
                    return 0
                if self.item.append(obj, out, True):
                    if out.length - start - 4 > 0x7FFFFFFF:
                        return 0
                    set_uint32(out.data + start, <uint32_t> (out.length - start - 4))
                    continue
            self.has_null = True
            set_uint32(out.data + start, NULL_LENGTH)
        return 1

    cdef int put_text(self, tuple level, int dimension) except -1:
        """Append one of the lists, with its braces; return 0 to leave it to Python."""
        cdef Buffer out = self.out
        cdef Py_ssize_t i, start
        if PyTuple_GET_SIZE(level) != self.lengths[dimension]:
            return 0
        out.reserve(1)[0] = c"{"
        for i in range(PyTuple_GET_SIZE(level)):
            obj = <object> PyTuple_GET_ITEM(level, i)
            if i:
                out.reserve(1)[0] = self.delimiter
            if dimension < self.dimensions - 1:
                if not PyList_CheckExact(obj) or not self.put_text(PyList_AsTuple(obj), dimension + 1):
                    return 0
                continue
            if PyList_Check(obj):
                return 0
            start = out.length
            if obj is None or not self.item.append(obj, out, True):
                out.put("NULL", 4)
            else:
                self.quote(start)
        out.reserve(1)[0] = c"}"
        return 1

    cdef int quote(self, Py_ssize_t start) except -1:
        """Quote the element that begins at `start`, if necessary."""
        cdef Buffer out = self.out
        cdef Py_ssize_t size = out.length - start
        cdef Py_ssize_t i, escapes = 0
        cdef bint quotes = size == 0 or (size == 4 and strncasecmp(out.data + start, "NULL", 4) == 0)
        cdef char *source
        cdef char *target
        cdef char byte
        for i in range(start, out.length):
            byte = out.data[i]
            if byte == c'"' or byte == c"\\":
                escapes += 1
            elif _is_syntax(byte) or byte == self.delimiter:
                quotes = True
        if not quotes and not escapes:
            return 0
        out.reserve(escapes + 2)
        source = out.data + start + size
        target = out.data + out.length - 1
        target[0] = c'"'
        while source > out.data + start:
            source -= 1
            target -= 1
            target[0] = source[0]
            if source[0] == c'"' or source[0] == c"\\":
                target -= 1
                target[0] = c"\\"
        (target - 1)[0] = c'"'
        return 0


cdef inline bint _is_syntax(char byte) noexcept:
    """Whether a character means something else where it does not stand between quotes: spaces and braces."""
    return byte == c" " or c"\t" <= byte <= c"\r" or byte == c"{" or byte == c"}"


cdef int _dump_array(object obj, Buffer out, uint32_t *oid, DumperEntry entry) except -1:
    cdef Array array = _new_array(obj, out, entry)
    cdef tuple level
    cdef Py_ssize_t start = out.length
    cdef char *p
    cdef int i
    if array is None:
        return 0
    level = PyList_AsTuple(obj)
    if not array.measure(level):
        return 0
    out.reserve(12 + 8 * array.dimensions)
    if not array.put_binary(level, 0):
        return 0
    p = out.data + start
    set_uint32(p, <uint32_t> array.dimensions)
    set_uint32(p + 4, array.has_null)
    set_uint32(p + 8, <uint32_t> entry.dumper.element_oid or array.item.oid)
    for i in range(array.dimensions):
        set_uint32(p + 12 + 8 * i, <uint32_t> array.lengths[i])
        set_uint32(p + 16 + 8 * i, 1)
    return 1


cdef int _dump_array_text(object obj, Buffer out, uint32_t *oid, DumperEntry entry) except -1:
    cdef Array array
    cdef tuple level
    cdef bytes delimiter = entry.dumper.delimiter
    if PyList_CheckExact(obj) and not obj:
        out.put("{}", 2)
        return 1
    array = _new_array(obj, out, entry)
    if array is None or PyBytes_GET_SIZE(delimiter) != 1:
        return 0
    array.delimiter = PyBytes_AS_STRING(delimiter)[0]
    level = PyList_AsTuple(obj)
    return array.measure(level) and array.put_text(level, 0)


cdef int dump_array(object obj, Buffer out, uint32_t *oid, DumperEntry entry) except -1:
    return dump_nested(_dump_array, obj, out, oid, entry, MAX_DEPTH)


cdef int dump_array_text(object obj, Buffer out, uint32_t *oid, DumperEntry entry) except -1:
    return dump_nested(_dump_array_text, obj, out, oid, entry, MAX_TEXT_DEPTH)


cdef Array _new_array(object obj, Buffer out, DumperEntry entry):
    """Return an object that writes a list; None to leave it to Python."""
    cdef Array array
    if not PyList_CheckExact(obj):
        return None
    if entry.item is None:
        item = entry.dumper.item
        if item is None:
            return None
        entry.item = new_entry(item, None)
    array = Array.__new__(Array)
    array.out = out
    array.item = entry.item
    return array


# The type of a list's elements

@cython.final
@cython.freelist(4)
cdef class ElementsDumper:
    """The elements of nested lists, inspected to determine their dumper."""

    #: The common class; None while all elements are None.
    cdef object cls
    cdef object first
    #: For integers, the one with the most bits.
    cdef object widest
    cdef int64_t most

    cdef int look(self, object obj, int depth) except -1:
        """Inspect the elements of a list; return 0 to leave it to Python."""
        cdef tuple level = PyList_AsTuple(obj)
        cdef Py_ssize_t i
        cdef int64_t number
        cdef int overflow = 0
        if depth == MAX_DIMENSIONS:
            return 0
        for i in range(PyTuple_GET_SIZE(level)):
            item = <object> PyTuple_GET_ITEM(level, i)
            if item is None:
                continue
            if PyList_Check(item):
                if not PyList_CheckExact(item) or not self.look(item, depth + 1):
                    return 0
                continue
            if self.cls is None:
                self.cls = type(item)
                self.first = item
                self.most = -1
            elif self.cls is not type(item):
                return 0
            if PyLong_CheckExact(item):
                number = PyLong_AsLongLongAndOverflow(item, &overflow)
                if overflow:
                    return 0
                number = number if number >= 0 else ~number
                if number > self.most:
                    self.most = number
                    self.widest = item
        return 1

    cdef int have_key(self, object obj, int depth, object key, DumperEntry entry) except -1:
        """Return whether all elements of a list have the same key."""
        cdef tuple level = PyList_AsTuple(obj)
        cdef Py_ssize_t i
        if depth == MAX_DIMENSIONS:
            return 0
        for i in range(PyTuple_GET_SIZE(level)):
            item = <object> PyTuple_GET_ITEM(level, i)
            if PyList_CheckExact(item):
                if not self.have_key(item, depth + 1, key, entry):
                    return 0
            elif item is not None and entry.get_key(item) != key:
                return 0
        return 1


cdef object array_key(object obj, DumperEntry entry):
    """Return the key of a list, which depends on the dumper of its elements."""
    key = None
    if PyList_CheckExact(obj) and not entry.dumper.element_oid:
        enter(MAX_DEPTH)
        try:
            key = _key_of_elements(obj, entry)
        except Exception:
            pass  # Python may raise another error before that
        finally:
            leave()
    return entry.dumper.get_key(obj, entry.dumpers.format) if key is None else key


cdef tuple _key_of_elements(object obj, DumperEntry entry):
    """Return the key of a list, None to leave it to Python."""
    cdef ElementsDumper elements = ElementsDumper.__new__(ElementsDumper)
    cdef DumperEntry item
    if not obj:
        return (entry.dumper.cls,)
    if not elements.look(obj, 0) or elements.cls is None:
        return None
    item = entry.dumpers.find(elements.first)
    if not item.keyed:
        return (entry.dumper.cls, elements.cls, type(item.dumper))
    if item.deciding:
        return None
    key = item.get_key(elements.first if elements.widest is None else elements.widest)
    if elements.widest is None and not elements.have_key(obj, 0, key, item):
        return None
    return (entry.dumper.cls, key, type(item.dumper))
