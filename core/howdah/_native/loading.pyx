"""How the native core turns values into Python objects: C functions, found by name.

A loader class names its function in `native`; the modules `load_…` register them here.
"""

from cpython.bytes cimport PyBytes_FromStringAndSize

from howdah._native.nesting cimport MAX_DEPTH, depth, enter, leave

# (format, name) -> the function's address
cdef dict _functions = {}
# Whether the modules of types that not every program meets have been imported.
cdef bint _complete = False


cdef int register_load(int format, str name, load_func function) except -1:
    """Make `function` known as the one that loads `name` in a format (0 text, 1 binary)."""
    _functions[format, name] = <size_t> function
    return 0


cdef int _complete_functions() except -1:
    """Import the modules that have been left for later."""
    global _complete
    import howdah._native.load_arrays
    import howdah._native.load_catalog
    import howdah._native.load_composed
    import howdah._native.load_dates
    import howdah._native.load_geometry
    import howdah._native.load_json
    import howdah._native.load_network
    import howdah._native.load_search
    _complete = True
    return 0


cdef load_func find_load(object loader) except NULL:
    """Return the function that loads what `loader` loads.

    That is the one its own class names; failing that, one that calls `loader.load`.
    Of text the functions know UTF-8. No loader at all (None) leaves values as they came, as bytes.
    """
    if loader is None:
        return load_raw
    cdef str name = type(loader).__dict__.get("native")
    if name is None or getattr(loader, "encoding", "utf-8") != "utf-8":
        return load_python
    address = _functions.get((loader.format, name))
    if address is None and not _complete:
        _complete_functions()
        address = _functions.get((loader.format, name))
    if address is None:
        return load_python
    return <load_func> <size_t> address


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


cdef object load_raw(const char *data, Py_ssize_t size, object loader):
    """Return the value as it came."""
    return PyBytes_FromStringAndSize(data, size)
