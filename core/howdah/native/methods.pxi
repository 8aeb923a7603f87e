# The methods of adapters, called from Python: `load`, `dump` and `quote` of a class that names native functions.
#
# A subclass that overrides one of them and calls the overridden one, or an adapter that delegates to another,
# calls it as a method. So where a class with native functions, or a base class of it, defines the method, a
# function takes its place that calls the native one, and the Python method for what that one declines.

cimport cython
from cpython.bytearray cimport PyByteArray_CheckExact
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_CheckExact, PyBytes_FromObject, PyBytes_GET_SIZE
from cpython.memoryview cimport PyMemoryView_Check
from libc.stdint cimport uint32_t

from types import FunctionType

from howdah.native.implementation import IMPLEMENTATION

cdef object _METHODS = "_native_methods"
#: What subclasses may define without a change to what a method of their base class does.
cdef frozenset _HARMLESS = frozenset({
    "__annotate__", "__annotate_func__", "__annotations__", "__dict__", "__doc__", "__firstlineno__", "__init__",
    "__module__", "__orig_bases__", "__parameters__", "__qualname__", "__slots__", "__static_attributes__",
    "__weakref__", "lossless", "native", "native_quote", "oid", "parts", "prefer_binary", "type_name", _METHODS,
})


@cython.final
cdef class Methods:
    """The native functions for the methods of a class of adapters.

    Each stands for one Python method, as only the class whose method it is names its native functions.
    """

    cdef object cls
    cdef bint binary
    # Whether values contain others, so that the function is for the outermost one alone.
    cdef bint nested
    # The Python methods that functions stand for; None to call whatever Python method there is.
    cdef object loading
    cdef load_func load
    cdef object dumping
    cdef dump_func dump
    cdef object quoting
    cdef dump_func text
    cdef quote_func quote


cdef Methods _new_methods(object cls):
    """Return the native functions for the methods of a class, and keep them in it."""
    cdef Methods methods = Methods.__new__(Methods)
    cdef NativeAdapter native, quoted
    methods.cls = cls
    owner = _owner(cls)
    native = None if owner is None else native_of(owner.__dict__["native"])
    if native is not None:
        methods.binary = bool(owner.format)
        methods.nested = native.container
        methods.load = native.load[methods.binary]
        if methods.load is not NULL:
            methods.loading = _python_method(cls, owner, "load")
        methods.dump = native.dump[methods.binary]
        if methods.dump is not NULL:
            methods.dumping = _python_method(cls, owner, "dump")
        quoted = find_quote(owner)
        if quoted is not None:
            methods.text = native.dump[0]
            methods.quote = quoted.quote
            methods.quoting = _python_method(cls, owner, "quote")
    setattr(cls, _METHODS, methods)
    return methods


cdef object _owner(object cls):
    """Return the class that names the native functions, None if there is none."""
    for owner in cls.__mro__:
        if "native" in owner.__dict__:
            return None if owner.__dict__["native"] is None else owner
    return None


cdef NativeAdapter find_quote(object owner):
    """Return what quotes the text from the native functions of a class, None if only Python does.

    That is named where the method is defined.
    """
    cdef NativeAdapter native = native_of(owner.__dict__["native"])
    cdef NativeAdapter quoted
    # A binary dumper of values that contain others has binary dumpers for them.
    if native is None or native.dump[0] is NULL or (native.container and owner.format):
        return None
    for cls in owner.__mro__:
        if "quote" in cls.__dict__:
            if cls is Dumper and owner.format:
                return None  # it quotes what `dump` returns, in whatever format
            name = cls.__dict__.get("native_quote")
            quoted = None if name is None else native_of(name)
            return None if quoted is None or quoted.quote is NULL else quoted
    return None


cdef object _python_method(object cls, object owner, str name):
    """Return the Python method that a function named by `owner` stands for, in objects of `cls`.

    It is None if a class that `owner` does not derive from changes what the method does.
    """
    cdef bint before = True
    if cls is not owner:
        inherited = owner.__mro__
        for each in cls.__mro__:
            if each is owner:
                before = False
            elif each not in inherited:
                for attribute in each.__dict__:
                    if attribute in _HARMLESS or (before and attribute == name):
                        continue
                    if attribute == "quote" and name != "quote":
                        continue
                    if hasattr(owner, attribute):
                        return None
    return python_method(getattr(owner, name, None))


cdef object python_method(object method):
    """Return the Python method that `make_native` has replaced by this one, None if it has not."""
    return getattr(method, "__wrapped__", None) if type(method) is _FUNCTION else None


cdef inline Methods _methods_of(object adapter):
    cdef object cls = type(adapter)
    cdef object methods = getattr(cls, "_native_methods", None)
    if methods is not None and (<Methods> methods).cls is cls:
        return <Methods> methods
    return _new_methods(cls)


