# Decoding rows to Arrow memory.
#
# Twin of `howdah_arrow.decoding`, which describes the rules.

cimport cython
from cpython.buffer cimport PyBuffer_FillInfo
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from libc.stdint cimport INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN, int32_t, int64_t, uint32_t, uint64_t
from libc.stdlib cimport free, realloc
from libc.string cimport memcpy, memset

from howdah.native.adapters cimport RowDecoder
from howdah.native.byteorder cimport get_int32, get_int64, get_uint16, get_uint32, get_uint64

from howdah.errors import DataError
from howdah.protocol.messages import ProtocolViolation
from howdah_arrow.assembling import array
from howdah_arrow.layouts import Kind

cdef enum:
    #: The initial capacity, in values.
    FIRST_LENGTH = 1024
    MAX_LIMBS = 8

cdef int64_t EPOCH_MICROSECONDS = 946684800000000
cdef int64_t DAY_MICROSECONDS = 86400000000
#: The maximum size of the rows of one batch, in bytes, because offsets have 32 bits.
cdef Py_ssize_t MAX_BATCH_BYTES = INT32_MAX

cdef uint32_t[10] POWERS = [1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000]


cdef class Memory:
    """Growing memory that is finally lent to Arrow."""

    cdef char *data
    cdef Py_ssize_t size
    cdef Py_ssize_t capacity

    def __dealloc__(self):
        free(self.data)

    def __getbuffer__(self, Py_buffer *view, int flags):
        PyBuffer_FillInfo(view, self, self.data, self.size, 0, flags)

    cdef int grow(self, Py_ssize_t size) except -1:
        """Make room for `size` more bytes."""
        return self.resize(max(2 * self.capacity, self.size + size))

    cdef int resize(self, Py_ssize_t capacity) except -1:
        cdef char *data = <char *> realloc(self.data, max(capacity, 1))
        if data is NULL:
            raise MemoryError(f"cannot allocate {capacity} bytes")
        self.data = data
        self.capacity = capacity
        return 0

    cdef inline char *reserve(self, Py_ssize_t size) except NULL:
        """Append `size` uninitialized bytes; return a pointer to them."""
        cdef Py_ssize_t start = self.size
        if size >= self.capacity - start:
            self.grow(size)
        self.size = start + size
        return self.data + start

    cdef int set_bit(self, Py_ssize_t index, bint value) except -1:
        """Set a bit, and clear those after it in its byte."""
        if not index & 7:
            self.reserve(1)[0] = 0
        if value:
            self.data[index >> 3] |= <char> (1 << (index & 7))
        return 0


