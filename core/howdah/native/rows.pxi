# Decoding DataRow messages into tuples.
#
# Twin of `howdah.adapt.rowdecoder`.
#
# Source: PostgreSQL documentation, "Message Formats", DataRow.

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from cpython.mem cimport PyMem_Calloc, PyMem_Free
from cpython.ref cimport Py_INCREF
from cpython.tuple cimport PyTuple_New
from libc.stdint cimport int32_t

from howdah.native.byteorder cimport get_int32, get_uint16

from howdah.adapt.nesting import too_deep
from howdah.errors.context import add_column_number
from howdah.protocol.messages import ProtocolViolation

cdef extern from "Python.h":
    bint PyObject_IS_GC(object obj)
    void PyObject_GC_Track(object obj)
    void PyObject_GC_UnTrack(object obj)
    void PyTuple_SET_ITEM(object row, Py_ssize_t i, PyObject *value)


cdef class RowDecoder:
    """Decodes the rows of one result.

    Args:
        loaders: a `Loader` for each column, in order; None leaves the column's values as bytes.
    """

    def __cinit__(self, loaders):
        cdef Py_ssize_t i
        cdef NativeAdapter native
        self.loaders = tuple(loaders)
        self.count = len(self.loaders)
        self.columns = <Column *> PyMem_Calloc(max(self.count, 1), sizeof(Column))
        if self.columns is NULL:
            raise MemoryError
        for i, loader in enumerate(self.loaders):
            self.columns[i].load = find_load(loader)
            self.columns[i].loader = <void *> loader
            native = find_native(loader)
            self.columns[i].container = (
                self.columns[i].load == load_method or (native is not None and native.container)
            )

    def __dealloc__(self):
        PyMem_Free(self.columns)

    def decode(self, bytes payload not None) -> tuple:
        """Return a row.

        Args:
            payload: the body of a DataRow message.

        Returns:
            The columns' values; None for NULL.

        Raises:
            ProtocolViolation: the message is malformed or has another number of columns.
            Exception: a loader raised it; the message of a `howdah.Error`, or a note, names the column.
        """
        return self.decode_row(PyBytes_AS_STRING(payload), PyBytes_GET_SIZE(payload))

    cdef tuple decode_row(self, const char *data, Py_ssize_t size):
        """Return the row in the `size` bytes at `data`, as `decode` does."""
        cdef int former = set_depth(0)
        try:
            return self.decode_next(data, size)
        except Exception as error:
            explained = self.explain(error)
            if explained is error:
                raise
            raise explained from error
        finally:
            set_depth(former)

    cdef tuple decode_next(self, const char *data, Py_ssize_t size):
        """Return the row in the `size` bytes at `data`; the caller has set the depth to 0 and explains errors."""
        cdef const char *end = data + size
        cdef Column *column
        cdef Py_ssize_t i
        cdef int32_t length
        cdef PyObject *value
        cdef tuple row
        cdef bint container = False
        if size < 2:
            raise ProtocolViolation("malformed DataRow from the server: it has no column count")
        if get_uint16(data) != self.count:
            raise ProtocolViolation(
                f"malformed DataRow from the server: it has {get_uint16(data)} columns,"
                f" its description has {self.count}"
            )
        data += 2
        row = PyTuple_New(self.count)
        # The garbage collector must not see an incomplete tuple, and need not see one that holds only
        # atomic values.
        PyObject_GC_UnTrack(row)
        for i in range(self.count):
            if end - data < 4:
                raise ProtocolViolation(
                    f"malformed DataRow from the server: it ends before column {i + 1}"
                )
            length = get_int32(data)
            data += 4
            if length == -1:
                value = <PyObject *> None
                Py_INCREF(None)
            elif length < 0 or length > end - data:
                raise ProtocolViolation(
                    f"malformed DataRow from the server: column {i + 1} has length {length},"
                    f" {end - data} bytes are left"
                )
            else:
                column = &self.columns[i]
                self.column = i
                value = (<owned_load_func> column.load)(data, length, <PyObject *> column.loader)
                data += length
                if column.container and PyObject_IS_GC(<object> value):
                    container = True
            PyTuple_SET_ITEM(row, i, value)
        if data != end:
            raise ProtocolViolation(
                f"malformed DataRow from the server: {end - data} bytes follow its last column"
            )
        if container:
            PyObject_GC_Track(row)
        return row

    cdef object explain(self, object error):
        """Return an error of `decode_next` with the number of the column, or one that has it in its place."""
        if isinstance(error, ProtocolViolation):
            return error
        if isinstance(error, RecursionError):
            # Python's own recursion limit: the program itself has made many nested calls.
            return add_column_number(too_deep(), self.column)
        return add_column_number(error, self.column)