cdef inline bint _is_native(object adapter, Methods methods) except -1:
    """Return whether a native function may be called now, for an adapter with this encoding."""
    # Inside of another value, whose Python method is at work, the Python method raises the errors, too.
    if methods.nested and depth() > 0:
        return False
    return getattr(adapter, "encoding", "utf-8") == "utf-8"


@cython.final
cdef class KeptParts:
    """The dumpers for the parts of a dumper's objects, kept in the dumper from one call to the next."""

    cdef DumperEntry item
    cdef Dumpers parts
    cdef object version


cdef inline DumperEntry _new_call(object dumper, Methods methods):
    """Return an entry for one call of a dumper's method."""
    cdef DumperEntry entry = DumperEntry.__new__(DumperEntry)
    cdef KeptParts kept
    entry.dumper = dumper
    entry.format = methods.binary
    entry.oid = dumper.oid
    if methods.nested:
        kept = getattr(dumper, "_native_parts", None)
        if kept is not None:
            entry.item = kept.item
            if kept.parts is not None and kept.version == kept.parts.adapters.version:
                entry.parts = kept.parts
    return entry


cdef int _keep_parts(object dumper, DumperEntry entry) except -1:
    """Keep the dumpers for the parts in the dumper; not the entry, which refers to it."""
    cdef KeptParts kept
    if entry.item is None and entry.parts is None:
        return 0
    kept = getattr(dumper, "_native_parts", None)
    if kept is None or kept.parts is not entry.parts or kept.item is not entry.item:
        kept = KeptParts.__new__(KeptParts)
        kept.item = entry.item
        kept.parts = entry.parts
        kept.version = None if entry.parts is None else entry.parts.adapters.version
        dumper._native_parts = kept
    return 0


cdef bint _dump(dump_func dump, object obj, Buffer out, DumperEntry entry, Methods methods) except -1:
    """Append the value for an object; return whether it is one of the dumper's own type."""
    cdef uint32_t oid = entry.oid
    cdef bint dumped = dump(obj, out, &oid, entry) and (oid == entry.oid or not entry.oid)
    if methods.nested:
        _keep_parts(entry.dumper, entry)
    return dumped


def _native_load(python):
    def load(self, data):
        cdef Methods methods = _methods_of(self)
        cdef object value
        if methods.loading is python and _is_native(self, methods):
            if PyBytes_CheckExact(data):
                return methods.load(PyBytes_AS_STRING(data), PyBytes_GET_SIZE(data), self)
            if PyByteArray_CheckExact(data) or PyMemoryView_Check(data):
                value = PyBytes_FromObject(data)  # what changes must not change while it is read
                return methods.load(PyBytes_AS_STRING(value), PyBytes_GET_SIZE(value), self)
        return python(self, data)

    return load


def _native_dump(python):
    def dump(self, obj):
        cdef Methods methods = _methods_of(self)
        cdef DumperEntry entry
        cdef Buffer out
        if methods.dumping is not python or not _is_native(self, methods):
            return python(self, obj)
        if methods.binary and (PyBytes_CheckExact(obj) or PyByteArray_CheckExact(obj)):
            return python(self, obj)  # it may return the object itself
        entry = _new_call(self, methods)
        out = Buffer.__new__(Buffer)
        if not _dump(methods.dump, obj, out, entry, methods):
            return python(self, obj)
        return PyBytes_FromStringAndSize(out.data, out.length)

    return dump


def _native_quote(python):
    def quote(self, obj):
        cdef Methods methods = _methods_of(self)
        cdef DumperEntry entry
        cdef Buffer out
        if methods.quoting is not python or not _is_native(self, methods):
            return python(self, obj)
        entry = _new_call(self, methods)
        out = Buffer.__new__(Buffer)
        if not _dump(methods.text, obj, out, entry, methods) or not methods.quote(out, 0, entry):
            return python(self, obj)
        return PyBytes_FromStringAndSize(out.data, out.length)

    return quote


cdef dict _MAKERS = {"load": _native_load, "dump": _native_dump, "quote": _native_quote}
cdef type _FUNCTION = type(_native_load)


def make_native(cls, str name):
    """Have the native functions of a class called where its objects' method of this name is.

    Where the method is defined, in the class or in a base class, a function takes its place, once. It behaves
    the same for other classes that inherit it.

    Args:
        cls: the class, which has an attribute `native`.
        name: `load`, `dump` or `quote`.
    """
    for owner in cls.__mro__:
        python = owner.__dict__.get(name)
        if python is None:
            continue
        # Anything else, such as a static method, stays what it is.
        if type(python) is FunctionType or (type(python) is _FUNCTION and python_method(python) is None):
            method = _MAKERS[name](python)
            method.__doc__ = python.__doc__
            method.__module__ = python.__module__
            method.__qualname__ = python.__qualname__
            method.__wrapped__ = python
            setattr(owner, name, method)
        return


if IMPLEMENTATION == "native":
    make_native(Dumper, "quote")  # no class that derives from it may do so
