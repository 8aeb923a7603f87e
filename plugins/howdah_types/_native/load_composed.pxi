# Loading ranges, multiranges, composite types and records, through the loaders of their parts.
#
# Source: PostgreSQL documentation, "Range Input/Output", "Composite Type Input and Output
# Syntax"; the binary layouts are those that `range_send`, `multirange_send` and `record_send` write.

from cpython.list cimport PyList_Append
from cpython.mem cimport PyMem_Free, PyMem_Malloc
from libc.stdint cimport int32_t

from howdah.native.adapters cimport find_load, load_func, load_nested
from howdah.native.byteorder cimport get_int32, get_uint32

#: The brackets, by a number: 1 if the lower bound is included, plus 2 if the upper one is.
cdef tuple _BRACKETS = ("()", "[)", "(]", "[]")


# Binary

cdef struct Bytes:
    const char *p
    const char *end


cdef object _read_part(Bytes *data, load_func load, object item):
    """Load a part after its length; None if the length is -1."""
    cdef const char *p = data.p + 4
    cdef int32_t size
    if p > data.end:
        raise Malformed
    size = get_int32(data.p)
    if size == -1:
        data.p = p
        return None
    if size < 0 or size > data.end - p:
        raise Malformed
    data.p = p + size
    return load(p, size, item)


cdef object _read_range(Bytes *data, load_func load, object item, object cls):
    """Load a range, which must use all of the data."""
    cdef unsigned char flags
    cdef object lower = None
    cdef object upper = None
    if data.p >= data.end:
        raise Malformed
    flags = <unsigned char> data.p[0]
    data.p += 1
    if flags & EMPTY:
        if data.p != data.end:
            raise Malformed
        return cls(None, None, "[)", True)
    if not flags & LOWER_INFINITE:
        if data.end - data.p >= 4 and get_int32(data.p) < 0:
            raise Malformed
        lower = _read_part(data, load, item)
    if not flags & UPPER_INFINITE:
        if data.end - data.p >= 4 and get_int32(data.p) < 0:
            raise Malformed
        upper = _read_part(data, load, item)
    if data.p != data.end:
        raise Malformed
    return cls(lower, upper, _BRACKETS[(flags >> 1) & 3])


cdef object _load_range(const char *data, Py_ssize_t size, object loader):
    cdef Bytes value = Bytes(data, data + size)
    return _read_range(&value, find_load(loader.item), loader.item, loader.range)


cdef object _load_multirange(const char *data, Py_ssize_t size, object loader):
    cdef Bytes value
    cdef const char *p = data + 4
    cdef const char *end = data + size
    cdef load_func load
    cdef int32_t count, length
    cdef list ranges = []
    if size < 4:
        raise Malformed
    load = find_load(loader.item)
    count = get_int32(data)
    while p < end:
        if end - p < 4:
            raise Malformed
        length = get_int32(p)
        p += 4
        if length < 1 or length > end - p:
            raise Malformed
        value = Bytes(p, p + length)
        PyList_Append(ranges, _read_range(&value, load, loader.item, loader.range))
        p += length
    if len(ranges) != count:
        raise Malformed
    return loader.multirange(ranges)


cdef object _load_composite(const char *data, Py_ssize_t size, object loader):
    cdef Bytes value = Bytes(data + 4, data + size)
    cdef tuple items = loader.items
    cdef tuple oids = loader.oids
    cdef Py_ssize_t i, count = len(items)
    cdef list fields = []
    if size < 4 or get_int32(data) != count:
        raise Malformed
    for i in range(count):
        if value.end - value.p < 4 or get_uint32(value.p) != oids[i]:
            raise Malformed
        value.p += 4
        PyList_Append(fields, _read_part(&value, find_load(items[i]), items[i]))
    if value.p != value.end:
        raise Malformed
    return loader.make(fields)


cdef object _load_record(const char *data, Py_ssize_t size, object loader):
    cdef Bytes value = Bytes(data + 4, data + size)
    cdef dict loaders = loader.loaders
    cdef Py_ssize_t i, count
    cdef list fields = []
    if size < 4:
        raise Malformed
    count = get_int32(data)
    for i in range(count):
        if value.end - value.p < 4:
            raise Malformed
        oid = get_uint32(value.p)
        item = loaders.get(oid)
        if item is None:
            item = loader.find(oid)
        value.p += 4
        PyList_Append(fields, _read_part(&value, find_load(item), item))
    if count < 0 or value.p != value.end:
        raise Malformed
    return tuple(fields)


# ComposedText

cdef struct ComposedText:
    const char *p
    const char *end
    #: A buffer for a part without its quotes and backslashes.
    char *unescaped


cdef object _read_text_part(ComposedText *text, const char *special, load_func load, object item):
    """Load a part, between quotes or up to one of the special characters; None if it is empty."""
    cdef const char *start = text.p
    cdef const char *s
    cdef char *out = text.unescaped
    if text.p < text.end and text.p[0] == c'"':
        text.p += 1
        while True:
            if text.p >= text.end:
                raise Malformed
            if text.p[0] == c'"':
                text.p += 1
                if text.p >= text.end or text.p[0] != c'"':
                    break
            elif text.p[0] == c"\\":
                text.p += 1
                if text.p >= text.end:
                    raise Malformed
            out[0] = text.p[0]
            out += 1
            text.p += 1
        return load(text.unescaped, out - text.unescaped, item)
    while text.p < text.end:
        s = special
        while s[0] and s[0] != text.p[0]:
            s += 1
        if s[0]:
            break
        text.p += 1
    if text.p == start:
        return None
    return load(start, text.p - start, item)


