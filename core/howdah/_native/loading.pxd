"""How the native core turns values into Python objects: C functions, found by name."""

# A function that returns the Python object for `size` bytes at `data`.
# It reads what is everyday and well formed by itself, and passes everything else
# on to `loader.load`, so that results and errors are the reference's.
ctypedef object (*load_func)(const char *data, Py_ssize_t size, object loader)

cdef int register_load(int format, str name, load_func function) except -1
cdef load_func find_load(object loader) except NULL
cdef object load_python(const char *data, Py_ssize_t size, object loader)
cdef object load_nested(load_func read, const char *data, Py_ssize_t size, object loader)
