"""Rows of COPY data, in the text and the binary format.

Twin of `howdah_copy.rows`.

Source: PostgreSQL documentation, COPY, "Text Format" and "Binary Format".
"""

from cpython.buffer cimport PyBUF_SIMPLE, Py_buffer, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_CheckExact, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.ref cimport Py_INCREF
from cpython.tuple cimport PyTuple_New, PyTuple_SET_ITEM
from libc.stdint cimport int32_t, uint16_t, uint32_t
from libc.string cimport memchr, memcmp, memmove

from howdah.native.adapters cimport (
    Buffer, Column, DumperEntry, Dumpers, RowDecoder, new_dumpers, new_entry, put_value, set_depth
)
from howdah.native.byteorder cimport get_int16, get_int32, get_uint32, set_uint32

from howdah.adapt.base import PyFormat
from howdah.adapt.nesting import too_deep
from howdah.errors import DataError, NotSupportedError
from howdah.errors.context import add_column_number, stop_iteration_error, too_large
from howdah_copy.rows import BINARY_HEADER, BINARY_SIGNATURE, BINARY_TRAILER

cdef extern from "Python.h":
    bint PyObject_IS_GC(object obj)
    void PyObject_GC_Track(object obj)
    void PyObject_GC_UnTrack(object obj)

cdef enum:
    NULL_LENGTH = 0xFFFFFFFF
    SIGNATURE_SIZE = 11
    HEADER_SIZE = 19
    CRITICAL_FLAGS = 0xFFFF0000
    MAX_LENGTH = 0x3FFFFFFE

# From a character to the letter after the backslash that it is written with, 0 for all others; and back.
cdef unsigned char[256] _letters
cdef unsigned char[256] _characters


cdef int _fill_tables() except -1:
    cdef int i
    cdef bytes characters = b"\b\t\n\v\f\r\\"
    cdef bytes letters = b"btnvfr\\"
    for i in range(256):
        _letters[i] = 0
        _characters[i] = i
    for character, letter in zip(characters, letters):
        _letters[<int> character] = letter
        _characters[<int> letter] = character
    return 0


_fill_tables()


cdef int _escape(Buffer out, Py_ssize_t start) except -1:
    """Put backslashes into the text from `start` on."""
    cdef unsigned char *p = <unsigned char *> out.data + start
    cdef unsigned char *end = <unsigned char *> out.data + out.length
    cdef unsigned char *target
    cdef unsigned char letter
    cdef Py_ssize_t count = 0
    while p < end:
        count += _letters[p[0]] != 0
        p += 1
    if not count:
        return 0
    out.reserve(count)
    target = <unsigned char *> out.data + out.length
    p = target - count
    while p < target:
        p -= 1
        target -= 1
        letter = _letters[p[0]]
        if letter:
            target[0] = letter
            target -= 1
            target[0] = c"\\"
        else:
            target[0] = p[0]
    return 0


