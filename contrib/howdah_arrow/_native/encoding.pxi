# Encoding Arrow memory as rows of binary COPY data.
#
# Twin of `howdah_arrow.encoding`, which describes the rules.

cimport cython
from cpython.bytes cimport PyBytes_FromStringAndSize
from libc.stdint cimport INT32_MIN, INT64_MIN, int16_t, int32_t, int64_t, uint16_t, uint32_t, uint64_t, uintptr_t
from libc.string cimport memcpy

from howdah.native.adapters cimport Buffer
from howdah.native.byteorder cimport set_uint16, set_uint32, set_uint64

from howdah.errors import DataError
from howdah_arrow.layouts import Kind

cdef enum:
    #: A decimal of 256 bits has at most 77 digits, in 21 groups of four, since the groups start at the point.
    MAX_GROUPS = 24
    #: One more than a decoded number has, for a carry.
    MAX_SOURCE_LIMBS = 9
    #: The maximum number of digits of PostgreSQL's numeric before and after the point.
    MAX_INTEGER_DIGITS = 131072
    MAX_SCALE = 16383

cdef uint32_t NULL_LENGTH = 0xFFFFFFFF

cdef extern from *:
    """
    /* Read the limbs of a decimal, lowest first, from one integer in native byte order. */
    #include <stdint.h>
    static void howdah_arrow_from_memory(const char *source, uint32_t *limbs, int count) {
        uint64_t words[4];
        int i, n = count / 2;
        const union { uint16_t number; char bytes[2]; } order = {1};
        memcpy(words, source, 8 * n);
        for (i = 0; i < n; i++) {
            uint64_t word = words[order.bytes[0] ? i : n - 1 - i];
            limbs[2 * i] = (uint32_t) word;
            limbs[2 * i + 1] = (uint32_t) (word >> 32);
        }
    }
    """
    void from_memory "howdah_arrow_from_memory"(const char *source, uint32_t *limbs, int count) noexcept


