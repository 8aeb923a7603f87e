# Loading bool, the integers, the floats, numeric, and money with a known number of decimals.
#
# Source: PostgreSQL documentation, "Numeric Types"; the binary layout of numeric
# is the one `numeric_send` documents in its source.

from cpython.float cimport PyFloat_FromDouble
from cpython.long cimport PyLong_FromLong, PyLong_FromLongLong, PyLong_FromUnsignedLong
from cpython.mem cimport PyMem_Free, PyMem_Malloc
from cpython.unicode cimport PyUnicode_DecodeASCII
from libc.math cimport isinf
from libc.stdint cimport uint16_t, uint64_t
from libc.stdio cimport snprintf
from libc.string cimport memcpy

from howdah.native.adapters cimport load_python
from howdah_types._native.decimals cimport decimals_known, new_decimal
from howdah.native.byteorder cimport (
    get_float4, get_float8, get_int16, get_int32, get_int64, get_uint16, get_uint32
)

cdef extern from "Python.h":
    double PyOS_string_to_double(const char *s, char **endptr, void *overflow_exception) except? -1.0

cdef type _Decimal = None
cdef bint _decimals_known = False


cdef int _import_decimal() except -1:
    """Import `decimal` with the first value, because the import is slow and rarely needed."""
    global _Decimal, _decimals_known
    from decimal import Decimal
    _decimals_known = decimals_known(Decimal)
    _Decimal = Decimal
    return 0


cdef object _decimal(const char *text, Py_ssize_t size):
    """Return the `Decimal` for a text."""
    if _Decimal is None:
        _import_decimal()
    return _Decimal(PyUnicode_DecodeASCII(text, size, NULL))


cdef object load_bool_text(const char *data, Py_ssize_t size, object loader):
    if size == 1 and data[0] == c"t":
        return True
    if size == 1 and data[0] == c"f":
        return False
    return load_python(data, size, loader)


cdef object load_bool(const char *data, Py_ssize_t size, object loader):
    if size == 1 and <unsigned char> data[0] <= 1:
        return data[0] == 1
    return load_python(data, size, loader)


cdef object load_int_text(const char *data, Py_ssize_t size, object loader):
    cdef long long value = 0
    cdef Py_ssize_t first = size > 0 and data[0] == c"-"
    cdef Py_ssize_t i
    if size == first or size > 18:  # a number with more digits may not fit
        return load_python(data, size, loader)
    for i in range(first, size):
        if not c"0" <= data[i] <= c"9":
            return load_python(data, size, loader)
        value = 10 * value + (data[i] - c"0")
    return PyLong_FromLongLong(-value if first else value)


cdef object load_int2(const char *data, Py_ssize_t size, object loader):
    if size != 2:
        return load_python(data, size, loader)
    return PyLong_FromLong(get_int16(data))


cdef object load_int4(const char *data, Py_ssize_t size, object loader):
    if size != 4:
        return load_python(data, size, loader)
    return PyLong_FromLong(get_int32(data))


cdef object load_int8(const char *data, Py_ssize_t size, object loader):
    if size != 8:
        return load_python(data, size, loader)
    return PyLong_FromLongLong(get_int64(data))


cdef object load_oid(const char *data, Py_ssize_t size, object loader):
    if size != 4:
        return load_python(data, size, loader)
    return PyLong_FromUnsignedLong(get_uint32(data))


cdef object load_float_text(const char *data, Py_ssize_t size, object loader):
    cdef char text[32]
    if size == 0 or size >= <Py_ssize_t> sizeof(text):
        return load_python(data, size, loader)
    memcpy(text, data, size)
    text[size] = 0
    try:
        # A NUL would end the number early, so the length is compared.
        return PyFloat_FromDouble(_parse_float(text, size))
    except ValueError:
        return load_python(data, size, loader)


cdef object load_float4_text(const char *data, Py_ssize_t size, object loader):
    cdef double value
    cdef float narrow
    value = load_float_text(data, size, loader)
    narrow = <float> value
    if isinf(narrow) and not isinf(value):
        return load_python(data, size, loader)
    return PyFloat_FromDouble(narrow)


cdef double _parse_float(const char *text, Py_ssize_t size) except? -1.0:
    cdef char *end = NULL
    cdef double value = PyOS_string_to_double(text, &end, NULL)
    if end != text + size:
        raise ValueError
    return value


