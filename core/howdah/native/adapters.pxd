"""howdah's C interface for native adapters.

A distribution that compiles against it with Cython can have loaders and dumpers that run without a Python
call for each value. docs/native-adapters.md describes it, with an example. There are further modules, all
inline: `byteorder` (integers and floats in network order), `strings` (ASCII) and `instances` (objects created
without their constructors).

The interface ends at "The kernel's own". An incompatible change to it increments `INTERFACE_VERSION`.
"""

from cpython.object cimport PyObject, Py_TYPE
from libc.stdint cimport int64_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memcpy

from howdah.native.byteorder cimport set_uint16, set_uint32, set_uint64

cdef enum:
    #: Compiled into each module with native adapters, and checked when the module is imported.
    INTERFACE_VERSION = 4


# A growing buffer for messages and values.

cdef class Buffer:
    cdef char *data
    cdef Py_ssize_t length
    cdef Py_ssize_t capacity
    #: The maximum size in bytes, 0 for no limit.
    cdef Py_ssize_t limit

    cdef int grow(self, Py_ssize_t size) except -1
    cdef int put_digits(self, uint64_t value) except -1
    cdef int put_integer(self, int64_t value) except -1

    cdef inline char *reserve(self, Py_ssize_t size) except NULL:
        """Append `size` uninitialized bytes; return a pointer to them.

        The pointer is valid until the buffer is next written to.
        """
        cdef Py_ssize_t start
        if size >= self.capacity - self.length:  # also if equal: the buffer may have no memory yet
            self.grow(size)
        start = self.length
        self.length = start + size
        return self.data + start

    cdef inline int put(self, const char *source, Py_ssize_t size) except -1:
        """Append `size` bytes from `source`."""
        memcpy(self.reserve(size), source, size)
        return 0

    cdef inline int put_uint16(self, uint16_t value) except -1:
        """Append a 16-bit integer in network order."""
        set_uint16(self.reserve(2), value)
        return 0

    cdef inline int put_uint32(self, uint32_t value) except -1:
        """Append a 32-bit integer in network order."""
        set_uint32(self.reserve(4), value)
        return 0

    cdef inline int put_uint64(self, uint64_t value) except -1:
        """Append a 64-bit integer in network order."""
        set_uint64(self.reserve(8), value)
        return 0


cdef int put_value(Buffer out, object value) except -1


# Functions that load and dump, and the object that holds the functions of a type.

cdef class DumperEntry
cdef class Dumpers

# A function that returns the Python object for the `size` bytes at `data`.
# It handles common, well-formed values and passes all others to `loader.load`,
# so that results and errors are those of the Python implementation.
ctypedef object (*load_func)(const char *data, Py_ssize_t size, object loader)

# A `load_func` is also one of these: a caller that puts the reference, which it owns, into a tuple or a list
# counts no references.
ctypedef PyObject *(*owned_load_func)(const char *data, Py_ssize_t size, PyObject *loader) except NULL

# A function that appends the value for an object to a buffer and returns 1. It returns 0 to
# leave the object to the dumper's Python methods; what it has written by then is dropped.
# `oid` has the oid of the dumper; a function whose type depends on the object changes it.
ctypedef int (*dump_func)(object obj, Buffer out, uint32_t *oid, DumperEntry entry) except -1

# A function that returns the same as the dumper's `get_key`.
ctypedef object (*key_func)(object obj, DumperEntry entry)

# A function that makes an SQL literal of what a buffer has from `start` on: the text that a `dump_func` has
# appended. It returns 0 to leave that to the dumper's `quote`.
ctypedef int (*quote_func)(Buffer out, Py_ssize_t start, DumperEntry entry) except -1


cdef class NativeAdapter:
    # By format, 0 for text and 1 for binary; NULL to call the Python method.
    cdef load_func[2] load
    cdef dump_func[2] dump
    cdef key_func key
    # Whether loaded objects may refer to others, so that the garbage collector must track their rows.
    cdef bint container
    # For the attribute `native_quote`; otherwise NULL.
    cdef quote_func quote


