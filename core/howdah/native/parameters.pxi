# Encoding the parameters of a query for Bind.
#
# Twin of `howdah.adapt.parameters`.
#
# Source: PostgreSQL documentation, "Message Formats", Bind.

from cpython.bytes cimport PyBytes_FromStringAndSize
from cpython.tuple cimport PyTuple_GET_ITEM, PyTuple_GET_SIZE
from libc.stdint cimport uint16_t, uint32_t
from libc.string cimport memcmp, memcpy

from howdah.native.byteorder cimport get_int32, get_uint16, set_uint16, set_uint32

from howdah.adapt.base import PyFormat
from howdah.errors import ProgrammingError
from howdah.errors.context import add_parameter, nesting_error, parameter_label, too_large

cdef object _AUTO = PyFormat.AUTO
cdef object _TEXT = PyFormat.TEXT
cdef object _BINARY = PyFormat.BINARY

cdef enum:
    NULL_LENGTH = 0xFFFFFFFF
    #: The maximum size of all parameters together, in bytes. A message is smaller than 1 GB and contains more.
    MAX_LENGTH = 0x3FF00000
    MAX_PARAMETERS = 0xFFFF
    #: Parameters larger than this are not kept to compare the next ones with.
    MAX_KEPT = 0x10000


cdef class EncodedParams:
    """The parameters of a query in PostgreSQL's representation.

    Args:
        oids: the oid of the type of each; 0 lets the server infer it.
        formats: the format code of each, 0 for text and 1 for binary.
        values: the values, None for NULL.

    Attributes:
        oids: as given, a tuple.
        formats: as given, a tuple.

    Raises:
        howdah.ProgrammingError: there are too many parameters, or the three lengths differ.
    """

    def __cinit__(self, *args, **kwargs):
        self.buffer = Buffer.__new__(Buffer)
        self.buffer.limit = MAX_LENGTH

    def __init__(self, oids=(), formats=(), values=()):
        cdef Py_ssize_t i
        oids, formats, values = tuple(oids), tuple(formats), tuple(values)
        if not len(oids) == len(formats) == len(values):
            raise ProgrammingError(
                f"{len(oids)} oids, {len(formats)} formats and {len(values)} values:"
                " parameters have one of each"
            )
        self.start(len(values))
        for i, (oid, format, value) in enumerate(zip(oids, formats, values)):
            self.set_type(i, oid, format)
            self.put_value(value)
        self.finish(None)

    @property
    def values(self) -> list:
        """The values, None for NULL."""
        cdef list values = []
        cdef const char *p = self.section() + 4 + 2 * self.count
        cdef Py_ssize_t length, i
        for i in range(self.count):
            length = get_int32(p)
            p += 4
            if length == -1:
                values.append(None)
            else:
                values.append(PyBytes_FromStringAndSize(p, length))
                p += length
        return values

    cdef int start(self, Py_ssize_t count) except -1:
        """Reserve space for the types of `count` parameters; the values follow."""
        cdef char *p
        if count > MAX_PARAMETERS:
            raise ProgrammingError(f"the query has {count} parameters; PostgreSQL takes {MAX_PARAMETERS} at most")
        self.count = count
        self.buffer.length = 0
        p = self.buffer.reserve(4 * count + 2 + 2 * count + 2)
        set_uint16(p + 4 * count, <uint16_t> count)
        set_uint16(p + 6 * count + 2, <uint16_t> count)
        return 0

    cdef inline int set_type(self, Py_ssize_t index, uint32_t oid, int format) except -1:
        """Set the type and the format of one parameter."""
        memcpy(self.buffer.data + 4 * index, &oid, 4)
        set_uint16(self.buffer.data + 4 * self.count + 2 + 2 * index, <uint16_t> format)
        return 0

    cdef int put_value(self, object value) except -1:
        """Append the next value, with its length; None is NULL."""
        cdef Py_ssize_t start = self.buffer.length
        self.buffer.reserve(4)
        if value is not None:
            put_value(self.buffer, value)
        self.close_value(start, value is None)
        return 0

    cdef inline int close_value(self, Py_ssize_t start, bint null) except -1:
        """Set the length of the value that ends the buffer; its four bytes are at `start`, in front of the value."""
        cdef Py_ssize_t length = self.buffer.length - start - 4
        if self.buffer.length > MAX_LENGTH:
            raise too_large(self.buffer.length)
        set_uint32(self.buffer.data + start, NULL_LENGTH if null else <uint32_t> length)
        return 0

    cdef int finish(self, EncodedParams previous) except -1:
        """Set the attributes; reuse the tuples of the previous parameters if they are equal."""
        cdef Py_ssize_t i
        cdef const char *p = self.buffer.data
        cdef uint32_t oid
        cdef list oids, formats
        if (
            previous is not None and previous.count == self.count
            and memcmp(p, previous.buffer.data, 6 * self.count + 4) == 0
        ):
            self.oids = previous.oids
            self.formats = previous.formats
            return 0
        oids = []
        formats = []
        for i in range(self.count):
            memcpy(&oid, p + 4 * i, 4)
            oids.append(oid)
            formats.append(get_uint16(p + 4 * self.count + 2 + 2 * i))
        self.oids = tuple(oids)
        self.formats = tuple(formats)
        return 0


