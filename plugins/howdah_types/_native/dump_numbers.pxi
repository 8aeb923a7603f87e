# Dumping booleans, integers, floats and decimals.
#
# Every function handles objects of exactly one class, because subclasses may differ.
#
# Source: PostgreSQL documentation, "Numeric Types", "Boolean Type"; the binary layouts are those that the
# types' receive functions (`int4recv`, `numeric_recv`, …) document in their source.

from cpython.bool cimport PyBool_Check
from cpython.float cimport PyFloat_AS_DOUBLE, PyFloat_CheckExact
from cpython.long cimport PyLong_CheckExact
from cpython.mem cimport PyMem_Free
from libc.math cimport isinf
from libc.stdint cimport int64_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport atoi
from libc.string cimport memchr, memcpy, strlen

from howdah.native.adapters cimport Buffer, DumperEntry
from howdah.native.byteorder cimport set_float8, set_uint16

cdef extern from "Python.h":
    long long PyLong_AsLongLongAndOverflow(object value, int *overflow) except? -1
    char *PyOS_double_to_string(double value, char format, int precision, int flags, int *kind) except NULL
    int Py_DTSF_ADD_DOT_0
    Py_ssize_t PyUnicode_GET_LENGTH(object value)
    const char *PyUnicode_DATA(object value)

cdef enum:
    INT8_OID = 20
    INT2_OID = 21
    INT4_OID = 23
    #: The maximum number of digits of numeric on either side of the point.
    MAX_INTEGRAL_DIGITS = 131072
    MAX_SCALE = 0x3FFF
    #: The values of the sign field for NaN and the infinities.
    NAN = 0xC000
    INFINITY = 0xD000
    MINUS_INFINITY = 0xF000

#: The weight of a digit within its group of four, by its exponent modulo 4.
cdef int[4] _POWERS = [1, 10, 100, 1000]


cdef int dump_bool_text(object obj, Buffer out, uint32_t *oid, DumperEntry entry) except -1:
    if not PyBool_Check(obj):
        return 0
    out.reserve(1)[0] = c"t" if obj is True else c"f"
    return 1


cdef int dump_bool(object obj, Buffer out, uint32_t *oid, DumperEntry entry) except -1:
    if not PyBool_Check(obj):
        return 0
    out.reserve(1)[0] = obj is True
    return 1


cdef int _get_integer(object obj, int64_t *value) except -1:
    """Get the value of an int; return whether it fits."""
    cdef int overflow = 0
    if not PyLong_CheckExact(obj):
        return 0
    value[0] = PyLong_AsLongLongAndOverflow(obj, &overflow)
    return not overflow


cdef int dump_int_text(object obj, Buffer out, uint32_t *oid, DumperEntry entry) except -1:
    cdef int64_t value
    if not _get_integer(obj, &value):
        return 0
    if -0x8000 <= value <= 0x7FFF:
        oid[0] = INT2_OID
    elif -0x80000000LL <= value <= 0x7FFFFFFF:
        oid[0] = INT4_OID
    else:
        oid[0] = INT8_OID
    out.put_integer(value)
    return 1


cdef object int_key(object obj, DumperEntry entry):
    cdef int64_t value
    if not _get_integer(obj, &value):
        return entry.dumper.get_key(obj, entry.dumpers.format)
    by_size = entry.dumper._by_size
    if -0x8000 <= value <= 0x7FFF:
        return by_size[0]
    return by_size[1] if -0x80000000LL <= value <= 0x7FFFFFFF else by_size[2]


cdef int dump_integer_text(object obj, Buffer out, uint32_t *oid, DumperEntry entry) except -1:
    cdef int64_t value
    if not _get_integer(obj, &value):
        return 0
    out.put_integer(value)
    return 1


cdef int dump_int(object obj, Buffer out, uint32_t *oid, DumperEntry entry) except -1:
    cdef int64_t value
    if not _get_integer(obj, &value):
        return 0
    if -0x8000 <= value <= 0x7FFF:
        oid[0] = INT2_OID
        out.put_uint16(<uint16_t> value)
    elif -0x80000000LL <= value <= 0x7FFFFFFF:
        oid[0] = INT4_OID
        out.put_uint32(<uint32_t> value)
    else:
        oid[0] = INT8_OID
        out.put_uint64(<uint64_t> value)
    return 1


cdef int dump_int2(object obj, Buffer out, uint32_t *oid, DumperEntry entry) except -1:
    cdef int64_t value
    if not _get_integer(obj, &value) or not -0x8000 <= value <= 0x7FFF:
        return 0
    out.put_uint16(<uint16_t> value)
    return 1


cdef int dump_int4(object obj, Buffer out, uint32_t *oid, DumperEntry entry) except -1:
    cdef int64_t value
    if not _get_integer(obj, &value) or not -0x80000000LL <= value <= 0x7FFFFFFF:
        return 0
    out.put_uint32(<uint32_t> value)
    return 1


cdef int dump_int8(object obj, Buffer out, uint32_t *oid, DumperEntry entry) except -1:
    cdef int64_t value
    if not _get_integer(obj, &value):
        return 0
    out.put_uint64(<uint64_t> value)
    return 1


