"""Row makers, which turn decoded tuples into the rows that a program asks for.

Twins of the row makers in `howdah.rows`.
"""

cimport cython
from cpython.dict cimport PyDict_Copy, PyDict_SetItem
from cpython.object cimport PyObject, PyObject_RichCompare
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


@cython.freelist(64)
cdef class Record:
    """A row whose values are found by index and by column name: what `record_row` makes.

    It iterates over its values, and equals a tuple of them; `in` looks for a column name. If several columns
    have the same name, the name stands for the last one.

    Args:
        names: the column names.
        values: the values, as many as names.

    Raises:
        ValueError: the numbers of names and values differ.
    """

    cdef RecordMaker columns
    cdef tuple row

    def __cinit__(self):  # which ignores arguments
        self.columns = _NO_COLUMNS
        self.row = ()

    def __init__(self, names, values):
        cdef RecordMaker columns = RecordMaker(tuple(names))
        self.row = columns.check(tuple(values))
        self.columns = columns

    def __len__(self):
        return PyTuple_GET_SIZE(self.row)

    def __getitem__(self, key):
        return self.row[self.columns.positions[key] if isinstance(key, str) else key]

    def __iter__(self):
        return iter(self.row)

    def __contains__(self, name):
        return isinstance(name, str) and name in self.columns.positions

    def get(self, name, default=None):
        """Return the value of a column, or `default` if there is none of this name.

        Args:
            name: the column name.
            default: what to return without such a column.
        """
        position = self.columns.positions.get(name)
        return default if position is None else self.row[position]

    def keys(self) -> tuple:
        """Return the column names."""
        return self.columns.column_names

    def values(self) -> tuple:
        """Return the values."""
        return self.row

    def items(self) -> tuple:
        """Return pairs of column names and values."""
        return tuple(zip(self.columns.column_names, self.row))

    def __richcmp__(self, other, int operator):
        cdef tuple row
        if isinstance(other, Record):
            row = (<Record> other).row
        elif isinstance(other, tuple):
            row = <tuple> other
        else:
            return NotImplemented
        return PyObject_RichCompare(self.row, row, operator)

    def __hash__(self):
        return hash(self.row)

    def __repr__(self):
        return f"<Record {' '.join([f'{name}={value!r}' for name, value in self.items()])}>"

    def __reduce__(self):
        return Record, (self.columns.column_names, self.row)


cdef class RecordMaker:
    """Makes records.

    Args:
        names: the column names.
    """

    cdef tuple column_names
    # The position of the last column of each name.
    cdef dict positions

    def __init__(self, tuple names not None):
        self.column_names = names
        self.positions = {name: position for position, name in enumerate(names)}

    def __call__(self, values):
        return self.make(tuple(values))

    cdef Record make(self, tuple row):
        cdef Record record = Record.__new__(Record)
        record.columns = self
        record.row = self.check(row)
        return record

    cdef tuple check(self, tuple row):
        """Return values, if they are as many as names."""
        if PyTuple_GET_SIZE(row) != PyTuple_GET_SIZE(self.column_names):
            raise ValueError(f"the record has {len(self.column_names)} columns and {len(row)} values")
        return row


cdef RecordMaker _NO_COLUMNS = RecordMaker(())


cdef list make_rows(object make_row, list rows):
    """Return the rows that `make_row` makes of tuples."""
    if isinstance(make_row, DictMaker):
        return [(<DictMaker> make_row).make(row) for row in rows]
    if isinstance(make_row, RecordMaker):
        return [(<RecordMaker> make_row).make(row) for row in rows]
    return [make_row(row) for row in rows]