cdef object load_float4(const char *data, Py_ssize_t size, object loader):
    if size != 4:
        return load_python(data, size, loader)
    return PyFloat_FromDouble(get_float4(data))


cdef object load_float8(const char *data, Py_ssize_t size, object loader):
    if size != 8:
        return load_python(data, size, loader)
    return PyFloat_FromDouble(get_float8(data))


cdef object load_numeric_text(const char *data, Py_ssize_t size, object loader):
    cdef uint64_t coefficient = 0
    cdef Py_ssize_t i, digits = 0, point = -1
    for i in range(size):
        if c"0" <= data[i] <= c"9":
            digits += 1
            coefficient = 10 * coefficient + <uint64_t> (data[i] - c"0")  # not used if there are many digits
        elif data[i] == c"." and point < 0:
            point = i
        elif not (data[i] == c"-" and i == 0):
            return load_python(data, size, loader)  # NaN, Infinity, or malformed
    if not digits:
        return load_python(data, size, loader)
    if _Decimal is None:
        _import_decimal()
    if _decimals_known and digits <= 18:
        return _short_decimal(data[0] == c"-", coefficient, 0 if point < 0 else <int> (size - point - 1))
    return _decimal(data, size)


cdef inline object _short_decimal(bint negative, uint64_t coefficient, int scale):
    """Return the Decimal with a coefficient of at most 18 digits."""
    cdef uint64_t bound = 10
    cdef int digits = 1
    while coefficient >= bound:
        bound *= 10
        digits += 1
    return new_decimal(_Decimal, negative, coefficient, digits, -scale)


cdef object load_numeric(const char *data, Py_ssize_t size, object loader):
    # The header: the number of digits, in base 10,000; the power of 10,000 of the
    # first digit; the sign; the number of decimal digits after the point.
    if size < 8:
        return load_python(data, size, loader)
    cdef int ndigits = get_uint16(data)
    cdef int weight = get_int16(data + 2)
    cdef uint16_t sign = get_uint16(data + 4)
    cdef int scale = get_uint16(data + 6)
    if size != 8 + 2 * ndigits:
        return load_python(data, size, loader)
    if _Decimal is None:
        _import_decimal()
    if ndigits == 0:
        special = _special_numeric(sign)
        if special is not None:
            return special
        weight = 0
    if (
        not (sign == 0 or (sign == 0x4000 and ndigits > 0))
        or scale > 0x3FFF
        or 4 * (weight + 1 - ndigits if ndigits else 0) + scale > 1000
    ):
        return load_python(data, size, loader)
    if _decimals_known:
        value = _short_numeric(data + 8, ndigits, weight, sign != 0, scale)
        if value is not None:
            return value
    value = _long_numeric(data + 8, ndigits, weight, sign != 0, scale)
    return load_python(data, size, loader) if value is None else value


cdef inline object _special_numeric(uint16_t sign):
    """Return the Decimal that a sign says to be no number; None if it says otherwise."""
    if sign == 0xC000:
        return _Decimal("NaN")
    if sign == 0xD000:
        return _Decimal("Infinity")
    return _Decimal("-Infinity") if sign == 0xF000 else None