cdef NativeAdapter new_native_adapter(
    int version, load_func load_text, load_func load_binary, dump_func dump_text, dump_func dump_binary,
    key_func key, bint container, quote_func quote
)


cdef inline NativeAdapter native_adapter(
    load_func load_text, load_func load_binary, dump_func dump_text=NULL, dump_func dump_binary=NULL,
    key_func key=NULL, bint container=False
):
    """Return an object for the attribute `native` of adapters; NULL leaves a function to the Python method.

    Raises:
        ImportError: the calling module was compiled for another version of the interface.
    """
    return new_native_adapter(
        INTERFACE_VERSION, load_text, load_binary, dump_text, dump_binary, key, container, NULL
    )


cdef inline NativeAdapter native_quote(quote_func quote):
    """Return an object for the attribute `native_quote` of dumpers.

    Raises:
        ImportError: the calling module was compiled for another version of the interface.
    """
    return new_native_adapter(INTERFACE_VERSION, NULL, NULL, NULL, NULL, NULL, False, quote)


# Loading.

cdef NativeAdapter find_native(object adapter)
cdef NativeAdapter native_of(object name)
cdef load_func find_load(object loader) except NULL
cdef object load_method(const char *data, Py_ssize_t size, object loader)
cdef object load_python(const char *data, Py_ssize_t size, object loader)
cdef object load_nested(load_func read, const char *data, Py_ssize_t size, object loader)
cdef object load_str(const char *data, Py_ssize_t size, object loader)
cdef object load_bytes(const char *data, Py_ssize_t size, object loader)


# Dumping.

cdef class DumperEntry:
    cdef object dumper
    cdef dump_func dump
    cdef key_func key
    cdef int format
    cdef uint32_t oid
    # Whether the dumper depends on the value of an object; and, in a list, on the values of all elements.
    cdef bint keyed
    cdef bint deciding
    # Whether this entry was chosen by the value of an object.
    cdef bint upgraded
    # The `Dumpers` that the entry belongs to; None if its dumper is for objects of any class.
    cdef Dumpers dumpers
    # The dumper of the items of an object, or the dumpers of its parts.
    cdef DumperEntry item
    cdef Dumpers parts
    # What makes a literal of the value, NULL for the dumper's method; and the cast behind it. `cast` is None
    # until they have been looked up.
    cdef quote_func quote
    cdef bytes cast
    # The class whose objects find this entry; NULL if it was found in another way. Borrowed from the key of `entries`.
    cdef PyObject *cls

    cdef object get_key(self, object obj)
    cdef int append(self, object obj, Buffer out, bint part) except -1
    cdef int append_natively(self, object obj, Buffer out) except -1
    cdef int append_dumped(self, object obj, Buffer out, bint part) except -1


cdef struct Dumped:
    uint32_t oid
    int format


cdef inline int slot_of(PyObject *cls) noexcept:
    """Return the place of a class in `Dumpers.recent`; if another is there, it is in the place beside it."""
    # Source: Knuth, "The Art of Computer Programming", 6.4, multiplicative hashing.
    return <int> (<uint64_t> <size_t> cls * <uint64_t> 0x9E3779B97F4A7C15 >> 59)


