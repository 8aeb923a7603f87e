"""How the native core turns Python objects into values: C functions, found by name.

A dumper class names its function in `native`; the modules `dump_…` register them here.
"""

# (format, name) -> the function's address
cdef dict _functions = {}


cdef int register_dump(int format, str name, dump_func function) except -1:
    """Make `function` known as the one that dumps `name` in a format (0 text, 1 binary)."""
    _functions[format, name] = <size_t> function
    return 0


cdef dump_func find_dump(object dumper) except? NULL:
    """Return the function that the dumper's own class names, NULL if none."""
    cdef str name = type(dumper).__dict__.get("native")
    if name is None or (name == "str" and dumper.encoding != "utf-8"):
        return NULL
    return <dump_func> <size_t> _functions.get((dumper.format, name), 0)
