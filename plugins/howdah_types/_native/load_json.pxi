# Loading json and jsonb, as `json.loads` does.
#
# Malformed JSON, NaN and infinities, and JSON that is nested too deeply are left to the loader's Python method.
#
# Source: RFC 8259; for binary, `jsonb_send` in PostgreSQL's src/backend/utils/adt/jsonb.c.

from cpython.dict cimport PyDict_SetItem
from cpython.float cimport PyFloat_FromDouble
from cpython.list cimport PyList_Append
from cpython.long cimport PyLong_FromLongLong
from cpython.mem cimport PyMem_Free, PyMem_Malloc
from cpython.unicode cimport PyUnicode_DecodeASCII, PyUnicode_DecodeUTF8
from libc.stdint cimport uint32_t, uint64_t
from libc.string cimport memcmp, memcpy

from howdah.native.adapters cimport MAX_DEPTH, depth as level, load_python
from howdah.native.strings cimport equals_ascii, new_ascii, nibble

import json

cdef extern from *:
    """
    /* The GIL protects the table of keys. */
    #ifdef Py_GIL_DISABLED
    #define HOWDAH_KEYS_KEPT 0
    #else
    #define HOWDAH_KEYS_KEPT 1
    #endif
    """
    bint KEYS_KEPT "HOWDAH_KEYS_KEPT"

cdef extern from "Python.h":
    double PyOS_string_to_double(const char *s, char **endptr, void *overflow_exception) except? -1.0

cdef enum:
    #: The number of cached keys, a power of 2, and their maximum length.
    KEYS = 512
    LONGEST_KEY = 32

cdef object _json_loads = json.loads

#: A cache of ASCII keys, by a hash of their characters: most objects have the same keys as earlier ones.
cdef list _keys = [None] * KEYS


cdef struct JsonText:
    const char *p
    const char *end


# The functions that read a part return NotImplemented to leave the document to `json.loads`.

cdef inline char _next(JsonText *text) noexcept:
    """Skip white space; return the next character without reading it, NUL at the end."""
    cdef const char *p = text.p
    while p < text.end:
        if p[0] != c" " and p[0] != c"\n" and p[0] != c"\t" and p[0] != c"\r":
            text.p = p
            return p[0]
        p += 1
    text.p = p
    return 0


cdef object _read_value(JsonText *text, int depth):
    """Read the next value."""
    cdef char first = _next(text)
    if first == c'"':
        return _read_string(text, False)
    if first == c"-" or c"0" <= first <= c"9":
        return _read_json_number(text)
    if first == c"{":
        return _read_json_dict(text, depth + 1) if depth < MAX_DEPTH else NotImplemented
    if first == c"[":
        return _read_json_list(text, depth + 1) if depth < MAX_DEPTH else NotImplemented
    if first == c"t":
        return True if _read_word(text, b"true", 4) else NotImplemented
    if first == c"f":
        return False if _read_word(text, b"false", 5) else NotImplemented
    if first == c"n":
        return None if _read_word(text, b"null", 4) else NotImplemented
    return NotImplemented


cdef inline bint _read_word(JsonText *text, const char *word, Py_ssize_t size) noexcept:
    """Read a word, if it is the expected one."""
    if text.end - text.p < size or memcmp(text.p, word, size) != 0:
        return False
    text.p += size
    return True


cdef object _read_json_dict(JsonText *text, int depth):
    cdef dict values = {}
    text.p += 1
    if _next(text) == c"}":
        text.p += 1
        return values
    while _next(text) == c'"':
        key = _read_string(text, True)
        if key is NotImplemented or _next(text) != c":":
            return NotImplemented
        text.p += 1
        value = _read_value(text, depth)
        if value is NotImplemented:
            return NotImplemented
        PyDict_SetItem(values, key, value)
        if _next(text) != c",":
            break
        text.p += 1
    else:
        return NotImplemented
    if text.p == text.end or text.p[0] != c"}":
        return NotImplemented
    text.p += 1
    return values


cdef object _read_json_list(JsonText *text, int depth):
    cdef list values = []
    text.p += 1
    if _next(text) == c"]":
        text.p += 1
        return values
    while True:
        value = _read_value(text, depth)
        if value is NotImplemented:
            return NotImplemented
        PyList_Append(values, value)
        if _next(text) != c",":
            break
        text.p += 1
    if text.p == text.end or text.p[0] != c"]":
        return NotImplemented
    text.p += 1
    return values


