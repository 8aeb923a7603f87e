# Loading arrays, in nested lists, through the loader of their elements.
#
# Source: PostgreSQL documentation, "Array Input and Output Syntax"; the binary layout
# is the one `array_send` writes: number of dimensions, whether there are nulls, the
# elements' oid, size and lower bound of each dimension, then every element with its length.

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from cpython.list cimport PyList_Append, PyList_New
from cpython.mem cimport PyMem_Free, PyMem_Malloc
from cpython.object cimport PyObject
from cpython.ref cimport Py_INCREF
from libc.stdint cimport int32_t, int64_t
from libc.string cimport memchr, memcmp

from howdah.native.adapters cimport find_load, load_func, load_nested, owned_load_func
from howdah.native.byteorder cimport get_int32

cdef extern from "Python.h":
    void PyList_SET_ITEM(object values, Py_ssize_t i, PyObject *value)


# Binary

cdef struct Elements:
    const char *p
    const char *end
    int dimensions
    int32_t sizes[MAX_DIMENSIONS]


cdef object _load_array(const char *data, Py_ssize_t size, object loader):
    cdef Elements elements
    cdef int64_t count = 1
    cdef int i
    if size < 12 or not 0 <= get_int32(data) <= MAX_DIMENSIONS or loader.item is None:
        raise Malformed
    elements.dimensions = get_int32(data)
    if elements.dimensions == 0:
        if size != 12:
            raise Malformed
        return []
    elements.p = data + 12 + 8 * elements.dimensions
    elements.end = data + size
    if elements.p > elements.end:
        raise Malformed
    for i in range(elements.dimensions):
        elements.sizes[i] = get_int32(data + 12 + 8 * i)
        if elements.sizes[i] < 1:
            raise Malformed
        # Every element has at least four bytes, which limits the size of the allocation.
        count *= elements.sizes[i]
        if count > size // 4:
            raise Malformed
    value = _load_dimension(&elements, 0, find_load(loader.item), loader.item)
    if elements.p != elements.end:
        raise Malformed
    return value


cdef list _load_dimension(Elements *elements, int dimension, load_func load, object item):
    """Load one of the lists of a dimension, with its items."""
    cdef Py_ssize_t i
    cdef list values
    if dimension == elements.dimensions - 1:
        return _load_items(elements, <owned_load_func> load, <PyObject *> item)
    values = []
    for i in range(elements.sizes[dimension]):
        values.append(_load_dimension(elements, dimension + 1, load, item))
    return values


cdef list _load_items(Elements *elements, owned_load_func load, PyObject *item):
    """Load one of the lists of the last dimension."""
    cdef Py_ssize_t i
    cdef int32_t count = elements.sizes[elements.dimensions - 1]
    cdef int32_t size
    cdef const char *data
    cdef PyObject *value
    cdef list values = PyList_New(count)
    for i in range(count):
        data = elements.p + 4
        if data > elements.end:
            raise Malformed
        size = get_int32(elements.p)
        if size == -1:
            elements.p = data
            value = <PyObject *> None
            Py_INCREF(None)
        elif size < 0 or size > elements.end - data:
            raise Malformed
        else:
            elements.p = data + size
            value = load(data, size, item)
        PyList_SET_ITEM(values, i, value)
    return values


# Text

cdef struct Literal:
    const char *p
    const char *end
    char delimiter
    #: A buffer for an element without its backslashes.
    char *unescaped


cdef object _load_array_text(const char *data, Py_ssize_t size, object loader):
    cdef bytes delimiter = loader.delimiter
    if PyBytes_GET_SIZE(delimiter) != 1 or loader.item is None:
        raise Malformed
    cdef Literal literal = Literal(data, data + size, PyBytes_AS_STRING(delimiter)[0], NULL)
    if size and data[0] == c"[":  # the bounds of the dimensions: [1:2][0:1]=
        literal.p = <const char *> memchr(data, c"=", size)
        if literal.p is NULL:
            raise Malformed
        literal.p += 1
    literal.unescaped = <char *> PyMem_Malloc(size)
    if literal.unescaped is NULL:
        raise MemoryError
    try:
        value = _read_list(&literal, 1, find_load(loader.item), loader.item)
    finally:
        PyMem_Free(literal.unescaped)
    if literal.p != literal.end:
        raise Malformed
    return value


cdef int _expect(Literal *literal, char expected) except -1:
    """Read one character, which must be the expected one."""
    if literal.p == literal.end or literal.p[0] != expected:
        raise Malformed
    literal.p += 1
    return 0


cdef list _read_list(Literal *literal, int depth, load_func load, object item):
    """Read a list, from its opening to its closing brace."""
    cdef list values = []
    _expect(literal, c"{")
    if depth > MAX_DIMENSIONS:
        raise Malformed
    if literal.p < literal.end and literal.p[0] == c"}" and depth == 1:
        literal.p += 1
        return values
    while True:
        if literal.p < literal.end and literal.p[0] == c"{":
            value = _read_list(literal, depth + 1, load, item)
        elif literal.p < literal.end and literal.p[0] == c'"':
            value = _read_quoted(literal, load, item)
        else:
            value = _read_unquoted(literal, load, item)
        PyList_Append(values, value)
        if literal.p < literal.end and literal.p[0] == literal.delimiter:
            literal.p += 1
        else:
            _expect(literal, c"}")
            return values


cdef object _read_quoted(Literal *literal, load_func load, object item):
    """Read an element between double quotes, in which a backslash escapes the next character."""
    cdef char *out = literal.unescaped
    literal.p += 1
    while literal.p < literal.end and literal.p[0] != c'"':
        if literal.p[0] == c"\\":
            literal.p += 1
            if literal.p == literal.end:
                raise Malformed
        out[0] = literal.p[0]
        out += 1
        literal.p += 1
    _expect(literal, c'"')
    return load(literal.unescaped, out - literal.unescaped, item)


cdef object _read_unquoted(Literal *literal, load_func load, object item):
    """Read an element without quotes, or NULL."""
    cdef const char *start = literal.p
    while literal.p < literal.end and literal.p[0] != literal.delimiter and literal.p[0] != c"}":
        if literal.p[0] == c"{" or literal.p[0] == c'"' or literal.p[0] == c"\\":
            raise Malformed
        literal.p += 1
    cdef Py_ssize_t size = literal.p - start
    if size == 0:
        raise Malformed
    if size == 4 and memcmp(start, b"NULL", 4) == 0:
        return None
    return load(start, size, item)


cdef object load_array_text(const char *data, Py_ssize_t size, object loader):
    return load_nested(_load_array_text, data, size, loader)


cdef object load_array(const char *data, Py_ssize_t size, object loader):
    return load_nested(_load_array, data, size, loader)