cdef class CopyEncoder:
    """Encodes rows, and appends data that is in the format already.

    Args:
        adapters: the adapters.
        context: the context for dumpers.
        format: 0 for text, 1 for binary.

    Attributes:
        rows: how many rows have been written.
        column: while a row is written, and when that has failed, the index of
            the value being dumped.
    """

    cdef readonly Py_ssize_t rows
    cdef readonly Py_ssize_t column
    cdef bint binary
    cdef bint begun
    cdef bint framed
    cdef Dumpers dumpers
    # The entries of the columns, if their types are set.
    cdef tuple typed
    cdef Buffer buffer

    def __init__(self, adapters, context, int format):
        self.binary = format != 0
        self.dumpers = new_dumpers(adapters, context, PyFormat.BINARY if self.binary else PyFormat.TEXT)
        self.buffer = Buffer.__new__(Buffer)

    def set_dumpers(self, dumpers) -> None:
        """Dump the values of each column with one dumper, whatever their class.

        Args:
            dumpers: one for each column, of the format of the data; None to choose one by the value.
        """
        self.typed = tuple([None if dumper is None else new_entry(dumper, None) for dumper in dumpers])

    @property
    def size(self) -> int:
        """How many bytes there are to take."""
        return self.buffer.length

    def take(self) -> bytes:
        """Return what has been written, and remove it."""
        cdef bytes data = PyBytes_FromStringAndSize(self.buffer.data, self.buffer.length)
        self.buffer.length = 0
        return data

    def write(self, data) -> int:
        """Append data as it is; return how many bytes there are to take."""
        cdef Py_buffer view
        PyObject_GetBuffer(data, &view, PyBUF_SIMPLE)
        try:
            self.buffer.put(<const char *> view.buf, view.len)
        finally:
            PyBuffer_Release(&view)
        self.begun = True
        return self.buffer.length

    def close(self) -> None:
        """Append the end of binary data, unless the program has written data with a header of its own."""
        if self.binary:
            self.begin()
            if self.framed:
                put_value(self.buffer, BINARY_TRAILER)

    def write_row(self, row) -> int:
        """Append a row.

        Args:
            row: the values; None is NULL.

        Returns:
            How many bytes there are to take.

        Raises:
            howdah.DataError: there are not as many values as dumpers.
            howdah.ProgrammingError: there is no dumper for a value.
            Exception: what a dumper raises; nothing of the row is written then.
        """
        cdef tuple objects = tuple(row)
        cdef Buffer out = self.buffer
        cdef Py_ssize_t start, count = len(objects)
        cdef int former
        self.column = -1
        if self.typed is not None and len(self.typed) != count:
            raise DataError(f"it has {count} values, for {len(self.typed)} types")
        if self.binary:
            self.begin()
        start = out.length
        former = set_depth(0)
        try:
            if self.binary:
                if count > 0x7FFF:
                    raise DataError(f"it has {count} values; the binary format takes {0x7FFF} at most")
                out.put_uint16(<uint16_t> count)
                for obj in objects:
                    self.column += 1
                    self.put_binary(obj)
            else:
                for obj in objects:
                    self.column += 1
                    if self.column:
                        out.reserve(1)[0] = c"\t"
                    self.put_text(obj)
                out.reserve(1)[0] = c"\n"
        except BaseException:
            out.length = start
            raise
        finally:
            set_depth(former)
        self.rows += 1
        return out.length

    cdef int begin(self) except -1:
        """Write the header of the binary format, unless the data has its own."""
        if not self.begun:
            self.begun = self.framed = True
            put_value(self.buffer, BINARY_HEADER)
        return 0

    cdef int put_binary(self, object obj) except -1:
        """Append a value with its length."""
        cdef Buffer out = self.buffer
        cdef Py_ssize_t start = out.length
        cdef Py_ssize_t length
        if obj is None:
            out.put_uint32(NULL_LENGTH)
            return 0
        out.reserve(4)
        if not self.dump(obj):
            set_uint32(out.data + start, NULL_LENGTH)
            return 0
        length = out.length - start - 4
        self.check_size(length)
        set_uint32(out.data + start, <uint32_t> length)
        return 0

    cdef int put_text(self, object obj) except -1:
        """Append a value, escaped."""
        cdef Buffer out = self.buffer
        cdef Py_ssize_t start = out.length
        if obj is None or not self.dump(obj):
            out.put("\\N", 2)
        else:
            self.check_size(out.length - start)
            _escape(out, start)
        return 0

    cdef int check_size(self, Py_ssize_t size) except -1:
        """Refuse a value that is too large for PostgreSQL."""
        if size > MAX_LENGTH:
            raise too_large(size)
        return 0

    cdef int dump(self, object obj) except -1:
        """Append an object, dumped; return 0 if that is NULL."""
        cdef DumperEntry entry, upgraded
        cdef Buffer out = self.buffer
        cdef Py_ssize_t start = out.length
        cdef uint32_t oid
        if self.typed is not None:
            # A dumper set for a column is of one type, and would refuse a value of another.
            entry = self.typed[self.column]
            if entry is not None:
                return entry.append(obj, out, False)
        entry = self.dumpers.find(obj)
        if entry.dump is not NULL:
            oid = entry.oid
            if entry.dump(obj, out, &oid, entry):
                return 1
            out.length = start
        upgraded = self.dumpers.upgrade(entry, obj)
        if self.binary and not upgraded.format:
            raise DataError(
                f"the type of a {type(obj).__name__} cannot be told by its value,"
                " which the binary format needs: set_types()"
            )
        return entry.append_dumped(obj, out, False) if upgraded is entry else upgraded.append(obj, out, False)


