"""The results of a cursor's last query, and its position in them.

Twin of `howdah.client.resultset`, where the attributes are described.
"""

cimport cython
from cpython.list cimport PyList_GET_SIZE
from cpython.number cimport PyNumber_Index

from howdah.native.exchange cimport Result
from howdah.native.rowmakers cimport make_rows

from howdah.errors import InterfaceError, ProgrammingError
from howdah.errors.context import add_column_name, add_note
from howdah.pq import ExecStatus
from howdah.raw_cursor import RawCursorMixin
from howdah.rows import (
    ROW_FACTORY,
    checked_row_factory,
    dict_maker,
    dict_row,
    no_rows_yet,
    not_a_row_maker,
    record_maker,
    record_row,
    tuple_row,
)

cdef object _RAW_CURSOR = RawCursorMixin
cdef object _TUPLE_ROW = tuple_row
cdef object _DICT_ROW = dict_row
cdef object _RECORD_ROW = record_row
cdef object _dict_maker = dict_maker
cdef object _record_maker = record_maker
cdef object _no_rows_yet = no_rows_yet
cdef object _SINGLE_TUPLE = ExecStatus.SINGLE_TUPLE
cdef str _NO_RESULT = "no result available: execute a query first"
cdef str _NOT_KEPT = "no result available: executemany() keeps rows only if it is called with returning=True"


cdef tuple names_of(fields):
    """Return the names of columns."""
    return tuple([field.name for field in fields])


cdef class ResultSet:
    """The results of a query, and the position in the current result."""

    def __cinit__(self):  # which ignores arguments
        self.raw = isinstance(self, _RAW_CURSOR)
        self.reset()

    def _reset(self):
        """Discard all results."""
        self.reset()

    def _show(self, results):
        """Set the results, at least one, and select the first."""
        self.select(results, 0)

    def _select(self, Py_ssize_t index):
        """Select a result."""
        self.select(self._results, index)

    def _row_maker(self, row_factory):
        """Return the row maker of a row factory for the current result."""
        return self.make_row_maker(row_factory)

    def _check_open(self):
        self.check_open()

    def _check_result(self):
        """Return the row maker of the current result."""
        return self.check_result()

    def _take_one(self):
        """Return the next row that has been received, None if there is none."""
        cdef object make_row = self._make_row
        cdef object row
        if make_row is None:
            make_row = self.check_result()
        if self._position < PyList_GET_SIZE(self._rows):
            row = self._rows[self._position]
            if make_row is not tuple:
                # If the row maker fails, the position stays at this row.
                row = make_row(row)
            self._position += 1
            return row
        self.raise_failure()
        return None

    def _take(self, size):
        """Return the next `size` of the fetched rows, all of them with None."""
        cdef object make_row = self._make_row
        cdef Py_ssize_t start = self._position
        cdef Py_ssize_t count = PyList_GET_SIZE(self._rows) - start
        cdef list rows
        if make_row is None:
            make_row = self.check_result()
        if size is not None:
            size = PyNumber_Index(size)
            if size < 0:
                raise InterfaceError(f"fetchmany() and arraysize want a number of rows, not {size}")
            if size < count:
                count = size
        rows = self._rows[start : start + count]
        if make_row is not tuple:
            rows = make_rows(make_row, rows)
        if size is None or count < size:
            self.raise_failure()
        self._position = start + count
        return rows

    def _column_names(self):
        """Return the names of the columns, None if the result has no rows."""
        if self._pending is not None:
            self._arrive()
        fields = self._result.fields if self._result is not None else None
        if fields is None:
            fields = self._fields()
        return None if fields is None else names_of(fields)

    def _raise_failure(self):
        """Raise the error from decoding the next row, if there was one."""
        self.raise_failure()

    cdef int reset(self) except -1:
        self._pending = None
        self._results = ()
        self._index = -1
        self._result = None
        self._rows = []
        self._position = self._offset = 0
        self._rowcount = -1
        self._tag = b""
        self._columns = None
        self._make_row = None
        self._portal = None
        self._synced = True
        self._decoder = None
        return 0

    @cython.boundscheck(True)
    cdef int select(self, object results, Py_ssize_t index) except -1:
        cdef Result result = results[index]
        self._results = results
        self._index = index
        self._result = result
        self._rows = result.rows
        self._position = self._offset = 0
        self._columns = None
        self._make_row = None
        self._rowcount = None
        # Set before the row factory is called, which looks at the result.
        self._pending = None
        if result.fields is not None:
            if self._row_factory is _TUPLE_ROW:
                self._make_row = tuple
            elif self._row_factory is _DICT_ROW:
                self._make_row = _dict_maker(names_of(result.fields))
            elif self._row_factory is _RECORD_ROW:
                self._make_row = _record_maker(names_of(result.fields))
            else:
                self._make_row = self.make_row_maker(self._row_factory)
        return 0

    cdef object make_row_maker(self, object row_factory):
        """Return the row maker of a row factory for the current result; the factory cannot take rows."""
        cdef object before = self._make_row
        cdef object make_row
        self._make_row = _no_rows_yet
        try:
            make_row = row_factory(self)
        except TypeError as error:
            checked_row_factory(row_factory)
            add_note(error, ROW_FACTORY)
            raise
        finally:
            self._make_row = before
        if not callable(make_row):
            raise not_a_row_maker(row_factory, make_row)
        return make_row

    cdef int check_open(self) except -1:
        if self._closed:
            raise InterfaceError("the cursor is closed")
        return 0

    cdef object check_result(self):
        if self._make_row is None:
            self.check_open()
            if self._result is None:
                raise ProgrammingError(_NOT_KEPT if self._tag else _NO_RESULT)
            if self._result.status == _SINGLE_TUPLE:
                raise ProgrammingError("the rows of stream() come from its generator alone")
            if self._result.fields is None:
                tag = self._result.tag.decode("utf-8", "replace") or None
                raise ProgrammingError(f"the last operation didn't produce records (command status: {tag})")
            self._make_row = self.make_row_maker(self._row_factory)
        return self._make_row

    cdef int raise_failure(self) except -1:
        cdef Result result = self._result
        if result is not None and result.failure is not None:
            raise add_column_name(result.failure, [field.name for field in result.fields or ()])
        return 0


cdef class RowIterator(ResultSet):
    """A result set to iterate over."""

    def __next__(self):
        cdef object make_row = self._make_row
        cdef object row
        if make_row is not None and self._position < PyList_GET_SIZE(self._rows):
            row = self._rows[self._position]
            if make_row is not tuple:
                # If the row maker fails, the position stays at this row.
                row = make_row(row)
            self._position += 1
            return row
        return self.next_row()


cdef class AsyncRowIterator(ResultSet):
    """A result set to iterate over asynchronously."""

    def __anext__(self):
        cdef object make_row = self._make_row
        cdef object row
        if make_row is not None and self._position < PyList_GET_SIZE(self._rows):
            row = self._rows[self._position]
            if make_row is not tuple:
                row = make_row(row)
            self._position += 1
            return ReadyRow.__new__(ReadyRow, row)
        return self.next_row()


@cython.freelist(8)
cdef class ReadyRow:
    """An awaitable that returns a value immediately."""

    cdef object value

    def __cinit__(self, value):
        self.value = value

    def __await__(self):
        return self

    def __iter__(self):
        return self

    def __next__(self):
        raise StopIteration(self.value)
