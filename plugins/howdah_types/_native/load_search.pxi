# Loading tsvector and tsquery from binary to the server's text format.
#
# Source: PostgreSQL documentation, "Text Search Types"; for the binary formats
# PostgreSQL's src/backend/utils/adt/tsvector.c and tsquery.c.

from cpython.unicode cimport PyUnicode_DecodeUTF8
from libc.stdint cimport uint32_t
from libc.string cimport memchr

from howdah.native.adapters cimport MAX_DEPTH, Buffer, depth as level, load_python
from howdah.native.byteorder cimport get_uint16, get_uint32

cdef enum:
    # The items of a tsquery: words, and operators. An operator is followed by its operands, the right one first.
    WORD = 1
    OPERATOR = 2
    NOT = 1
    AND = 2
    OR = 3
    PHRASE = 4

#: The precedence of the operators, by their number.
cdef int[5] _PRIORITIES = [0, 4, 2, 1, 3]
#: The weights of a position in a tsvector (D is not written), and the bits of weights in a tsquery.
cdef const char *_WEIGHTS = "\0CBA"
cdef const char *_FLAGS = "ABCD"


cdef struct Reader:
    const char *p
    const char *end


cdef int _put_word(Reader *reader, Buffer out) except -1:
    """Append the next word, quoted; return 0 if there is none."""
    cdef const char *end = <const char *> memchr(reader.p, 0, reader.end - reader.p)
    if end is NULL:
        return 0
    out.reserve(1)[0] = c"'"
    while reader.p < end:
        if reader.p[0] == c"'" or reader.p[0] == c"\\":
            out.put(reader.p, 1)
        out.put(reader.p, 1)
        reader.p += 1
    out.reserve(1)[0] = c"'"
    reader.p += 1
    return 1


cdef int _put_lexeme(Reader *reader, Buffer out) except -1:
    """Append the next word of a tsvector with its positions; return 0 if it is malformed."""
    cdef Py_ssize_t i, count
    cdef int position
    if not _put_word(reader, out) or reader.end - reader.p < 2:
        return 0
    count = get_uint16(reader.p)
    reader.p += 2
    if reader.end - reader.p < 2 * count:
        return 0
    for i in range(count):
        position = get_uint16(reader.p)
        reader.p += 2
        out.put("," if i else ":", 1)
        out.put_digits(position & 0x3FFF)
        if position >> 14:
            out.put(&_WEIGHTS[position >> 14], 1)
    return 1


cdef object load_tsvector(const char *data, Py_ssize_t size, object loader):
    cdef Reader reader = Reader(data + 4, data + size)
    cdef Buffer out
    cdef uint32_t i
    if size < 4:
        return load_python(data, size, loader)
    out = Buffer.__new__(Buffer)
    for i in range(get_uint32(data)):
        if i:
            out.reserve(1)[0] = c" "
        if not _put_lexeme(&reader, out):
            return load_python(data, size, loader)
    return _loaded(out, &reader, data, size, loader)


cdef object _loaded(Buffer out, Reader *reader, const char *data, Py_ssize_t size, object loader):
    """Return the text, if all of the data has been read."""
    if reader.p != reader.end:
        return load_python(data, size, loader)
    try:
        return PyUnicode_DecodeUTF8(out.data, out.length, NULL) if out.length else ""
    except UnicodeDecodeError:
        return load_python(data, size, loader)


cdef int _put_searched(Reader *reader, Buffer out) except -1:
    """Append the next word of a tsquery with its flags; return 0 if it is malformed."""
    cdef int i, weights
    cdef bint prefix
    if reader.end - reader.p < 3:
        return 0
    weights = reader.p[1]
    prefix = reader.p[2] != 0
    reader.p += 3
    if not _put_word(reader, out):
        return 0
    if prefix or weights & 0xF:
        out.put(":*", 1 + prefix)
        for i in range(4):
            if weights & (8 >> i):
                out.put(&_FLAGS[i], 1)
    return 1


cdef int _put_operator(int operator, int distance, Buffer out) except -1:
    """Append what stands between two operands."""
    if operator == AND:
        out.put(" & ", 3)
    elif operator == OR:
        out.put(" | ", 3)
    elif distance == 1:
        out.put(" <-> ", 5)
    else:
        out.put(" <", 2)
        out.put_digits(distance)
        out.put("> ", 2)
    return 0


cdef int _put_item(Reader *reader, int outer, bint right_of_phrase, int depth, Buffer out) except -1:
    """Append an item of a tsquery, in parentheses if it is an operand of an operator of higher precedence.

    Return 0 to leave it to Python, which handles queries of any depth.
    """
    cdef int kind, operator, priority, distance = 1
    cdef bint parentheses
    if reader.end - reader.p < 2 or depth >= MAX_DEPTH:
        return 0
    kind = reader.p[0]
    if kind == WORD:
        return _put_searched(reader, out)
    operator = reader.p[1]
    reader.p += 2
    if kind != OPERATOR or not NOT <= operator <= PHRASE:
        return 0
    priority = _PRIORITIES[operator]
    parentheses = priority < outer
    if operator == PHRASE:
        if reader.end - reader.p < 2:
            return 0
        distance = get_uint16(reader.p)
        reader.p += 2
        parentheses = parentheses or right_of_phrase
    if parentheses:
        out.put("( ", 2)
    if operator == NOT:
        out.put("!", 1)
        if not _put_item(reader, priority, False, depth + 1, out):
            return 0
    elif not _put_operation(reader, operator, distance, depth + 1, out):
        return 0
    if parentheses:
        out.put(" )", 2)
    return 1


cdef int _put_operation(Reader *reader, int operator, int distance, int depth, Buffer out) except -1:
    """Append two operands, and the operator between them; the server sends the right operand first."""
    cdef Buffer right = Buffer.__new__(Buffer)
    cdef int priority = _PRIORITIES[operator]
    if not _put_item(reader, priority, operator == PHRASE, depth, right):
        return 0
    if not _put_item(reader, priority, False, depth, out):
        return 0
    _put_operator(operator, distance, out)
    out.put(right.data, right.length)
    return 1


cdef object load_tsquery(const char *data, Py_ssize_t size, object loader):
    cdef Reader reader = Reader(data + 4, data + size)
    cdef Buffer out = Buffer.__new__(Buffer)
    if size < 4 or (get_uint32(data) and not _put_item(&reader, 0, False, level(), out)):
        return load_python(data, size, loader)
    return _loaded(out, &reader, data, size, loader)
