"""Encoding the parameters of a query for Bind.

Twin of `howdah.adapt.parameters`.

Source: PostgreSQL documentation, "Message Formats", Bind.
"""

from cpython.buffer cimport (
    PyBUF_FULL_RO, Py_buffer, PyBuffer_Release, PyBuffer_ToContiguous, PyObject_GetBuffer
)
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_CheckExact, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdint cimport uint16_t, uint32_t
from libc.string cimport memcmp, memcpy

from howdah._native.buffer cimport Buffer
from howdah._native.dumping cimport find_dump
from howdah._native.network cimport get_int32, get_uint16, set_uint16, set_uint32

# Imported for the functions they register.
import howdah._native.dump_text
import howdah._native.dump_values
from howdah.adapt.base import PyFormat
from howdah.adapt.places import parameter_place, put_place, recursive
from howdah.errors import DataError, Error, ProgrammingError

cdef object _AUTO = PyFormat.AUTO
cdef object _TEXT = PyFormat.TEXT

cdef enum:
    NULL_LENGTH = 0xFFFFFFFF
    MAX_LENGTH = 0x7FFFFFFF
    MAX_PARAMETERS = 0xFFFF
    #: Larger parameters are not kept in memory to compare the next ones with.
    MAX_KEPT = 0x10000


cdef class Parameters:
    """The parameters of a query in PostgreSQL's representation.

    Args:
        oids: the oid of each one's type, 0 for "let the server decide".
        formats: the format code of each, 0 for text and 1 for binary.
        values: the values, None for NULL.

    Attributes:
        oids: as given, a tuple.
        formats: as given, a tuple.

    Raises:
        ProgrammingError: if there are too many, or not as many of each.
    """

    def __cinit__(self, *args, **kwargs):
        self.buffer = Buffer.__new__(Buffer)

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
        """Make room for the types of `count` parameters; their values are put after them."""
        cdef char *p
        if count > MAX_PARAMETERS:
            raise ProgrammingError(f"the query has {count} parameters; PostgreSQL takes {MAX_PARAMETERS} at most")
        self.count = count
        self.buffer.length = 0
        p = self.buffer.reserve(4 * count + 2 + 2 * count + 2)
        set_uint16(p + 4 * count, <uint16_t> count)
        set_uint16(p + 6 * count + 2, <uint16_t> count)
        return 0

    cdef int set_type(self, Py_ssize_t index, uint32_t oid, int format) except -1:
        """Set the type and the format of one parameter."""
        memcpy(self.buffer.data + 4 * index, &oid, 4)
        set_uint16(self.buffer.data + 4 * self.count + 2 + 2 * index, <uint16_t> format)
        return 0

    cdef int put_value(self, object value) except -1:
        """Append the next value, with its length; None is NULL."""
        cdef Py_buffer view
        if value is None:
            self.buffer.put_uint32(NULL_LENGTH)
            return 0
        if isinstance(value, str):
            value = value.encode()
        if PyBytes_CheckExact(value):
            self.buffer.put_uint32(_checked_length(PyBytes_GET_SIZE(value)))
            self.buffer.put(PyBytes_AS_STRING(value), PyBytes_GET_SIZE(value))
            return 0
        PyObject_GetBuffer(value, &view, PyBUF_FULL_RO)
        try:
            self.buffer.put_uint32(_checked_length(view.len))
            PyBuffer_ToContiguous(self.buffer.reserve(view.len), &view, view.len, c"C")
        finally:
            PyBuffer_Release(&view)
        return 0

    cdef int finish(self, Parameters previous) except -1:
        """Set the attributes, to the tuples of the parameters before if they are the same."""
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


cdef uint32_t _checked_length(Py_ssize_t length) except? 0:
    """Return the length of a value, if it can be told in Bind."""
    if length > MAX_LENGTH:
        raise DataError(f"a parameter has {length} bytes; PostgreSQL takes less than 1 GB")
    return <uint32_t> length


cdef DumperEntry new_entry(object dumper):
    """Return a dumper's entry."""
    cdef DumperEntry entry = DumperEntry.__new__(DumperEntry)
    entry.dumper = dumper
    entry.dump = find_dump(dumper)
    entry.format = dumper.format
    entry.oid = dumper.oid
    return entry


cdef class DumperEntry:
    """A dumper, with what of it does not depend on the object."""


cdef class ParameterEncoder:
    """Encodes the parameters of queries with the dumpers of a context.

    It keeps the dumpers it has made until something new is registered in `adapters`.

    Args:
        adapters: the adapters in force.
        context: what dumpers are told of where they work.
    """

    def __init__(self, adapters, context):
        self.adapters = adapters
        self.context = context

    def encode(self, params, formats=None, names=None) -> Parameters:
        """Return parameters in PostgreSQL's representation.

        Args:
            params: the Python objects; None is NULL.
            formats: the `PyFormat` of each placeholder; None lets the adapters choose.
            names: what each parameter is called in errors; None for their numbers.

        Raises:
            ProgrammingError: if there is no dumper for an object, or there are too many parameters.
            Exception: what a dumper raises; a `howdah.Error` says which parameter it is about.
        """
        cdef Parameters out = Parameters.__new__(Parameters)
        cdef tuple objects = tuple(params)
        cdef tuple asked = None if formats is None else tuple(formats)
        cdef Py_ssize_t i
        if asked is not None and len(asked) != len(objects):
            raise ProgrammingError(f"{len(objects)} parameters for {len(asked)} placeholders")
        version = self.adapters.version
        if version != self.version:
            self.automatic = {}
            self.text = {}
            self.binary = {}
            self.version = version
        out.start(len(objects))
        try:
            for i in range(out.count):
                self.encode_one(objects[i], _AUTO if asked is None else asked[i], out, i)
        except Error as error:
            put_place(error, parameter_place(i, names))
            raise
        except RecursionError:
            raise recursive(objects[i], parameter_place(i, names)) from None
        out.finish(self.previous)
        self.previous = out if out.buffer.length <= MAX_KEPT else None
        return out

    cdef int encode_one(self, object obj, object format, Parameters out, Py_ssize_t index) except -1:
        """Append one parameter."""
        cdef DumperEntry entry
        cdef dict entries
        cdef Py_ssize_t start
        cdef uint32_t oid
        if obj is None:
            out.set_type(index, 0, 0)
            out.put_value(None)
            return 0
        entries = self.automatic if format is _AUTO else self.text if format is _TEXT else self.binary
        cls = type(obj)
        entry = entries.get(cls)
        if entry is None:
            entry = entries[cls] = new_entry(self.adapters.get_dumper(cls, format, obj)(cls, self.context))
        if entry.dump is not NULL:
            start = out.buffer.length
            oid = entry.oid
            out.buffer.reserve(4)
            if entry.dump(obj, out.buffer, &oid):
                set_uint32(out.buffer.data + start, _checked_length(out.buffer.length - start - 4))
                out.set_type(index, oid, entry.format)
                return 0
            out.buffer.length = start
        key = entry.dumper.get_key(obj, format)
        if key is not cls:
            upgraded = entries.get(key)
            if upgraded is None:
                upgraded = entries[key] = new_entry(entry.dumper.upgrade(obj, format))
            entry = upgraded
        value = entry.dumper.dump(obj)
        out.set_type(index, entry.oid, entry.format)
        out.put_value(value)
        return 0