cdef object _read_text_range(ComposedText *text, load_func load, object item, object cls):
    """Load a range."""
    cdef int brackets = 0
    if text.end - text.p >= 5 and strncasecmp(text.p, "empty", 5) == 0:
        text.p += 5
        return cls(None, None, "[)", True)
    if text.p >= text.end or (text.p[0] != c"[" and text.p[0] != c"("):
        raise Malformed
    if text.p[0] == c"[":
        brackets += 1
    text.p += 1
    lower = _read_text_part(text, '"\\,()[]', load, item)
    if text.p >= text.end or text.p[0] != c",":
        raise Malformed
    text.p += 1
    upper = _read_text_part(text, '"\\,()[]', load, item)
    if text.p >= text.end or (text.p[0] != c"]" and text.p[0] != c")"):
        raise Malformed
    if text.p[0] == c"]":
        brackets += 2
    text.p += 1
    return cls(lower, upper, _BRACKETS[brackets])


cdef object _load_range_text(const char *data, Py_ssize_t size, object loader):
    cdef ComposedText text = ComposedText(data, data + size, <char *> PyMem_Malloc(size + 1))
    if text.unescaped is NULL:
        raise MemoryError
    try:
        value = _read_text_range(&text, find_load(loader.item), loader.item, loader.range)
        if text.p != text.end:
            raise Malformed
        return value
    finally:
        PyMem_Free(text.unescaped)


cdef object _load_multirange_text(const char *data, Py_ssize_t size, object loader):
    cdef ComposedText text = ComposedText(data + 1, data + size - 1, NULL)
    cdef load_func load
    cdef list ranges = []
    if size < 2 or data[0] != c"{" or data[size - 1] != c"}":
        raise Malformed
    text.unescaped = <char *> PyMem_Malloc(size)
    if text.unescaped is NULL:
        raise MemoryError
    try:
        load = find_load(loader.item)
        while size > 2:
            PyList_Append(ranges, _read_text_range(&text, load, loader.item, loader.range))
            if text.p == text.end:
                break
            if text.p[0] != c",":
                raise Malformed
            text.p += 1
        return loader.multirange(ranges)
    finally:
        PyMem_Free(text.unescaped)


cdef object _load_composite_text(const char *data, Py_ssize_t size, object loader):
    cdef ComposedText text = ComposedText(data + 1, data + size, NULL)
    cdef tuple items = loader.items
    cdef Py_ssize_t i, count = len(items)
    cdef list fields = []
    if size < 2 or count == 0 or data[0] != c"(":
        raise Malformed
    text.unescaped = <char *> PyMem_Malloc(size)
    if text.unescaped is NULL:
        raise MemoryError
    try:
        for i in range(count):
            PyList_Append(fields, _read_text_part(&text, '"\\,()', find_load(items[i]), items[i]))
            if text.p >= text.end or text.p[0] != (c"," if i < count - 1 else c")"):
                raise Malformed
            text.p += 1
        if text.p != text.end:
            raise Malformed
        return loader.make(fields)
    finally:
        PyMem_Free(text.unescaped)


cdef object _load_record_text(const char *data, Py_ssize_t size, object loader):
    cdef ComposedText text = ComposedText(data + 1, data + size, NULL)
    cdef load_func load
    cdef list fields = []
    if size < 2 or data[0] != c"(":
        raise Malformed
    if size == 2 and data[1] == c")":
        return ()
    text.unescaped = <char *> PyMem_Malloc(size)
    if text.unescaped is NULL:
        raise MemoryError
    try:
        load = find_load(loader.item)
        while True:
            PyList_Append(fields, _read_text_part(&text, '"\\,()', load, loader.item))
            if text.p >= text.end or (text.p[0] != c"," and text.p[0] != c")"):
                raise Malformed
            text.p += 1
            if (text.p - 1)[0] == c")":
                break
        if text.p != text.end:
            raise Malformed
        return tuple(fields)
    finally:
        PyMem_Free(text.unescaped)


# Each counts as one level.

cdef object load_range_text(const char *data, Py_ssize_t size, object loader):
    return load_nested(_load_range_text, data, size, loader)


cdef object load_multirange_text(const char *data, Py_ssize_t size, object loader):
    return load_nested(_load_multirange_text, data, size, loader)


cdef object load_composite_text(const char *data, Py_ssize_t size, object loader):
    return load_nested(_load_composite_text, data, size, loader)


cdef object load_record_text(const char *data, Py_ssize_t size, object loader):
    return load_nested(_load_record_text, data, size, loader)


cdef object load_range(const char *data, Py_ssize_t size, object loader):
    return load_nested(_load_range, data, size, loader)


cdef object load_multirange(const char *data, Py_ssize_t size, object loader):
    return load_nested(_load_multirange, data, size, loader)


cdef object load_composite(const char *data, Py_ssize_t size, object loader):
    return load_nested(_load_composite, data, size, loader)


cdef object load_record(const char *data, Py_ssize_t size, object loader):
    return load_nested(_load_record, data, size, loader)