cdef object _long_numeric(const char *groups, int ndigits, int weight, bint negative, int scale):
    """Return a numeric of any number of digits; None if it is malformed.

    It is written out in decimal: sign, whole groups, point, fractional groups (the last
    one may run three digits over the scale).
    """
    cdef Py_ssize_t room = 4 * (max(weight, 0) + 1) + 1 + 4 * ((scale + 3) // 4) + 1
    cdef char small[128]
    cdef char *text = small
    cdef Py_ssize_t length
    if room > <Py_ssize_t> sizeof(small):
        text = <char *> PyMem_Malloc(room)
        if text is NULL:
            raise MemoryError
    try:
        length = _write_numeric(text, groups, ndigits, weight, negative, scale)
        return None if length < 0 else _decimal(text, length)
    finally:
        if text != small:
            PyMem_Free(text)


cdef object _short_numeric(const char *groups, int ndigits, int weight, bint negative, int scale):
    """Return a numeric of at most 18 digits; None if it has more, or is malformed."""
    cdef uint64_t coefficient = 0
    cdef int shown = weight + 1 + (scale + 3) // 4  # groups, the last with digits that are not shown
    cdef int group, i
    for i in range(max(shown, ndigits)):
        group = get_uint16(groups + 2 * i) if i < ndigits else 0
        if group > 9999 or (i >= shown and group) or coefficient >= 10 ** 14:
            return None
        if i < shown:
            coefficient = 10000 * coefficient + group
    for i in range(-scale & 3):
        if coefficient % 10:
            return None
        coefficient //= 10
    return _short_decimal(negative, coefficient, scale)


cdef Py_ssize_t _write_numeric(
    char *text, const char *digits, int ndigits, int weight, bint negative, int scale
) noexcept:
    """Write a numeric in decimal to `text`; return its length, or -1 if it is malformed."""
    cdef char *p = text
    cdef int first = max(weight, 0)  # the power of 10,000 the text starts with
    cdef int last = -((scale + 3) // 4)  # and the one it ends with
    cdef int group, digit, power
    cdef int i
    # Groups before the first or after the last one of the text must be zero.
    for i in range(ndigits):
        digit = get_uint16(digits + 2 * i)
        if digit > 9999 or (weight - i < last and digit != 0):
            return -1
    if negative:
        p[0] = c"-"
        p += 1
    for power in range(first, last - 1, -1):
        if power == -1:
            p[0] = c"."
            p += 1
        i = weight - power
        group = get_uint16(digits + 2 * i) if 0 <= i < ndigits else 0
        p[0] = <char> (c"0" + group // 1000)
        p[1] = <char> (c"0" + group // 100 % 10)
        p[2] = <char> (c"0" + group // 10 % 10)
        p[3] = <char> (c"0" + group % 10)
        p += 4
    # The last group may have digits beyond the scale, which must be zeros.
    for i in range(-4 * last - scale):
        p -= 1
        if p[0] != c"0":
            return -1
    return p - text


cdef inline int _sign_of_money(const char *data, Py_ssize_t size) noexcept:
    """Return 1, or -1 of a negative amount; 0 if the text is not in ASCII and one line."""
    cdef Py_ssize_t i
    cdef int sign = 1
    for i in range(size):
        if not 0 < data[i] < 0x7F or data[i] == c"\n":
            return 0
        if data[i] == c"-" or data[i] == c"(":
            sign = -1
    return sign


cdef inline int _strip_to_digits(const char *data, Py_ssize_t *first, Py_ssize_t *last) noexcept:
    """Skip the characters before the first digit and after the last one."""
    while first[0] < last[0] and not c"0" <= data[first[0]] <= c"9":
        first[0] += 1
    while first[0] < last[0] and not c"0" <= data[last[0] - 1] <= c"9":
        last[0] -= 1
    return 0


cdef object load_money_text(const char *data, Py_ssize_t size, object loader):
    # In ASCII: a sign, a currency, digits with separators, the last of which may be the decimal point, and
    # possibly a sign and a currency again.
    cdef char text[64]
    cdef Py_ssize_t i, shown, first = 0, last = size, length = 0, separator = -1
    cdef int decimals = loader.decimals
    cdef int sign = _sign_of_money(data, size) if size <= 48 else 0
    if not sign:
        return load_python(data, size, loader)
    if sign < 0:
        text[0] = c"-"
        length = 1
    _strip_to_digits(data, &first, &last)
    for i in range(first, last):
        if c"0" <= data[i] <= c"9":
            text[length] = data[i]
            length += 1
        else:
            separator = i
    shown = last - separator - 1 if separator >= 0 else 0
    # Without decimals, a group of thousands follows the last separator.
    if first == last or decimals > 9 or not (decimals == shown or (decimals == 0 and shown == 3)):
        return load_python(data, size, loader)
    length += snprintf(text + length, sizeof(text) - length, "E-%d", decimals)
    return _decimal(text, length)


cdef object load_money(const char *data, Py_ssize_t size, object loader):
    cdef char text[40]
    cdef int decimals = loader.decimals
    if size != 8 or decimals < 0:
        return load_python(data, size, loader)
    return _decimal(text, snprintf(text, sizeof(text), "%lldE-%d", <long long> get_int64(data), decimals))