cdef int dump_oid(object obj, Buffer out, uint32_t *oid, DumperEntry entry) except -1:
    cdef int64_t value
    if not _get_integer(obj, &value) or not 0 <= value <= 0xFFFFFFFFLL:
        return 0
    out.put_uint32(<uint32_t> value)
    return 1


cdef int dump_float_text(object obj, Buffer out, uint32_t *oid, DumperEntry entry) except -1:
    cdef char *text
    if not PyFloat_CheckExact(obj):
        return 0
    text = PyOS_double_to_string(PyFloat_AS_DOUBLE(obj), c"r", 0, Py_DTSF_ADD_DOT_0, NULL)
    try:
        out.put(text, strlen(text))
    finally:
        PyMem_Free(text)
    return 1


cdef int dump_float4(object obj, Buffer out, uint32_t *oid, DumperEntry entry) except -1:
    cdef double value
    cdef float narrow
    cdef uint32_t bits
    if not PyFloat_CheckExact(obj):
        return 0
    value = PyFloat_AS_DOUBLE(obj)
    narrow = <float> value
    if value != value or (isinf(narrow) and not isinf(value)):
        return 0
    memcpy(&bits, &narrow, 4)
    out.put_uint32(bits)
    return 1


cdef int dump_float8(object obj, Buffer out, uint32_t *oid, DumperEntry entry) except -1:
    if not PyFloat_CheckExact(obj):
        return 0
    set_float8(out.reserve(8), PyFloat_AS_DOUBLE(obj))
    return 1


cdef int _is_decimal(object obj) except -1:
    """Return whether an object is a `Decimal`; the class is imported on first use."""
    if _Decimal is None:
        _import_decimal()
    return type(obj) is _Decimal


cdef int dump_numeric_text(object obj, Buffer out, uint32_t *oid, DumperEntry entry) except -1:
    if not _is_decimal(obj):
        return 0
    cdef str text = str(obj)
    cdef const char *p = PyUnicode_DATA(text)
    cdef Py_ssize_t size = PyUnicode_GET_LENGTH(text)
    if memchr(p, c"a", size) is not NULL:
        out.put("NaN", 3)  # of either sign, signalling, with a payload
    else:
        out.put(p, size)
    return 1


cdef int _put_special(const char *p, const char *end, bint negative, Buffer out) except -1:
    """Append NaN, without a sign or payload, or an infinity."""
    cdef uint16_t sign
    if p[0] == c"I":
        sign = MINUS_INFINITY if negative else INFINITY
    elif end - p == 3 and not negative:
        sign = NAN
    else:
        return 0
    out.put_uint32(0)  # neither digits nor weight
    out.put_uint16(sign)
    out.put_uint16(0)
    return 1


cdef inline const char *_skip_digits(const char *p, const char *end) noexcept:
    while p < end and c"0" <= p[0] <= c"9":
        p += 1
    return p


cdef inline int _put_groups(const char *p, const char *end, int exponent, Buffer out, int *weight) except -1:
    """Append what follows the header: groups of four decimal digits, each a number below 10,000.

    Args:
        p: the first of the decimal digits, with a point among them or none.
        end: where they end.
        exponent: the power of ten of the first one.
        out: where to.
        weight: set to the power of 10,000 of the first group that is not 0: it begins with that.

    Returns:
        How many groups there are up to the last that is not 0.
    """
    cdef int group = 0, count = 0, kept = 0
    while p < end:
        if p[0] != c".":
            group += (p[0] - c"0") * _POWERS[exponent & 3]
            if exponent & 3 == 0 or p + 1 == end:
                if group and not count:
                    weight[0] = exponent >> 2
                if group or count:
                    out.put_uint16(<uint16_t> group)
                    count += 1
                if group:
                    kept = count
                group = 0
            exponent -= 1
        p += 1
    return kept


cdef int dump_numeric(object obj, Buffer out, uint32_t *oid, DumperEntry entry) except -1:
    if not _is_decimal(obj):
        return 0
    cdef str text = str(obj)
    cdef const char *p = PyUnicode_DATA(text)
    cdef const char *end = p + PyUnicode_GET_LENGTH(text)
    cdef bint negative = p[0] == c"-"
    if negative:
        p += 1
    cdef const char *point = _skip_digits(p, end)
    if point == p:
        return _put_special(p, end, negative, out)
    # The exponent moves the point.
    cdef int shift = 0
    cdef const char *letter = <const char *> memchr(point, c"E", end - point)
    if letter is not NULL:
        if end - letter > 8:
            return 0  # out of range
        shift = atoi(letter + 1)
        end = letter
    cdef Py_ssize_t scale = (end - point - 1 if point < end else 0) - shift
    if scale < 0:
        scale = 0
    if point - p + shift > MAX_INTEGRAL_DIGITS or scale > MAX_SCALE:
        return 0  # too many digits

    cdef Py_ssize_t header = out.length
    cdef int weight = 0
    out.reserve(8)
    cdef int kept = _put_groups(p, end, <int> (point - p) - 1 + shift, out, &weight)
    out.length = header + 8 + 2 * kept
    set_uint16(out.data + header, <uint16_t> kept)
    set_uint16(out.data + header + 2, <uint16_t> weight)
    set_uint16(out.data + header + 4, 0x4000 if negative and kept else 0)
    set_uint16(out.data + header + 6, <uint16_t> scale)
    return 1