@cython.final
cdef class Column:
    """A column to append values to."""

    cdef int kind
    cdef int width
    cdef int scale
    # How many bytes a value has on the wire, -1 if that varies.
    cdef Py_ssize_t sent
    # How many digits a decimal has before the point at most.
    cdef int whole
    cdef Py_ssize_t length
    cdef Py_ssize_t nulls
    # The validity bits, None before the first NULL.
    cdef Memory validity
    cdef Memory data
    # The end of each value, in 32 bits.
    cdef Memory ends
    cdef Column item
    cdef object layout

    @staticmethod
    cdef Column of(object layout):
        """Return a column with a layout."""
        cdef Column column = Column.__new__(Column)
        column.layout = layout
        column.kind = layout.kind
        column.width = layout.width
        column.scale = layout.scale
        column.sent = sent_size(column.kind, column.width)
        if layout.kind == DECIMAL:
            column.whole = layout.type.precision - layout.scale
        column.renew()
        return column

    cdef int renew(self) except -1:
        """Start with new memory."""
        self.length = self.nulls = 0
        self.validity = None
        self.data = self.ends = None
        if self.kind == LIST:
            self.item = Column.of(self.layout.item)
        else:
            self.data = Memory.__new__(Memory)
            self.data.resize(FIRST_LENGTH * max(self.width, 1))
        if self.kind in (BYTES, JSONB, LIST):
            self.ends = Memory.__new__(Memory)
            self.ends.resize(4 * FIRST_LENGTH)
            (<int32_t *> self.ends.reserve(4))[0] = 0
        return 0

    cdef tuple take(self):
        """Return the arguments of `assembling.array` except the layout, and start with new memory."""
        cdef list buffers = [self.validity]
        cdef Memory memory
        cdef tuple item = None
        cdef Py_ssize_t length = self.length, nulls = self.nulls
        if self.ends is not None:
            buffers.append(self.ends)
        if self.kind == LIST:
            item = self.item.take()
        else:
            buffers.append(self.data)
        for memory in buffers:
            if memory is not None:
                memory.resize(memory.size)
        self.renew()
        return length, nulls, buffers, item

    cdef int put_null(self) except -1:
        """Append NULL."""
        cdef char *p
        if self.validity is None:
            self.validity = Memory.__new__(Memory)
            self.validity.resize(self.length // 8 + FIRST_LENGTH)
            p = self.validity.reserve((self.length + 7) >> 3)
            memset(p, 0xFF, self.length >> 3)
            if self.length & 7:
                p[self.length >> 3] = <char> ((1 << (self.length & 7)) - 1)
        self.validity.set_bit(self.length, False)
        self.nulls += 1
        if self.ends is not None:
            self.put_end()
        elif self.kind == BOOL:
            self.data.set_bit(self.length, False)
        else:
            memset(self.data.reserve(self.width), 0, self.width)
        self.length += 1
        return 0

    cdef inline int put_end(self) except -1:
        cdef Py_ssize_t end = self.item.length if self.kind == LIST else self.data.size
        (<int32_t *> self.ends.reserve(4))[0] = <int32_t> end
        return 0

    cdef int put(self, const char *p, Py_ssize_t size) except -1:
        """Append a value."""
        cdef int kind = self.kind
        self.check_size(size)
        if kind == BYTES:
            memcpy(self.data.reserve(size), p, size)
            self.put_end()
        elif kind == SWAP4:
            self.put_swapped4(p)
        elif kind == SWAP8:
            self.put_swapped8(p)
        elif kind == BOOL:
            self.data.set_bit(self.length, p[0] != 0)
        elif kind == SWAP2:
            self.put_swapped2(p)
        elif kind == TIMESTAMP:
            self.put_timestamp(p)
        elif kind == DATE:
            self.put_date(p)
        elif kind == DECIMAL:
            self.put_decimal(p, size)
        elif kind == FIXED:
            memcpy(self.data.reserve(size), p, size)
        elif kind == JSONB:
            self.put_jsonb(p, size)
        elif kind == TIME:
            self.put_time(p)
        elif kind == INTERVAL:
            self.put_interval(p)
        elif kind == LIST:
            self.put_list(p, size)
        else:
            raise AssertionError(f"no values of the kind {kind} come from the server")
        return self.end_value()

    cdef inline int check_size(self, Py_ssize_t size) except -1:
        """Raise an error if values of this column cannot have so many bytes."""
        if size != self.sent and self.sent >= 0:
            raise malformed(size)
        return 0

    cdef inline int end_value(self) except -1:
        """Count a value, which is not NULL."""
        if self.validity is not None:
            self.validity.set_bit(self.length, True)
        self.length += 1
        return 0

    cdef inline int put_swapped2(self, const char *p) except -1:
        cdef uint16_t value = get_uint16(p)
        memcpy(self.data.reserve(2), &value, 2)
        return 0

    cdef inline int put_swapped4(self, const char *p) except -1:
        cdef uint32_t value = get_uint32(p)
        memcpy(self.data.reserve(4), &value, 4)
        return 0

    cdef inline int put_swapped8(self, const char *p) except -1:
        cdef uint64_t value = get_uint64(p)
        memcpy(self.data.reserve(8), &value, 8)
        return 0

    cdef int put_jsonb(self, const char *p, Py_ssize_t size) except -1:
        if size < 1 or p[0] != 1:
            raise DataError("the jsonb value is of an unknown version")
        memcpy(self.data.reserve(size - 1), p + 1, size - 1)
        return self.put_end()

    cdef int put_int64(self, int64_t value) except -1:
        memcpy(self.data.reserve(8), &value, 8)
        return 0

    cdef int put_date(self, const char *p) except -1:
        cdef int32_t days
        days = get_int32(p)
        if days == INT32_MAX or days == INT32_MIN:
            raise infinite("date", days < 0)
        days += EPOCH_DAYS
        memcpy(self.data.reserve(4), &days, 4)
        return 0

    cdef int put_timestamp(self, const char *p) except -1:
        cdef int64_t microseconds
        microseconds = get_int64(p)
        if microseconds == INT64_MAX or microseconds == INT64_MIN:
            raise infinite("timestamp", microseconds < 0)
        if microseconds > INT64_MAX - EPOCH_MICROSECONDS:
            raise DataError("the timestamp is too late for Arrow")
        return self.put_int64(microseconds + EPOCH_MICROSECONDS)

    cdef int put_time(self, const char *p) except -1:
        cdef int64_t microseconds
        microseconds = get_int64(p)
        if microseconds >= DAY_MICROSECONDS:
            raise DataError("Arrow has no time 24:00:00")
        return self.put_int64(microseconds)

    cdef int put_interval(self, const char *p) except -1:
        cdef int64_t microseconds
        cdef int32_t days, months
        cdef char *target
        microseconds = get_int64(p)
        days = get_int32(p + 8)
        months = get_int32(p + 12)
        if (microseconds == INT64_MAX and days == INT32_MAX and months == INT32_MAX) or (
            microseconds == INT64_MIN and days == INT32_MIN and months == INT32_MIN
        ):
            raise infinite("interval", months < 0)
        if not -(INT64_MAX // 1000) <= microseconds <= INT64_MAX // 1000:
            raise DataError("the interval has more hours than fit into nanoseconds of 64 bits")
        microseconds *= 1000
        target = self.data.reserve(16)
        memcpy(target, &months, 4)
        memcpy(target + 4, &days, 4)
        memcpy(target + 8, &microseconds, 8)
        return 0

    cdef int put_decimal(self, const char *p, Py_ssize_t size) except -1:
        """Append a numeric: the number of digits in base 10,000, the power of the first, the sign, the scale."""
        cdef uint32_t[MAX_LIMBS] limbs
        cdef int count, weight, sign, i, exponent, limb_count = self.width // 4
        cdef uint32_t digit, power
        cdef bint leading = True
        if size < 8:
            raise malformed(size)
        count = get_uint16(p)
        weight = <int16_t> get_uint16(p + 2)
        sign = get_uint16(p + 4)
        check_finite(sign)
        if size != 8 + 2 * count:
            raise malformed(size)
        memset(limbs, 0, sizeof(limbs))
        p += 8
        for i in range(count):
            digit = get_uint16(p + 2 * i)
            if digit > 9999:
                raise malformed(size)
            if leading and digit:
                leading = False
                exponent = 4 * (weight - i) + 1 + (digit > 9) + (digit > 99) + (digit > 999)
                if exponent > self.whole:
                    raise misfit()
            # The power of ten of this digit's last place, counted from the scale.
            power = cut_places(&digit, 4 * (weight - i) + self.scale)
            if not power:
                break
            if not multiply_add(limbs, limb_count, power, digit):
                raise misfit()
        if count and not multiply_power(limbs, limb_count, 4 * (weight - count + 1) + self.scale):
            raise misfit()
        if limbs[limb_count - 1] >> 31:
            raise misfit()
        if sign:
            negate(limbs, limb_count)
        to_memory(self.data.reserve(self.width), limbs, limb_count)
        return 0

    cdef int put_list(self, const char *p, Py_ssize_t size) except -1:
        """Append an array: dimensions, a flag, the items' oid; length and lower bound; the items."""
        cdef const char *end = p + size
        cdef int32_t dimensions, count, length
        if size < 12:
            raise malformed(size)
        dimensions = get_int32(p)
        if dimensions == 0:
            return self.put_end()
        if dimensions != 1:
            raise DataError(f"an array of {dimensions} dimensions does not fit into a list: cast it to text")
        if size < 20:
            raise malformed(size)
        count = get_int32(p + 12)
        p += 20
        for _ in range(count):
            if end - p < 4:
                raise malformed(size)
            length = get_int32(p)
            p += 4
            if length == -1:
                self.item.put_null()
                continue
            if length < 0 or length > end - p:
                raise malformed(size)
            self.item.put(p, length)
            p += length
        if p != end:
            raise malformed(size)
        return self.put_end()

cdef extern from *:
    """
    /* Write the limbs of a decimal, lowest first, as one integer in native byte order. */
    #include <stdint.h>
    static void howdah_arrow_to_memory(char *target, const uint32_t *limbs, int count) {
        uint64_t words[4];
        int i, n = count / 2;
        const union { uint16_t number; char bytes[2]; } order = {1};
        for (i = 0; i < n; i++)
            words[order.bytes[0] ? i : n - 1 - i] = (uint64_t) limbs[2 * i + 1] << 32 | limbs[2 * i];
        memcpy(target, words, 8 * n);
    }
    """
    ctypedef short int16_t
    ctypedef unsigned short uint16_t
    void to_memory "howdah_arrow_to_memory"(char *target, const uint32_t *limbs, int count) noexcept


cdef inline bint multiply_add(uint32_t *limbs, int count, uint32_t factor, uint32_t summand) noexcept:
    """Multiply a number and add to it; return whether the result fits."""
    cdef uint64_t carry = summand
    cdef int i
    for i in range(count):
        carry += <uint64_t> limbs[i] * factor
        limbs[i] = <uint32_t> carry
        carry >>= 32
    return not carry


cdef inline bint multiply_power(uint32_t *limbs, int count, int exponent) noexcept:
    """Multiply a number by a power of ten that is no fraction; return whether it still fits."""
    cdef int places
    while exponent > 0:
        places = min(exponent, 9)
        exponent -= places
        if not multiply_add(limbs, count, POWERS[places], 0):
            return False
    return True


cdef inline uint32_t cut_places(uint32_t *digit, int exponent) except? 0:
    """Remove the decimals after the scale from a digit of base 10,000; they must be 0.

    Args:
        digit: the digit.
        exponent: the power of ten of its last place, counted from the scale.

    Returns:
        Ten to the number of places that are left; 0 if these are none.
    """
    if exponent >= 0:
        return 10000
    if exponent <= -4:
        if digit[0]:
            raise misfit()
        return 0
    if digit[0] % POWERS[-exponent]:
        raise misfit()
    digit[0] //= POWERS[-exponent]
    return POWERS[4 + exponent]


cdef inline Py_ssize_t sent_size(int kind, int width) noexcept:
    """Return how many bytes the values of a column have on the wire, -1 if that varies."""
    if kind == BOOL:
        return 1
    return -1 if kind in (BYTES, JSONB, DECIMAL, LIST) else width


cdef int check_finite(int sign) except -1:
    """Raise an error if the sign of a numeric says that it is no number."""
    if sign in (0, 0x4000):
        return 0
    if sign == 0xC000:
        raise DataError("Arrow's decimals have no NaN: cast the column to float8 or text")
    raise infinite("numeric", sign == 0xF000)


cdef object malformed(Py_ssize_t size):
    return ProtocolViolation(f"malformed value from the server: of {size} bytes")


cdef object misfit():
    return DataError("the numeric has more digits than the type of the column says")


cdef object infinite(str type, bint negative):
    return DataError(f"Arrow has no {type} '{'-' if negative else ''}infinity': cast the column to text")


cdef class Decoder(RowDecoder):
    """Appends rows to Arrow columns.

    Attributes:
        length: the total number of rows.
    """

    cdef readonly Py_ssize_t length
    cdef list arrow_columns
    cdef tuple names
    cdef list batches
    cdef Py_ssize_t batch_size
    cdef Py_ssize_t max_bytes
    # The size of the current batch, in rows and in bytes.
    cdef Py_ssize_t batch_length
    cdef Py_ssize_t batch_bytes

    @staticmethod
    def of(names, layouts, Py_ssize_t batch_size=0, Py_ssize_t max_bytes=MAX_BATCH_BYTES) -> Decoder:
        """Return a decoder.

        Args:
            names: the names of the columns, for errors.
            layouts: their layouts.
            batch_size: the number of rows of a batch; 0 for batches as large as possible.
            max_bytes: how many bytes the rows of a batch have in the protocol, unless it is a single row.
        """
        cdef Decoder decoder = Decoder.__new__(Decoder, ())
        decoder.names = tuple(names)
        decoder.arrow_columns = [Column.of(layout) for layout in layouts]
        decoder.batches = []
        decoder.batch_size = batch_size
        decoder.max_bytes = min(max_bytes, MAX_BATCH_BYTES)
        return decoder

    cdef tuple decode_row(self, const char *data, Py_ssize_t size):
        """Append the row in the `size` bytes at `data`; return None."""
        cdef const char *end = data + size
        cdef Py_ssize_t i = -1, count = len(self.arrow_columns)
        cdef int32_t length
        cdef Column column
        if size < 2 or get_uint16(data) != count:
            raise ProtocolViolation(f"malformed row from the server: it has not {count} columns")
        if self.batch_length and self.batch_bytes + size > self.max_bytes:
            self.cut()
        data += 2
        try:
            for i in range(count):
                if end - data < 4:
                    raise malformed(size)
                length = get_int32(data)
                data += 4
                column = <Column> self.arrow_columns[i]
                if length == -1:
                    column.put_null()
                    continue
                if length < 0 or length > end - data:
                    raise malformed(size)
                column.put(data, length)
                data += length
        except DataError as e:
            raise DataError(f"column {self.names[i]!r}, row {self.length + 1}: {e}") from None
        if data != end:
            raise malformed(size)
        self.length += 1
        self.batch_length += 1
        self.batch_bytes += size
        if self.batch_length == self.batch_size:
            self.cut()
        return None

    cdef int cut(self) except -1:
        """End the batch."""
        cdef Column column
        self.batches.append((
            self.batch_length, [array(column.layout, *column.take()) for column in self.arrow_columns]
        ))
        self.batch_length = self.batch_bytes = 0
        return 0

    def take(self, bint rest=False) -> list:
        """Return the complete batches, and remove them.

        Args:
            rest: whether to return the remaining rows as a batch, too.

        Returns:
            The length and the arrays of each batch.
        """
        cdef list batches
        if rest and self.batch_length:
            self.cut()
        batches, self.batches = self.batches, []
        return batches


cdef class CopyDecoder:
    """Splits binary COPY data into rows for a decoder."""

    cdef Decoder decoder
    cdef bytes data
    cdef Py_ssize_t start
    cdef bint begun
    cdef bint ended

    def __init__(self, Decoder decoder not None):
        self.decoder = decoder
        self.data = b""

    def feed(self, bytes data not None) -> None:
        """Decode the rows that are complete with this data."""
        cdef const char *p
        cdef const char *row
        cdef const char *end
        cdef int count
        cdef int32_t length
        if self.start < PyBytes_GET_SIZE(self.data):
            data = self.data[self.start:] + data
        self.data = data
        self.start = 0
        row = PyBytes_AS_STRING(data)
        end = row + PyBytes_GET_SIZE(data)
        if not self.begun:
            if end - row < 19:
                return
            # The length of the extension, which follows the signature and the flags.
            length = get_int32(row + 15)
            if length < 0 or length > end - row - 19:
                return
            row += 19 + length
            self.begun = True
        while end - row >= 2 and not self.ended:
            count = <int16_t> get_uint16(row)
            p = row + 2
            if count == -1:
                self.ended = True
                row = p
                break
            while count > 0:
                if end - p < 4:
                    break
                length = get_int32(p)
                p += 4
                if length > 0:
                    if length > end - p:
                        break
                    p += length
                count -= 1
            if count:
                break
            self.decoder.decode_row(row, p - row)
            row = p
        self.start = row - PyBytes_AS_STRING(data)


if [int(kind) for kind in Kind][:13] != list(range(13)):
    raise ImportError("the kinds of the layouts are not those of this module")