@cython.final
cdef class Source:
    """An Arrow array to read from."""

    cdef int kind
    cdef int width
    cdef int scale
    cdef uint32_t oid
    cdef const unsigned char *validity
    cdef const char *data
    cdef const int32_t *ends
    # The offset of the array in the buffers.
    cdef Py_ssize_t offset
    cdef Source item
    # The owner of the memory.
    cdef object array

    @staticmethod
    cdef Source of(object layout, object array):
        """Return a source for an array, whose type must be that of the layout."""
        cdef Source source = Source.__new__(Source)
        cdef Py_ssize_t last
        source.array = array
        source.kind = layout.kind
        source.width = layout.width
        source.scale = layout.scale
        source.oid = layout.oid
        source.offset = array.offset
        buffers = array.buffers()
        source.validity = <const unsigned char *> address(buffers[0])
        if source.kind in (BYTES, JSONB, NUMBER, LIST):
            source.ends = <const int32_t *> address(buffers[1])
        if source.kind == LIST:
            source.item = Source.of(layout.item, array.values)
        else:
            source.data = <const char *> address(buffers[2 if source.ends is not NULL else 1])
        return source

    cdef inline bint is_null(self, Py_ssize_t i) noexcept:
        return self.validity is not NULL and not self.validity[i >> 3] >> (i & 7) & 1

    cdef inline int put(self, Py_ssize_t index, Buffer out) except -1:
        """Append the length of a value and the value, or NULL."""
        cdef Py_ssize_t i = self.offset + index
        if self.is_null(i):
            out.put_uint32(NULL_LENGTH)
            return 0
        return self.put_value(i, out)

    cdef int put_value(self, Py_ssize_t i, Buffer out) except -1:
        """Append the length and the value at a position in the buffers."""
        cdef int kind = self.kind
        cdef const char *data = self.data
        cdef char *p
        cdef uint64_t value8
        if kind in (BYTES, JSONB):
            self.put_bytes(data + self.ends[i], self.ends[i + 1] - self.ends[i], out)
        elif kind == SWAP4:
            put_swapped4(data + 4 * i, out)
        elif kind in (SWAP8, TIME):
            put_swapped8(data + 8 * i, out)
        elif kind == SWAP2:
            put_swapped2(data + 2 * i, out)
        elif kind == BOOL:
            p = out.reserve(5)
            set_uint32(p, 1)
            p[4] = data[i >> 3] >> (i & 7) & 1
        elif kind == TIMESTAMP:
            self.put_timestamp(data + 8 * i, out)
        elif kind == DATE:
            self.put_date(data + 4 * i, out)
        elif kind == DECIMAL:
            self.put_decimal(data + self.width * i, out)
        elif kind == FIXED:
            p = out.reserve(4 + self.width)
            set_uint32(p, <uint32_t> self.width)
            memcpy(p + 4, data + self.width * i, self.width)
        elif kind == INTERVAL:
            self.put_interval(data + 16 * i, out)
        elif kind == LIST:
            self.put_list(i, out)
        elif kind == NUMBER:
            put_number(data + self.ends[i], self.ends[i + 1] - self.ends[i], out)
        elif kind == DURATION:
            memcpy(&value8, data + 8 * i, 8)
            p = out.reserve(20)
            set_uint32(p, 16)
            set_uint64(p + 4, value8)
            set_uint64(p + 12, 0)
        else:
            raise AssertionError(f"no values of the kind {kind} are sent")
        return 0

    cdef int put_bytes(self, const char *source, Py_ssize_t size, Buffer out) except -1:
        """Append bytes; jsonb's have the version of the format in front, which is 1."""
        cdef bint versioned = self.kind == JSONB
        cdef char *p = out.reserve(4 + versioned + size)
        set_uint32(p, <uint32_t> (size + versioned))
        if versioned:
            p[4] = 1
        memcpy(p + 4 + versioned, source, size)
        return 0

    cdef int put_date(self, const char *source, Buffer out) except -1:
        cdef int32_t days
        cdef char *p
        memcpy(&days, source, 4)
        if days <= INT32_MIN + EPOCH_DAYS:
            raise out_of_range("date")
        p = out.reserve(8)
        set_uint32(p, 4)
        set_uint32(p + 4, <uint32_t> (days - EPOCH_DAYS))
        return 0

    cdef int put_timestamp(self, const char *source, Buffer out) except -1:
        cdef int64_t microseconds
        cdef char *p
        memcpy(&microseconds, source, 8)
        if microseconds <= INT64_MIN + EPOCH_MICROSECONDS:
            raise out_of_range("timestamp")
        p = out.reserve(12)
        set_uint32(p, 8)
        set_uint64(p + 4, <uint64_t> (microseconds - EPOCH_MICROSECONDS))
        return 0

    cdef int put_interval(self, const char *source, Buffer out) except -1:
        cdef int32_t months, days
        cdef int64_t nanoseconds
        cdef char *p
        memcpy(&months, source, 4)
        memcpy(&days, source + 4, 4)
        memcpy(&nanoseconds, source + 8, 8)
        if nanoseconds % 1000:
            raise DataError("PostgreSQL's intervals are of whole microseconds: this one has nanoseconds")
        p = out.reserve(20)
        set_uint32(p, 16)
        set_uint64(p + 4, <uint64_t> (nanoseconds // 1000))
        set_uint32(p + 12, <uint32_t> days)
        set_uint32(p + 16, <uint32_t> months)
        return 0

    cdef int put_decimal(self, const char *source, Buffer out) except -1:
        """Append a numeric; its digits in base 10,000 are computed from the last to the first."""
        cdef uint32_t[MAX_SOURCE_LIMBS] limbs = [0, 0, 0, 0, 0, 0, 0, 0, 0]
        cdef uint16_t[MAX_GROUPS] groups
        cdef int i, count = self.width // 4
        # Some zeros are added, so that a group ends at the point.
        cdef int zeros = (4 - (self.scale % 4 + 4) % 4) % 4
        cdef int length = 0, weight
        cdef bint negative
        cdef uint64_t carry
        from_memory(source, limbs, count)
        negative = limbs[count - 1] >> 31
        if negative:
            negate(limbs, count)
        carry = 0
        for i in range(count):
            carry += <uint64_t> limbs[i] * POWERS[zeros]
            limbs[i] = <uint32_t> carry
            carry >>= 32
        limbs[count] = <uint32_t> carry
        count += 1
        while count:
            if not limbs[count - 1]:
                count -= 1
                continue
            if count <= 2:
                # A number that fits into a machine word is divided as one.
                carry = limbs[0] | (<uint64_t> limbs[1] << 32 if count == 2 else 0)
                while carry:
                    groups[length] = <uint16_t> (carry % 10000)
                    length += 1
                    carry //= 10000
                break
            carry = 0
            for i in range(count - 1, -1, -1):
                carry = carry << 32 | limbs[i]
                limbs[i] = <uint32_t> (carry // 10000)
                carry %= 10000
            groups[length] = <uint16_t> carry
            length += 1
        weight = length - 1 - (self.scale + zeros) // 4
        return put_numeric(groups, length, True, weight, negative, max(self.scale, 0), out)

    cdef int put_list(self, Py_ssize_t i, Buffer out) except -1:
        """Append an array: dimensions, a flag, the items' oid; length and lower bound; the items."""
        cdef Py_ssize_t index, begin = self.ends[i], end = self.ends[i + 1]
        cdef Py_ssize_t start = out.length
        cdef Source item = self.item
        cdef bint nulls = False
        cdef char *p
        for index in range(begin, end):
            nulls |= item.is_null(item.offset + index)
        p = out.reserve(16 if begin == end else 24)
        set_uint32(p + 4, begin != end)
        set_uint32(p + 8, nulls)
        set_uint32(p + 12, item.oid)
        if begin != end:
            set_uint32(p + 16, <uint32_t> (end - begin))
            set_uint32(p + 20, 1)
        for index in range(begin, end):
            item.put(index, out)
        set_uint32(out.data + start, <uint32_t> (out.length - start - 4))
        return 0


cdef inline int put_swapped2(const char *source, Buffer out) except -1:
    cdef char *p = out.reserve(6)
    cdef uint16_t value
    memcpy(&value, source, 2)
    set_uint32(p, 2)
    set_uint16(p + 4, value)
    return 0


cdef inline int put_swapped4(const char *source, Buffer out) except -1:
    cdef char *p = out.reserve(8)
    cdef uint32_t value
    memcpy(&value, source, 4)
    set_uint32(p, 4)
    set_uint32(p + 4, value)
    return 0


cdef inline int put_swapped8(const char *source, Buffer out) except -1:
    cdef char *p = out.reserve(12)
    cdef uint64_t value
    memcpy(&value, source, 8)
    set_uint32(p, 8)
    set_uint64(p + 4, value)
    return 0


cdef uintptr_t address(object buffer) except? 1:
    return 0 if buffer is None else buffer.address


cdef object out_of_range(str type):
    return DataError(f"the {type} is out of the range of PostgreSQL's")


cdef int put_numeric(
    const uint16_t *groups, int length, bint backwards, int weight, bint negative, int scale, Buffer out
) except -1:
    """Append a numeric, without the groups at either end that are 0."""
    cdef int i = length - 1 if backwards else 0
    cdef int step = -1 if backwards else 1
    cdef char *p
    while length and not groups[i]:
        i += step
        length -= 1
        weight -= 1
    while length and not groups[i + step * (length - 1)]:
        length -= 1
    if not length:
        weight = negative = 0
    p = out.reserve(12 + 2 * length)
    set_uint32(p, 8 + 2 * length)
    set_uint16(p + 4, <uint16_t> length)
    set_uint16(p + 6, <uint16_t> weight)
    set_uint16(p + 8, 0x4000 if negative else 0)
    set_uint16(p + 10, <uint16_t> scale)
    for _ in range(length):
        p += 2
        set_uint16(p + 10, groups[i])
        i += step
    return 0


cdef struct NumberText:
    # The text of a number from what is to be read next.
    const char *p
    const char *end


cdef int put_number(const char *text, Py_ssize_t size, Buffer out) except -1:
    """Append a numeric that is written as text."""
    cdef NumberText rest = NumberText(text, text + size)
    cdef Buffer digits = Buffer.__new__(Buffer)
    cdef int64_t point = 0, exponent = 0
    cdef bint negative
    strip_spaces(&rest)
    negative = read_sign(&rest)
    if not read_digits(&rest, digits, &point) or not read_exponent(&rest, &exponent) or rest.p != rest.end:
        return put_special(text, size, out)
    return put_digits(digits, point + exponent, negative, out)


cdef inline int strip_spaces(NumberText *text) noexcept:
    while text.p < text.end and text.p[0] == c" ":
        text.p += 1
    while text.end > text.p and (text.end - 1)[0] == c" ":
        text.end -= 1
    return 0


cdef inline bint read_sign(NumberText *text) noexcept:
    """Read a sign, if there is one; return whether it is a minus."""
    if text.p == text.end or (text.p[0] != c"-" and text.p[0] != c"+"):
        return False
    text.p += 1
    return (text.p - 1)[0] == c"-"


cdef inline bint read_digits(NumberText *text, Buffer digits, int64_t *point) except -1:
    """Read digits with a point in them, or none; return whether there are any.

    Args:
        text: where to read.
        digits: where they go, as numbers, without the zeros that the number begins with.
        point: set to how many of them stand in front of the point.
    """
    cdef bint any_digit = False
    cdef char c
    point[0] = -1
    while text.p < text.end:
        c = text.p[0]
        if c"0" <= c <= c"9":
            any_digit = True
            # Leading zeros are not among the digits, unless they follow the point.
            if c != c"0" or digits.length or point[0] >= 0:
                digits.reserve(1)[0] = c - c"0"
        elif c == c"." and point[0] < 0:
            point[0] = digits.length
        else:
            break
        text.p += 1
    if point[0] < 0:
        point[0] = digits.length
    return any_digit


cdef inline bint read_exponent(NumberText *text, int64_t *exponent) noexcept:
    """Read an exponent, if there is one; return whether something follows its letter."""
    cdef bint down
    if text.p == text.end or (text.p[0] != c"e" and text.p[0] != c"E"):
        return True
    text.p += 1
    down = read_sign(text)
    if text.p == text.end:
        return False
    while text.p < text.end and c"0" <= text.p[0] <= c"9" and exponent[0] < 1000000:
        exponent[0] = 10 * exponent[0] + (text.p[0] - c"0")
        text.p += 1
    if down:
        exponent[0] = -exponent[0]
    return True


cdef int put_digits(Buffer digits, int64_t point, bint negative, Buffer out) except -1:
    """Append a numeric.

    Args:
        digits: its digits, as numbers.
        point: how many of them stand in front of the point: more than there are, or less than none.
        negative: whether it is.
        out: where to.
    """
    cdef Py_ssize_t i, length, count = digits.length
    cdef int64_t weight, exponent, scale = max(count - point, 0)
    cdef uint16_t *groups
    if point > MAX_INTEGER_DIGITS or scale > MAX_SCALE:
        raise DataError("the number has more digits than PostgreSQL's numeric")
    # Groups of four digits start and end at the point.
    weight = (point + 3) // 4 - 1 if point > 0 else -((-point) // 4) - 1
    exponent = 4 * (weight + 1) - point
    length = <Py_ssize_t> (exponent + count + 3) // 4
    digits.reserve(2 * length + 2)
    groups = <uint16_t *> (digits.data + count + (count & 1))
    for i in range(length):
        groups[i] = 0
    for i in range(4 * length):
        groups[i >> 2] = groups[i >> 2] * 10 + (
            digits.data[i - exponent] if exponent <= i < exponent + count else 0
        )
    return put_numeric(groups, <int> length, False, <int> weight, negative, <int> scale, out)


cdef int put_special(const char *text, Py_ssize_t size, Buffer out) except -1:
    """Append NaN or an infinity; refuse any other text."""
    cdef int sign
    cdef char *p
    cdef str word = decoded(text, size).strip().lower()
    if word == "nan":
        sign = 0xC000
    elif word in ("inf", "+inf", "infinity", "+infinity"):
        sign = 0xD000
    elif word in ("-inf", "-infinity"):
        sign = 0xF000
    else:
        raise DataError("this is no number")
    p = out.reserve(12)
    set_uint32(p, 8)
    set_uint32(p + 4, 0)
    set_uint16(p + 8, <uint16_t> sign)
    set_uint16(p + 10, 0)
    return 0


cdef str decoded(const char *text, Py_ssize_t size):
    """Return the beginning of a text."""
    return PyBytes_FromStringAndSize(text, min(size, 100)).decode("utf-8", "replace")


cdef class Encoder:
    """Reads Arrow arrays row by row.

    Args:
        names: the names of the columns, for errors.
        layouts: their layouts.
    """

    cdef tuple names
    cdef tuple layouts
    cdef list sources
    cdef Py_ssize_t length
    cdef Py_ssize_t position
    # The number of rows in previous batches.
    cdef Py_ssize_t before

    def __init__(self, names, layouts):
        self.names = tuple(names)
        self.layouts = tuple(layouts)
        self.sources = []

    def begin(self, arrays, Py_ssize_t length) -> None:
        """Start to read a batch.

        Args:
            arrays: the arrays, whose types must be those of the layouts.
            length: the number of rows.
        """
        self.before += self.length
        self.sources = [Source.of(layout, array) for layout, array in zip(self.layouts, arrays)]
        self.length = length
        self.position = 0

    def encode(self, Py_ssize_t size) -> bytes:
        """Return the next rows, of about `size` bytes; b"" at the end of the batch."""
        cdef Buffer out = Buffer.__new__(Buffer)
        cdef list sources = self.sources
        cdef Py_ssize_t i = 0, count = len(sources)
        out.grow(size + size // 8)
        try:
            while out.length < size and self.position < self.length:
                out.put_uint16(<uint16_t> count)
                for i in range(count):
                    (<Source> sources[i]).put(self.position, out)
                self.position += 1
        except DataError as e:
            row = self.before + self.position + 1
            raise DataError(f"column {self.names[i]!r}, row {row}: {e}") from None
        return PyBytes_FromStringAndSize(out.data, out.length)


if [int(kind) for kind in Kind] != list(range(15)):
    raise ImportError("the kinds of the layouts are not those of this module")