# Numbers

cdef inline bint _read_digits(JsonText *text) noexcept:
    """Read at least one digit."""
    cdef const char *first = text.p
    while text.p < text.end and c"0" <= text.p[0] <= c"9":
        text.p += 1
    return text.p != first


cdef object _read_json_number(JsonText *text):
    cdef const char *first = text.p
    cdef const char *p = first
    cdef bint negative = first[0] == c"-"
    cdef long long value = 0
    cdef Py_ssize_t digits
    p += negative
    # A longer number may not fit.
    while p < text.end and c"0" <= p[0] <= c"9" and p - first < 18:
        value = 10 * value + (p[0] - c"0")
        p += 1
    digits = p - first - negative
    if not digits or (first[negative] == c"0" and digits > 1):
        return NotImplemented
    text.p = p
    if p < text.end and (p[0] == c"." or p[0] == c"e" or p[0] == c"E" or c"0" <= p[0] <= c"9"):
        return _read_long(text, first)
    return PyLong_FromLongLong(-value if negative else value)


cdef inline bint _skip_fraction(JsonText *text) noexcept:
    """Read a point and the digits after it, if there is one; return False if no digits follow."""
    if text.p == text.end or text.p[0] != c".":
        return True
    text.p += 1
    return _read_digits(text)


cdef inline bint _skip_exponent(JsonText *text) noexcept:
    """Read an exponent, if it is there; return False if it has no digits."""
    if text.p == text.end or (text.p[0] != c"e" and text.p[0] != c"E"):
        return True
    text.p += 1
    if text.p < text.end and (text.p[0] == c"-" or text.p[0] == c"+"):
        text.p += 1
    return _read_digits(text)


cdef object _read_long(JsonText *text, const char *first):
    """Read the rest of a number that is a float or has many digits; return the whole number."""
    cdef char[64] number
    cdef Py_ssize_t size
    cdef bint integer
    cdef const char *digits_end
    _read_digits(text)
    digits_end = text.p
    if not _skip_fraction(text) or not _skip_exponent(text):
        return NotImplemented
    integer = text.p == digits_end
    size = text.p - first
    if integer or size >= <Py_ssize_t> sizeof(number):
        try:
            return (int if integer else float)(PyUnicode_DecodeASCII(first, size, NULL))
        except ValueError:
            return NotImplemented
    memcpy(number, first, size)
    number[size] = 0
    return PyFloat_FromDouble(PyOS_string_to_double(number, NULL, NULL))


# Strings

cdef object _read_string(JsonText *text, bint is_key):
    """Read a string; a key may be shared with other objects."""
    cdef const char *first = text.p + 1
    cdef const char *p = first
    cdef unsigned char character, seen = 0
    while text.end - p >= 8 and _are_plain(p):
        p += 8
    while True:
        if p == text.end:
            return NotImplemented
        character = <unsigned char> p[0]
        if character == c'"':
            break
        if character < 0x20:
            return NotImplemented
        if character == c"\\":
            return _read_escaped(text)
        seen |= character
        p += 1
    text.p = p + 1
    if seen >= 0x80:
        return _decode(first, p - first)
    if KEYS_KEPT and is_key and 0 < p - first <= LONGEST_KEY:
        return _key(first, p - first)
    return new_ascii(first, p - first)


cdef inline bint _are_plain(const char *p) noexcept:
    """Return whether eight characters are ASCII without quotes, backslashes and control characters."""
    cdef uint64_t eight, quote, backslash
    memcpy(&eight, p, 8)
    quote = eight ^ <uint64_t> 0x2222222222222222
    backslash = eight ^ <uint64_t> 0x5C5C5C5C5C5C5C5C
    # Subtracting sets the high bit where a byte is smaller.
    return not (
        eight
        | (eight - <uint64_t> 0x2020202020202020)
        | (quote - <uint64_t> 0x0101010101010101)
        | (backslash - <uint64_t> 0x0101010101010101)
    ) & <uint64_t> 0x8080808080808080


cdef object _key(const char *data, Py_ssize_t size):
    """Return a key of ASCII characters, the cached object if there is one."""
    cdef uint32_t hashed = 0
    cdef Py_ssize_t i
    for i in range(size):
        hashed = hashed * 31 + <unsigned char> data[i]
    i = (hashed ^ hashed >> 9) % KEYS
    key = _keys[i]
    if key is None or not equals_ascii(key, data, size):
        key = _keys[i] = new_ascii(data, size)
    return key