cdef class ParameterEncoder:
    """Encodes the parameters of queries with the dumpers of a context.

    It caches dumpers until another adapter is registered in `adapters`.

    Args:
        adapters: the adapters in force.
        context: the context that dumpers get.
    """

    def __init__(self, adapters, context):
        self.adapters = adapters
        self.context = context

    def encode(self, params, formats=None, names=None) -> EncodedParams:
        """Return parameters in PostgreSQL's representation.

        Args:
            params: the Python objects; None is NULL.
            formats: the `PyFormat` of each placeholder; None lets the adapters choose.
            names: the names of the parameters, for errors; None to use their numbers.

        Raises:
            howdah.ProgrammingError: there is no dumper for an object, or there are too many parameters.
            Exception: a dumper raised it; the message of a `howdah.Error`, or a note, names the parameter.
        """
        cdef EncodedParams out = EncodedParams.__new__(EncodedParams)
        self.encode_row(tuple(params), None if formats is None else tuple(formats), names, out)
        out.finish(self.previous)
        self.previous = out if out.buffer.length <= MAX_KEPT else None
        return out

    cdef int encode_row(self, tuple params, tuple formats, object names, EncodedParams out) except -1:
        """Do as `encode` does, into `out`, whose `finish` is left to the caller."""
        cdef Py_ssize_t i, count = PyTuple_GET_SIZE(params)
        cdef Dumpers dumpers
        cdef int former
        if formats is not None and PyTuple_GET_SIZE(formats) != count:
            raise ProgrammingError(f"{count} parameters for {len(formats)} placeholders")
        self.renew()
        dumpers = self.automatic
        out.start(count)
        former = set_depth(0)
        try:
            for i in range(count):
                if formats is not None:
                    dumpers = self.dumpers_of(<object> PyTuple_GET_ITEM(formats, i))
                self.encode_one(<object> PyTuple_GET_ITEM(params, i), dumpers, out, i)
        except RecursionError:
            raise nesting_error(params[i], parameter_label(i, names)) from None
        except Exception as error:
            add_parameter(error, params[i], parameter_label(i, names))
            raise
        finally:
            set_depth(former)
        return 0

    cdef int renew(self) except -1:
        """Forget the dumpers if another adapter has been registered."""
        version = self.adapters.version
        if version != self.version:
            self.automatic = new_dumpers(self.adapters, self.context, _AUTO)
            self.text = new_dumpers(self.adapters, self.context, _TEXT)
            self.binary = new_dumpers(self.adapters, self.context, _BINARY)
            self.version = version
        return 0

    def literals(self, objs) -> list:
        """Return objects as SQL literals, each with a cast where PostgreSQL might take it for another type.

        Args:
            objs: any objects that can be parameters.

        Raises:
            howdah.ProgrammingError: nothing adapts objects of a class.
        """
        cdef list made = []
        self.add_literals(objs, made)
        return made

    def parameter_literals(self, params, names=None) -> list:
        """Return parameters as SQL literals, as `literals` does.

        Args:
            params: the Python objects; None is NULL.
            names: the names of the parameters, for errors; None to use their numbers.

        Raises:
            howdah.ProgrammingError: nothing adapts objects of a class.
            Exception: a dumper raised it; the message of a `howdah.Error`, or a note, names the parameter.
        """
        if not params:
            return []
        cdef list made = []
        try:
            self.add_literals(params, made)
        except RecursionError:
            raise nesting_error(params[len(made)], parameter_label(len(made), names)) from None
        except Exception as error:
            add_parameter(error, params[len(made)], parameter_label(len(made), names))
            raise
        return made

    cdef int add_literals(self, object objs, list made) except -1:
        """Append the literals of objects to those that have been made."""
        cdef Buffer out = Buffer.__new__(Buffer)
        cdef int former
        encoding = codec_of(None if self.context is None else self.context.connection)
        if encoding != self.encoding:  # a quote in one encoding may be part of a character in another
            self.version = None
            self.encoding = encoding
        self.renew()
        former = set_depth(0)
        try:
            for obj in objs:
                made.append(b"NULL" if obj is None else self.literal(obj, out))
        finally:
            set_depth(former)
        return 0

    cdef bytes literal(self, object obj, Buffer out):
        """Return an object as an SQL literal; `out` is where it is written."""
        cdef Dumpers dumpers = self.text
        cdef DumperEntry entry = dumpers.find(obj)
        cdef bytes cast, literal
        cdef uint32_t oid
        entry = dumpers.upgrade(entry, obj)
        cast = entry.cast
        if cast is None:
            cast = prepare_literals(entry, self.adapters.types, self.context)
        out.length = 0
        oid = entry.oid
        if (
            entry.quote is not NULL and entry.dump(obj, out, &oid, entry) and oid == entry.oid
            and entry.quote(out, 0, entry)
        ):
            if cast and out.data[out.length - 1] == c"'":
                out.put(PyBytes_AS_STRING(cast), PyBytes_GET_SIZE(cast))
            return PyBytes_FromStringAndSize(out.data, out.length)
        literal = bytes(memoryview(entry.dumper.quote(obj)))
        return literal + cast if cast and literal.endswith(b"'") else literal

    cdef inline Dumpers dumpers_of(self, object format):
        """Return the dumpers for a `PyFormat`."""
        return self.automatic if format is _AUTO else self.text if format is _TEXT else self.binary

    cdef inline int encode_one(self, object obj, Dumpers dumpers, EncodedParams out, Py_ssize_t index) except -1:
        """Append one parameter."""
        cdef Buffer buffer = out.buffer
        cdef Py_ssize_t start = buffer.length
        cdef PyObject *entry
        cdef Dumped dumped
        cdef bint null
        if obj is None:
            out.set_type(index, 0, 0)
            out.put_value(None)
            return 0
        buffer.reserve(4)
        # Most values end here; `append` does the same, and what else there is to do.
        entry = dumpers.find_recent(obj)
        if entry is not NULL and (<DumperEntry> entry).dump is not NULL:
            dumped.oid = (<DumperEntry> entry).oid
            if (<DumperEntry> entry).dump(obj, buffer, &dumped.oid, <DumperEntry> entry):
                out.set_type(index, dumped.oid, (<DumperEntry> entry).format)
                out.close_value(start, False)
                return 0
            buffer.length = start + 4
        null = not dumpers.append(obj, buffer, &dumped, False)
        out.set_type(index, dumped.oid, dumped.format)
        out.close_value(start, null)
        return 0
