# How the native core turns values into Python objects: C functions, found through the class of a loader.

from cpython.bytes cimport PyBytes_FromStringAndSize

from howdah.adapt.native import load_native

# From what the classes of adapters name to the `NativeAdapter`s, None where the Python methods are called.
cdef dict _found = {}


cdef class NativeAdapter:
    """The functions that load and dump a type natively. `native_adapter` makes one."""


cdef NativeAdapter new_native_adapter(
    int version, load_func load_text, load_func load_binary, dump_func dump_text, dump_func dump_binary,
    key_func key, bint container
):
    """Return a new one, for a module that was compiled for a version of the interface."""
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
    return adapter


cdef NativeAdapter find_native(object adapter):
    """Return what the class of a loader or dumper itself names as `native`, None if its Python methods are called.

    Of text native functions know UTF-8.
    """
    name = type(adapter).__dict__.get("native")
    if name is None or getattr(adapter, "encoding", "utf-8") != "utf-8":
        return None
    if name not in _found:
        _found[name] = load_native(name, NativeAdapter)
    return _found[name]


cdef load_func find_load(object loader) except NULL:
    """Return the function that loads what `loader` loads.

    That is the one its own class names; failing that, one that calls `loader.load`.
    No loader at all (None) leaves values as they came, as bytes.
    """
    cdef NativeAdapter native
    cdef load_func load
    if loader is None:
        return load_bytes
    native = find_native(loader)
    if native is None:
        return load_python
    load = native.load[1 if loader.format else 0]
    return load_python if load is NULL else load


cdef object load_python(const char *data, Py_ssize_t size, object loader):
    """Load with the loader's Python method."""
    return loader.load(PyBytes_FromStringAndSize(data, size))


cdef object load_nested(load_func read, const char *data, Py_ssize_t size, object loader):
    """Load a value that contains others with `read`, which raises an exception for what is not well formed.

    Whatever is raised, by a loader of a part too, the Python method meets again, and raises what the
    reference raises: that of the outermost value, since it reads all that is in it.
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