cdef class Dumpers:
    cdef object adapters
    cdef object context
    cdef object format
    # DumperEntry objects by class, or by the key from `get_key`. None is ever removed.
    cdef dict entries
    # Those of the classes that were met last, by a hash of the address of the class.
    cdef (PyObject *)[32] recent

    cdef inline DumperEntry find(self, object obj):
        """Return the entry for the class of an object."""
        cdef PyObject *entry = self.find_recent(obj)
        return self.look_up(obj) if entry is NULL else <DumperEntry> entry

    cdef inline PyObject *find_recent(self, object obj) noexcept:
        """Return the entry for the class of an object, a borrowed reference; NULL if it must be looked up."""
        cdef PyObject *cls = <PyObject *> Py_TYPE(obj)
        cdef int slot = slot_of(cls)
        cdef PyObject *entry = self.recent[slot]
        if entry is not NULL and (<DumperEntry> entry).cls is cls:
            return entry
        entry = self.recent[slot ^ 1]
        return entry if entry is not NULL and (<DumperEntry> entry).cls is cls else NULL

    cdef DumperEntry look_up(self, object obj)
    cdef DumperEntry create(self, object obj)
    cdef DumperEntry find_by_oid(self, uint32_t oid)
    cdef DumperEntry upgrade(self, DumperEntry entry, object obj)
    cdef int append(self, object obj, Buffer out, Dumped *dumped, bint part) except -1


cdef Dumpers new_dumpers(object adapters, object context, object format)
cdef DumperEntry new_entry(object dumper, Dumpers dumpers)
cdef int dump_nested(dump_func write, object obj, Buffer out, uint32_t *oid, DumperEntry entry, int limit) except -1
cdef int dump_str(object obj, Buffer out, uint32_t *oid, DumperEntry entry) except -1
cdef int quote_text(Buffer out, Py_ssize_t start, DumperEntry entry) except -1


# The limit on nested values, counted for each thread.

cdef enum:
    MAX_DEPTH = 100
    MAX_TEXT_DEPTH = 16

cdef int depth() noexcept
cdef int set_depth(int value) noexcept
cdef int enter(int limit) except -1
cdef void leave() noexcept


# Decoding DataRow messages into tuples.

cdef struct Column:
    load_func load
    #: Borrowed from the decoder's tuple of loaders.
    void *loader
    #: Whether its objects may refer to others.
    bint container


cdef class RowDecoder:
    cdef Column *columns
    cdef Py_ssize_t count
    cdef tuple loaders
    # The column whose value is being loaded.
    cdef Py_ssize_t column

    # A derived class may override it, to process rows in another way. The session calls it for each row and
    # keeps the result, a tuple or None.
    cdef tuple decode_row(self, const char *data, Py_ssize_t size)
    # The kernel's own: the same for one row of many, for callers who reset the depth and explain errors themselves.
    cdef tuple decode_next(self, const char *data, Py_ssize_t size)
    cdef object explain(self, object error)


# The kernel's own: encoding the parameters of a query for Bind.

cdef class EncodedParams:
    # The oids, in native byte order, four bytes each; then, from `section` on, the part of a Bind message:
    # the number of formats, the formats, the number of values, the values with their lengths.
    cdef Buffer buffer
    cdef Py_ssize_t count
    cdef readonly tuple oids
    cdef readonly tuple formats

    cdef inline const char *section(self) noexcept:
        """Return the parameters' part of a Bind message."""
        return self.buffer.data + 4 * self.count

    cdef inline Py_ssize_t section_size(self) noexcept:
        """Return the size of `section` in bytes."""
        return self.buffer.length - 4 * self.count

    cdef int start(self, Py_ssize_t count) except -1
    cdef int finish(self, EncodedParams previous) except -1
    cdef int set_type(self, Py_ssize_t index, uint32_t oid, int format) except -1
    cdef int put_value(self, object value) except -1
    cdef int close_value(self, Py_ssize_t start, bint null) except -1


cdef class ParameterEncoder:
    cdef object adapters
    cdef object context
    cdef object version
    cdef Dumpers automatic
    cdef Dumpers text
    cdef Dumpers binary
    cdef EncodedParams previous
    # The encoding that the dumpers were last used for literals in.
    cdef object encoding

    cdef int encode_row(self, tuple params, tuple formats, object names, EncodedParams out) except -1
    cdef int encode_one(self, object obj, Dumpers dumpers, EncodedParams out, Py_ssize_t index) except -1
    cdef Dumpers dumpers_of(self, object format)
    cdef int renew(self) except -1
    cdef int add_literals(self, object objs, list made) except -1
    cdef bytes literal(self, object obj, Buffer out)
