# Dumping Python objects with native functions, which are found through the class of a dumper.

cimport cython
from cpython.buffer cimport (
    PyBUF_FULL_RO, Py_buffer, PyBuffer_Release, PyBuffer_ToContiguous, PyObject_GetBuffer
)
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_CheckExact, PyBytes_GET_SIZE

from howdah.adapt.base import Dumper
from howdah.adapt.encodings import codec_of, encoded
from howdah.pq import Format

cdef object _get_key = Dumper.get_key
cdef object _BINARY_FORMAT = Format.BINARY


class NotBytes(Exception):
    """A dumper returned a part that is not bytes, which only the Python method of the whole can handle."""


cdef int put_value(Buffer out, object value) except -1:
    """Append the result of a dumper."""
    cdef Py_buffer view
    if isinstance(value, str):
        value = value.encode()
    if PyBytes_CheckExact(value):
        out.put(PyBytes_AS_STRING(value), PyBytes_GET_SIZE(value))
        return 0
    PyObject_GetBuffer(memoryview(value), &view, PyBUF_FULL_RO)
    try:
        PyBuffer_ToContiguous(out.reserve(view.len), &view, view.len, c"C")
    finally:
        PyBuffer_Release(&view)
    return 0


cdef int dump_nested(
    dump_func write, object obj, Buffer out, uint32_t *oid, DumperEntry entry, int limit
) except -1:
    """Append the value for an object that contains others, with `write`; return as a `dump_func` does.

    After any exception, also of a dumper of a part, the Python method of the outermost object is called. It
    dumps everything again, and raises the exception of the Python implementation.
    """
    enter(limit)
    try:
        return write(obj, out, oid, entry)
    except Exception:
        if depth() > 1:
            raise
        return 0
    finally:
        leave()


cdef DumperEntry new_entry(object dumper, Dumpers dumpers):
    """Return an entry for a dumper, with the native functions that the dumper's own class names, if any."""
    cdef DumperEntry entry = DumperEntry.__new__(DumperEntry)
    cdef type cls = type(dumper)
    cdef NativeAdapter native
    entry.dumper = dumper
    entry.dumpers = dumpers
    entry.format = dumper.format
    entry.oid = dumper.oid
    entry.keyed = getattr(cls, "get_key", None) is not _get_key
    entry.deciding = hasattr(cls, "deciding")
    native = find_native(dumper)
    if native is not None:
        entry.dump = native.dump[1 if entry.format else 0]
        entry.key = native.key
    return entry


@cython.final
cdef class DumperEntry:
    """A dumper, with its properties that do not depend on the object."""

    cdef object get_key(self, object obj):
        """Return the key under which the dumper for an object is cached."""
        if self.key is not NULL:
            return self.key(obj, self)
        return self.dumper.get_key(obj, self.dumpers.format)

    cdef int append(self, object obj, Buffer out, bint part) except -1:
        """Append the value that this dumper returns for an object; return 0 if that is NULL.

        For a `part` of a value, the result of a Python method must be bytes (NotBytes), because the encoding
        of a str is not known here.
        """
        return 1 if self.append_natively(obj, out) else self.append_dumped(obj, out, part)

    cdef int append_natively(self, object obj, Buffer out) except -1:
        """Append the value from the native function; return 0, with nothing written, if it declines."""
        cdef Py_ssize_t start = out.length
        cdef uint32_t oid = self.oid
        if self.dump is NULL:
            return 0
        # With another type the value would belong to another dumper.
        if self.dump(obj, out, &oid, self) and oid == self.oid:
            return 1
        out.length = start
        return 0

    cdef int append_dumped(self, object obj, Buffer out, bint part) except -1:
        """Append the value from the Python method, as `append` does."""
        value = self.dumper.dump(obj)
        if value is None:
            return 0
        if part and not PyBytes_CheckExact(value):
            raise NotBytes
        if isinstance(value, str):
            value = encoded(value, codec_of(getattr(self.dumper, "connection", None)))
        put_value(out, value)
        return 1


cdef Dumpers new_dumpers(object adapters, object context, object format):
    """Return the dumpers of a context for one `PyFormat`; each dumper is created on first use."""
    cdef Dumpers dumpers = Dumpers.__new__(Dumpers)
    dumpers.adapters = adapters
    dumpers.context = context
    dumpers.format = format
    dumpers.entries = {}
    return dumpers


@cython.final
cdef class Dumpers:
    """The dumpers for one `PyFormat`. They are valid until another adapter is registered in `adapters`."""

    cdef DumperEntry look_up(self, object obj):
        """Do as `find` does, and remember the entry for it."""
        cdef object cls = type(obj)
        cdef DumperEntry entry = self.entries.get(cls)
        cdef int slot = slot_of(<PyObject *> cls)
        if entry is None:
            entry = self.create(obj)
        entry.cls = <PyObject *> cls
        if self.recent[slot] is not NULL:
            self.recent[slot ^ 1] = self.recent[slot]
        self.recent[slot] = <PyObject *> entry
        return entry

    cdef DumperEntry create(self, object obj):
        """Return the entry for the class of an object, which has had none."""
        cdef object cls = type(obj)
        # Another thread may have come first, and `recent` may have its entry.
        return self.entries.setdefault(
            cls, new_entry(self.adapters.get_dumper(cls, self.format, obj)(cls, self.context), self)
        )

    cdef DumperEntry find_by_oid(self, uint32_t oid):
        """Return the entry for dumping objects of any class to a type, in binary format."""
        cdef DumperEntry entry = self.entries.get(oid)
        if entry is None:
            entry = new_entry(self.adapters.get_dumper_by_oid(oid, _BINARY_FORMAT)(object, self.context), None)
            self.entries[oid] = entry
        return entry

    cdef DumperEntry upgrade(self, DumperEntry entry, object obj):
        """Return the entry for an object, given that of its class; it may depend on the value."""
        cdef DumperEntry upgraded
        if not entry.keyed:
            return entry
        key = entry.get_key(obj)
        if key is type(obj):
            return entry
        upgraded = self.entries.get(key)
        if upgraded is None:
            upgraded = new_entry(entry.dumper.upgrade(obj, self.format), self)
            upgraded.upgraded = True
            upgraded = self.entries.setdefault(key, upgraded)
        return upgraded

    cdef int append(self, object obj, Buffer out, Dumped *dumped, bint part) except -1:
        """Append the value for an object, and set its type and format in `dumped`; return 0 if it is NULL.

        `part` is whether it is a part of a value, as in `DumperEntry.append`.
        """
        cdef DumperEntry entry = self.find(obj)
        cdef DumperEntry upgraded
        cdef Py_ssize_t start = out.length
        dumped.oid = entry.oid
        dumped.format = entry.format
        if entry.dump is not NULL:
            if entry.dump(obj, out, &dumped.oid, entry):
                return 1
            out.length = start
        upgraded = self.upgrade(entry, obj)
        dumped.oid = upgraded.oid
        dumped.format = upgraded.format
        return entry.append_dumped(obj, out, part) if upgraded is entry else upgraded.append(obj, out, part)