cdef class CopyDecoder:
    """Decodes rows from data that arrives in pieces: an iterator that ends when it needs more data.

    Args:
        loaders: a `Loader` for each column, in order; None leaves the values as bytes.
        format: 0 for text, 1 for binary.

    Attributes:
        rows: how many rows have been read.
    """

    cdef readonly Py_ssize_t rows
    cdef RowDecoder decoder
    cdef Buffer data
    cdef Py_ssize_t position
    # How much after the position is known to be part of a row that is not complete; in the binary format,
    # how many of its columns that is.
    cdef Py_ssize_t seen
    cdef int columns
    cdef bint decoding
    cdef bint binary
    cdef bint begun
    cdef bint ended

    def __init__(self, loaders, int format):
        self.binary = format != 0
        self.data = Buffer.__new__(Buffer)
        self.set_loaders(loaders)

    def set_loaders(self, loaders) -> None:
        """Load later rows with these."""
        self.check()
        self.decoder = RowDecoder(loaders)

    cdef int check(self) except -1:
        """Raise an error if a row is being read: its values are in the buffer."""
        if self.decoding:
            raise RuntimeError("the COPY cannot be used by what loads the values of its rows")
        return 0

    def feed(self, bytes data not None) -> None:
        """Add data."""
        cdef Buffer buffer = self.data
        self.check()
        if self.position:
            buffer.length -= self.position
            memmove(buffer.data, buffer.data + self.position, buffer.length)
            self.position = 0
        buffer.put(PyBytes_AS_STRING(data), PyBytes_GET_SIZE(data))

    def rest(self) -> bytes:
        """Return the data that no row has been read from, and remove it."""
        cdef bytes data
        self.check()
        data = PyBytes_FromStringAndSize(self.data.data + self.position, self.data.length - self.position)
        self.data.length = self.position = self.seen = self.columns = 0
        return data

    def close(self) -> None:
        """Note that no more data comes.

        Raises:
            howdah.DataError: it has ended in the middle of a row.
        """
        if self.position < self.data.length or (self.binary and self.begun and not self.ended):
            raise DataError(f"the COPY data ends in the middle of row {self.rows + 1}")

    def __iter__(self):
        return self

    def __next__(self):
        self.check()
        self.decoding = True
        try:
            if self.binary:
                return self.next_binary()
            return self.next_text()
        finally:
            self.decoding = False

    cdef int take(self, Py_ssize_t size) except -1:
        """Move the position to the next row, `size` bytes further on."""
        self.position += size
        self.seen = self.columns = 0
        return 0

    cdef tuple next_text(self):
        """Return the next row of the text format."""
        cdef Py_ssize_t left = self.data.length - self.position
        cdef const char *p = self.data.data + self.position
        cdef const char *end = NULL
        cdef const char *stop
        cdef RowDecoder decoder = self.decoder
        cdef Column *column
        cdef Py_ssize_t i, size
        cdef bint container = False
        cdef int former
        cdef tuple row
        if left > self.seen:
            end = <const char *> memchr(p + self.seen, c"\n", left - self.seen)
        if end is NULL:
            self.seen = left
            raise StopIteration
        self.take(end + 1 - p)
        self.rows += 1
        if not decoder.count and p == end:
            return ()
        # As in `RowDecoder`: hidden from the garbage collector while it is incomplete, and
        # for good if it holds only atomic values.
        row = PyTuple_New(decoder.count)
        PyObject_GC_UnTrack(row)
        former = set_depth(0)
        try:
            for i in range(decoder.count):
                if p > end:
                    raise self.wrong_count(i)
                stop = <const char *> memchr(p, c"\t", end - p)
                if stop is NULL:
                    stop = end
                size = stop - p
                if is_null(p, size):
                    value = None
                else:
                    column = &decoder.columns[i]
                    value = self.load(p, size, column, i)
                    if column.container and PyObject_IS_GC(value):
                        container = True
                Py_INCREF(value)
                PyTuple_SET_ITEM(row, i, value)
                p = stop + 1
        finally:
            set_depth(former)
        if p <= end:
            raise self.wrong_count(decoder.count + columns_of(p, end))
        if container:
            PyObject_GC_Track(row)
        return row

    cdef object load(self, const char *p, Py_ssize_t size, Column *column, Py_ssize_t index):
        """Return the value of a column."""
        try:
            if memchr(p, c"\\", size) is NULL:
                return column.load(p, size, <object> column.loader)
            return self.load_escaped(p, size, column)
        except RecursionError as error:
            raise add_column_number(too_deep(), index) from error
        except Exception as error:
            add_column_number(error, index)
            if isinstance(error, StopIteration):
                raise stop_iteration_error(error) from error
            raise

    cdef object load_escaped(self, const char *p, Py_ssize_t size, Column *column):
        """Return a value that has backslashes in its text."""
        cdef bytes value = PyBytes_FromStringAndSize(NULL, size)
        cdef char *target = PyBytes_AS_STRING(value)
        cdef const char *end = p + size
        while p < end:
            if p[0] == c"\\" and p + 1 < end:
                p += 1
                target[0] = <char> _characters[<unsigned char> p[0]]
            else:
                target[0] = p[0]
            target += 1
            p += 1
        return column.load(PyBytes_AS_STRING(value), target - PyBytes_AS_STRING(value), <object> column.loader)

    cdef tuple next_binary(self):
        """Return the next row of the binary format."""
        cdef const char *start
        cdef const char *p
        cdef const char *end = self.data.data + self.data.length
        cdef int32_t length
        cdef int count
        if not self.begun:
            self.begin()
        start = self.data.data + self.position
        if self.ended and end != start:
            raise DataError("something follows the end of the COPY data")
        if end - start < 2:
            raise StopIteration
        count = get_int16(start)
        if count == -1:
            self.ended = True
            self.position += 2
            raise StopIteration
        if count < 0:
            raise DataError(f"row {self.rows + 1} of the COPY data is malformed")
        self.seen = self.seen or 2
        while self.columns < count:
            p = start + self.seen
            if end - p < 4:
                raise StopIteration
            length = get_int32(p)
            p += 4
            if length < -1:
                raise DataError(f"row {self.rows + 1} of the COPY data is malformed")
            if length > 0:
                if end - p < length:
                    raise StopIteration
                p += length
            self.seen = p - start
            self.columns += 1
        p = start + self.seen
        self.take(p - start)
        self.rows += 1
        if count != self.decoder.count:
            raise self.wrong_count(count)
        try:
            return self.decoder.decode_row(start, p - start)
        except StopIteration as error:
            raise stop_iteration_error(error) from error

    cdef int begin(self) except -1:
        """Read the header."""
        cdef const char *p = self.data.data + self.position
        cdef Py_ssize_t left = self.data.length - self.position
        cdef uint32_t flags, extension
        cdef bytes signature = BINARY_SIGNATURE
        if left < HEADER_SIZE:
            raise StopIteration
        if memcmp(p, PyBytes_AS_STRING(signature), SIGNATURE_SIZE):
            raise DataError("this is not binary COPY data: the signature is not there")
        flags = get_uint32(p + SIGNATURE_SIZE)
        if flags & CRITICAL_FLAGS:
            raise NotSupportedError(f"the binary COPY data has unknown flags: {flags:#x}")
        extension = get_uint32(p + SIGNATURE_SIZE + 4)
        if extension > left - HEADER_SIZE:
            raise StopIteration
        self.position += HEADER_SIZE + <Py_ssize_t> extension
        self.begun = True
        return 0

    cdef object wrong_count(self, Py_ssize_t count):
        return DataError(f"row {self.rows} of the COPY data has {count} columns, not {self.decoder.count}")


cdef inline bint is_null(const char *p, Py_ssize_t size) noexcept:
    """Whether a value of the text format is NULL."""
    return size == 2 and p[0] == c"\\" and p[1] == c"N"


cdef Py_ssize_t columns_of(const char *p, const char *end) noexcept:
    """Return how many columns of the text format there are: each but the last ends with a tab."""
    cdef Py_ssize_t count = 1
    while p < end:
        count += p[0] == c"\t"
        p += 1
    return count