cdef object _decode(const char *data, Py_ssize_t size):
    try:
        return PyUnicode_DecodeUTF8(data, size, "surrogatepass")
    except ValueError:
        return NotImplemented


cdef object _read_escaped(JsonText *text):
    """Read a string with backslashes."""
    cdef const char *p = text.p + 1
    cdef char *decoded
    cdef char *out
    while p < text.end and p[0] != c'"':
        p += 2 if p[0] == c"\\" else 1
    if p >= text.end:
        return NotImplemented
    # An escape is never shorter than the character that it represents.
    decoded = <char *> PyMem_Malloc(p - text.p)
    if decoded is NULL:
        raise MemoryError
    try:
        out = _unescape(decoded, text.p + 1, p)
        text.p = p + 1
        return NotImplemented if out is NULL else _decode(decoded, out - decoded)
    finally:
        PyMem_Free(decoded)


cdef char *_unescape(char *out, const char *p, const char *end) noexcept:
    """Write what is between two quotes, without escapes; return where that ends, NULL if it is malformed."""
    cdef int point
    cdef char escape
    while p < end:
        if <unsigned char> p[0] < 0x20:
            return NULL
        if p[0] != c"\\":
            out[0] = p[0]
            out += 1
            p += 1
            continue
        escape = p[1]
        p += 2
        if escape == c"u":
            point = _read_point(&p, end)
            if point < 0:
                return NULL
            out = _put_utf8(out, point)
            continue
        out[0] = _escaped(escape)
        if not out[0]:
            return NULL
        out += 1
    return out


cdef inline char _escaped(char letter) noexcept:
    """Return the character for a letter after a backslash, 0 if there is none."""
    if letter == c'"' or letter == c"\\" or letter == c"/":
        return letter
    if letter == c"n":
        return c"\n"
    if letter == c"t":
        return c"\t"
    if letter == c"r":
        return c"\r"
    if letter == c"b":
        return c"\b"
    return c"\f" if letter == c"f" else 0


cdef inline int _read_point(const char **p, const char *end) noexcept:
    """Read the digits after \\u, or both parts of a surrogate pair; return the code point, -1 if they are invalid."""
    cdef int low, point = _read_unit(p[0], end)
    if point < 0:
        return -1
    p[0] += 4
    if 0xD800 <= point < 0xDC00 and end - p[0] >= 6 and p[0][0] == c"\\" and p[0][1] == c"u":
        low = _read_unit(p[0] + 2, end)
        if 0xDC00 <= low < 0xE000:
            point = 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00)
            p[0] += 6
    return point


cdef int _read_unit(const char *p, const char *end) noexcept:
    """Return the value of four hexadecimal digits, -1 if they are invalid."""
    cdef int value = 0, i, digit
    if end - p < 4:
        return -1
    for i in range(4):
        digit = nibble(p[i])
        if digit < 0:
            return -1
        value = value << 4 | digit
    return value


cdef char *_put_utf8(char *out, int point) noexcept:
    """Write a code point, which may be a lone surrogate; return a pointer to the end."""
    if point < 0x80:
        out[0] = <char> point
        return out + 1
    if point < 0x800:
        out[0] = <char> (0xC0 | point >> 6)
    else:
        if point < 0x10000:
            out[0] = <char> (0xE0 | point >> 12)
        else:
            out[0] = <char> (0xF0 | point >> 18)
            out += 1
            out[0] = <char> (0x80 | (point >> 12 & 0x3F))
        out += 1
        out[0] = <char> (0x80 | (point >> 6 & 0x3F))
    out[1] = <char> (0x80 | (point & 0x3F))
    return out + 2


# The loaders

cdef object load_json(const char *data, Py_ssize_t size, object loader):
    value = _parse(data, size, loader)
    return load_python(data, size, loader) if value is NotImplemented else value


cdef object load_jsonb(const char *data, Py_ssize_t size, object loader):
    if size < 1 or data[0] != 1:  # the version of the format
        return load_python(data, size, loader)
    value = _parse(data + 1, size - 1, loader)
    return load_python(data, size, loader) if value is NotImplemented else value


cdef object _parse(const char *data, Py_ssize_t size, object loader):
    """Read a whole document."""
    cdef JsonText text = JsonText(data, data + size)
    if loader.loads is not _json_loads:
        return NotImplemented
    value = _read_value(&text, level())
    _next(&text)
    return value if text.p == text.end else NotImplemented
