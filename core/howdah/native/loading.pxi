# Loading values with native functions, which are found through the class of a loader.

from cpython.bytes cimport PyBytes_FromStringAndSize

from howdah.adapt.native import load_native

# `NativeAdapter` objects by the names in the classes of adapters; None to call the Python methods.
cdef dict _found = {}


cdef class NativeAdapter:
    """The native functions that load and dump a type; created by `native_adapter`."""


cdef NativeAdapter new_native_adapter(
    int version, load_func load_text, load_func load_binary, dump_func dump_text, dump_func dump_binary,
    key_func key, bint container, quote_func quote
):
    """Return a new object; `version` is the version of the interface that the caller was compiled for."""
    cdef NativeAdapter adapter
    if version != INTERFACE_VERSION:
        raise ImportError(
            f"it was compiled for version {version} of howdah's native interface, and this howdah has version"
            f" {INTERFACE_VERSION}: build it again"
        )
    adapter = NativeAdapter.__new__(NativeAdapter)
    adapter.load[0] = load_text
    adapter.load[1] = load_binary
    adapter.dump[0] = dump_text
    adapter.dump[1] = dump_binary
    adapter.key = key
    adapter.container = container
    adapter.quote = quote
    return adapter


cdef NativeAdapter find_native(object adapter):
    """Return the `NativeAdapter` that the class of an adapter names, None to call its Python methods.

    Native functions for text support only UTF-8.
    """
    name = type(adapter).__dict__.get("native")
    if name is None or getattr(adapter, "encoding", "utf-8") != "utf-8":
        return None
    return native_of(name)


cdef NativeAdapter native_of(object name):
    """Return the `NativeAdapter` of a name, None if its module is missing."""
    if name not in _found:
        _found[name] = load_native(name, NativeAdapter)
    return _found[name]


cdef load_func find_load(object loader) except NULL:
    """Return the native function for a loader, or else one that calls `loader.load`.

    For no loader (None), return a function that returns the value unchanged, as bytes.
    """
    cdef NativeAdapter native
    cdef load_func load
    if loader is None:
        return load_bytes
    native = find_native(loader)
    if native is None:
        return load_method
    load = native.load[1 if loader.format else 0]
    return load_method if load is NULL else load


cdef object load_method(const char *data, Py_ssize_t size, object loader):
    """Load a value with the loader's method `load`."""
    return loader.load(PyBytes_FromStringAndSize(data, size))


cdef object load_python(const char *data, Py_ssize_t size, object loader):
    """Load a value that a native function declines, with the Python method that the function stands for."""
    value = PyBytes_FromStringAndSize(data, size)
    for owner in type(loader).__mro__:
        if "native" in owner.__dict__:
            python = python_method(owner.load)
            if python is not None:
                return python(loader, value)
            break
    return loader.load(value)


cdef object load_nested(load_func read, const char *data, Py_ssize_t size, object loader):
    """Load a value that contains others, with `read`, which raises an exception if it is malformed.

    After any exception, also of a loader of a part, the Python method of the outermost value is called. It
    reads everything again, and raises the exception of the Python implementation.
    """
    enter(MAX_DEPTH)
    try:
        return read(data, size, loader)
    except Exception:
        if depth() > 1:
            raise
    finally:
        leave()
    return load_python(data, size, loader)
