"""Row makers, which turn decoded tuples into the rows that a program asks for.

Twins of the row makers in `howdah.rows`.
"""

from cpython.dict cimport PyDict_Copy, PyDict_SetItem
from cpython.object cimport PyObject
from cpython.tuple cimport PyTuple_CheckExact, PyTuple_GET_ITEM, PyTuple_GET_SIZE

cdef extern from "Python.h":
    object PyObject_VectorcallDict(object function, PyObject *const *arguments, size_t count, object keywords)


cdef class DictMaker:
    """Makes dictionaries.

    Args:
        names: the keys: the columns' names.
    """

    cdef tuple names
    # With a value for each key: a copy has room for all of them, and takes one allocation.
    cdef dict template

    def __init__(self, tuple names not None):
        self.names = names
        self.template = dict.fromkeys(names)

    def __call__(self, values):
        return self.make(values)

    cdef dict make(self, values):
        cdef tuple names = self.names
        cdef dict row
        cdef Py_ssize_t i
        if not PyTuple_CheckExact(values) or PyTuple_GET_SIZE(values) != PyTuple_GET_SIZE(names):
            return dict(zip(names, values, strict=True))
        row = PyDict_Copy(self.template)
        for i in range(PyTuple_GET_SIZE(names)):
            PyDict_SetItem(row, <object> PyTuple_GET_ITEM(names, i), <object> PyTuple_GET_ITEM(values, i))
        return row


cdef class KeywordCaller:
    """Calls a function with the values as keyword arguments.

    Args:
        func: returns the row.
        names: the names of the arguments: the columns' names.
    """

    cdef object func
    cdef DictMaker keywords

    def __init__(self, func, tuple names not None):
        self.func = func
        self.keywords = DictMaker(names)

    def __call__(self, values):
        return PyObject_VectorcallDict(self.func, NULL, 0, self.keywords.make(values))


cdef list make_rows(object make_row, list rows):
    """Return the rows that `make_row` makes of tuples."""
    if isinstance(make_row, DictMaker):
        return [(<DictMaker> make_row).make(row) for row in rows]
    return [make_row(row) for row in rows]
